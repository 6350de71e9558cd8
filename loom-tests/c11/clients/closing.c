// The consumer closes the queue beside the pushes. Each item is either popped or refused, once,
// with its payload; a push that is refused finds what the consumer did before; and the item of a
// push that happens before the close is popped.
#include "../ledger.h"

#ifndef POPS
#define POPS 1
#endif

enum { PENDING, POPPED, DROPPED };

static cell note;                   // written before the close
static cell fates[PRODUCERS][EACH]; // set once for each item
static word is_shut;
static word has_pushed[PRODUCERS];
static cell came_before[PRODUCERS]; // the pushes of the producer happen before the close

static void never(void) { CHECK(!"the queue is not parked"); }

static void end(struct item *item, int fate) {
    uintptr_t producer = GET(item->producer), number = GET(item->number);
    CHECK(GET(fates[producer][number]) == PENDING);
    SET(fates[producer][number], fate);
    FREE(item);
}

static void refuse(struct item *item) { end(item, DROPPED); }

static void produce(int producer) {
    for (int number = 0; number < EACH; number++) {
        struct item *item = new_item(producer, number);
#ifdef LOOK_AT_FLAG
        if (LOAD(is_shut, IS_SHUT)) {
            CHECK(GET(note) == 1);
            refuse(item);
            continue;
        }
#endif
        if (push(item, never) == REFUSED) {
            CHECK(GET(note) == 1);
            sweep(item, refuse);
            refuse(item);
        }
    }
#ifdef OBSERVES
    STORE(has_pushed[producer], 1, release);
#endif
}

static void before(void) {}

static uintptr_t pop_and_end(void) {
    uintptr_t result = pop();
    if (is_link(result))
        end(item_at(result), POPPED);
    return result;
}

static void consumer(void) {
    for (int i = 0; i < POPS; i++)
        pop_and_end();
    SET(note, 1);
#ifdef OBSERVES
    for (int producer = 0; producer < PRODUCERS; producer++)
        SET(came_before[producer], LOAD(has_pushed[producer], acquire));
#endif
#ifdef LOOK_AT_FLAG
    STORE(is_shut, 1, SHUT);
#endif
    close_queue();
    pop_and_end();
}

static void after(void) {
    for (int i = 0; i < PRODUCERS * EACH; i++)
        pop_and_end();
    CHECK(pop() == POP_CLOSED);
    for (int producer = 0; producer < PRODUCERS; producer++)
        for (int number = 0; number < EACH; number++)
            CHECK(GET(came_before[producer]) ? GET(fates[producer][number]) == POPPED
                                              : GET(fates[producer][number]) != PENDING);
}

#include "../producers.h"
THREADS(EACH_PRODUCER, consumer)
