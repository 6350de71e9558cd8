"""The back-linked form: `form/back_linked.rs`."""

import back
import batch
import exchange as ex
from back import CLOSED, DROPPED, EMPTY, NULL, PARKED, QUEUED, RETURNED, is_link
from batch import BOTTOM
from exchange import BEFORE, DONE, WALKING, gives_away, in_gap, leads
from logic import And, If, Implies, Not, Or, Store, Table
from machine import Machine, Step

START = dict(
    **back.START,
    **ex.START,
    **batch.START,
    next=Table(NULL),  # by push: its link's `next`
)


class Numbers:
    """A link is the number of its push. (No operation of this form compares a link that may have
    left the queue, so the memory of links need not be in the model.)"""

    has_gap = True

    @staticmethod
    def link(s, i):
        return i

    @staticmethod
    def number(s, link):
        return link

    @staticmethod
    def is_stored(s, i):
        return s.stored[i]

    @staticmethod
    def enter(s, link):
        return dict(stored=Store(s.stored, link, True)), link == s.pushes

    @staticmethod
    def leave(s, link):
        return {}


def exchange(s):
    """back_linked.rs, push: let prev = queue.back.word.swap(link, AcqRel)"""
    return ex.exchange(s, next=Store(s.next, s.pushes, NULL))


def store_own(s, i):
    """back_linked.rs, push: own.store(prev, Release), or own.store(BOTTOM, Release)"""
    prev = s.got[i]
    return Step(
        in_gap(s, i),
        dict(
            next=Store(s.next, i, If(is_link(prev), prev, BOTTOM)), stored=Store(s.stored, i, True)
        ),
        {'a push writes to its item only while that is in the queue': s.fate[i] == QUEUED},
    )


def refuse(s, r):
    """back_linked.rs, sweep: let newest = queue.back.word.swap(CLOSED, Acquire)"""
    return Step(
        And(leads(s, r), s.phase[r] == BEFORE),
        dict(
            back=CLOSED,
            newest_of=Store(s.newest_of, r, s.back),
            at=Store(s.at, r, s.back),
            phase=Store(s.phase, r, WALKING),
        ),
        {'a second exchange gets a link': is_link(s.back)},
    )


def refuse_next(s, r):
    """back_linked.rs, wait_for_own_link: next.load(Acquire), not null; then the link is dropped"""
    at = s.at[r]
    then, must = gives_away(s, at, DROPPED)
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, at != r, s.next[at] != NULL),
        {**then, 'at': Store(s.at, r, s.next[at])},
        {**must, 'a walk goes on within its set': s.next[at] == at - 1},
    )


def refuse_waits(s, r):
    """back_linked.rs, wait_for_own_link: next.load(Acquire), null"""
    at = s.at[r]
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, at != r, s.next[at] == NULL),
        {},
        {'a refused push waits only for a push in its gap': in_gap(s, at)},
    )


def refuse_end(s, r):
    """back_linked.rs, sweep: link == own.newest; queue.rs, refuse: returns the own item"""
    then, must = gives_away(s, r, RETURNED)
    return Step(
        And(leads(s, r), s.phase[r] == WALKING, s.at[r] == r),
        {**then, 'phase': Store(s.phase, r, DONE)},
        must,
    )


def unpark_true(s):
    """raw.rs, unpark: true"""
    is_true = Or(s.back == PARKED, And(s.back == EMPTY, batch.holds_nothing(s)))
    return Step(
        And(s.pc == back.IDLE, is_true),
        {},
        {
            'unpark is true only if no push is about to take the waker': s.for_all(
                lambda i: Implies(And(0 <= i, i < s.pushes, s.got[i] == PARKED), s.stored[i])
            )
        },
    )


def invariant(s):
    late = lambda i: And(s.closed, s.end <= i, i < s.pushes, s.got[i] != CLOSED)

    def walked(i):
        r = s.lead[i]
        return Or(s.phase[r] == DONE, And(s.phase[r] == WALKING, s.at[r] < i))

    return {
        **ex.clauses(s),
        **back.park_clauses(s),
        **batch.clauses(Numbers, s),
        'a late link leads to the older one': s.for_all(
            lambda i: Implies(
                And(late(i), Not(walked(i))), s.next[i] == If(s.stored[i], i - 1, NULL)
            )
        ),
        'a walk has dropped what lies behind it': s.for_all(
            lambda i: Implies(late(i), s.fate[i] == If(walked(i), DROPPED, QUEUED))
        ),
        'what a walk has dropped is stored': s.for_all(
            lambda i: Implies(And(late(i), walked(i)), s.stored[i])
        ),
    }


def properties(s):
    return {**ex.properties(s), **back.park_properties(s)}


STEPS = dict(
    exchange=exchange,
    store_own=store_own,
    **batch.steps(Numbers),
    refuse=refuse,
    refuse_next=refuse_next,
    refuse_waits=refuse_waits,
    refuse_end=refuse_end,
    **back.park_steps(batch.holds_nothing),
    unpark_true=unpark_true,
    close=back.close,
)

BACK_LINKED = Machine('back-linked', START, STEPS, invariant, properties, batch.advances)
