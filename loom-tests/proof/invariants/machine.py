"""Machines whose steps are functions, and what z3 shows about them."""

import dataclasses
import inspect
from typing import Callable

from logic import LIMIT, State, Table

import z3


@dataclasses.dataclass
class Step:
    """At most one access to shared memory, with the private work that follows it."""

    when: object
    """Whether the step can be taken."""
    then: dict
    """The new values of the variables that change."""
    must: dict = dataclasses.field(default_factory=dict)
    """What must hold where the step is taken: claims by their words."""


@dataclasses.dataclass
class Machine:
    """An algorithm for any number of pushes, and what is claimed of it."""

    name: str
    start: dict
    """The initial value of each variable: a number, a flag or a table."""
    steps: dict
    """By name: functions of a state and of chosen numbers (a push, an address) to a `Step`."""
    invariant: Callable
    """From a state to clauses by their words. Inductive."""
    properties: Callable
    """From a state to claims by their words. They follow from the invariant."""

    advances: Callable
    """Of two states, whether a step of a pop from one to the other is one of boundedly many."""

    def claims(self, state, step):
        """Returns what must hold where a step is taken: claims by their words."""
        if 'pc' not in step.then:
            return step.must
        advances = self.advances(state, state.after(step.then))
        return {**step.must, 'each step of a pop ends it or advances': advances}

    def initial(self):
        return State(self.start)

    def unknown(self, is_bounded=False):
        """Returns a state of unknown values."""
        values = {name: z3.Const(name, sort(value)) for name, value in self.start.items()}
        return State(values, is_bounded)


def sort(value):
    if isinstance(value, Table):
        return z3.ArraySort(z3.IntSort(), sort(value.default))
    return z3.BoolSort() if isinstance(value, bool) else z3.IntSort()


def chosen(step):
    """Returns the names of the numbers that a step is for."""
    parameters = list(inspect.signature(step).parameters.values())[1:]
    return [one.name for one in parameters if one.default is one.empty]


SECONDS = 30
"""How long z3 may take for one question."""


class Proof:
    """What z3 shows of a machine. If bounded, numbers are those below `LIMIT`, so that z3 finds a
    counterexample where there is one."""

    def __init__(self, machine, is_bounded=False):
        self.machine = machine
        self.is_bounded = is_bounded
        self.solver = z3.Solver()
        self.solver.set(timeout=1000 * SECONDS)
        self.state = machine.unknown(is_bounded)
        self.solver.add(*machine.invariant(self.state).values())
        if is_bounded:
            self.solver.add(self.state.pushes < LIMIT, self.state.parks < LIMIT)

    def obligations(self):
        """Yields what must follow from the invariant: words, what they are, who must keep them, a
        hypothesis, and a formula."""
        machine, state = self.machine, self.state
        for words, clause in machine.invariant(machine.initial()).items():
            yield words, 'clause', 'the initial state', True, clause
        for words, claim in machine.properties(state).items():
            yield words, 'property', 'the invariant', True, claim
        for name, function in machine.steps.items():
            numbers = [z3.Int(one) for one in chosen(function)]
            step = function(state, *numbers)
            guard = z3.And(step.when, *(self.range_of(number) for number in numbers))
            for words, claim in machine.claims(state, step).items():
                yield words, 'property', name, guard, claim
            for words, clause in machine.invariant(state.after(step.then)).items():
                yield words, 'clause', name, guard, clause

    def range_of(self, number):
        return z3.And(0 <= number, number < LIMIT) if self.is_bounded else True

    def refuted(self, hypothesis, formula):
        """Returns z3's answer to: can the formula be false?"""
        self.solver.push()
        self.solver.add(hypothesis, z3.Not(formula))
        result = self.solver.check()
        self.solver.pop()
        return result
