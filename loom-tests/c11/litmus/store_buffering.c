// Two threads that each miss the other's store, which releases and acquires permit.
// expects: 4
// expects -DEXCLUDED: LOAD(seen_x, relaxed) || LOAD(seen_y, relaxed)
#include "../model.h"

static word x, y, seen_x, seen_y;

static void before(void) {}

static void first(void) {
    STORE(x, 1, release);
    STORE(seen_y, LOAD(y, acquire), relaxed);
}

static void second(void) {
    STORE(y, 1, release);
    STORE(seen_x, LOAD(x, acquire), relaxed);
}

static void after(void) {
#ifdef EXCLUDED
    CHECK(LOAD(seen_x, relaxed) || LOAD(seen_y, relaxed));
#endif
}

THREADS(first, second)
