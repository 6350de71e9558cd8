// A counted queue of which one item of two is popped (`mpsc/src/length.rs`): a thread that knows of
// the pushes does not find it empty, a thread that does not find it empty finds an item counted,
// and the length is never negative.
#define PRODUCERS 1
#define EACH 2
#include "../ledger.h"

static word counted, uncounted, has_pushed;

static void never(void) { CHECK(!"the queue is not parked"); }

static uintptr_t length(void) {
    FENCE(COUNT_FENCE);
    uintptr_t popped = LOAD(uncounted, COUNT_LOAD_POPPED);
    return LOAD(counted, relaxed) - popped;
}

static void before(void) {}

static void producer(void) {
    ADD(counted, 2, relaxed); // as for a chain
    push(new_item(0, 0), never);
    push(new_item(0, 1), never);
    CHECK(!is_empty());
    uintptr_t items = length();
    CHECK(items == 1 || items == 2);
    STORE(has_pushed, 1, release);
}

static void observer(void) {
    bool is_pushed = LOAD(has_pushed, acquire);
    bool found_empty = is_empty();
    uintptr_t items = length();
    CHECK(items <= 2);
    CHECK(!(is_pushed && found_empty));
    CHECK(found_empty || items > 0);
}

static void consumer(void) {
    if (is_link(pop_once()))
        STORE(uncounted, LOAD(uncounted, relaxed) + 1, COUNT_POPPED);
}

static void after(void) { pop_rest(); }

THREADS(producer, observer, consumer)
