// A flag that is released and acquired publishes a plain cell.
// expects: 2
// expects -DPUBLISH=relaxed: a data race
// expects -DOBSERVE=relaxed: a data race
// expects -DPUBLISH=relaxed -DFENCES: 2
#include "../model.h"

#ifndef PUBLISH
#define PUBLISH release
#endif
#ifndef OBSERVE
#define OBSERVE acquire
#endif

static cell data;
static word flag;

static void before(void) {}

static void writer(void) {
    SET(data, 1);
#ifdef FENCES
    FENCE(release);
#endif
    STORE(flag, 1, PUBLISH);
}

static void reader(void) {
    if (LOAD(flag, OBSERVE) == 1)
        CHECK(GET(data) == 1);
}

static void after(void) {}

THREADS(writer, reader)
