// The back-linked and the gap-free form: `mpsc/src/form/back_linked.rs`, `gap_free.rs` and
// `batch.rs`.

static cell ready, newest, walk_at, walk_turned;

#ifdef BACK_LINKED

static enum pushed push(struct item *item, void (*on_parked)(void)) {
    uintptr_t prev = SWAP(back, (uintptr_t)item, BACK_EXCHANGE);
    if (is_link(prev)) {
        STORE(item->next, prev, BACK_STORE_OWN);
        return QUIET;
    }
    if (prev == CLOSED)
        return REFUSED;
    if (prev == PARKED)
        on_parked();
    STORE(item->next, BOTTOM, BACK_STORE_BOTTOM);
    return prev == PARKED ? WAKE : QUIET;
}

static void sweep(struct item *own, void (*refuse)(struct item *)) {
    uintptr_t at = SWAP(back, CLOSED, BACK_SWEEP);
    while (at && at != (uintptr_t)own) {
        uintptr_t next = LOAD(item_at(at)->next, BACK_SWEEP_NEXT);
        ASSUME(next != 0); // its push is in the gap
        refuse(item_at(at));
        at = next;
    }
}

#else

// The compare-exchange is a strong one: one that fails for no reason repeats what was done before.
static enum pushed push(struct item *item, void (*on_parked)(void)) {
    uintptr_t prev = LOAD(back, GAP_FREE_LOAD);
    for (;;) {
        if (prev == CLOSED)
            return REFUSED;
        STORE(item->next, is_link(prev) ? prev : BOTTOM, relaxed);
        if (CAS(back, &prev, (uintptr_t)item, GAP_FREE_CAS, GAP_FREE_CAS_FAILURE))
            break;
    }
    if (prev != PARKED)
        return QUIET;
    on_parked();
    return WAKE;
}

static void sweep(struct item *own, void (*refuse)(struct item *)) {
    (void)own;
    (void)refuse;
}

#endif

// Returns the newest link of what it takes.
static uintptr_t take(void) {
    if (is_empty_tag(LOAD(back, TAKE_LOAD)))
        return POP_EMPTY;
    if (is_closed()) {
        uintptr_t left = newest_at_close();
        set_closed(0);
        return left ? left : POP_CLOSED;
    }
    set_held(true);
    return SWAP(back, EMPTY, TAKE_EXCHANGE);
}

// Returns the oldest link, when all are turned round.
static uintptr_t turn(void) {
    uintptr_t at = GET(walk_at), turned = GET(walk_turned);
    while (at) {
        uintptr_t older = LOAD(item_at(at)->next, TURN_LOAD);
        if (!older) {
            SET(walk_at, at);
            SET(walk_turned, turned);
            return POP_STALLED;
        }
        STORE(item_at(at)->next, turned, relaxed);
        turned = at;
        at = older == BOTTOM ? 0 : older;
    }
    SET(walk_at, 0);
    SET(walk_turned, 0);
    return turned;
}

static uintptr_t pop(void) {
    uintptr_t first = GET(ready);
    if (!first) {
        if (!GET(walk_at)) {
            uintptr_t taken = take();
            if (!is_link(taken))
                return taken;
            SET(walk_at, taken);
            SET(newest, taken);
        }
        first = turn();
        if (!is_link(first))
            return first;
    }
    uintptr_t next = LOAD(item_at(first)->next, relaxed);
    SET(ready, next);
    if (!next) {
        SET(newest, 0);
        if (!newest_at_close())
            set_held(false);
    }
    return first;
}

static uintptr_t newest_held(void) { return GET(newest); }
