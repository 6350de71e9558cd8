"""What the two forms have in common whose push exchanges `back`: the push, and its refusal.

A push that replaces CLOSED is refused, and *leads* a set: itself, and the pushes that append to it
until it exchanges `back` again, for CLOSED. It walks over the set, drops the others' items, and
returns its own.
"""

from back import (
    CLOSED,
    EMPTY,
    NULL,
    OWN,
    PARKED,
    POPPED,
    QUEUED,
    RETURNED,
    delivered_end,
    is_link,
    wake,
)
from logic import And, If, Implies, Not, Or, Store, Table
from machine import Step

# How far a refused push is.
BEFORE, WALKING, DONE = range(3)

START = dict(
    stored=Table(False),  # by push: whether it has stored its link, and is over
    lead=Table(0),  # by late push: the push that leads its set
    phase=Table(BEFORE),  # by leader
    newest_of=Table(NULL),  # by leader: what its second exchange has got
    at=Table(NULL),  # by leader: the link at which its walk stands
)


def exchange(s, told=None, **more):
    """forward.rs and back_linked.rs, push: let prev = queue.back.word.swap(link, AcqRel)"""
    i = s.pushes
    ghost, must = wake(s, s.back == PARKED if told is None else told)
    leads = s.back == CLOSED
    then = dict(
        back=i,
        pushes=i + 1,
        got=Store(s.got, i, s.back),
        stored=Store(s.stored, i, False),
        fate=Store(s.fate, i, QUEUED),
        phase=Store(s.phase, i, BEFORE),
        lead=Store(s.lead, i, If(leads, i, s.lead[i - 1])),
    )
    return Step(True, {**then, **ghost, **more}, must)


def in_gap(s, i):
    return And(0 <= i, i < s.pushes, Not(s.stored[i]), s.got[i] != CLOSED)


def leads(s, r):
    return And(0 <= r, r < s.pushes, s.got[r] == CLOSED)


def gives_away(s, i, fate, when=True):
    """The ghost update, and what must hold, where a late push gives away the item `i`."""
    return (
        dict(fate=If(when, Store(s.fate, i, fate), s.fate)),
        {
            'an item is given away once, and only if it came after the close': Implies(
                when, And(s.fate[i] == QUEUED, s.closed, s.end <= i)
            )
        },
    )


def clauses(s):
    late = lambda i: And(s.closed, s.end <= i, i < s.pushes)
    back_to = lambda i: s.got[i] == i - 1
    newest = lambda i: s.newest_of[i]
    return {
        'the numbers are in order': And(
            0 <= s.popped, s.popped <= delivered_end(s), delivered_end(s) <= s.pushes
        ),
        'a push gets the push before, or a tag': s.for_all(
            lambda i: Implies(
                And(0 <= i, i < s.pushes),
                Or(
                    s.got[i] == EMPTY,
                    s.got[i] == PARKED,
                    s.got[i] == CLOSED,
                    s.got[i] == OWN,
                    And(back_to(i), i > 0),
                ),
            )
        ),
        'only late pushes get CLOSED, and they get nothing else but a late link': s.for_all(
            lambda i: Implies(
                And(0 <= i, i < s.pushes),
                If(
                    And(s.closed, s.end <= i),
                    Or(s.got[i] == CLOSED, And(back_to(i), i > s.end)),
                    s.got[i] != CLOSED,
                ),
            )
        ),
        'back of a closed queue is CLOSED, or the newest late link': Implies(
            s.closed, Or(s.back == CLOSED, And(s.back == s.pushes - 1, s.end < s.pushes))
        ),
        'what was queued before the close is popped in order': s.for_all(
            lambda i: Implies(
                And(0 <= i, i < delivered_end(s)), s.fate[i] == If(i < s.popped, POPPED, QUEUED)
            )
        ),
        'what is popped, or leads to the oldest, is stored': s.for_all(
            lambda i: Implies(And(0 <= i, i < s.popped), s.stored[i])
        ),
        'a leader stores no link': s.for_all(lambda i: Implies(leads(s, i), Not(s.stored[i]))),
        'each late push is in a set': s.for_all(
            lambda i: Implies(
                late(i),
                And(
                    s.end <= s.lead[i],
                    s.lead[i] <= i,
                    leads(s, s.lead[i]),
                    (s.lead[i] == i) == (s.got[i] == CLOSED),
                ),
            )
        ),
        'a set is without holes': s.for_all(
            lambda i, j: Implies(
                And(late(i), s.lead[i] < j, j <= i), And(back_to(j), s.lead[j] == s.lead[i])
            )
        ),
        'the phases are three': s.for_all(
            lambda i: Implies(leads(s, i), And(BEFORE <= s.phase[i], s.phase[i] <= DONE))
        ),
        'a set that is open is that of back': s.for_all(
            lambda i: Implies(
                And(leads(s, i), s.phase[i] == BEFORE),
                And(s.back == s.pushes - 1, s.lead[s.pushes - 1] == i),
            )
        ),
        'back is a late link only while a set is open': Implies(
            And(s.closed, is_link(s.back)), s.phase[s.lead[s.back]] == BEFORE
        ),
        'a set that is not open ends before CLOSED, or before another set': s.for_all(
            lambda i: Implies(
                And(leads(s, i), s.phase[i] != BEFORE),
                And(
                    i <= newest(i),
                    newest(i) < s.pushes,
                    s.lead[newest(i)] == i,
                    If(newest(i) + 1 == s.pushes, s.back == CLOSED, s.got[newest(i) + 1] == CLOSED),
                ),
            )
        ),
        'a walk is within its set': s.for_all(
            lambda i: Implies(
                And(leads(s, i), s.phase[i] == WALKING), And(i <= s.at[i], s.at[i] <= newest(i))
            )
        ),
        'a leader returns its item at the end': s.for_all(
            lambda i: Implies(leads(s, i), s.fate[i] == If(s.phase[i] == DONE, RETURNED, QUEUED))
        ),
    }


def properties(s):
    is_push = lambda i: And(0 <= i, i < s.pushes)
    is_over = lambda i: Or(s.stored[i], And(s.got[i] == CLOSED, s.phase[i] == DONE))
    return {
        'nothing lost: once a closed queue is drained and no push is left, every item is popped, '
        'dropped or returned, and back is CLOSED': Implies(
            And(s.closed, s.popped == s.end, s.for_all(lambda i: Implies(is_push(i), is_over(i)))),
            And(s.back == CLOSED, s.for_all(lambda i: Implies(is_push(i), s.fate[i] != QUEUED))),
        ),
        'a push is told Closed if its item is returned, otherwise Ok': s.for_all(
            lambda i: Implies(
                And(is_push(i), s.fate[i] != QUEUED),
                (s.fate[i] == RETURNED) == (s.got[i] == CLOSED),
            )
        ),
    }
