// The flag of a shared item (`mpsc/src/item/link.rs`): what two threads do before they push the
// same item, or retire it, is visible to a pop of it, even if the push fails.
#include "../queue.h"

enum { IDLE, QUEUED, RETIRED = 3 };

static struct item item;
static word to_do;
static word pushes;
static cell pops, done, was_idle;

static void never(void) { CHECK(!"the queue is not parked"); }

static bool set_queued(void) { return !(OR(item.state, QUEUED, SET_QUEUED) & QUEUED); }

static void clear_queued(void) {
    uintptr_t expected = QUEUED;
    CAS(item.state, &expected, IDLE, CLEAR_QUEUED, CLEAR_QUEUED_FAILURE);
}

static void work_and_push(void) {
    ADD(to_do, 1, relaxed);
    if (!set_queued())
        return;
    SET(item.number, 1); // belongs to the push
    prepare(&item);
    push(&item, never);
    ADD(pushes, 1, relaxed);
}

static void work_and_retire(void) {
    ADD(to_do, 1, relaxed);
    if (SWAP(item.state, RETIRED, RETIRE) == IDLE)
        SET(was_idle, 1);
}

static uintptr_t pop_once(void) {
    uintptr_t result = pop();
    if (!is_link(result))
        return result;
    SET(pops, GET(pops) + 1);
    SET(item.number, 0); // belongs to the pop
    clear_queued();
    uintptr_t found = LOAD(to_do, relaxed);
    if (found > GET(done))
        SET(done, found);
    return result;
}

static void before(void) {
#ifdef RETIRES
    work_and_push();
#endif
}

static void consumer(void) {
    pop_once();
    pop_once();
}

static void after(void) {
    while (is_link(pop_once())) {
    }
    CHECK(GET(pops) == LOAD(pushes, relaxed));
    CHECK(GET(was_idle) || GET(done) == 2);
}

#ifdef RETIRES
THREADS(work_and_retire, consumer)
#else
THREADS(work_and_push, work_and_push, consumer)
#endif
