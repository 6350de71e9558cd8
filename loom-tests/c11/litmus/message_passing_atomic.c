// The same with an atomic word, whose older value is not read if the flag is released and acquired.
// expects: 2
// expects -DPUBLISH=relaxed: !is_set || LOAD(data, relaxed) == 1
// expects -DOBSERVE=relaxed: !is_set || LOAD(data, relaxed) == 1
// expects -DOBSERVE=relaxed -DFENCES: 2
#include "../model.h"

#ifndef PUBLISH
#define PUBLISH release
#endif
#ifndef OBSERVE
#define OBSERVE acquire
#endif

static word data, flag;

static void before(void) {}

static void writer(void) {
    STORE(data, 1, relaxed);
    STORE(flag, 1, PUBLISH);
}

static void reader(void) {
    uintptr_t is_set = LOAD(flag, OBSERVE);
#ifdef FENCES
    FENCE(acquire);
#endif
    CHECK(!is_set || LOAD(data, relaxed) == 1);
}

static void after(void) {}

THREADS(writer, reader)
