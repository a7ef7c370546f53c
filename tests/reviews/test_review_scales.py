"""What may be said of a row."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.reviews import Scale, person_of, text_line


@pytest.mark.parametrize(
    ("text", "labels", "keys"),
    [
        ("pass-fail", ("pass", "fail"), "pf"),
        ("pass|fail", ("pass", "fail"), "pf"),
        ("1-5", ("1", "2", "3", "4", "5"), "12345"),
        ("0-2", ("0", "1", "2"), "012"),
        ("correct, partly ,wrong", ("correct", "partly", "wrong"), "123"),
        ("A|B|tie", ("A", "B", "tie"), "abt"),
    ],
)
def test_a_scale_is_read_and_kept(text: str, labels: tuple[str, ...], keys: str) -> None:
    scale = Scale.parse(text)
    assert (scale.labels, "".join(scale.keys)) == (labels, keys)
    assert Scale.parse(scale.text) == scale
    assert [scale.keys[key] for key in keys] == list(labels)


@pytest.mark.parametrize(
    "text", ["", "a", "5-1", "3-3", "a,", "a,A", "a,b\x1b[1m", ",".join("abcdefghij"), "x" * 61 + ",b"]
)
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Scale.parse(text)
    assert "1-5" in caught.value.hint


@pytest.mark.parametrize(
    ("scale", "said", "label"),
    [
        ("pass-fail", "PASS ", "pass"),
        ("pass-fail", True, "pass"),
        ("pass-fail", False, "fail"),
        ("1-5", 4, "4"),
        ("1-5", 4.0, "4"),
        ("1-5", "6", None),
        ("1-5", 4.5, None),
        ("1-5", True, None),
        ("A|B|tie", "TIE", "tie"),
        ("good,bad", "", None),
        ("good,bad", None, None),
    ],
)
def test_a_label_is_one_of_the_scale(scale: str, said: Any, label: str | None) -> None:
    if label is not None:
        assert Scale.parse(scale).label_of(said) == label
        return
    with pytest.raises(UsageError, match="not a label of the scale"):
        Scale.parse(scale).label_of(said)


def test_what_is_a_failure() -> None:
    assert [one for one in ("pass", "fail") if Scale.parse("pass-fail").is_failure(one)] == ["fail"]
    assert [one for one in "12345" if Scale.parse("1-5").is_failure(one)] == ["1", "2"]
    assert [one for one in "12345" if Scale.parse("1-5").is_success(one)] == ["3", "4", "5"]
    own = Scale.parse("good,bad")
    assert not own.is_failure("bad")  # nobody said that it is
    assert not own.is_success("good")
    assert [Scale.parse("A|B|tie").turned(one) for one in ("A", "B", "tie")] == ["B", "A", "tie"]
    assert Scale.parse("A,B").turned("A") == "A"


@pytest.mark.parametrize("name", ["", "  ", "a\x1b[31m", "a\nb", "x" * 101])
def test_what_is_no_name_of_a_person_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name of a person"):
        person_of(name)


def test_a_name_has_single_blanks_and_a_text_no_keys() -> None:
    assert person_of("  Ann   Lee ") == "Ann Lee"
    assert text_line(" so\x1b[A it\x00 is \n here") == "so[A it is here"
