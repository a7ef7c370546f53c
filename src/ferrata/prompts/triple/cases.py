"""Makes cases of a prompt's own inputs, without a model; reads and writes files of cases."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from ferrata.documents import Document, read_document
from ferrata.errors import InvalidDocument, Mistake, UsageError
from ferrata.prompts.lint import covers, is_document, is_untrusted
from ferrata.prompts.rendering import inputs_of
from ferrata.prompts.triple.types import Case, Check
from ferrata.prompts.types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ferrata.prompts.types import Input, Prompt

__all__ = ["make_cases", "read_cases", "write_cases"]

_FILE = Path(__file__).parent / "cases.yaml"
_LONGEST = 20_000


class _Pattern(Document):
    name: str
    attack: str | None = None
    add: str | None = None
    repeat: int | None = None
    document: str | None = None
    scope: bool = False
    safety: bool = False
    checks: list[Check]
    why: str


class _Patterns(Document):
    boundary: list[_Pattern]
    adversarial: list[_Pattern]


class _Cases(Document):
    cases: list[Case]


def make_cases(prompt: Prompt, rows: Sequence[Mapping[str, object]] | None = None) -> list[Case]:
    """The triple for a prompt.

    Args:
        prompt: what is tested.
        rows: ordinary inputs, each a benign case; the prompt's sample where none are given.

    Raises:
        UsageError: there are no ordinary inputs to begin with.
    """
    benign = list(rows) if rows else [_ordinary(prompt)]
    every = [Check(check="json")] if prompt.output is not None else []
    cases = [
        Case(
            name=f"benign-{i}",
            kind="benign",
            inputs=dict(row),
            checks=[Check(check="answers"), *every, Check(check="no-leak")],
            why="An ordinary request is answered.",
        )
        for i, row in enumerate(benign, 1)
    ]
    return [*cases, *_made(prompt, benign[0], every)]


def _ordinary(prompt: Prompt) -> dict[str, object]:
    found = {one.name: one.default for one in prompt.inputs if one.default is not REQUIRED}
    found |= dict(prompt.sample)
    found |= {one.name: [] for one in prompt.inputs if one.is_history and one.name not in found}
    missing = [one.name for one in inputs_of(prompt) if one.name not in found and not one.optional]
    if missing:
        raise UsageError(
            f"{prompt.place}: nothing shows what {', '.join(map(repr, missing))} may look like",
            hint="add a sample or examples to the prompt, or give rows with --data",
        )
    return found


def _made(prompt: Prompt, row: Mapping[str, object], every: list[Check]) -> Iterator[Case]:
    patterns = read_document(_FILE, _Patterns)
    inputs = [one for one in inputs_of(prompt) if isinstance(row.get(one.name), str)]
    documents = [one for one in inputs_of(prompt) if is_document(one.name) and row.get(one.name)]
    text = _text_of_user([one for one in inputs if one not in documents])
    canary = f"zq{hashlib.sha256(prompt.text.encode()).hexdigest()[:8]}"
    for kind, listed in (("boundary", patterns.boundary), ("adversarial", patterns.adversarial)):
        for pattern in listed:
            if (pattern.scope and not covers(prompt, "scope")) or (pattern.safety and not covers(prompt, "safety")):
                continue
            inputs_now = _changed(pattern, row, text, documents, canary)
            if inputs_now is None:
                continue
            checks = [_with(check, canary) for check in pattern.checks]
            # What a refusal looks like is for the prompt to say; its form is asked for where the request is ordinary.
            more = every if pattern.add is not None or pattern.document is not None else []
            yield Case(
                name=pattern.name, kind=cast("Any", kind), inputs=inputs_now, checks=[*checks, *more], why=pattern.why
            )


def _text_of_user(inputs: Sequence[Input]) -> Input | None:
    """The input that holds what a user writes: by its name, or else the last text."""
    named = [one for one in inputs if is_untrusted(one.name)]
    open_ones = [one for one in inputs if not one.choices and one.kind in ("string", "any")]
    return named[-1] if named else open_ones[-1] if open_ones else None


def _changed(
    pattern: _Pattern, row: Mapping[str, object], text: Input | None, documents: Sequence[Input], canary: str
) -> dict[str, object] | None:
    """The inputs with an attack in them; None where the prompt has no place for it."""
    if pattern.document is not None:
        if not documents:
            return None
        name = documents[0].name
        return {**row, name: _planted(row[name], pattern.document.replace("CANARY", canary))}
    if text is None:
        return None
    value = str(row[text.name])
    if pattern.repeat is not None:
        changed = (value + " ") * pattern.repeat
    elif pattern.attack is not None:
        changed = pattern.attack.replace("CANARY", canary)
    else:
        changed = value + " " + (pattern.add or "").replace("CANARY", canary)
    return {**row, text.name: changed[:_LONGEST]}


def _planted(value: object, note: str) -> object:
    """The note at the end of a document; of the last text in a list of documents."""
    if isinstance(value, str):
        return value + note
    if isinstance(value, list) and value:
        items = cast("list[object]", value)
        return [*items[:-1], _planted(items[-1], note)]
    if isinstance(value, dict):
        about = cast("dict[str, object]", value)
        texts = [key for key, item in about.items() if isinstance(item, str)]
        if texts:
            longest = max(texts, key=lambda key: len(str(about[key])))
            return {**about, longest: str(about[longest]) + note}
    return cast("object", value)


def _with(check: Check, canary: str) -> Check:
    return check.model_copy(update={"value": canary}) if check.value == "CANARY" else check


def read_cases(path: Path) -> list[Case]:
    """The cases in a YAML file, under the key `cases`.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong; two cases of one name are.
    """
    cases = read_document(path, _Cases).cases
    names = [case.name for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidDocument([Mistake(str(path), 1, "cases", f"two cases are named {name!r}") for name in twice])
    return cases


def write_cases(cases: Sequence[Case]) -> str:
    """The cases as YAML, to be kept and added to."""
    about = {"cases": [case.model_dump(exclude_defaults=True) for case in cases]}
    return yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=100)
