"""The score's digit is found however a vendor cuts its answers into tokens."""

from __future__ import annotations

import math

import pytest
from replies import at_digit, token

from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.likelihoods import likelihood_of
from ferrata.messages import TokenLogprob

FIVE = Scale(1, 5)


@pytest.mark.parametrize(
    ("before", "digit", "after", "form"),
    [
        (['{"', "reason", '":"', "ok", '","', "score", '":'], "4", ["}"], "{}"),
        (['{"reason": "ok",', ' "score":'], " 4", ["}"], " {}"),
        (['{"reason": "ok", "score": '], "4}", [], "{}}}"),
        (['{"reason": "ok", "score": '], '"4"', ["}"], '"{}"'),
        (['{"reason": "ok", "score"'], ": 4", ["\n}"], ": {}"),
        (['{"reason": "ok", "score', '": "'], "4", ['"}'], "{}"),
        (['```json\n{"reason": "so \\"score\\": 5", "score":'], " 4", ["}\n```"], " {}"),
    ],
)
def test_tokenizations(before: list[str], digit: str, after: list[str], form: str) -> None:
    shares = {form.format(4): 0.6, form.format(5): 0.2, form.format(1): 0.1, "banana": 0.05}
    tokens = [*map(token, before), at_digit(digit, shares), *map(token, after)]
    found = likelihood_of(tokens, 4, FIVE)
    assert found is not None
    assert found.mass == pytest.approx(0.9)
    assert found.probabilities == pytest.approx({1: 1 / 9, 2: 0.0, 3: 0.0, 4: 6 / 9, 5: 2 / 9})
    assert found.expected(FIVE) == pytest.approx((1 + 24 + 10) / 9)


def test_one_digit_in_several_forms_is_counted_together() -> None:
    shares = {"4": 0.5, " 4": 0.1, '"4"': 0.1, "5": 0.2, "45": 0.05, "4.5": 0.0001}
    found = likelihood_of([token('{"reason":"","score":'), at_digit("4", shares), token("}")], 4, FIVE)
    assert found is not None
    assert found.probabilities[4] == pytest.approx(0.7001 / 0.9001)
    assert found.probabilities[5] == pytest.approx(0.2 / 0.9001)


def test_the_answered_token_counts_where_it_is_not_among_the_likeliest() -> None:
    place = TokenLogprob("2", math.log(0.1), (("3", math.log(0.3)),))
    found = likelihood_of([token('{"reason":"","score":'), place, token("}")], 2, FIVE)
    assert found is not None
    assert found.expected(FIVE) == pytest.approx(2.75)


def test_a_choice_that_is_no_score_is_not_in_the_mean() -> None:
    scale = Scale(1, 5, none=0)
    shares = {"0": 0.5, "4": 0.25, "5": 0.25}
    found = likelihood_of([token('{"reason":"","score":'), at_digit("0", shares)], 0, scale)
    assert found is not None
    assert found.probabilities[0] == 0.5
    assert found.expected(scale) == pytest.approx(4.5)
    sure = likelihood_of([token('{"reason":"","score":'), at_digit("0", {"0": 1.0})], 0, scale)
    assert sure is not None
    assert sure.expected(scale) is None


@pytest.mark.parametrize(
    ("tokens", "score", "scale"),
    [
        (None, 4, FIVE),
        ([], 4, FIVE),
        ([token("no score here")], 4, FIVE),
        ([token('{"score":'), token("4"), token("}")], 5, FIVE),  # another score than was read
        ([token('{"score": 4} {"score":'), token("4")], 4, FIVE),  # two places
        ([token('{"score":'), token("10")], 1, Scale(1, 10)),
        ([token('{"reason": "r", "score": 4}')], 4, FIVE),  # one token is all of the answer
        ([token('{"score":'), TokenLogprob("4", float("-inf"), ())], 4, FIVE),
        ([token('{"score":'), TokenLogprob("4", float("nan"), ())], 4, FIVE),
    ],
)
def test_where_nothing_can_be_told(tokens: list[TokenLogprob] | None, score: int, scale: Scale) -> None:
    assert likelihood_of(tokens, score, scale) is None
