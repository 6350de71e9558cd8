"""The consumer's end of the forms whose push writes its own link: `form/batch.rs`."""

from back import (
    EMPTY,
    IDLE,
    NULL,
    OWN,
    PARKED,
    POPPED,
    QUEUED,
    delivered_end,
    is_link,
    is_tag_of_empty,
)
from logic import And, If, Implies, Not, Or, Store
from machine import Step

BOTTOM = -5

# Where a pop is: before the access that the name says.
TAKE, TURN, HAND_OUT = range(1, 4)

START = dict(
    ready=NULL,  # the oldest link, if all have been turned round
    walk_at=NULL,  # the link at which the walk stands
    walk_turned=NULL,  # the oldest link that the walk has turned round
    newest=NULL,  # of the batch
    taken=0,  # the number of the first push that has not been taken
    standing=NULL,  # the number of `walk_at`
)


def holds_nothing(s):
    return s.newest == NULL


def item(links, s, link):
    """The ghost update, and what must hold, where a pop returns the item of `link`."""
    i = links.number(s, link)
    return (
        dict(
            popped=s.popped + 1,
            fate=Store(s.fate, s.popped, POPPED),
            pc=IDLE,
            **links.leave(s, link)
        ),
        {
            'items are popped in the order in which back was changed': i == s.popped,
            'an item is popped once, after its push': And(
                s.popped < s.pushes, s.fate[s.popped] == QUEUED, links.is_stored(s, s.popped)
            ),
        },
    )


def steps(links):
    """The steps of the consumer. `links` says how links are named, and what else is kept."""

    def pop_ready(s):
        """batch.rs, pop: next.load(Relaxed) of the oldest link; private"""
        then, must = item(links, s, s.ready)
        after = s.next[s.ready]
        return Step(
            And(Or(s.pc == IDLE, s.pc == HAND_OUT), s.ready != NULL),
            {**then, 'ready': after, 'newest': If(after == NULL, NULL, s.newest)},
            must,
        )

    def is_without_batch(s):
        return And(s.pc == IDLE, s.ready == NULL, s.walk_at == NULL)

    def pop_empty(s):
        """batch.rs, take: if is_empty(queue.back.word.load(Acquire)) { return Empty }"""
        return Step(
            And(is_without_batch(s), is_tag_of_empty(s.back)),
            {},
            {'Empty only if the queue is empty': And(s.popped == s.pushes, Not(s.closed))},
        )

    def pop_not_empty(s):
        """batch.rs, take: the same load, of a link"""
        return Step(
            And(is_without_batch(s), Not(is_tag_of_empty(s.back)), Not(s.closed)), dict(pc=TAKE)
        )

    def takes(s, link, end):
        return dict(newest=link, walk_at=link, taken=end, standing=end - 1, pc=TURN)

    def pop_found(s):
        """batch.rs, take, after the same load: if let Closing::Closed { newest }, not null"""
        return Step(
            And(is_without_batch(s), Not(is_tag_of_empty(s.back)), s.closed, s.found != NULL),
            dict(found=NULL, **takes(s, s.found, s.end)),
        )

    def pop_closed(s):
        """batch.rs, take, after the same load: if let Closing::Closed { newest }, null"""
        return Step(
            And(is_without_batch(s), Not(is_tag_of_empty(s.back)), s.closed, s.found == NULL),
            {},
            {'Closed only if all is popped that was queued before': s.popped == s.end},
        )

    def pop_take(s):
        """batch.rs, take: let back = queue.back.word.swap(EMPTY, AcqRel)"""
        return Step(
            s.pc == TAKE,
            dict(back=EMPTY, **takes(s, s.back, s.pushes)),
            {'only the consumer replaces a link by a tag': is_link(s.back)},
        )

    def walks(s):
        return Or(s.pc == TURN, And(s.pc == IDLE, s.ready == NULL, s.walk_at != NULL))

    def turn(s):
        """batch.rs, turn: let older = next.load(Acquire), not null; the rest is private"""
        older = s.next[s.walk_at]
        ends = older == BOTTOM
        return Step(
            And(walks(s), Or(older != NULL, not links.has_gap)),
            dict(
                next=Store(s.next, s.walk_at, s.walk_turned),
                walk_at=If(ends, NULL, older),
                standing=If(ends, NULL, s.standing - 1),
                walk_turned=If(ends, NULL, s.walk_at),
                ready=If(ends, s.walk_at, NULL),
                pc=If(ends, HAND_OUT, TURN),
            ),
            {
                'a link leads to that of the push before, or is the oldest of its batch': If(
                    ends,
                    s.standing == s.popped,
                    And(is_link(older), links.number(s, older) == s.standing - 1),
                )
            },
        )

    def pop_stalled(s):
        """batch.rs, turn: the same load, of null: return RawPop::Stalled"""
        return Step(
            And(walks(s), s.next[s.walk_at] == NULL),
            dict(pc=IDLE),
            {
                'Stalled only while a push, of an item that is in the queue, is in its gap': And(
                    s.popped <= s.standing, s.standing < s.pushes, Not(s.stored[s.standing])
                )
            },
        )

    def push_own(s, link):
        """batch.rs, push_own: is_empty(queue.back.word.load(Relaxed)); the rest is private"""
        i = s.pushes
        enter, is_new = links.enter(s, link)
        return Step(
            And(s.pc == IDLE, s.walk_at == NULL, is_tag_of_empty(s.back), is_new),
            dict(
                ready=If(s.newest == NULL, link, s.ready),
                newest=link,
                next=Store(If(s.newest == NULL, s.next, Store(s.next, s.newest, link)), link, NULL),
                pushes=i + 1,
                taken=i + 1,
                got=Store(s.got, i, OWN),
                fate=Store(s.fate, i, QUEUED),
                **enter
            ),
            {'an own push comes after all before it': s.taken == s.pushes},
        )

    result = dict(
        pop_ready=pop_ready,
        pop_empty=pop_empty,
        pop_not_empty=pop_not_empty,
        pop_found=pop_found,
        pop_closed=pop_closed,
        pop_take=pop_take,
        turn=turn,
        push_own=push_own,
    )
    return {**result, 'pop_stalled': pop_stalled} if links.has_gap else result


