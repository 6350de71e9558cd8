"""Compiles the report, and looks at its pages and at the names of its witnesses."""

import itertools
import json
import re
import shlex
import sys
from pathlib import Path

import pymupdf
import typst

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE.parent.parent
SOURCE = HERE / "report.typ"

PAGES = range(6, 9)
# The least number of characters on a page that is not the last one.
FULL = 2500
# In points. Nothing but white belongs there.
MARGIN = 28


def main():
    pdf = Path(sys.argv[1])
    options = {"root": str(WORKSPACE)}
    document, warnings = typst.compile_with_warnings(str(SOURCE), **options)
    pdf.parent.mkdir(parents=True, exist_ok=True)
    pdf.write_bytes(document)
    problems = [f"Typst warns: {warning.message}" for warning in warnings]
    witnesses = json.loads(typst.query(str(SOURCE), "<witness>", field="value", **options))
    problems += [problem for witness in witnesses if (problem := missing(witness))]
    pages = list(pymupdf.open(pdf))
    if len(pages) not in PAGES:
        problems.append(f"{len(pages)} pages")
    for page in pages:
        problems += unsound(page, is_last=page.number == len(pages) - 1)
    for problem in problems:
        print(f"report: {problem}", file=sys.stderr)
    print(f"report: {len(pages)} pages, {len(witnesses)} witnesses, {len(problems)} problems: {pdf}")
    return 1 if problems else 0


# The pages.


def unsound(page, is_last):
    """Returns what is wrong with the layout of a page."""
    where = f"page {page.number + 1}"
    text = page.get_text()
    if len(text) < FULL and not is_last:
        yield f"{where} has {len(text)} characters"
    if "\N{REPLACEMENT CHARACTER}" in text:
        yield f"{where} has a character that no font has"
    inside = page.rect + (MARGIN, MARGIN, -MARGIN, -MARGIN)
    words = [pymupdf.Rect(word[:4]) for word in page.get_text("words")]
    drawings = [drawing["rect"] for drawing in page.get_drawings()]
    for box in words + drawings:
        if not inside.contains(box):
            yield f"{where}: something is in the margin, at {box}"
    words.sort(key=lambda word: word.y0)
    for number, one in enumerate(words):
        for other in itertools.takewhile(lambda other: other.y0 < one.y1, words[number + 1 :]):
            both = one & other
            # The boxes of two lines of small type overlap a little.
            if both.is_valid and both.width > 1 and both.height > min(one.height, other.height) / 2:
                yield f"{where}: words overlap, at {both}"


# The witnesses.


def missing(witness):
    """Returns a problem if the workspace does not have what the report names."""
    kind, name = witness["kind"], witness["name"]
    if not WITNESSES[kind](name):
        return f"there is no {kind} {name}"
    return None


def is_theorem(name):
    declared = re.compile(rf"^ *(Lemma|Theorem) {re.escape(name)}\b", re.MULTILINE)
    files = (WORKSPACE / "loom-tests/proof").rglob("*.v")
    return any(declared.search(file.read_text()) for file in files)


def is_model(name):
    file, model = name.split("::")
    sections = (WORKSPACE / "loom-tests/MODELS.md").read_text().split("\n## ")
    section = next((s for s in sections if s.startswith(f"[`{file}`]")), "")
    return re.search(rf"^\| `(\w+::)?{re.escape(model)}` ", section, re.MULTILINE) is not None


def is_experiment(name):
    return (HERE.parent / f"results/{name}.md").exists()


def is_fault(name):
    lines = (WORKSPACE / "loom-tests/AUDIT.md").read_text().replace("`", "").replace(" | ", ", ")
    return name in lines


def is_command(name):
    program, *arguments = shlex.split(name)
    if program != "cargo":
        return (WORKSPACE / program).exists()
    aliases = (WORKSPACE / ".cargo/config.toml").read_text()
    first = arguments[0]
    if first == "test":
        return is_test(*arguments[1:])
    return first == "bench" or re.search(rf"^{first} = ", aliases, re.MULTILINE) is not None


def is_test(option, package, *chosen):
    """Returns whether `cargo test -p package --test file`, or `... filter`, finds a test."""
    folder = WORKSPACE / package
    if option != "-p":
        return False
    if chosen[0] == "--test":
        tests = folder / "tests"
        return any((tests / file).exists() for file in (f"{chosen[1]}.rs", f"{chosen[1]}/main.rs"))
    test = re.compile(rf"#\[test\]\s+fn \w*{chosen[0]}")
    return any(test.search(file.read_text()) for file in folder.rglob("*.rs"))


WITNESSES = {
    "theorem": is_theorem,
    "model": is_model,
    "experiment": is_experiment,
    "fault": is_fault,
    "command": is_command,
}

if __name__ == "__main__":
    sys.exit(main())
