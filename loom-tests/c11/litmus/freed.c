// Memory is not read before it is written, not freed before an access that is not over, and not
// accessed after it is freed.
// expects: 2
// expects -DTAKE=relaxed: a data race
// expects -DLATE: a data race
// expects -DAFTERWARDS: an access to freed memory
// expects -DUNWRITTEN: a read of memory that is not initialised
#include "../model.h"

#ifndef TAKE
#define TAKE acquire
#endif

struct box { word content; };

static word box;

static void before(void) {}

static void giver(void) {
    struct box *own = NEW(struct box);
#ifndef UNWRITTEN
    STORE(own->content, 1, relaxed);
#endif
    STORE(box, (uintptr_t)own, release);
#ifdef LATE
    STORE(own->content, 2, relaxed);
#endif
}

static void taker(void) {
    struct box *found = (struct box *)LOAD(box, TAKE);
    if (!found)
        return;
#ifdef UNWRITTEN
    LOAD(found->content, relaxed);
#endif
    FREE(found);
#ifdef AFTERWARDS
    STORE(found->content, 2, relaxed);
#endif
}

static void after(void) {}

THREADS(giver, taker)
