// Two loads that each read what the other thread stores afterwards, which RC11 forbids.
// expects: 3
#include "../model.h"

static word x, y, seen_x, seen_y;

static void before(void) {}

static void first(void) {
    STORE(seen_x, LOAD(x, relaxed), relaxed);
    STORE(y, 1, relaxed);
}

static void second(void) {
    STORE(seen_y, LOAD(y, relaxed), relaxed);
    STORE(x, 1, relaxed);
}

static void after(void) {
    CHECK(!LOAD(seen_x, relaxed) || !LOAD(seen_y, relaxed));
}

THREADS(first, second)
