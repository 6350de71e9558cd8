"""Runs from the initial state, all of them within a limit."""

import collections
import itertools

from machine import chosen


class Exploration:
    """The states that a machine reaches with at most `pushes` pushes and `parks` parks."""

    def __init__(self, machine, pushes, parks=1):
        self.machine = machine
        self.pushes, self.parks = pushes, parks
        numbers = range(pushes)
        self.calls = [
            (name, function, arguments)
            for name, function in machine.steps.items()
            for arguments in itertools.product(numbers, repeat=len(chosen(function)))
        ]
        self.states = 0
        self.taken = set()

    def run(self, with_invariant=False):
        """Explores. Returns the first violated claim and the run that leads to it, or `None`."""
        start = self.machine.initial()
        runs = {start.key(): None}
        queue = collections.deque([start])
        while queue:
            state = queue.popleft()
            self.states += 1
            for words, claim in self.claims(state, with_invariant):
                if not claim:
                    return words, self.trace(runs, state.key())
            for name, function, arguments in self.calls:
                step = function(state, *arguments)
                if not step.when:
                    continue
                self.taken.add(name)
                claims = self.machine.claims(state, step) if with_invariant else step.must
                for words, claim in claims.items():
                    if not claim:
                        return words, self.trace(runs, state.key()) + [name]
                following = state.after(step.then)
                key = following.key()
                if key not in runs and self.is_within(following):
                    runs[key] = state.key(), name
                    queue.append(following)
        return None

    def claims(self, state, with_invariant):
        yield from self.machine.properties(state).items()
        if with_invariant:
            yield from self.machine.invariant(state).items()

    def is_within(self, state):
        return state.pushes <= self.pushes and state.parks <= self.parks

    @staticmethod
    def trace(runs, key):
        names = []
        while runs[key]:
            key, name = runs[key]
            names.append(name)
        return names[::-1]
