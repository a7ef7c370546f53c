"""YAML as Prompt Flow reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import InvalidDocument
from ferrata.flows.formats import load_yaml12

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("012", 12),
        ("0o14", 12),
        ("0x0C", 12),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("null", None),
        ("~", None),
        ("'3'", "3"),
        ("+", "+"),
        ("-", [None]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert load_yaml12(file)[0] == value
    assert type(load_yaml12(file)[0]) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "a.yaml:2: the key 'a' stands there twice"),
        ("a: [1\n", "a.yaml:2: not valid YAML"),
        ("[" * 5000, "nested deeper"),
        ("a: !!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(InvalidDocument) as caught:
        load_yaml12(file)
    assert message in str(caught.value).replace("not valid YAML: the key", "the key")


def test_merges_and_anchors_work(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("base: &b {x: 1, y: 2}\nnode:\n  <<: *b\n  y: 3\n")
    assert load_yaml12(file)[0]["node"] == {"x": 1, "y": 3}
