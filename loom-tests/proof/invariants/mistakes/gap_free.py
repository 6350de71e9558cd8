"""Mistakes in the gap-free form."""

import gap_free
from back import CLOSED, EMPTY, PARKED, is_link
from batch import BOTTOM
from gap_free import DONE, GAP_FREE, LOADED, STORED
from logic import And, If, Or, Store, Table
from machine import Step
from mistakes.plant import changed, mistake

mistake(
    GAP_FREE,
    'a push exchanges back without a comparison',
    publish=lambda s, p: gap_free.publish(s, p, when=s.stage[p] == STORED),
)
mistake(
    GAP_FREE,
    'a push that tries again keeps its link',
    publish_fails=changed(gap_free.publish_fails, stage=lambda s, p: s.stage),
)
mistake(
    GAP_FREE,
    'a push stores its link after its compare-exchange',
    store=None,
    publish=lambda s, p: gap_free.publish(
        s, p, when=And(s.stage[p] == LOADED, s.back == s.seen[p], s.seen[p] != CLOSED)
    ),
    store_late=lambda s, p: Step(
        s.stage[p] == DONE,
        dict(next=Store(s.next, s.own[p], If(is_link(s.seen[p]), s.seen[p], BOTTOM))),
    ),
)
mistake(
    GAP_FREE,
    'a push replaces CLOSED',
    refuse=None,
    store=changed(gap_free.store, lambda s, p: s.stage[p] == LOADED),
)
mistake(
    GAP_FREE,
    'a push tells the wake-up by its first load',
    start=dict(saw=Table(EMPTY)),
    load=changed(gap_free.load, saw=lambda s, p, a: Store(s.saw, p, s.back)),
    publish=lambda s, p: gap_free.publish(s, p, told=s.saw[p] == PARKED),
)
mistake(
    GAP_FREE,
    'a refused push returns an item whose compare-exchange has succeeded',
    refuse=changed(
        gap_free.refuse, lambda s, p: And(s.closed, Or(s.stage[p] == LOADED, s.stage[p] == DONE))
    ),
)
