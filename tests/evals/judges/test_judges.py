from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from replies import said

from ferrata.errors import NotFound, UsageError
from ferrata.evals import Judging
from ferrata.evals.judges import SPECS, AskingOptions, judge_names, judge_prompt_path, judge_summaries, make_judge
from ferrata.providers import FakeModel

if TYPE_CHECKING:
    from pathlib import Path


def test_every_judge_can_be_made_by_its_name(tmp_path: Path) -> None:
    prompt = tmp_path / "own.prompty"
    prompt.write_text("---\nname: own\n---\nuser:\nGood? {{response}}\n")
    settings = {
        "rubric": {"rubric": {"dimensions": [{"name": "a", "description": "A."}]}},
        "label": {"labels": ["a", "b"], "passing": ["a"], "instructions": "Which?", "name": "kind"},
        "prompty": {"prompt": prompt},
    }
    made = [make_judge(name, FakeModel(), **settings.get(name, {})) for name in judge_names()]
    assert all(isinstance(judge, Judging) for judge in made)
    assert len({judge.digest for judge in made}) == len(judge_names()) == len(SPECS) + 5
    assert list(judge_summaries()) == judge_names()
    assert {judge.name for judge in made} == {*judge_names()} - {"label", "prompty"} | {"kind", "own"}


def test_every_prompt_of_the_package_belongs_to_a_judge() -> None:
    folder = judge_prompt_path("fluency").parent
    assert {path.stem for path in folder.iterdir()} == {*SPECS, "rubric", "preference", "labels"}


def test_common_settings_reach_the_judge() -> None:
    model = FakeModel([said(3)])
    judge = make_judge("fluency", model, threshold=4, expected=True, options=AskingOptions(seed=7))
    assert judge(response="r")["fluency_result"] == "fail"
    assert model.requests[0].seed == 7
    assert judge.expected
    assert make_judge("fluency", model, threshold=0).measures[0].threshold == 0


def test_mistakes() -> None:
    with pytest.raises(NotFound, match="no judge 'flency'") as caught:
        make_judge("flency", FakeModel())
    assert "fluency" in caught.value.hint
    with pytest.raises(UsageError, match="'fluency' has no setting 'criteria'") as wrong:
        make_judge("fluency", FakeModel(), criteria="x")
    assert wrong.value.hint == "it has threshold, expected"
    with pytest.raises(UsageError, match="'label' needs 'labels', 'passing', 'instructions'"):
        make_judge("label", FakeModel())
    with pytest.raises(UsageError, match="'preference' has no setting 'expected'"):
        make_judge("preference", FakeModel(), expected=True)
