"""The catalogue of actions is the one place where an action is declared."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

import ferrata
from ferrata.assets import catalogue

_SOURCE = Path(ferrata.__file__).parent
_EMITTING = {"append", "append_in"}


class _Emission(NamedTuple):
    place: str
    action: ast.expr | None
    payload: ast.expr | None


def _emissions(tree: ast.AST, file: str) -> list[_Emission]:
    """Every call that appends to a ledger, or drafts a record for one.

    `append_in` is the ledger's alone. `append` is the ledger's where what it is called on is named `ledger` (or
    `..._ledger`), or where it is given the ledger's own arguments; a list's `append` takes one value by position.
    """
    found: list[_Emission] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if isinstance(node.func, ast.Name) and node.func.id == "draft_record" and not file.startswith("assets"):
            found.append(_Emission(f"{file}:{node.lineno}", node.args[0], keywords.get("payload")))
        if not (isinstance(node.func, ast.Attribute) and node.func.attr in _EMITTING):
            continue
        owner = ast.unparse(node.func.value)
        if node.func.attr == "append" and not (owner.endswith("ledger") or {"payload", "subjects"} & keywords.keys()):
            continue
        position = 1 if node.func.attr == "append_in" else 0
        action = node.args[position] if len(node.args) > position else keywords.get("action")
        found.append(_Emission(f"{file}:{node.lineno}", action, keywords.get("payload")))
    return found


def _all_emissions() -> list[_Emission]:
    return [
        emission
        for path in sorted(_SOURCE.rglob("*.py"))
        for emission in _emissions(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(_SOURCE)))
    ]


def _mistakes(emission: _Emission) -> list[str]:
    if not (isinstance(emission.action, ast.Constant) and isinstance(emission.action.value, str)):
        return [f"{emission.place}: the action is not a literal text, so that nobody can look it up"]
    action = catalogue().get(emission.action.value)
    if action is None:
        return [f"{emission.place}: {emission.action.value!r} is not in the catalogue"]
    if isinstance(emission.payload, ast.Dict):
        keys = {key.value for key in emission.payload.keys if isinstance(key, ast.Constant)}
        return [f"{emission.place}: {action.name} declares no {key!r}" for key in sorted(keys - action.fields.keys())]
    return []


def test_every_action_that_the_code_emits_is_declared() -> None:
    emissions = _all_emissions()
    assert any(emission.place.startswith("cli/ledger.py") for emission in emissions)
    assert [mistake for emission in emissions for mistake in _mistakes(emission)] == []


@pytest.mark.parametrize(
    ("code", "mistakes"),
    [
        ("ledger.append('limits.set')", 0),
        ("self._ledger.append('limits.sett')", 1),
        ("app.ledger.append(name)", 1),
        ("app.ledger.append(action='limits.sett')", 1),
        ("anything.append_in(connection, 'limits.sett')", 1),
        ("anything.append_in(connection, 'limits.set', payload={'rate': 1})", 1),
        ("opened.append('feedback.received', payload={'count': 1})", 0),
        ("opened.append('feedback.receive', payload={'count': 1})", 1),
        ("words.append('limits.sett')", 0),
        ("draft_record('limits.sett', subjects=(), payload=payload, id=None)", 1),
    ],
)
def test_the_search_for_emissions_finds_them(code: str, mistakes: int) -> None:
    assert sum(len(_mistakes(emission)) for emission in _emissions(ast.parse(code), "x.py")) == mistakes
