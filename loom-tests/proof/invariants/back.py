"""The word `back`, its tags, parking and closing: `form/back.rs` and `form/raw.rs`.

A link is the number of its push, counted in the order in which the pushes change `back`. So a link
is one stay of an item in the queue, and an item that is pushed again has a new number.
"""

from logic import And, If, Implies, Not, Or, Store, Table
from machine import Step

EMPTY, PARKED, CLOSED = -1, -2, -3
OWN = -4  # instead of what a push has got: the consumer has appended the item to its batch
NULL = -1  # of any other pointer

IDLE = 0  # the consumer is in no operation

# What has become of an item.
QUEUED, POPPED, DROPPED, RETURNED = range(4)

# What has ended a park.
NOTHING, A_PUSH, AN_UNPARK, A_CLOSE = range(4)

START = dict(
    back=EMPTY,
    pushes=0,  # how many pushes have changed `back`; the next one's number
    got=Table(EMPTY),  # by push: what it has replaced in `back`
    fate=Table(QUEUED),  # by push: what has become of its item
    popped=0,  # how many items have been popped; the number of the oldest
    pc=IDLE,  # where the consumer is
    closed=False,
    end=0,  # of a closed queue: how many pushes came before the close
    found=NULL,  # of a closed queue: the link that the close found, if it is left
    parks=0,  # how often the consumer has parked
    ended=Table(NOTHING),  # by park: what has ended it
)


def is_link(word):
    return word >= 0


def is_tag_of_empty(word):
    return Or(word == EMPTY, word == PARKED)


def delivered_end(s):
    """The number of the first push that is not delivered."""
    return If(s.closed, s.end, s.pushes)


def tells(s):
    """Whether a push that changes `back` now returns that the consumer must be woken."""
    return s.back == PARKED


def wake(s, told):
    """The ghost update, and what must hold, of a push that changes `back`."""
    last = s.parks - 1
    return (
        dict(ended=If(told, Store(s.ended, last, A_PUSH), s.ended)),
        {'a park ends once': Implies(told, And(s.parks > 0, s.ended[last] == NOTHING))},
    )


def park_steps(holds_nothing):
    """`holds_nothing`: of a state, whether the form's `newest_held` is null."""

    def park(s):
        """back.rs, park: compare_exchange(EMPTY, PARKED)"""
        return Step(
            And(s.pc == IDLE, holds_nothing(s), s.back == EMPTY),
            dict(back=PARKED, parks=s.parks + 1, ended=Store(s.ended, s.parks, NOTHING)),
            {'parks only if the queue is empty': And(s.popped == s.pushes, Not(s.closed))},
        )

    def park_again(s):
        """back.rs, park: mark(PARKED), after mark(EMPTY) has failed"""
        return Step(
            And(s.pc == IDLE, holds_nothing(s), s.back == PARKED),
            dict(back=PARKED),
            {'parks only if the queue is empty': And(s.popped == s.pushes, Not(s.closed))},
        )

    def park_fails(s):
        """back.rs, park: mark(EMPTY) fails, and back != PARKED"""
        return Step(
            And(s.pc == IDLE, holds_nothing(s), Not(is_tag_of_empty(s.back))),
            {},
            {'parks if the queue is open and empty': Or(s.closed, s.popped < s.pushes)},
        )

    def unpark(s):
        """back.rs, unpark: compare_exchange(PARKED, EMPTY); Mark::Removed"""
        return Step(
            And(s.pc == IDLE, s.back == PARKED),
            dict(back=EMPTY, ended=Store(s.ended, s.parks - 1, AN_UNPARK)),
            {'a park ends once': And(s.parks > 0, s.ended[s.parks - 1] == NOTHING)},
        )

    return dict(park=park, park_again=park_again, park_fails=park_fails, unpark=unpark)


def close(s):
    """raw.rs, close: let back = self.back.word.swap(CLOSED, Release)"""
    return Step(
        And(s.pc == IDLE, Not(s.closed)),
        dict(
            back=CLOSED,
            closed=True,
            end=s.pushes,
            found=If(is_link(s.back), s.back, NULL),
            ended=If(s.back == PARKED, Store(s.ended, s.parks - 1, A_CLOSE), s.ended),
        ),
        {
            'a park ends once': Implies(
                s.back == PARKED, And(s.parks > 0, s.ended[s.parks - 1] == NOTHING)
            )
        },
    )


def park_clauses(s):
    return {
        'back is PARKED just while the last park has not ended': And(
            s.parks >= 0, (s.back == PARKED) == And(s.parks > 0, s.ended[s.parks - 1] == NOTHING)
        ),
        'every park but the last has ended': s.for_all(
            lambda k: Implies(And(0 <= k, k < s.parks - 1), s.ended[k] != NOTHING)
        ),
    }


def park_properties(s):
    return {
        'a consumer that is parked while back is a link is being woken': Implies(
            And(s.parks > 0, is_link(s.back)), s.ended[s.parks - 1] != NOTHING
        ),
    }
