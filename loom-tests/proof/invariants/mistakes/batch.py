"""Mistakes in the consumer's end of the forms whose push writes its own link."""

import batch
from back import EMPTY, IDLE, NULL, is_tag_of_empty
from back_linked import BACK_LINKED, Numbers
from batch import HAND_OUT
from gap_free import GAP_FREE, Addresses
from logic import And, Not
from machine import Step
from mistakes.plant import changed, mistake

TAKING = 103  # the consumer has loaded `back` and will store to it

for form, links in ((BACK_LINKED, Numbers), (GAP_FREE, Addresses)):
    steps = batch.steps(links)
    mistake(
        form,
        'a batch is handed out unreversed',
        pop_take=changed(
            steps['pop_take'],
            ready=lambda s: s.back,
            walk_at=lambda s: NULL,
            standing=lambda s: NULL,
            pc=lambda s: HAND_OUT,
        ),
    )
    mistake(
        form,
        'a pop loads back, and then stores EMPTY',
        start=dict(saw=NULL),
        pop_take=lambda s: Step(s.pc == batch.TAKE, dict(saw=s.back, pc=TAKING)),
        pop_take_store=changed(
            steps['pop_take'],
            lambda s: s.pc == TAKING,
            newest=lambda s: s.saw,
            walk_at=lambda s: s.saw,
        ),
    )
    mistake(
        form,
        'park looks at back, and not at the batch',
        park=changed(form.steps['park'], lambda s: And(s.pc == IDLE, s.back == EMPTY)),
    )
    mistake(
        form,
        'a pop answers Closed before it has handed out what the close found',
        pop_closed=changed(
            steps['pop_closed'],
            lambda s: And(
                s.pc == IDLE,
                s.ready == NULL,
                s.walk_at == NULL,
                Not(is_tag_of_empty(s.back)),
                s.closed,
            ),
        ),
    )
    mistake(
        form,
        'the consumer appends to its batch although a push came before',
        push_own=changed(
            steps['push_own'],
            lambda s, link, links=links: And(
                s.pc == IDLE, s.walk_at == NULL, Not(s.closed), links.enter(s, link)[1]
            ),
        ),
    )
