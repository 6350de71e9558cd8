// An acquire that reads from a relaxed update which follows a release synchronises with it. One
// that reads from a relaxed store does not, since C++20 not even if it is of the same thread.
// expects: 6
// expects -DSTORES: a data race
#include "../model.h"

static cell data;
static word x;

static void before(void) {}

static void writer(void) {
    SET(data, 1);
    STORE(x, 1, release);
#ifdef STORES
    STORE(x, 2, relaxed);
#endif
}

static void updater(void) {
#ifndef STORES
    ADD(x, 1, relaxed);
#endif
}

static void reader(void) {
    if (LOAD(x, acquire) == 2)
        CHECK(GET(data) == 1);
}

static void after(void) {}

THREADS(writer, updater, reader)
