// The queue: what its forms share (`mpsc/src/form/raw.rs` and `back.rs`), and one form.
//
// Written again from the Rust code, with the same operations on the same words in the same order.
// An ordering that can be weakened is a macro, of the file `orderings`.

#ifndef QUEUE_H
#define QUEUE_H

#include "model.h"

struct item {
    word next;
    word state; // of a shared item
    cell producer;
    cell number;
};

// Values of `back`, and of the `next` of the oldest link of a batch.
enum { EMPTY = 0, PARKED = 1, CLOSED = 3, BOTTOM = 5 };

// Results of `pop`, besides an item.
enum { POP_EMPTY, POP_STALLED, POP_CLOSED };

// Results of `push`.
enum pushed { QUIET, WAKE, REFUSED };

static word back;
static word held;
static word has_consumer;
static cell closing; // zero, the newest link that a close found, or `CLOSED`

static struct item *item_at(uintptr_t address) { return (struct item *)address; }

static bool is_link(uintptr_t value) { return value > BOTTOM; }

static bool is_empty_tag(uintptr_t value) { return value == EMPTY || value == PARKED; }

static void prepare(struct item *item) { STORE(item->next, 0, relaxed); }

static void set_held(bool is_held) { STORE(held, is_held, SET_HELD); }

static bool is_closed(void) { return GET(closing) != 0; }

static uintptr_t newest_at_close(void) {
    uintptr_t newest = GET(closing);
    return newest == CLOSED ? 0 : newest;
}

static void set_closed(uintptr_t newest) { SET(closing, newest ? newest : CLOSED); }

// What a form provides: a push, a pop, the newest link that the consumer holds, and what a refused
// push finds appended to its own link.
static enum pushed push(struct item *item, void (*on_parked)(void));
static uintptr_t pop(void);
static uintptr_t newest_held(void);
static void sweep(struct item *own, void (*refuse)(struct item *));

#if defined FORWARD_LINKED
#include "forward.h"
#elif defined BACK_LINKED || defined GAP_FREE
#include "batch.h"
#else
#error "no form"
#endif

static bool is_empty(void) {
    uintptr_t value = LOAD(back, IS_EMPTY);
    return !is_link(value) && !LOAD(held, relaxed);
}

static bool mark(uintptr_t *from) { return CAS(back, from, PARKED, PARK, relaxed); }

static bool park(void) {
    if (newest_held())
        return false;
    uintptr_t found = EMPTY;
    if (mark(&found))
        return true;
    return found == PARKED && mark(&found);
}

static bool unpark(void) {
    uintptr_t found = PARKED;
    if (CAS(back, &found, EMPTY, relaxed, relaxed))
        return true;
    return found == EMPTY && !newest_held();
}

static void close_queue(void) {
    if (is_closed())
        return;
    bool holds = newest_held() != 0;
    set_held(true);
    uintptr_t found = SWAP(back, CLOSED, CLOSE);
    uintptr_t newest = is_link(found) ? found : 0;
    if (!newest && !holds)
        set_held(false);
    set_closed(newest);
}

static bool acquire_consumer(void) {
    uintptr_t expected = false;
    return CAS(has_consumer, &expected, true, ACQUIRE_CONSUMER, relaxed);
}

static void release_consumer(void) { STORE(has_consumer, false, RELEASE_CONSUMER); }

#endif
