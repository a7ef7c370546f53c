from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from replies import judged, said

from ferrata.errors import UsageError
from ferrata.evals import Measure
from ferrata.evals.evaluators import ComputedEvaluator
from ferrata.evals.judges import Asker, QaJudge
from ferrata.providers import FakeModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals import Score

ROW = {"query": "How long?", "response": "Two years.", "context": "2 years", "ground_truth": "Two years."}


class Same(ComputedEvaluator):
    name: ClassVar[str] = "same"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("same", threshold=1),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        return self.made([float(values["response"] == values["ground_truth"])])


def test_all_scores_of_a_row() -> None:
    model = FakeModel([said(n) for n in (5, 4, 3, 2, 1)])
    judge = QaJudge(Asker(model), others=[Same()], threshold={"fluency": 2, "same": 0.5})
    scores = judged(judge, **ROW)
    assert [(s.key, s.value, s.passed) for s in scores] == [
        ("groundedness", 5.0, True),
        ("relevance", 4.0, True),
        ("coherence", 3.0, True),
        ("fluency", 2.0, True),
        ("similarity", 1.0, False),
        ("same", 1.0, True),
    ]
    assert [m.key for m in judge.measures] == [s.key for s in scores]
    assert (scores[3].threshold, scores[5].threshold) == (2, 0.5)


def test_one_without_a_score_leaves_the_others() -> None:
    model = FakeModel([said(5), "no", "no", "no", said(3)])
    scores = judged(QaJudge(Asker(model)), **ROW)
    assert [s.value for s in scores] == [5.0, None, 3.0, 3.0, 3.0, 1.0]
    assert scores[1].status == "failed"


def test_f1_is_one_of_its_scores_where_nothing_else_is_said() -> None:
    scores = judged(QaJudge(Asker(FakeModel([said(4)]))), **{**ROW, "response": "Three years."})
    assert [s.key for s in scores] == ["groundedness", "relevance", "coherence", "fluency", "similarity", "f1"]
    assert (scores[5].value, scores[5].threshold, scores[5].passed) == (0.5, 0.5, True)


def test_what_it_needs_and_its_digest() -> None:
    judge = QaJudge(Asker(FakeModel()))
    assert judge.needs == {"query", "response", "context", "ground_truth"}
    with pytest.raises(UsageError, match="qa needs"):
        judge(query="q")
    assert judge.digest != QaJudge(Asker(FakeModel()), others=[Same()]).digest
    with pytest.raises(UsageError, match="qa has no score 'same'"):
        QaJudge(Asker(FakeModel()), threshold={"same": 1})
