"""Mistakes in a push that exchanges `back`, and in its refusal."""

import exchange
from back import EMPTY, NULL, PARKED, RETURNED, is_tag_of_empty
from back_linked import BACK_LINKED
from exchange import BEFORE, DONE, leads
from forward import FORWARD
from logic import And, Store
from machine import Step
from mistakes.plant import changed, mistake


def look(s):
    """A load of `back` before the exchange."""
    return Step(True, dict(saw=s.back))


for form in (FORWARD, BACK_LINKED):
    mistake(
        form,
        'a push tells the wake-up by a load before its exchange',
        start=dict(saw=NULL),
        look=look,
        exchange=lambda s, form=form: exchange.exchange(
            s, told=s.saw == PARKED, next=Store(s.next, s.pushes, NULL)
        ),
    )
    mistake(
        form,
        'each push into an empty queue tells a wake-up',
        exchange=lambda s: exchange.exchange(
            s, told=is_tag_of_empty(s.back), next=Store(s.next, s.pushes, NULL)
        ),
    )
    mistake(
        form,
        'a refused push makes no second exchange',
        pushes=3,
        refuse=lambda s, r: Step(
            And(leads(s, r), s.phase[r] == BEFORE),
            dict(fate=Store(s.fate, r, RETURNED), phase=Store(s.phase, r, DONE)),
        ),
    )
    mistake(
        form,
        'a refused push leaves EMPTY in back',
        refuse=changed(form.steps['refuse'], back=lambda s, r: EMPTY),
    )
