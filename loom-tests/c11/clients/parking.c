// For each park, the next push wakes the consumer, and no other push does; that push finds what
// the consumer has left for it. Where the push has a gap, it takes the waker out of a plain cell,
// which the consumer may fill again as soon as it has popped the item.
#include "../ledger.h"

static cell note;         // written once, before the first park
static cell waker;        // which park the waker is for; taken in the gap
static word wake_ups;
static cell parks;        // of the consumer
static cell is_parked;

static void take_waker(void) {
    CHECK(GET(note) == 1);
#ifndef GAP_FREE
    CHECK(GET(waker) != 0);
    SET(waker, 0);
#endif
}

static void produce(int producer) {
    for (int number = 0; number < EACH; number++)
        if (push(new_item(producer, number), take_waker) == WAKE)
            ADD(wake_ups, 1, relaxed);
}

static void before(void) {}

// Parks, if the queue is empty.
static void park_once(void) {
#ifndef GAP_FREE
    SET(waker, 1);
#endif
    if (!park())
        return;
    SET(parks, GET(parks) + 1);
    SET(is_parked, 1);
}

// (A real consumer sleeps while it is parked. This one looks for an item at once, as after a
// spurious wake-up, and leaves its mark in place if there is none.)
static void consumer(void) {
    SET(note, 1);
    for (int i = 0; i < 2; i++) {
        if (pop_once() == POP_EMPTY && !GET(is_parked))
            park_once();
        if (GET(is_parked) && is_link(pop_once()))
            SET(is_parked, 0);
    }
}

static void after(void) {
    bool was_popped = PRODUCERS * EACH == got_in_all();
    uintptr_t missing = GET(is_parked) && was_popped;
    CHECK(LOAD(wake_ups, relaxed) == GET(parks) - missing);
    pop_rest();
}

#include "../producers.h"
THREADS(EACH_PRODUCER, consumer)
