"""Proves the invariants, explores small runs, and has every planted mistake refuted."""

import sys
import time

from back_linked import BACK_LINKED
from explore import Exploration
from forward import FORWARD
from gap_free import GAP_FREE
from machine import Proof
from mistakes import MISTAKES

import z3


def prove(machine):
    """Prints a line for each clause and property. Returns how many do not hold."""
    proof, steps, failed = Proof(machine), {}, {}
    for words, kind, keeper, hypothesis, formula in proof.obligations():
        steps.setdefault((kind, words), set()).add(keeper)
        answer = proof.refuted(hypothesis, formula)
        if answer != z3.unsat:
            failed.setdefault((kind, words), []).append(f'{keeper} ({answer})')
    for (kind, words), keepers in steps.items():
        bad = failed.get((kind, words))
        verdict = f'NOT KEPT by {", ".join(bad)}' if bad else f'kept by {len(keepers)}'
        print(f'{machine.name}: {kind}: {words}: {verdict}')
    return len(failed)


def explore(machine, pushes):
    """Explores the states within a limit. Returns 1 if there is a failure."""
    exploration = Exploration(machine, pushes)
    violated = exploration.run(with_invariant=True)
    never = machine.steps.keys() - exploration.taken
    print(
        f'{machine.name}: {exploration.states} states with at most {pushes} pushes and 1 park: '
        + (f'VIOLATED: {violated}' if violated else 'the invariant holds in each, ')
        + (f'NEVER TAKEN: {never}' if never else f'each of {len(machine.steps)} steps is taken')
    )
    return bool(violated or never)


def refute(mistake):
    """Prints which claim fails. Returns 1 if none does."""
    proof, refuted = Proof(mistake.machine, is_bounded=True), None
    for words, kind, keeper, hypothesis, formula in proof.obligations():
        if proof.refuted(hypothesis, formula) == z3.sat:
            refuted = f'{kind} "{words}" is not kept by {keeper}'
            break
    run = Exploration(mistake.machine, mistake.pushes).run()
    print(
        f'mistake, {mistake.machine.name}: {mistake.words}\n'
        f'    z3: {refuted or "NOT REFUTED"}\n    '
        + (f'run: {" ".join(run[1])}: violates "{run[0]}"' if run else 'NO RUN')
    )
    return not (refuted and run)


def main():
    began = time.monotonic()
    failures = 0
    for machine, pushes in ((FORWARD, 3), (BACK_LINKED, 3), (GAP_FREE, 2)):
        failures += prove(machine) + explore(machine, pushes)
    failures += sum(refute(mistake) for mistake in MISTAKES)
    print(f'{len(MISTAKES)} mistakes; {failures} failures; {time.monotonic() - began:.0f} s')
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
