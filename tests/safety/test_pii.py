"""Personal data is found by form and check digits, and masked consistently. All values are made up or published examples."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.safety import PII_KINDS, Masker, find_pii, mask_pii


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to ann.b+c@mail.example.co.uk.", [("email", "ann.b+c@mail.example.co.uk")]),
        ("Karte 4111 1111 1111 1111, danke", [("card", "4111 1111 1111 1111")]),
        ("IBAN DE89 3704 0044 0532 0130 00 BITTE", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("GB82WEST12345698765432", [("iban", "GB82WEST12345698765432")]),
        ("SSN 078-05-1120.", [("ssn", "078-05-1120")]),
        ("from 203.0.113.7, then 2001:db8::8a2e:370:7334", [("ip", "203.0.113.7"), ("ip", "2001:db8::8a2e:370:7334")]),
        ("call +49 (30) 901820 now", [("phone", "+49 (30) 901820")]),
        ("call (212) 555-0147 or 212-555-0148", [("phone", "(212) 555-0147"), ("phone", "212-555-0148")]),
        ("Tel. 030 / 12345678", []),
        ("Tel. 030/12345678", [("phone", "030/12345678")]),
        ("key sk-abcdefghijklmnopqrstuvwx", [("secret", "sk-abcdefghijklmnopqrstuvwx")]),
        ("AKIAIOSFODNN7EXAMPLE", [("secret", "AKIAIOSFODNN7EXAMPLE")]),
    ],
)
def test_what_has_a_form_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find_pii(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-23 at 12:30:45",
        "order 4111 1111 1111 1112",
        "version 1.2.3.4",
        "1234567890123456",
        "DE88370400440532013000",
        "user@localhost and a@b",
        "std::vector::size",
        "127.0.0.1",
        "pi is 3.14159265358979",
        "999-12-3456",
        "",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert find_pii(text) == []


def test_one_value_has_one_placeholder_in_all_of_a_row() -> None:
    masker = Masker()
    row = {
        "query": "I am ann@example.com",
        "turns": ["ANN@example.com or bob@example.com", 7, None],
        "context": {"from": "bob@example.com, +1 212 555 0147"},
    }
    assert masker.mask(row) == {
        "query": "I am <EMAIL_1>",
        "turns": ["<EMAIL_1> or <EMAIL_2>", 7, None],
        "context": {"from": "<EMAIL_2>, <PHONE_1>"},
    }
    assert masker.counts == {"email": 4, "phone": 1}


def test_only_the_kinds_asked_for() -> None:
    assert mask_pii("ann@example.com 203.0.113.7", ["ip"]) == "ann@example.com <IP_1>"
    with pytest.raises(UsageError, match="no kind of personal data: 'name'") as caught:
        find_pii("x", ["name"])
    assert caught.value.hint == f"the kinds are {', '.join(PII_KINDS)}"


@given(st.text(alphabet="a@.:+-() 0149GBDE", max_size=200))
def test_masked_text_has_nothing_left_to_mask(text: str) -> None:
    once = mask_pii(text)
    spans = find_pii(text)
    assert all(a.end <= b.start for a, b in zip(spans, spans[1:], strict=False))
    assert (once == text) == (spans == [])


@pytest.mark.parametrize("piece", ["a@", "1.", "1 ", "a.", "::", "0-", "+1(", "DE12 ", "eyJaaaaaaaaaaaa."])
def test_hostile_text_takes_time_in_proportion(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    find_pii(text)
    assert time.process_time() - started < 20
