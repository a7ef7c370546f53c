from __future__ import annotations

import subprocess
import sys

import pytest

from ferrata.doors import door


def test_a_name_is_imported_from_its_module_when_it_is_asked_for() -> None:
    find = door("ferrata", refs=["Ref"], assets__record=["Head"])
    from ferrata.assets import Head
    from ferrata.refs import Ref

    assert find("Ref") is Ref
    assert find("Head") is Head


def test_a_name_that_a_room_does_not_offer_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'ferrata' has no attribute 'Rfe'"):
        door("ferrata", refs=["Ref"])("Rfe")


@pytest.mark.parametrize(
    ("statement", "unused"),
    [
        (
            "import ferrata.shortcut",
            ["sqlalchemy", "pydantic", "yaml", "rich", "jinja2", "ferrata.maturity.types", "ferrata.app"],
        ),
        ("from ferrata.maturity import tracks", ["pydantic", "rich", "sqlalchemy"]),
        ("from ferrata.assets import Journal", ["sqlalchemy", "rich"]),
        ("from ferrata.catalog import Price, canonical_provider", ["pydantic", "yaml", "genai_prices"]),
        ("import ferrata.cli.asset", ["sqlalchemy", "pydantic", "yaml", "rich"]),
    ],
)
def test_what_is_not_used_is_not_loaded(statement: str, unused: list[str]) -> None:
    code = f"{statement}; import sys; print([m for m in {unused!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
