from __future__ import annotations

from datetime import date

import pytest

from ferrata.catalog import ModelUse, check_models

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("name", "problems", "days"),
    [
        ("gpt-4", ("retired", "floating"), -31),
        ("gpt-4o", ("retiring", "floating"), 52),
        ("gpt-4o-2024-08-06", ("retiring",), 52),
        ("command-r-plus-04-2024", ("deprecated",), None),
        ("gemini-3-flash-preview", ("preview", "floating"), None),
        ("claude-sonnet-5", ("legacy",), None),
        ("gpt-5.4", ("floating",), None),
        ("claude-haiku-4-5-20251001", (), None),
    ],
)
def test_what_is_wrong_with_a_model_is_said(name: str, problems: tuple[str, ...], days: int | None) -> None:
    (checked,) = check_models([ModelUse(name, "a.py", 1)], TODAY)
    assert (checked.problems, checked.days_left) == (problems, days)
    assert checked.ends is (problems[:1] in (("retired",), ("retiring",), ("deprecated",)))


def test_days_run_out_on_the_day_of_retirement() -> None:
    uses = [ModelUse("gpt-4o-2024-08-06", "a.py", 1)]
    assert [check_models(uses, date(2027, 1, day))[0].days_left for day in (13, 14, 15)] == [1, 0, -1]
    assert [check_models(uses, date(2027, 1, day))[0].problems for day in (13, 14)] == [("retiring",), ("retired",)]


def test_each_model_is_named_once_with_all_its_places() -> None:
    uses = [ModelUse("gpt-4o", "b.py", 9), ModelUse("gpt-4o", "a.py", 3), ModelUse("gpt-4o", "a.py", 3)]
    (checked,) = check_models(uses, TODAY)
    assert [(use.file, use.line) for use in checked.uses] == [("a.py", 3), ("b.py", 9)]
    assert [(use["file"], use["line"]) for use in checked.as_json()["uses"]] == [("a.py", 3), ("b.py", 9)]


def test_what_ends_soonest_comes_first_and_what_is_no_model_not_at_all() -> None:
    names = ["claude-haiku-4-5-20251001", "gpt-5.4", "gpt-4o", "not-a-model", "gpt-4", "claude-sonnet-4-5"]
    checked = check_models([ModelUse(name, "a.py", 1) for name in names], TODAY)
    assert [model.facts.name for model in checked] == [
        "gpt-4",
        "claude-sonnet-4-5",
        "gpt-4o",
        "gpt-5.4",
        "claude-haiku-4-5-20251001",
    ]


def test_what_nobody_lists_is_checked_where_it_is_declared() -> None:
    used = [ModelUse("house-model", "ferrata.yaml", 3, "vllm"), ModelUse("house-model", "a.py", 1)]
    (checked,) = check_models([*used, ModelUse("house-model", "a.py", 1)], TODAY)
    assert (checked.facts.pinning, checked.facts.vendor, checked.problems) == ("unversioned", "vllm", ())
    assert [(use.file, use.line) for use in checked.uses] == [("a.py", 1), ("ferrata.yaml", 3)]
    (local,) = check_models([ModelUse("smollm2", "ferrata.yaml", 3, "local")], TODAY)
    assert local.facts.pinning == "pinned"
    assert check_models([ModelUse("house-model", "a.py", 1)], TODAY) == []
