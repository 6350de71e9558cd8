// Relaxed loads of one word do not read backwards in its modification order, which two readers
// agree on.
// expects: 72
#include "../model.h"

static word x, seen[4];

static void before(void) {}

static void writer_1(void) { STORE(x, 1, relaxed); }

static void writer_2(void) { STORE(x, 2, relaxed); }

static void reader(int place) {
    uintptr_t found = LOAD(x, relaxed);
    STORE(seen[place], found, relaxed);
    found = LOAD(x, relaxed);
    STORE(seen[place + 1], found, relaxed);
}

static void reader_1(void) { reader(0); }

static void reader_2(void) { reader(2); }

static void after(void) {
    uintptr_t first = LOAD(seen[0], relaxed), second = LOAD(seen[1], relaxed);
    CHECK(!first || second);
    CHECK(!(first && second && first != second && LOAD(seen[2], relaxed) == second &&
            LOAD(seen[3], relaxed) == first));
}

THREADS(writer_1, writer_2, reader_1, reader_2)
