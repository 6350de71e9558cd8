// A consumer that parks, unparks and parks again: the push that wakes it finds what the consumer
// has left for it before the second park.
#include "../ledger.h"

static word left;   // the number of the park, for the push that wakes the consumer
static cell found;  // by that push
static cell parked; // the number of the park whose mark the consumer has left
static word wake_ups;

static void take_waker(void) { SET(found, LOAD(left, relaxed)); }

static void produce(int producer) {
    for (int number = 0; number < EACH; number++)
        if (push(new_item(producer, number), take_waker) == WAKE)
            ADD(wake_ups, 1, relaxed);
}

static void before(void) {}

static void consumer(void) {
    for (int number = 1; number <= 2; number++) {
        STORE(left, number, relaxed);
        if (!park())
            return;
        SET(parked, number);
        if (number == 1) {
            if (!unpark())
                return; // a push wakes it
            SET(parked, 0);
        }
    }
}

static void after(void) {
    CHECK(LOAD(wake_ups, relaxed) == (GET(parked) ? 1 : 0));
    CHECK(GET(found) == GET(parked));
    pop_rest();
}

#include "../producers.h"
THREADS(EACH_PRODUCER, consumer)
