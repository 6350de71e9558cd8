"""Mistakes in the back-linked form."""

import back_linked
import batch
import exchange
from back import CLOSED, IDLE, NULL, PARKED, is_link, is_tag_of_empty
from back_linked import BACK_LINKED, Numbers
from batch import BOTTOM, HAND_OUT, TURN
from exchange import WALKING, leads
from logic import And, If, Or, Store
from mistakes.exchange import look
from mistakes.plant import changed, mistake


def exchange_linked(s):
    """The link is stored before the exchange."""
    word = If(is_link(s.saw), s.saw, BOTTOM)
    return exchange.exchange(
        s, next=Store(s.next, s.pushes, word), stored=Store(s.stored, s.pushes, s.back != CLOSED)
    )


mistake(
    BACK_LINKED,
    'a push stores its link before its exchange',
    start=dict(saw=NULL),
    look=look,
    exchange=exchange_linked,
)
mistake(
    BACK_LINKED,
    'a push that replaces PARKED stores no link',
    store_own=changed(
        back_linked.store_own,
        next=lambda s, i: If(s.got[i] == PARKED, s.next, back_linked.store_own(s, i).then['next']),
    ),
)
mistake(
    BACK_LINKED,
    'a walk takes a gap for the end',
    turn=None,
    pop_stalled=None,
    turn_or_end=changed(
        batch.steps(Numbers)['turn'],
        lambda s: Or(s.pc == TURN, And(s.pc == IDLE, s.ready == NULL, s.walk_at != NULL)),
        ready=lambda s: If(is_link(s.next[s.walk_at]), NULL, s.walk_at),
        walk_at=lambda s: If(is_link(s.next[s.walk_at]), s.next[s.walk_at], NULL),
        pc=lambda s: If(is_link(s.next[s.walk_at]), TURN, HAND_OUT),
        must=False,
    ),
)
mistake(
    BACK_LINKED,
    'a stalled pop forgets where its walk stands',
    pop_stalled=changed(
        batch.steps(Numbers)['pop_stalled'],
        walk_at=lambda s: s.newest,
        walk_turned=lambda s: NULL,
        standing=lambda s: s.taken - 1,
    ),
)
mistake(
    BACK_LINKED,
    'unpark looks at back, and not at the batch',
    unpark_true=changed(
        back_linked.unpark_true, lambda s: And(s.pc == IDLE, is_tag_of_empty(s.back))
    ),
)
mistake(
    BACK_LINKED,
    'a refused push does not wait for a push in its gap',
    refuse_next=changed(
        back_linked.refuse_next,
        lambda s, r: And(leads(s, r), s.phase[r] == WALKING, s.at[r] != r),
        at=lambda s, r: Store(s.at, r, s.at[r] - 1),
    ),
)
mistake(
    BACK_LINKED,
    'a pop of a closed queue takes what is in back',
    pop_found=None,
    pop_not_empty=changed(
        batch.steps(Numbers)['pop_not_empty'],
        lambda s: And(s.pc == IDLE, s.ready == NULL, s.walk_at == NULL, is_link(s.back)),
    ),
)
mistake(
    BACK_LINKED,
    'the consumer appends to a batch that is not turned round',
    push_own=changed(
        batch.steps(Numbers)['push_own'],
        lambda s, link: And(s.pc == IDLE, is_tag_of_empty(s.back), Numbers.enter(s, link)[1]),
    ),
)
