// Two threads store to a word and then count down. The store of the last one comes last in the
// modification order, unless the count is relaxed.
// expects: 4
// expects -DDECREMENT=acquire: LOAD(x, relaxed) == 3
// expects -DDECREMENT=release: LOAD(x, relaxed) == 3
#include "../model.h"

#ifndef DECREMENT
#define DECREMENT acq_rel
#endif

static word x, threads_left;

static void before(void) { STORE(threads_left, 2, relaxed); }

static void count_down(void) {
    if (ADD(threads_left, -1, DECREMENT) == 1)
        STORE(x, 3, relaxed);
}

static void first(void) {
    STORE(x, 1, relaxed);
    count_down();
}

static void second(void) {
    STORE(x, 2, relaxed);
    count_down();
}

static void after(void) { CHECK(LOAD(x, relaxed) == 3); }

THREADS(first, second)
