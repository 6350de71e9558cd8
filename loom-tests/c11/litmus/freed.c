// Memory is not accessed after it is freed, and not freed before an access that is not over.
// expects: 2
// expects -DTAKE=relaxed: a data race
// expects -DLATE: a data race
#include "../model.h"

#ifndef TAKE
#define TAKE acquire
#endif

struct box { word content; };

static word box;

static void before(void) {}

static void giver(void) {
    struct box *own = NEW(struct box);
    STORE(own->content, 1, relaxed);
    STORE(box, (uintptr_t)own, release);
#ifdef LATE
    STORE(own->content, 2, relaxed);
#endif
}

static void taker(void) {
    struct box *found = (struct box *)LOAD(box, TAKE);
    if (found)
        FREE(found);
}

static void after(void) {}

THREADS(giver, taker)
