// Items with a payload, and what became of them.

#include "queue.h"

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef EACH
#define EACH 1
#endif

// How many items of each producer the consumer has got. Only the consumer accesses them.
static cell got[PRODUCERS];

static struct item *new_item(int producer, int number) {
    struct item *item = NEW(struct item);
    SET(item->producer, producer);
    SET(item->number, number);
    prepare(item);
    return item;
}

// Fails if it is not the next item of its producer, if its payload is not visible, or if its
// producer may still access it.
static void deliver(uintptr_t address) {
    struct item *item = item_at(address);
    uintptr_t producer = GET(item->producer);
    CHECK(producer < PRODUCERS);
    CHECK(GET(item->number) == GET(got[producer]));
    SET(got[producer], GET(got[producer]) + 1);
    FREE(item);
}

static uintptr_t got_in_all(void) {
    uintptr_t sum = 0;
    for (int i = 0; i < PRODUCERS; i++)
        sum += GET(got[i]);
    return sum;
}

// Pops once. Fails if the result is none that the queue may give.
static uintptr_t pop_once(void) {
    uintptr_t result = pop();
    if (is_link(result))
        deliver(result);
    return result;
}

// After all threads: pops the rest. Fails if an item is lost, or if a pop stalls.
static void pop_rest(void) {
    for (int rest = PRODUCERS * EACH - (int)got_in_all(); rest > 0; rest--)
        CHECK(is_link(pop_once()));
    CHECK(pop_once() == POP_EMPTY);
}