def advances(s, t):
    """(A walk takes as many steps as there are links.)"""
    turns = And(t.pc == TURN, s.popped <= t.standing, t.standing < s.standing)
    return Or(t.pc == IDLE, t.pc > s.pc, turns)


def clauses(links, s):
    end = delivered_end(s)
    is_walking = s.standing != NULL
    own_link = lambda i: If(
        links.is_stored(s, i), If(is_link(s.got[i]), links.link(s, s.got[i]), BOTTOM), NULL
    )
    next_of = lambda i: s.next[links.link(s, i)]
    return {
        'a batch lies between what is popped and what is not taken': And(
            0 <= s.popped, s.popped <= s.taken, s.taken <= end, end <= s.pushes
        ),
        'back of an open queue is a tag if all is taken, and the newest link otherwise': Implies(
            Not(s.closed),
            If(s.taken == s.pushes, is_tag_of_empty(s.back), s.back == links.link(s, s.pushes - 1)),
        ),
        'the oldest that is not taken got a tag, and the others the push before': s.for_all(
            lambda i: Implies(
                And(s.taken <= i, i < end),
                If(i == s.taken, is_tag_of_empty(s.got[i]), s.got[i] == i - 1),
            )
        ),
        'the oldest of a walk got a tag, and the others the push before': s.for_all(
            lambda i: Implies(
                And(s.popped <= i, i <= s.standing),
                If(i == s.popped, is_tag_of_empty(s.got[i]), s.got[i] == i - 1),
            )
        ),
        'links that are not turned round lead to the older one': s.for_all(
            lambda i: Implies(
                And(s.popped <= i, i < end, Or(s.taken <= i, i <= s.standing)),
                next_of(i) == own_link(i),
            )
        ),
        'links that are turned round lead to the newer one, and are stored': s.for_all(
            lambda i: Implies(
                And(s.popped <= i, s.standing < i, i < s.taken),
                And(
                    links.is_stored(s, i),
                    next_of(i) == If(i + 1 < s.taken, links.link(s, i + 1), NULL),
                ),
            )
        ),
        'a walk stands within the batch': And(
            is_walking == (s.walk_at != NULL),
            NULL <= s.standing,
            Implies(
                is_walking,
                And(
                    s.popped <= s.standing,
                    s.standing < s.taken,
                    s.walk_at == links.link(s, s.standing),
                ),
            ),
        ),
        'a walk has turned round the links behind it': s.walk_turned
        == If(And(is_walking, s.standing + 1 < s.taken), links.link(s, s.standing + 1), NULL),
        'the oldest link is ready without a walk': s.ready
        == If(And(Not(is_walking), s.popped < s.taken), links.link(s, s.popped), NULL),
        'newest is the newest of the batch': s.newest
        == If(s.popped < s.taken, links.link(s, s.taken - 1), NULL),
        'a pop takes what is there': And(
            IDLE <= s.pc,
            s.pc <= HAND_OUT,
            Implies(s.pc == TAKE, And(s.popped == s.taken, Not(s.closed), is_link(s.back))),
            Implies(s.pc == TURN, is_walking),
            Implies(s.pc == HAND_OUT, s.ready != NULL),
        ),
        'found is the newest link that is to be taken': Implies(
            s.closed, s.found == If(s.taken < s.end, links.link(s, s.end - 1), NULL)
        ),
        'while the consumer is parked, its batch consists of its own pushes': And(
            Implies(s.back == PARKED, Not(is_walking)),
            s.for_all(
                lambda i: Implies(
                    And(s.back == PARKED, s.popped <= i, i < s.pushes), s.got[i] == OWN
                )
            ),
        ),
    }
