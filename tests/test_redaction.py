"""Secrets in texts of errors."""

from __future__ import annotations

import pytest

from ferrata import redaction
from ferrata.errors import UsageError
from ferrata.redaction import hide_secrets, tell_secret, tell_variables


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in (("_values", set), ("_variables", set), ("_asked", list)):
        monkeypatch.setattr(redaction, name, kind())


def test_what_nobody_told_of_stays() -> None:
    assert hide_secrets("401 for abcd-1234") == "401 for abcd-1234"


def test_a_value_is_hidden_as_it_is_in_a_repr_and_in_an_address() -> None:
    tell_secret(" a/b'c\\9\n")
    assert hide_secrets("a/b'c\\9, {!r}, https://x/?k=a%2Fb%27c%5C9".format({"k": "a/b'c\\9"})) == (
        "***, {'k': \"***\"}, https://x/?k=***"
    )


def test_a_longer_secret_goes_first_and_a_short_one_is_none() -> None:
    tell_secret("abcd")
    tell_secret("abcdefgh")
    tell_secret("abc")
    assert hide_secrets("abcdefgh abcd abc") == "*** *** abc"


def test_variables_are_looked_up_when_a_text_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def names() -> list[str]:
        asked.append(1)
        raise_inside = UsageError("an error while they are asked for")
        return [raise_inside.message and "FERRATA_LATE_KEY"]

    tell_variables(names)
    tell_variables(["FERRATA_EARLY_KEY"])
    monkeypatch.setenv("FERRATA_LATE_KEY", "late-value")
    monkeypatch.setenv("FERRATA_EARLY_KEY", "early-value")
    assert hide_secrets("late-value early-value") == "*** ***"
    monkeypatch.setenv("FERRATA_EARLY_KEY", "")
    assert (hide_secrets("late-value early-value"), asked) == ("*** early-value", [1])


def test_no_error_of_ferratas_repeats_one() -> None:
    tell_secret("abcd-1234")
    error = UsageError("no way with 'abcd-1234'", hint="not abcd-1234")
    assert (str(error), error.message, error.hint) == ("no way with '***'", "no way with '***'", "not ***")
