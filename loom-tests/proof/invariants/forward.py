"""The forward-linked form: `form/forward.rs`."""

import back
import exchange as ex
from back import (
    CLOSED,
    DROPPED,
    EMPTY,
    IDLE,
    NULL,
    PARKED,
    POPPED,
    QUEUED,
    RETURNED,
    delivered_end,
    is_link,
    is_tag_of_empty,
)
from exchange import BEFORE, DONE, WALKING, gives_away, in_gap, leads
from logic import And, If, Implies, Not, Or, Store, Table
from machine import Machine, Step

# Where a pop is: before the access that the name says.
LOAD_BACK, LOAD_AGAIN, LOAD_NEXT, CLEAR, COMPARE, NEXT_AGAIN, ADVANCE, RESTORE = range(1, 9)

START = dict(
    **back.START,
    **ex.START,
    front=NULL,
    next=Table(NULL),  # by push: its link's `next`
    first=NULL,  # of a pop: the oldest link
    found_next=NULL,  # of a pop: the `next` of that
)


def exchange(s):
    """forward.rs, push: let prev = queue.back.word.swap(link, AcqRel)"""
    return ex.exchange(s, next=Store(s.next, s.pushes, NULL))


def store_next(s, i):
    """forward.rs, push: prev.store(link, Release)"""
    prev = s.got[i]
    return Step(
        And(in_gap(s, i), is_link(prev)),
        dict(next=Store(s.next, prev, i), stored=Store(s.stored, i, True)),
        {'a push writes only to an item in the queue': s.fate[prev] == QUEUED},
    )


def store_front(s, i):
    """forward.rs, push: queue.front().store(link, Release)"""
    return Step(
        And(in_gap(s, i), Not(is_link(s.got[i]))),
        dict(front=i, stored=Store(s.stored, i, True)),
        {
            'one thread at a time writes front': And(
                i == s.popped,
                s.front == NULL,
                Or(s.pc == IDLE, s.pc == LOAD_BACK, s.pc == LOAD_AGAIN),
            )
        },
    )


def item(s, i):
    """The ghost update, and what must hold, where a pop returns the item `i`."""
    return (
        dict(popped=s.popped + 1, fate=Store(s.fate, i, POPPED), pc=IDLE),
        {
            'items are popped in the order of the exchanges': i == s.popped,
            'an item is popped once, after its push': And(s.fate[i] == QUEUED, s.stored[i]),
        },
    )


def stalled(s, i):
    """What must hold where a pop returns Stalled, because the link to `i` is missing."""
    return {
        'Stalled only while the push of the next item is in its gap': And(
            s.popped <= i, i < delivered_end(s), in_gap(s, i)
        )
    }


def pop_front(s):
    """forward.rs, pop: let mut front = queue.front().load(Acquire)"""
    return Step(s.pc == IDLE, dict(first=s.front, pc=If(s.front == NULL, LOAD_BACK, LOAD_NEXT)))


def pop_empty(s):
    """forward.rs, pop: if is_empty(queue.back.word.load(Relaxed)) { return Empty }"""
    return Step(
        And(s.pc == LOAD_BACK, is_tag_of_empty(s.back)),
        dict(pc=IDLE),
        {'Empty only if the queue is empty': And(s.popped == s.pushes, Not(s.closed))},
    )


def pop_not_empty(s):
    """forward.rs, pop: the same load, of a link or CLOSED"""
    return Step(And(s.pc == LOAD_BACK, Not(is_tag_of_empty(s.back))), dict(pc=LOAD_AGAIN))


def pop_front_again(s):
    """forward.rs, pop: front = queue.front().load(Acquire), not null"""
    return Step(And(s.pc == LOAD_AGAIN, s.front != NULL), dict(first=s.front, pc=LOAD_NEXT))


def pop_closed(s):
    """forward.rs, pop_none, after the same load of null: return RawPop::Closed"""
    return Step(
        And(s.pc == LOAD_AGAIN, s.front == NULL, s.closed, s.found == NULL),
        dict(pc=IDLE),
        {'Closed only if all is popped that was queued before': s.popped == s.end},
    )


def pop_front_stalled(s):
    """forward.rs, pop_none, after the same load of null: return RawPop::Stalled"""
    return Step(
        And(s.pc == LOAD_AGAIN, s.front == NULL, Not(And(s.closed, s.found == NULL))),
        dict(pc=IDLE),
        stalled(s, s.popped),
    )


