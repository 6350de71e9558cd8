"""How a mistake is planted in a machine."""

import dataclasses
import inspect

from machine import Machine, Step

MISTAKES = []


@dataclasses.dataclass
class Mistake:
    """A machine with other steps, which must violate a claim."""

    machine: Machine
    words: str
    pushes: int
    """With how many pushes it does."""


def mistake(machine, words, pushes=2, start=None, **steps):
    """Plants `steps` in a machine, in place of those with the same names. `None` removes one."""
    steps = {**machine.steps, **steps}
    MISTAKES.append(
        Mistake(
            dataclasses.replace(
                machine,
                start={**machine.start, **(start or {})},
                steps={name: step for name, step in steps.items() if step},
            ),
            words,
            pushes,
        )
    )


def changed(step, when=None, must=True, **then):
    """Returns the step function with another guard, other updates, or without its claims."""

    def function(s, *numbers):
        one = step(s, *numbers)
        return Step(
            one.when if when is None else when(s, *numbers),
            {**one.then, **{name: value(s, *numbers) for name, value in then.items()}},
            one.must if must else {},
        )

    function.__signature__ = inspect.signature(step)
    return function
