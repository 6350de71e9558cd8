// One consumer at a time, on different threads, beside the pushes of one producer.
#define PRODUCERS 1
#define EACH 2
#include "../ledger.h"

static void never(void) { CHECK(!"the queue is not parked"); }

static void before(void) {}

static void producer(void) {
    for (int number = 0; number < EACH; number++)
        push(new_item(0, number), never);
}

static void consumer(void) {
    if (!acquire_consumer())
        return;
    pop_once();
    release_consumer();
}

static void after(void) { pop_rest(); }

THREADS(producer, consumer, consumer)
