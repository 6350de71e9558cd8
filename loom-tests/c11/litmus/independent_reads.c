// Two readers that see two independent stores in different orders, which C11 permits.
// expects: 16
// expects -DEXCLUDED: !(LOAD(first_saw, relaxed) && LOAD(second_saw, relaxed))
#include "../model.h"

static word x, y, first_saw, second_saw;

static void before(void) {}

static void writer_x(void) { STORE(x, 1, release); }

static void writer_y(void) { STORE(y, 1, release); }

// Each notes whether it saw the store that it loads first, and missed the other one.
static void reader_x(void) {
    uintptr_t found = LOAD(x, acquire);
    STORE(first_saw, found & !LOAD(y, acquire), relaxed);
}

static void reader_y(void) {
    uintptr_t found = LOAD(y, acquire);
    STORE(second_saw, found & !LOAD(x, acquire), relaxed);
}

static void after(void) {
#ifdef EXCLUDED
    CHECK(!(LOAD(first_saw, relaxed) && LOAD(second_saw, relaxed)));
#endif
}

THREADS(writer_x, writer_y, reader_x, reader_y)
