// The forward-linked form: `mpsc/src/form/forward.rs`.

static word front;

static enum pushed push(struct item *item, void (*on_parked)(void)) {
    uintptr_t own = (uintptr_t)item;
    uintptr_t prev = SWAP(back, own, FORWARD_EXCHANGE);
    if (is_link(prev)) {
        STORE(item_at(prev)->next, own, FORWARD_STORE_NEXT);
        return QUIET;
    }
    if (prev == CLOSED)
        return REFUSED;
    if (prev == PARKED)
        on_parked();
    STORE(front, own, FORWARD_STORE_FRONT);
    return prev == PARKED ? WAKE : QUIET;
}

static uintptr_t advance(uintptr_t first, uintptr_t next) {
    STORE(front, next, relaxed);
    return first;
}

// What a pop returns that cannot reach the successor of `first`.
static uintptr_t pop_newest(uintptr_t first) {
    if (first == GET(closing)) {
        set_held(false);
        set_closed(0);
        return first;
    }
    STORE(front, first, relaxed);
    return POP_STALLED;
}

static uintptr_t pop(void) {
    uintptr_t first = LOAD(front, FORWARD_LOAD_FRONT);
    if (!first) {
        if (is_empty_tag(LOAD(back, relaxed)))
            return POP_EMPTY;
        first = LOAD(front, FORWARD_LOAD_FRONT_2);
    }
    if (!first)
        return GET(closing) == CLOSED ? POP_CLOSED : POP_STALLED;
    uintptr_t next = LOAD(item_at(first)->next, FORWARD_LOAD_NEXT);
    if (next)
        return advance(first, next);
    STORE(front, 0, relaxed);
    uintptr_t found = first;
    if (CAS(back, &found, EMPTY, FORWARD_EMPTY, relaxed))
        return first;
    next = LOAD(item_at(first)->next, FORWARD_LOAD_NEXT_2);
    return next ? advance(first, next) : pop_newest(first);
}

static uintptr_t newest_held(void) { return 0; }

// Waits for the successor of a link.
static uintptr_t wait_for_next(uintptr_t link) {
    uintptr_t next = LOAD(item_at(link)->next, FORWARD_SWEEP_NEXT);
    ASSUME(next != 0);
    return next;
}

static void sweep(struct item *own, void (*refuse)(struct item *)) {
    uintptr_t newest = SWAP(back, CLOSED, relaxed);
    uintptr_t at = (uintptr_t)own;
    uintptr_t next = at == newest ? 0 : wait_for_next(at);
    while (next) {
        at = next;
        next = at == newest ? 0 : wait_for_next(at); // before the link is given away
        refuse(item_at(at));
    }
}
