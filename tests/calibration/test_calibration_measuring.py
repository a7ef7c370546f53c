"""Agreement, errors and biases of a judge, against figures worked out by hand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ferrata.calibration import Answer, Calibration
from ferrata.errors import UsageError
from ferrata.evals import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    Measured = Callable[..., Calibration]

# Judge and people: 30 pass and 20 fail in both, 5 each way differ.
VERDICTS = [(4, 1.0)] * 30 + [(2, 0.0)] * 20 + [(5, 0.0)] * 5 + [(1, 1.0)] * 5


def test_verdicts_are_compared_with_the_judges_pass(measured: Measured) -> None:
    found = measured(VERDICTS)
    # agreement 50/60; by chance (35 * 35 + 25 * 25) / 3600
    assert found.kappa == pytest.approx((50 / 60 - 1850 / 3600) / (1 - 1850 / 3600))
    assert found.agreement["confusion"] == [[20, 5], [5, 30]]
    assert found.agreement["sensitivity"]["value"] == pytest.approx(30 / 35)
    assert found.agreement["specificity"]["value"] == pytest.approx(20 / 25)
    assert found.interval[0] < 0.657 < found.interval[1]
    assert found.mean_error["estimate"] == 0.0
    assert [pair.key for pair in found.worst] == [f"r{i}" for i in range(50, 60)]


def test_a_scale_is_compared_with_quadratic_weights_and_verdicts_beside(measured: Measured) -> None:
    pairs = [(5, 5.0), (4, 5.0), (3, 3.0), (2, 1.0), (1, 1.0), (3, 2.0)] * 5
    found = measured(pairs, "scale")
    # squared distances: 3 of 6 rows by 1; by chance the mean over all pairs of judge and people
    judge, people = [5, 4, 3, 2, 1, 3], [5, 5, 3, 1, 1, 2]
    by_chance = sum((a - b) ** 2 for a in judge for b in people) / 36
    assert found.kappa == pytest.approx(1 - (3 / 6) / by_chance)
    assert found.verdicts is not None
    assert found.verdicts["confusion"] == [[10, 0], [5, 15]]
    assert found.mean_error["estimate"] == pytest.approx(1 / 6)
    assert [(pair.value, pair.label) for pair in found.worst[:3]] == [(4, 5.0), (2, 1.0), (3, 2.0)]


def test_lower_may_be_better(measured: Measured) -> None:
    harm = Measure("harm", "ordinal", 0, 7, higher_is_better=False, threshold=3)
    found = measured([(0, 1.0), (7, 0.0)] * 15, measure=harm)
    assert found.kappa == 1.0
    assert all(pair.passed == pair.label_passed for pair in found.pairs)


def test_rows_without_a_score_are_counted_and_told(measured: Measured) -> None:
    found = measured([*VERDICTS, (None, 1.0), (None, 0.0)], unlabelled=4)
    assert (found.rows, found.missing, found.unlabelled) == (60, {"no answer": 2}, 4)
    assert any("no score on 2 of 62 labelled rows" in note for note in found.notes)


def test_a_judge_that_scores_nothing_is_no_calibration(measured: Measured) -> None:
    with pytest.raises(UsageError, match="gave no score on any of 2 labelled rows: no answer"):
        measured([(None, 1.0), (None, 0.0)])


def test_verdicts_need_a_threshold(measured: Measured) -> None:
    with pytest.raises(UsageError, match="nothing says from which 'g' on a row passes"):
        measured([(1, 1.0)], measure=Measure("g", "ordinal", 1, 5))


@pytest.mark.parametrize("pairs", [[(4, 1.0)] * 30, [(4, 1.0)]])
def test_one_label_leaves_kappa_undefined_and_it_says_so(measured: Measured, pairs: list[tuple[float, float]]) -> None:
    found = measured(pairs)
    assert (found.kappa, found.interval) == (None, (-1.0, 1.0))
    assert any("People labelled every row pass" in note for note in found.notes)


def test_clusters_widen_the_interval(measured: Measured) -> None:
    alone = measured(VERDICTS)
    # rows that differ stand together
    shared = measured(VERDICTS, about=lambda i: {"cluster": f"c{i // 10}"})
    assert alone.kappa == shared.kappa
    assert shared.interval[1] - shared.interval[0] > 1.2 * (alone.interval[1] - alone.interval[0])


def test_one_cluster_shows_nothing_about_kappas_exactness(measured: Measured) -> None:
    found = measured(VERDICTS, about=lambda _: {"cluster": "only"})
    assert found.interval == (-1.0, 1.0)


def test_a_judge_that_likes_long_answers_is_found_out(measured: Measured) -> None:
    draw = random.Random(3)
    lengths = [draw.choice([10, 20, 40, 80, 160]) for _ in range(80)]
    pairs = [(3 + (length > 40), 3.0 + (i % 4 == 0)) for i, length in enumerate(lengths)]
    answers = [Answer(value, length=length) for (value, _), length in zip(pairs, lengths, strict=True)]
    (bias,) = [one for one in measured(pairs, "scale", answers=answers).biases if one["name"] == "length"]
    assert bias["interval"][0] > 0
    assert bias["p_value"] < 0.001


def test_a_judge_that_likes_its_own_family_is_found_out(measured: Measured) -> None:
    pairs = [(4 + (i % 2 == 0), 4.0) for i in range(40)]
    found = measured(pairs, "scale", about=lambda i: {"writer": "model-1" if i % 2 == 0 else "other"})
    (bias,) = [one for one in found.biases if one["name"] == "self-preference"]
    assert bias["estimate"] == pytest.approx(1.0)
    assert bias["interval"][0] > 0.5


def test_pairs_tell_how_often_the_order_decides(measured: Measured) -> None:
    pairs = Measure("preference", "ordinal", 0, 1, threshold=0.5)
    answers = [Answer(0.5, orders=(1.0, 0.0)) if i < 10 else Answer(1.0, orders=(1.0, 1.0)) for i in range(40)]
    found = measured([(one.value, 1.0) for one in answers], "scale", measure=pairs, answers=answers)
    biases = {one["name"]: one["estimate"] for one in found.biases}
    assert biases == {"flips": 0.25, "position": pytest.approx(0.125)}


def test_people_among_themselves_are_the_ceiling(measured: Measured) -> None:
    def said(i: int) -> dict[str, object]:
        bob = VERDICTS[i][1] if i % 10 else 1 - VERDICTS[i][1]
        return {"by_person": {"ann": VERDICTS[i][1], "bob": bob}}

    people = measured(VERDICTS, about=said).people
    assert people is not None
    assert (people["annotators"], people["n"]) == (2, 60)
    assert 0.7 < people["alpha"] < 0.9
    assert measured(VERDICTS).people is None


def test_undecided_rows_count_among_people_and_in_no_figure_of_decided_labels(measured: Measured) -> None:
    # ann and bob agree on 8 rows, half of them passing, and differ on 4; the judge says what ann says of each.
    said = [(1.0, 1.0)] * 4 + [(0.0, 0.0)] * 4 + [(1.0, 0.0), (0.0, 1.0)] * 2
    pairs = [(4 if ann else 2, ann if ann == bob else None) for ann, bob in said]
    found = measured(pairs, about=lambda i: {"by_person": dict(zip(("ann", "bob"), said[i], strict=True))})
    assert (found.rows, found.undecided, found.lost) == (8, 4, 0)
    assert found.kappa == 1.0
    assert found.people is not None
    assert found.people["n"] == 12
    # 4 of 12 rows differ; of 24 labels 12 pass: 1 - (4 / 12) / (2 * 12 * 12 / (24 * 23))
    assert found.people["alpha"] == pytest.approx(1 - (4 / 12) / (2 * 12 * 12 / (24 * 23)))
    assert found.individual is not None
    # of 24 labels the judge gave 20, half of each kind: (20 / 24 - 1 / 2) / (1 / 2)
    assert found.individual["kappa"] == pytest.approx(2 / 3)
    assert (found.individual["rows"], found.individual["n"]) == (12, 24)
    (note,) = [note for note in found.notes if "nobody has decided" in note]
    assert note.startswith("People differ on 4 of 12 rows")


def test_few_undecided_rows_are_counted_without_a_note(measured: Measured) -> None:
    both = {"by_person": {"ann": 1.0, "bob": 0.0}}
    pairs = [*VERDICTS, *[(4, None)] * 6]
    found = measured(pairs, about=lambda i: both if i >= 60 else {})
    assert (found.undecided, found.rows) == (6, 60)
    assert not any("nobody has decided" in note for note in found.notes)
    more = measured([*pairs, (4, None)], about=lambda i: both if i >= 60 else {})
    assert any("differ on 7 of 67 rows" in note for note in more.notes)


def test_the_rows_that_a_judge_did_not_score_still_tell_how_people_agree(measured: Measured) -> None:
    said = {"by_person": {"ann": 1.0, "bob": 0.0}}
    found = measured([(4, 1.0), (2, 0.0), (None, 1.0), (None, None)], about=lambda _: said)
    assert found.people is not None
    assert (found.people["n"], found.missing, found.undecided) == (4, {"no answer": 1}, 1)


def test_a_judge_that_is_like_one_of_them_agrees_with_each_as_they_do_however_few_rows_are_decided(
    measured: Measured,
) -> None:
    """A fifth of the rows is hard: judge, ann and bob each say there what chance says. Half of these stay undecided."""
    draw = random.Random(5)
    truth = [(float(i % 2), i % 5 == 0) for i in range(4000)]
    said = [[draw.choice([0.0, 1.0]) if hard else true for _ in range(3)] for true, hard in truth]
    pairs = [(4 if judge else 2, ann if ann == bob else None) for judge, ann, bob in said]
    found = measured(pairs, about=lambda i: {"by_person": {"ann": said[i][1], "bob": said[i][2]}})
    assert found.undecided / 4000 == pytest.approx(0.1, abs=0.015)
    assert found.people is not None
    assert found.individual is not None
    # every label is right in 9 of 10 rows, but two agree in 0.8 + 0.2 / 2: beyond chance 0.8
    assert found.people["alpha"] == pytest.approx(0.8, abs=0.02)
    assert found.individual["kappa"] == pytest.approx(0.8, abs=0.02)
    # decided rows alone: (0.8 + 0.05) / 0.9 the same, beyond chance 0.889
    assert found.kappa == pytest.approx(0.889, abs=0.02)


def test_rows_that_were_not_chosen_at_random_correct_nothing_where_enough_others_are(measured: Measured) -> None:
    found = measured(VERDICTS, about=lambda i: {"random": i % 2 == 0})
    assert len(found.fair) == 30
    assert any("30 of 60 rows were not chosen at random" in note for note in found.notes)
    few = measured(VERDICTS, about=lambda i: {"random": i % 4 == 0})
    assert len(few.fair) == 60