def pop_next(s):
    """forward.rs, pop: let next = first_next.load(Acquire)"""
    after = s.next[s.first]
    return Step(s.pc == LOAD_NEXT, dict(found_next=after, pc=If(after == NULL, CLEAR, ADVANCE)))


def pop_advance(s):
    """forward.rs, advance: self.front().store(next, Relaxed)"""
    then, must = item(s, s.first)
    return Step(s.pc == ADVANCE, {**then, 'front': s.found_next}, must)


def pop_clear(s):
    """forward.rs, pop: queue.front().store(null, Relaxed)"""
    return Step(s.pc == CLEAR, dict(front=NULL, pc=COMPARE))


def pop_last(s):
    """forward.rs, pop: compare_exchange(first, EMPTY).is_ok()"""
    then, must = item(s, s.first)
    return Step(And(s.pc == COMPARE, s.back == s.first), {**then, 'back': EMPTY}, must)


def pop_not_last(s):
    """forward.rs, pop: the same compare-exchange fails"""
    return Step(And(s.pc == COMPARE, s.back != s.first), dict(pc=NEXT_AGAIN))


def pop_next_again(s):
    """forward.rs, pop: let next = first_next.load(Acquire), not null"""
    after = s.next[s.first]
    return Step(And(s.pc == NEXT_AGAIN, after != NULL), dict(found_next=after, pc=ADVANCE))


def is_newest(s):
    return And(s.closed, s.first == s.found)


def pop_newest(s):
    """forward.rs, pop_newest, after the same load of null: if first == newest"""
    then, must = item(s, s.first)
    return Step(
        And(s.pc == NEXT_AGAIN, s.next[s.first] == NULL, is_newest(s)),
        {**then, 'found': NULL},
        must,
    )


def pop_next_stalled(s):
    """forward.rs, pop_newest, after the same load of null: otherwise"""
    return Step(
        And(s.pc == NEXT_AGAIN, s.next[s.first] == NULL, Not(is_newest(s))),
        dict(pc=RESTORE),
        stalled(s, s.first + 1),
    )


def pop_restore(s):
    """forward.rs, pop_newest: self.front().store(first, Relaxed); RawPop::Stalled"""
    return Step(s.pc == RESTORE, dict(front=s.first, pc=IDLE))


def refuse(s, r):
    """forward.rs, sweep: let newest = queue.back.word.swap(CLOSED, Relaxed)"""
    return Step(
        And(leads(s, r), s.phase[r] == BEFORE),
        dict(
            back=CLOSED,
            newest_of=Store(s.newest_of, r, s.back),
            at=Store(s.at, r, r),
            phase=Store(s.phase, r, WALKING),
        ),
        {'a second exchange gets a link': is_link(s.back)},
    )


def refuse_next(s, r):
    """forward.rs, wait_for_next: next.load(Acquire), not null; then the link before is dropped"""
    at = s.at[r]
    then, must = gives_away(s, at, DROPPED, at != r)
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, at != s.newest_of[r], s.next[at] != NULL),
        {**then, 'at': Store(s.at, r, s.next[at])},
        {**must, 'a walk goes on within its set': s.next[at] == at + 1},
    )


def refuse_waits(s, r):
    """forward.rs, wait_for_next: next.load(Acquire), null"""
    at = s.at[r]
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, at != s.newest_of[r], s.next[at] == NULL),
        {},
        {'a refused push waits only for a push in its gap': in_gap(s, at + 1)},
    )


def refuse_end(s, r):
    """queue.rs, refuse: the newest item is dropped, and the own one returned"""
    at = s.at[r]
    then, must = gives_away(s, at, DROPPED, at != r)
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, at == s.newest_of[r]),
        dict(fate=Store(then['fate'], r, RETURNED), phase=Store(s.phase, r, DONE)),
        {**must, 'an own item is returned once': s.fate[r] == QUEUED},
    )


