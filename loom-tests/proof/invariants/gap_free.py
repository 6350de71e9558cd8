"""The gap-free form: `form/gap_free.rs`.

A push of this form compares a link that may have left the queue meanwhile. So links are addresses
here, which are used again, and `next` is the memory at an address.
"""

import back
import batch
from back import CLOSED, EMPTY, NULL, PARKED, POPPED, QUEUED, is_link, wake
from batch import BOTTOM
from logic import And, If, Implies, Not, Or, Store, Table
from machine import Machine, Step

# How far a push is.
NEW, LOADED, STORED, DONE, REFUSED = range(5)

# What an address is used for.
FREE, PRIVATE, IN_QUEUE = range(3)

START = dict(
    **back.START,
    **batch.START,
    stage=Table(NEW),  # by push (a number of its own, which is not an order)
    own=Table(NULL),  # by push: its link
    seen=Table(EMPTY),  # by push: what it has read from `back`
    next=Table(NULL),  # by address
    use=Table(FREE),  # by address
    pusher=Table(0),  # by address: the push to which it is private
    number=Table(0),  # by address: the number of the link in the queue
    link=Table(NULL),  # by number: the address
)


class Addresses:
    """A link is an address."""

    has_gap = False

    @staticmethod
    def link(s, i):
        return s.link[i]

    @staticmethod
    def number(s, link):
        return s.number[link]

    @staticmethod
    def is_stored(s, i):
        return True

    @staticmethod
    def enter(s, link):
        return (
            dict(
                use=Store(s.use, link, IN_QUEUE),
                number=Store(s.number, link, s.pushes),
                link=Store(s.link, s.pushes, link),
            ),
            And(is_link(link), s.use[link] == FREE),
        )

    @staticmethod
    def leave(s, link):
        return dict(use=Store(s.use, link, FREE))


def load(s, p, a):
    """gap_free.rs, push: let mut prev = back.load(Acquire)"""
    return Step(
        And(s.stage[p] == NEW, is_link(a), s.use[a] == FREE),
        dict(
            own=Store(s.own, p, a),
            use=Store(s.use, a, PRIVATE),
            pusher=Store(s.pusher, a, p),
            seen=Store(s.seen, p, s.back),
            stage=Store(s.stage, p, LOADED),
        ),
    )


def store(s, p):
    """gap_free.rs, push: own.store(prev or BOTTOM, Relaxed)"""
    seen = s.seen[p]
    return Step(
        And(s.stage[p] == LOADED, seen != CLOSED),
        dict(
            next=Store(s.next, s.own[p], If(is_link(seen), seen, BOTTOM)),
            stage=Store(s.stage, p, STORED),
        ),
        {'a push writes to its item only before that is in the queue': s.use[s.own[p]] == PRIVATE},
    )


def publish(s, p, when=None, told=None):
    """gap_free.rs, push: compare_exchange_weak(prev, link), Ok"""
    i, own = s.pushes, s.own[p]
    ghost, must = wake(s, s.back == PARKED if told is None else told)
    enter, _ = Addresses.enter(s, own)
    if when is None:
        when = And(s.stage[p] == STORED, s.back == s.seen[p])
    return Step(
        when,
        dict(
            back=own,
            pushes=i + 1,
            got=Store(s.got, i, If(is_link(s.back), i - 1, s.back)),
            fate=Store(s.fate, i, QUEUED),
            stage=Store(s.stage, p, DONE),
            **enter,
            **ghost,
        ),
        {**must, 'a push enters an open queue': Not(s.closed)},
    )


def publish_fails(s, p):
    """gap_free.rs, push: compare_exchange_weak(prev, link), Err, also without a reason"""
    return Step(
        s.stage[p] == STORED, dict(seen=Store(s.seen, p, s.back), stage=Store(s.stage, p, LOADED))
    )


def refuse(s, p):
    """gap_free.rs, push: if prev == CLOSED { return Pushed::Closed }"""
    own = s.own[p]
    return Step(
        And(s.stage[p] == LOADED, s.seen[p] == CLOSED),
        dict(use=Store(s.use, own, FREE), stage=Store(s.stage, p, REFUSED)),
        {
            'an item is returned that never was in the queue': s.use[own] == PRIVATE,
            'a push is refused only by a closed queue': s.closed,
        },
    )


def invariant(s):
    runs = lambda p: Or(s.stage[p] == LOADED, s.stage[p] == STORED)
    return {
        **back.park_clauses(s),
        **batch.clauses(Addresses, s),
        'back of a closed queue is CLOSED, and no push comes after it': Implies(
            s.closed, And(s.back == CLOSED, s.end == s.pushes)
        ),
        'items are popped in order': s.for_all(
            lambda i: Implies(
                And(0 <= i, i < s.pushes), s.fate[i] == If(i < s.popped, POPPED, QUEUED)
            )
        ),
        'no push got CLOSED, and each that got a link got the one before': s.for_all(
            lambda i: Implies(And(0 <= i, i < s.pushes, is_link(s.got[i])), s.got[i] == i - 1)
        ),
        'each link in the queue has an address of its own': s.for_all(
            lambda i: Implies(
                And(s.popped <= i, i < s.pushes),
                And(is_link(s.link[i]), s.use[s.link[i]] == IN_QUEUE, s.number[s.link[i]] == i),
            )
        ),
        'each link outside has an address of its own': s.for_all(
            lambda p: Implies(
                runs(p), And(is_link(s.own[p]), s.use[s.own[p]] == PRIVATE, s.pusher[s.own[p]] == p)
            )
        ),
        'a push publishes a link that leads to what it compares': s.for_all(
            lambda p: Implies(
                s.stage[p] == STORED,
                And(
                    s.next[s.own[p]] == If(is_link(s.seen[p]), s.seen[p], BOTTOM),
                    s.seen[p] != CLOSED,
                ),
            )
        ),
        'a push that has read CLOSED is refused': s.for_all(
            lambda p: Implies(And(s.stage[p] == LOADED, s.seen[p] == CLOSED), s.closed)
        ),
    }


def properties(s):
    return {
        'nothing lost: of a closed queue that is drained, every item is popped': Implies(
            And(s.closed, s.popped == s.end),
            s.for_all(lambda i: Implies(And(0 <= i, i < s.pushes), s.fate[i] == POPPED)),
        ),
        **back.park_properties(s),
    }


STEPS = dict(
    load=load,
    store=store,
    publish=publish,
    publish_fails=publish_fails,
    refuse=refuse,
    **batch.steps(Addresses),
    **back.park_steps(batch.holds_nothing),
    close=back.close,
)

GAP_FREE = Machine('gap-free', START, STEPS, invariant, properties, batch.advances)
