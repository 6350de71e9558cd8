"""Mistakes in parking and closing, in each form."""

import back
from back import A_CLOSE, EMPTY, IDLE, NULL, PARKED, is_link
from back_linked import BACK_LINKED
from forward import FORWARD
from gap_free import GAP_FREE
from logic import And, If, Not, Store
from machine import Step
from mistakes.plant import changed, mistake

# Where a consumer is that has loaded `back` and will store to it.
PARKING, CLOSING = 101, 102

for form in (FORWARD, BACK_LINKED, GAP_FREE):
    park, unpark = form.steps['park'], form.steps['unpark']
    mistake(
        form,
        'park loads back, and then stores PARKED',
        park=lambda s: Step(And(s.pc == IDLE, s.back == EMPTY), dict(pc=PARKING)),
        park_store=changed(park, lambda s: s.pc == PARKING, pc=lambda s: IDLE),
    )
    mistake(
        form,
        'unpark stores EMPTY',
        unpark=changed(unpark, lambda s: And(s.pc == IDLE, s.parks > 0), must=False),
    )
    mistake(
        form,
        'close loads back, and then stores CLOSED',
        start=dict(saw=NULL),
        close=lambda s: Step(And(s.pc == IDLE, Not(s.closed)), dict(saw=s.back, pc=CLOSING)),
        close_store=changed(
            back.close,
            lambda s: s.pc == CLOSING,
            must=False,
            found=lambda s: If(is_link(s.saw), s.saw, NULL),
            ended=lambda s: If(s.saw == PARKED, Store(s.ended, s.parks - 1, A_CLOSE), s.ended),
            pc=lambda s: IDLE,
        ),
    )
    mistake(
        form,
        'close does not keep the link that it gets',
        close=changed(back.close, found=lambda s: NULL),
    )
    mistake(
        form,
        'a queue is closed twice',
        close=changed(
            back.close, lambda s: s.pc == IDLE, end=lambda s: If(s.closed, s.end, s.pushes)
        ),
    )
