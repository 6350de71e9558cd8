/* Push, pop, park and the wake-up, written from the algorithm, not from the code.
 *
 * Spin adds to the loom models a second reading of the algorithm, more operations,
 * and liveness: with weak fairness, every item is popped. It is sequentially
 * consistent, so it does not check memory orderings.
 *
 * Each statement is one step. An `atomic` is one read-modify-write, or a step with
 * its bookkeeping (the "ghosts").
 *
 * A macro BUG_... plants a fault. `./run` checks the algorithm, and that each fault
 * is found.
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#define ITEMS (PRODUCERS * EACH)

/* Items are 1 to ITEMS. */
#define NIL 0
#define PARKED (ITEMS + 1)
#define is_link(b) (b != NIL && b != PARKED)

byte back = NIL;
byte front = NIL;
byte next[ITEMS + 1];
bit bell = 0;              /* wakes the consumer; keeps one notification */

/* Ghosts. */
byte order[ITEMS];         /* the items in the order of their exchanges */
byte exchanged = 0;
byte returned = 0;         /* pushes whose link is in place */
byte popped = 0;
byte ended = 0;            /* parks that a push ended */
byte told = 0;             /* pushes that must wake the consumer */
byte running = PRODUCERS;

#define EXCHANGE(prev, n) \
    atomic { prev = back; back = n; order[exchanged] = n; exchanged++ }

inline link(prev, n) {
    if
    :: is_link(prev) -> atomic { next[prev] = n; returned++ }
    :: else -> atomic { front = n; returned++ }
    fi
}

proctype producer(byte me) {
    byte i, n, prev;
    for (i : 1 .. EACH) {
        n = me * EACH + i;
        next[n] = NIL;
#ifdef BUG_LINK_BEFORE_EXCHANGE
        prev = back;
        link(prev, n);
        atomic { back = n; order[exchanged] = n; exchanged++ }
#else
        EXCHANGE(prev, n);
        link(prev, n);
#endif
#ifndef BUG_NO_WAKE_UP
        if
        :: prev == PARKED -> atomic { told++; bell = 1 }
        :: else -> skip
        fi
#endif
    }
    running--
}

/* A timer or a socket: wakes the consumer once, at any time. */
proctype elsewhere() {
    bell = 1
}

mtype = { ITEM, EMPTY, STALLED };

/* Pops `first`, which must be the oldest item. */
inline item() {
    atomic {
        assert(first == order[popped]);
        popped++;
        answer = ITEM
    }
}

inline pop() {
    atomic { first = front; returned_before = returned }
    if
    :: first == NIL ->
#ifdef BUG_EMPTY_WITHOUT_LOOKING
        answer = EMPTY
#else
        if
        :: atomic { !is_link(back) -> assert(exchanged == popped); answer = EMPTY }
        :: atomic { is_link(back) -> skip } ->
            first = front;
            answer = STALLED
        fi
#endif
    :: else -> skip
    fi;
    if
    :: first == NIL -> skip
    :: first != NIL && next[first] != NIL ->
        front = next[first];
        item()
    :: else ->
#ifndef BUG_FRONT_CLEARED_LATE
        front = NIL;
#endif
        if
#ifdef BUG_LAST_WITHOUT_EXCHANGE
        :: back == first -> back = NIL; item()
#else
        :: atomic { back == first -> back = NIL; item() }
#endif
#ifdef BUG_FRONT_CLEARED_LATE
            ; front = NIL
#endif
        :: atomic { back != first -> skip } ->
            if
            :: next[first] != NIL -> front = next[first]; item()
            :: else ->
#ifndef BUG_FRONT_NOT_RESTORED
                front = first;
#endif
                answer = STALLED
            fi
        fi
    fi;
    /* A push that returned before the pop is not missed, and only a push that
     * overlaps the pop stalls it. */
    assert(answer != EMPTY || returned_before <= popped);
    assert(answer != STALLED || exchanged > returned_before)
}

inline park_and_sleep() {
#ifdef BUG_PARK_WITHOUT_EXCHANGE
    if
    :: back == NIL -> back = PARKED; is_parked = true
    :: else -> is_parked = false
    fi;
#else
    atomic {
        if
        :: back == NIL -> back = PARKED; is_parked = true
        :: else -> is_parked = (back == PARKED)
        fi
    };
#endif
    if
    :: is_parked ->
        atomic { bell == 1 -> bell = 0 };
        atomic {
            if
            :: back == PARKED -> back = NIL
            :: else -> ended++
            fi
        }
    :: else -> skip
    fi
}

proctype consumer() {
    byte first, returned_before;
    bool is_parked;
    mtype answer;
    do
    :: popped == ITEMS -> break
    :: else ->
        pop();
        if
#ifdef BUG_SLEEP_OVER_A_STALL
        :: answer != ITEM && popped < ITEMS -> atomic { bell == 1 -> bell = 0 }
#endif
        :: answer == EMPTY -> park_and_sleep()
        :: else -> skip
        fi
    od;
    /* When all producers have returned, one push must have woken per ended park. */
    (running == 0);
    assert(told == ended);
    assert(returned == ITEMS && back == NIL && front == NIL)
}

init {
    byte i;
    atomic {
        run consumer();
        run elsewhere();
        for (i : 0 .. PRODUCERS - 1) {
            run producer(i)
        }
    }
}

ltl every_item_arrives { <> (popped == ITEMS) }
