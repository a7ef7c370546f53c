from __future__ import annotations

import re

import pytest

from ferrata.assets import Field, catalogue


def test_every_action_is_a_noun_and_a_verb_with_a_sentence_and_a_room() -> None:
    assert len(catalogue()) >= 60
    for name, action in catalogue().items():
        assert action.name == name
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", name), name
        assert re.fullmatch(r"[A-Z].*\.", action.means), name
        assert re.fullmatch(r"[a-z]+", action.room), name


def test_every_field_has_a_type_that_is_known() -> None:
    for action in catalogue().values():
        for key, field in action.fields.items():
            assert field.name == key
            assert field.type in {"str", "int", "float", "bool", "list", "dict"}
            assert field.choices == () or (
                len(field.choices) > 1 and all(re.fullmatch(r"[a-z]+", c) for c in field.choices)
            )


def test_the_notation_of_fields() -> None:
    fields = catalogue()["review.recorded"].fields
    assert fields["causes"] == Field("causes", "int", required=False)
    assert fields["rows"] == Field("rows", "int", required=True)
    assert catalogue()["gate.decided"].fields["verdict"] == Field(
        "verdict", "str", required=True, choices=("pass", "fail", "inconclusive")
    )


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("str", ["", "a"], [1, None, b"a"]),
        ("int", [0, -1, 2**70], [1.0, True, "1", None]),
        ("float", [0.5, 1], [True, "1", None]),
        ("bool", [True, False], [0, 1, None, "true"]),
        ("list", [[], (1,)], ["a", {}, None]),
        ("dict", [{}], [[], None]),
    ],
)
def test_what_a_type_accepts(type_: str, good: list[object], bad: list[object]) -> None:
    field = Field("x", type_, required=True)
    assert all(field.accepts(value) for value in good)
    assert not any(field.accepts(value) for value in bad)
