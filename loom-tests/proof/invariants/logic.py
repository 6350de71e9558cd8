"""Formulas, of z3 or of plain values.

With unknown numbers, the functions of this file build formulas. With plain numbers, they compute.
So one description of a step serves the proof and the exploration of runs.
"""

import inspect
import itertools

import z3

LIMIT = 4
"""In a bounded state, and in one of plain values, there are the numbers below this one."""


def is_plain(*values):
    return not any(z3.is_expr(value) for value in values)


def And(*terms):
    return all(terms) if is_plain(*terms) else z3.And(*terms)


def Or(*terms):
    return any(terms) if is_plain(*terms) else z3.Or(*terms)


def Not(term):
    return not term if is_plain(term) else z3.Not(term)


def Implies(one, other):
    return not one or other if is_plain(one, other) else z3.Implies(one, other)


def If(condition, one, other):
    if is_plain(condition):
        return one if condition else other
    return z3.If(condition, one, other)


def Store(function, index, value):
    """Returns `function`, with another value at `index`."""
    if isinstance(function, Table):
        return function.store(index, value)
    return z3.Store(function, index, value)


class Table:
    """A function of numbers with plain values."""

    def __init__(self, default, values=()):
        self.default = default
        self.values = dict(values)

    def __getitem__(self, index):
        return self.values.get(index, self.default)

    def store(self, index, value):
        changed = Table(self.default, self.values)
        changed.values[index] = value
        if value == self.default:
            del changed.values[index]
        return changed

    def key(self):
        return tuple(sorted(self.values.items()))


class State:
    """The variables of a machine, as attributes. Their values are plain, or all formulas."""

    def __init__(self, values, is_bounded=False):
        self.__dict__.update(values)
        self._is_bounded = is_bounded

    def after(self, changes):
        """Returns the state in which the variables that `changes` names have new values."""
        unknown = changes.keys() - self.__dict__.keys()
        assert not unknown, f'no such variables: {unknown}'
        return State({**self.__dict__, **changes}, self._is_bounded)

    def for_all(self, formula):
        """Returns the formula that `formula` holds for all numbers."""
        names = list(inspect.signature(formula).parameters)
        if self._is_bounded or is_plain(self.pushes):
            numbers = itertools.product(range(LIMIT), repeat=len(names))
            return And(*(formula(*each) for each in numbers))
        numbers = [z3.FreshInt(name) for name in names]
        return z3.ForAll(numbers, formula(*numbers))

    def key(self):
        """Returns something hashable that is equal just for equal states of plain values."""
        return tuple(
            value.key() if isinstance(value, Table) else value for value in self.__dict__.values()
        )
