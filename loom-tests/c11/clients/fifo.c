// The consumer gets each item once, with its payload, those of a producer in their order, and may
// free it; after the producers have ended, a pop neither stalls nor overlooks an item.
#include "../ledger.h"

#ifndef POPS
#define POPS 2
#endif

static void never(void) { CHECK(!"the queue is not parked"); }

static void produce(int producer) {
    for (int number = 0; number < EACH; number++)
        CHECK(push(new_item(producer, number), never) == QUIET);
}

static void before(void) {}

static void consumer(void) {
    for (int i = 0; i < POPS; i++)
        pop_once();
}

static void after(void) { pop_rest(); }

#include "../producers.h"
THREADS(EACH_PRODUCER, consumer)
