from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ran


def listed(ran: Ran) -> list[dict[str, object]]:
    assert ran.status == 0, ran.err
    found: list[dict[str, object]] = json.loads(ran.out)
    return found


def test_models_are_listed_with_what_is_known(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    ran = ferrata("models", "list", "gpt-4o-mini", "--project", tmp_path)
    head, *rows = ran.out.splitlines()
    assert head.split() == ["model", "state", "retires", "context", "output", "in", "$", "out", "$", "can"]
    assert any(row.split()[0] == "openai/gpt-4o-mini" and "128,000" in row and "0.15" in row for row in rows)
    assert "USD per million tokens" in ran.err


def test_filters_reach_the_catalogue(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    words = [
        "--provider",
        "x-ai",
        "--capability",
        "tools",
        "--min-context",
        "500000",
        "--max-input-price",
        "2",
        "--json",
    ]
    found = listed(ferrata("models", "list", *words, "--project", tmp_path))
    assert found
    assert {card["provider"] for card in found} == {"xai"}


def test_without_options_the_retired_and_the_other_hosts_are_left_out(
    ferrata: Callable[..., Ran], tmp_path: Path
) -> None:
    usual = listed(ferrata("models", "list", "--json", "--project", tmp_path))
    everything = listed(ferrata("models", "list", "--all", "--json", "--project", tmp_path))
    retired = listed(ferrata("models", "list", "--state", "retired", "--json", "--project", tmp_path))
    assert {card["stage"] for card in usual} == {"preview", "ga", "legacy", "deprecated", "unknown"}
    assert {card["kind"] for card in usual} == {"chat"}
    assert {card["stage"] for card in retired} == {"retired"}
    assert len(everything) > 5 * len(usual)
    assert "groq" in {card["provider"] for card in everything}


def test_fine_tunable_models_are_those_that_the_provider_tunes(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    found = listed(ferrata("models", "list", "--fine-tunable", "--json", "--project", tmp_path))
    assert "openai/gpt-4.1-mini-2025-04-14" in {card["id"] for card in found}
    assert all(card["capabilities"]["tunable"] is True for card in found)  # pyright: ignore[reportIndexIssue]


def test_the_list_can_be_ordered(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    found = listed(ferrata("models", "list", "--sort", "retires", "--json", "--project", tmp_path))
    days = [card["retires"] for card in found if card["retires"]]
    assert days == sorted(days, key=str) and found[0]["retires"]


def test_a_model_is_shown(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    ran = ferrata("models", "show", "gpt-4o", "--project", tmp_path)
    lines = dict(line.split(None, 1) for line in ran.out.splitlines() if len(line.split(None, 1)) == 2)
    assert (lines["model"], lines["state"], lines["retires"]) == ("openai/gpt-4o", "deprecated", "2027-01-14")
    assert json.loads(ferrata("models", "show", "gpt-4o", "--json", "--project", tmp_path).out)["id"] == "openai/gpt-4o"


def test_an_unknown_model_ends_with_2_and_a_hint(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    ran = ferrata("models", "show", "gpt-4oo", "--project", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "ferrata: no model 'gpt-4oo' is known\nhint: did you mean openai/gpt-4o?\n"


def test_the_projects_own_prices_are_shown(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text("prices:\n  azure/gpt-4o: {input: 1.25, output: 5}\n")
    card = json.loads(ferrata("models", "show", "azure/gpt-4o", "--json", "--project", tmp_path).out)
    assert (card["price"]["input"], card["price"]["output"]) == (1.25, 5.0)
    assert card["price"]["version"].startswith("ferrata.yaml/")


def test_a_wrong_price_is_named_by_line_and_key(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text("prices:\n  azure/gpt-4o: {input: -1, output: 5}\n")
    ran = ferrata("models", "list", "--project", tmp_path)
    assert ran.status == 2
    assert "ferrata.yaml:2: prices.azure/gpt-4o.input:" in ran.err


def test_an_unknown_command_names_those_that_there_are(ferrata: Callable[..., Ran]) -> None:
    ran = ferrata("models", "lst")
    assert ran.status == 2
    assert "The commands are: list, show" in ran.err


def test_a_licence_that_no_model_has_is_said_with_those_that_there_are(ferrata: Callable[..., Ran]) -> None:
    ran = ferrata("models", "list", "--licence", "xyz")
    assert ran.status == 2
    assert ran.err.startswith("ferrata: no model of the catalogue has the licence 'xyz'\nhint: there are open, ")
    assert "apache-2.0" in ran.err
    assert "proprietary" in ran.err
    assert ferrata("models", "list", "--licence", "Apache-2.0", "--all").status == 0
    assert ferrata("models", "list", "--licence", "open").status == 0
