// Read-modify-writes and compare-exchanges do not overlap.
// expects: 4
#include "../model.h"

static word x, y, wins;

static void before(void) {}

static void thread(void) {
    ADD(x, 1, relaxed);
    uintptr_t expected = 0;
    if (CAS(y, &expected, 1, relaxed, relaxed))
        ADD(wins, 1, relaxed);
}

static void after(void) {
    CHECK(LOAD(x, relaxed) == 2);
    CHECK(LOAD(wins, relaxed) == 1);
}

THREADS(thread, thread)
