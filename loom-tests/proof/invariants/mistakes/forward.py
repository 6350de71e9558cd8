"""Mistakes in the forward-linked form."""

import forward
from back import CLOSED, DROPPED, IDLE, NULL, RETURNED
from exchange import DONE, WALKING, leads
from forward import ADVANCE, CLEAR, COMPARE, FORWARD, LOAD_AGAIN, LOAD_BACK, NEXT_AGAIN, is_newest
from logic import And, If, Not, Store
from machine import Step
from mistakes.plant import changed, mistake

mistake(
    FORWARD,
    'a pop returns Empty as soon as front is null',
    pop_empty=changed(forward.pop_empty, lambda s: s.pc == LOAD_BACK),
)
mistake(
    FORWARD,
    'the pop of the last item stores EMPTY without a comparison',
    pop_last=changed(forward.pop_last, lambda s: s.pc == COMPARE),
    pop_not_last=None,
)
mistake(
    FORWARD,
    'the pop of the last item sets front to null after its compare-exchange',
    pop_next=changed(forward.pop_next, pc=lambda s: If(s.next[s.first] == NULL, COMPARE, ADVANCE)),
    pop_last=changed(forward.pop_last, pc=lambda s: CLEAR),
    pop_clear=changed(forward.pop_clear, pc=lambda s: IDLE),
)
mistake(
    FORWARD,
    'a stalled pop does not restore front',
    pop_restore=changed(forward.pop_restore, front=lambda s: s.front),
)
mistake(
    FORWARD,
    'a pop does not look at next again',
    pop_next_stalled=changed(
        forward.pop_next_stalled, lambda s: And(s.pc == NEXT_AGAIN, Not(is_newest(s)))
    ),
)
mistake(
    FORWARD,
    'a pop does not look at front again',
    pop_front_stalled=changed(
        forward.pop_front_stalled, lambda s: And(s.pc == LOAD_AGAIN, Not(s.closed))
    ),
)
mistake(
    FORWARD,
    'a pop of a closed queue looks at back for the end',
    pop_closed=changed(forward.pop_closed, lambda s: And(s.pc == LOAD_AGAIN, s.back == CLOSED)),
)
mistake(
    FORWARD,
    'a pop does not know the newest link of a closed queue',
    pop_newest=None,
    pop_next_stalled=changed(
        forward.pop_next_stalled, lambda s: And(s.pc == NEXT_AGAIN, s.next[s.first] == NULL)
    ),
)
mistake(
    FORWARD,
    'a refused push ends at the first link that is missing',
    pushes=3,
    refuse_waits=lambda s, r: changed(
        forward.refuse_end,
        lambda s, r: And(leads(s, r), s.phase[r] == WALKING, s.next[s.at[r]] == NULL),
    )(s, r),
)
mistake(
    FORWARD,
    'a refused push returns its item before it has read the link of that',
    refuse=changed(forward.refuse, fate=lambda s, r: Store(s.fate, r, RETURNED)),
    refuse_end=changed(forward.refuse_end, must=False),
)
mistake(
    FORWARD,
    'a refused push drops an item before it has read the link of that',
    pushes=3,
    refuse_next=lambda s, r: Step(
        forward.refuse_next(s, r).when,
        dict(at=Store(s.at, r, s.next[s.at[r]]), fate=Store(s.fate, s.next[s.at[r]], DROPPED)),
    ),
    refuse_end=lambda s, r: Step(
        forward.refuse_end(s, r).when,
        dict(fate=Store(s.fate, r, RETURNED), phase=Store(s.phase, r, DONE)),
    ),
)
