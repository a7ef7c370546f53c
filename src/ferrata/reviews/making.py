"""Reviews of the rows of a run, of two runs side by side, or of a file. Knows no database."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ferrata.datasets import read_any
from ferrata.errors import UsageError
from ferrata.evals import rows_of_eval
from ferrata.reviews.choosing import RANDOM, Chosen, Signals, choose_rows, signals_of
from ferrata.reviews.types import Body, Draft, DraftItem, text_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ferrata.evals import EvalFolder, EvalRow

__all__ = ["draft_of_file", "draft_of_run"]

_LONGEST_KEY = 200
# What a file may hold of earlier judgements: nobody who labels must see it.
_HIDDEN = {"key", "label", "labels", "labelled_by", "decided_by", "chosen_by", "cause", "comments", "score", "scores"}
_OUTPUTS = ("response", "answer", "output", "prediction")


def draft_of_run(
    draft: Draft, folder: EvalFolder, *, against: EvalFolder | None, rules: Sequence[str], count: int
) -> Draft:
    """The draft with rows of a run; those whose target failed have nothing to rate and are left out.

    Args:
        draft: all but its items.
        folder: the run; read twice, so that no more rows are in memory than are chosen.
        against: another run; only rows that both have are taken, as pairs whose sides are exchanged at random.
        rules: of `RULES`.
        count: of rows.

    Raises:
        UsageError: the run has no row with an output, or shares none with the other.
    """
    theirs = None if against is None else {key for key, _ in _rated(against)}
    evaluators: list[dict[str, Any]] = folder.document.get("evaluators", [])
    signals = [
        signals_of(place, row, evaluators)
        for place, (key, row) in enumerate(_rated(folder))
        if theirs is None or key in theirs
    ]
    if not signals:
        why = f"no row with an output in common with {against.name!r}" if against else "no row with an output"
        raise UsageError(f"the run {folder.name!r} has {why}", hint="see its rows with `ferrata eval show RUN --rows`")
    chosen = choose_rows(signals, rules, count=count, seed=draft.seed)
    picked = [(key, place, row) for place, (key, row) in enumerate(_rated(folder)) if place in chosen.rule_of]
    keys = {key for key, _, _ in picked}
    other = {} if against is None else {key: row.output for key, row in _rated(against) if key in keys}
    items = [_item(draft, key, chosen.rule_of[place], row, other.get(key)) for key, place, row in picked]
    return replace(draft, items=items, notes=_notes(chosen))


def draft_of_file(draft: Draft, path: Path, *, count: int) -> Draft:
    """The draft with rows of a file, chosen at random.

    `response` is rated (or `answer`, `output`, `prediction`), or `response_a` and `response_b` are, side by side; all other
    columns are what it was made of. Columns that hold judgements (`label`, `score`, ...) are not shown. Rows of azure-ai-evaluation (`inputs.NAME`,
    `outputs.target.NAME`) are read as such. The key of a row is its `key`, or `id`, or else a digest of its content.

    Args:
        draft: all but its items.
        path: of the file.
        count: of rows.

    Raises:
        NotFound: there is no such file.
        UsageError: it cannot be read, or a row of it has no output.
    """
    bodies: list[tuple[str, Body]] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(read_any(path)):
        if row.problem:
            raise UsageError(f"{row.place}: {row.problem}", hint="mend the row, or take it out")
        body = _body_of(row.values, pair=draft.scale.kind == "pair")
        if body is None:
            wanted = "`response_a` and `response_b`" if draft.scale.kind == "pair" else "`response`"
            raise UsageError(f"{row.place}: the row has no {wanted}", hint="name the columns so, or take the row out")
        given = next((row.values[name] for name in ("key", "id") if row.values.get(name) is not None), None)
        key = text_line(str(given))[:_LONGEST_KEY] if given is not None else ""
        bodies.append((_unique(key or _digest(row.values), seen), replace(body, row=number, place=row.place)))
    if not bodies:
        raise UsageError(f"{str(path)!r} has no row", hint="give a file with rows")
    chosen = choose_rows([Signals(i) for i in range(len(bodies))], [RANDOM], count=count, seed=draft.seed)
    swapped = _sides(draft)
    items = [DraftItem(bodies[i][0], RANDOM, bodies[i][1], swapped(bodies[i][0])) for i in chosen.rule_of]
    return replace(draft, items=items, notes=_notes(chosen))


def _rated(folder: EvalFolder) -> Iterator[tuple[str, EvalRow]]:
    """The rows that have an output, each with a key of its own."""
    seen: Counter[str] = Counter()
    for row in rows_of_eval(folder):
        if row.error is None and row.output:
            yield _unique(row.key, seen), row


def _unique(key: str, seen: Counter[str]) -> str:
    """The key, from its second time on with a number: repeats, and rows that are alike."""
    while True:
        seen[key] += 1
        if seen[key] == 1:
            return key
        key = f"{key}.{seen[key]}"


def _item(draft: Draft, key: str, rule: str, row: EvalRow, other: Mapping[str, Any] | None) -> DraftItem:
    # A run over what a review exported has judgements among its inputs.
    inputs = _without_judgements(row.inputs) if "decided_by" in row.inputs else row.inputs
    body = Body(inputs, row.output, other, row.number, row.repeat, row.place)
    return DraftItem(key, rule, body, _sides(draft)(key))


def _sides(draft: Draft) -> Callable[[str], bool]:
    """Whether the sides of a pair are exchanged, by its key: at random, and the same in whatever order rows come."""
    if draft.scale.kind != "pair":
        return lambda key: False
    return lambda key: random.Random(f"{draft.seed} {key}").random() < 0.5  # noqa: S311 - a fair coin, no secret


def _notes(chosen: Chosen) -> list[str]:
    return [
        f"{rule} {got:,}" + (f" ({asked:,} asked)" if got < asked else "")
        for rule, (got, asked) in chosen.counts.items()
    ]


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _body_of(values: Mapping[str, Any], *, pair: bool) -> Body | None:
    """What is shown of a row of a file; None where there is nothing to rate."""
    targets = {
        name[len("outputs.target.") :]: value for name, value in values.items() if name.startswith("outputs.target.")
    }
    if targets and not pair:
        inputs = {name[len("inputs.") :]: value for name, value in values.items() if name.startswith("inputs.")}
        return Body(inputs, targets)
    names = ["response_a", "response_b"] if pair else [name for name in _OUTPUTS if values.get(name) is not None][:1]
    if not names or any(values.get(name) is None for name in names):
        return None
    inputs = {name: value for name, value in _without_judgements(values).items() if name not in names}
    other = {"response": values["response_b"]} if pair else None
    return Body(inputs, {"response": values[names[0]]}, other)


def _without_judgements(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _HIDDEN}