def invariant(s):
    end = delivered_end(s)
    is_null = Or(s.pc == COMPARE, s.pc == NEXT_AGAIN, s.pc == RESTORE)
    has_first = And(LOAD_NEXT <= s.pc, s.pc <= RESTORE)
    is_last = Not(s.popped + 1 < end)
    waits = lambda i: And(i + 1 < s.pushes, s.got[i + 1] == i, s.stored[i + 1])
    return {
        **ex.clauses(s),
        **back.park_clauses(s),
        'back of an open queue is a tag if it is empty, and the newest link otherwise': Implies(
            Not(s.closed), If(s.popped == s.pushes, is_tag_of_empty(s.back), s.back == s.pushes - 1)
        ),
        'every item but the oldest got the link of the one before': s.for_all(
            lambda i: Implies(And(s.popped < i, i < end), s.got[i] == i - 1)
        ),
        'each link leads to the next one, if that is stored': s.for_all(
            lambda i: Implies(
                And(0 <= i, i < s.pushes, s.fate[i] == QUEUED),
                s.next[i] == If(waits(i), i + 1, NULL),
            )
        ),
        'front has advanced only over a link': Implies(
            And(s.popped < end, is_link(s.got[s.popped])), s.stored[s.popped]
        ),
        'front is the oldest link, if that is stored': Or(
            And(s.pc == ADVANCE, s.front == NULL),
            s.front == If(And(Not(is_null), s.popped < end, s.stored[s.popped]), s.popped, NULL),
        ),
        'a pop that has found a link holds the oldest': And(
            IDLE <= s.pc,
            s.pc <= RESTORE,
            Implies(has_first, And(s.first == s.popped, s.popped < end, s.stored[s.popped])),
        ),
        'a pop that looks again has seen an item, or the end': Implies(
            s.pc == LOAD_AGAIN, Or(s.popped < end, s.closed)
        ),
        'a pop that advances has found the next link': Implies(
            s.pc == ADVANCE,
            And(s.found_next == s.popped + 1, s.found_next < end, s.stored[s.found_next]),
        ),
        'a compare-exchange that fails has met another item, or the end': Implies(
            s.pc == NEXT_AGAIN, Or(Not(is_last), s.closed)
        ),
        'a pop restores front only at a gap': Implies(s.pc == RESTORE, Not(is_last)),
        'found is the newest link that is to be delivered': Implies(
            s.closed, s.found == If(s.popped < s.end, s.end - 1, NULL)
        ),
        'a walk has dropped what lies behind it': s.for_all(
            lambda i: Implies(
                And(s.closed, s.end <= i, i < s.pushes, s.got[i] != CLOSED),
                s.fate[i] == If(walked(s, i), DROPPED, QUEUED),
            )
        ),
        'a walk advances only over links': s.for_all(
            lambda i: Implies(
                And(
                    s.closed,
                    s.end <= i,
                    i < s.pushes,
                    s.got[i] != CLOSED,
                    Or(
                        s.phase[s.lead[i]] == DONE,
                        And(s.phase[s.lead[i]] == WALKING, i <= s.at[s.lead[i]]),
                    ),
                ),
                s.stored[i],
            )
        ),
    }


def walked(s, i):
    r = s.lead[i]
    return Or(s.phase[r] == DONE, And(s.phase[r] == WALKING, i < s.at[r]))


def unpark_true(s):
    """raw.rs, unpark: true"""
    return Step(
        And(s.pc == IDLE, is_tag_of_empty(s.back)),
        {},
        {
            'unpark is true only if no push is about to take the waker': s.for_all(
                lambda i: Implies(And(0 <= i, i < s.pushes, s.got[i] == PARKED), s.stored[i])
            )
        },
    )


def properties(s):
    return {**ex.properties(s), **back.park_properties(s)}


STEPS = dict(
    exchange=exchange,
    store_next=store_next,
    store_front=store_front,
    pop_front=pop_front,
    pop_empty=pop_empty,
    pop_not_empty=pop_not_empty,
    pop_front_again=pop_front_again,
    pop_closed=pop_closed,
    pop_front_stalled=pop_front_stalled,
    pop_next=pop_next,
    pop_advance=pop_advance,
    pop_clear=pop_clear,
    pop_last=pop_last,
    pop_not_last=pop_not_last,
    pop_next_again=pop_next_again,
    pop_newest=pop_newest,
    pop_next_stalled=pop_next_stalled,
    pop_restore=pop_restore,
    refuse=refuse,
    refuse_next=refuse_next,
    refuse_waits=refuse_waits,
    refuse_end=refuse_end,
    **back.park_steps(lambda s: True),
    unpark_true=unpark_true,
    close=back.close,
)


def advances(s, t):
    return Or(t.pc == IDLE, t.pc > s.pc)


FORWARD = Machine('forward-linked', START, STEPS, invariant, properties, advances)
