// Two threads that store to two words in opposite orders: each first store may be the last one in
// its modification order, although the threads are then in no order.
// expects: 4
// expects -DEXCLUDED: LOAD(x, relaxed) == 2 || LOAD(y, relaxed) == 2
#include "../model.h"

static word x, y;

static void before(void) {}

static void first(void) {
    STORE(x, 1, release);
    STORE(y, 2, release);
}

static void second(void) {
    STORE(y, 1, release);
    STORE(x, 2, release);
}

static void after(void) {
#ifdef EXCLUDED
    CHECK(LOAD(x, relaxed) == 2 || LOAD(y, relaxed) == 2);
#endif
}

THREADS(first, second)
