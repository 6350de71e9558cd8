// A pop does not return "empty" if a push that happens before it has not been popped, and nor
// "stalled" if every push happens before it. The item whose push happens before another push comes
// before that one's.
#define PRODUCERS 3
#include "../ledger.h"

#ifndef ONLY_PUSH
#define ONLY_PUSH 0
#endif

static word has_pushed;

static void never(void) { CHECK(!"the queue is not parked"); }

static void before(void) {}

static void first(void) {
    push(new_item(0, 0), never);
    STORE(has_pushed, 1, release);
}

#if !ONLY_PUSH
// Pushes after the first push, or beside it.
static void second(void) {
    int producer = LOAD(has_pushed, acquire) ? 1 : 2;
    push(new_item(producer, 0), never);
}
#endif

static void consumer(void) {
    pop_once();
    bool is_pushed = LOAD(has_pushed, acquire);
    bool was_got = GET(got[0]);
    uintptr_t result = pop_once();
    if (is_pushed && !was_got)
        CHECK(ONLY_PUSH ? is_link(result) : result != POP_EMPTY);
    if (GET(got[1]))
        CHECK(GET(got[0]));
}

static void after(void) {
    while (got_in_all() < (ONLY_PUSH ? 1 : 2)) {
        CHECK(is_link(pop_once()));
        if (GET(got[1]))
            CHECK(GET(got[0]));
    }
    CHECK(pop_once() == POP_EMPTY);
}

#if ONLY_PUSH
THREADS(first, consumer)
#else
THREADS(first, second, consumer)
#endif
