"""Rubrics of one's own: weighted dimensions, each scored 1 to 5 in a question of its own, and their weighted mean.

One question for each dimension costs as many calls; asked together, a model's opinion of the first colours the others. Knows no
dimension by itself.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from ferrata.documents import Document, read_document, validate
from ferrata.evals.evaluators import failed, is_missing
from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.base import Judge
from ferrata.evals.judges.prompted import fenced_request, variables_from
from ferrata.evals.judges.specs import prompt_of
from ferrata.evals.together import together
from ferrata.evals.types import Measure, Score, passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.judges.asking import Asker

__all__ = ["Dimension", "Rubric", "RubricJudge", "read_rubric"]

_NAME = r"^[a-z][a-z0-9_]*$"
# Of a score K there are also these; a dimension of that name would write over the total's.
_TAKEN = ("score", "result", "passed", "threshold", "status", "reason", "label", "properties")
_SCALE = Scale(1, 5)


class Dimension(Document):
    """One side of a response.

    Attributes:
        name: in small letters; the score's is RUBRIC_NAME.
        description: what is looked at, in full sentences.
        weight: 1 to 10, in the total.
        always_applicable: if not, the judge may say that there is nothing to score; then the total is that of the others.
        levels: what a score means; usual words where it is left out.
        threshold: at least this passes; where it is left out, the dimension decides nothing.
    """

    name: Annotated[str, Field(pattern=_NAME)]
    description: Annotated[str, Field(min_length=1)]
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    always_applicable: bool = True
    levels: dict[Annotated[int, Field(ge=1, le=5)], str] = {}
    threshold: Annotated[float, Field(ge=1, le=5)] | None = None

    @field_validator("name")
    @classmethod
    def _not_taken(cls, name: str) -> str:
        if name in _TAKEN:
            raise ValueError(f"{name!r} is the name of something that every score has; choose another")
        return name

    @property
    def scale(self) -> Scale:
        """With 0 for `does not apply` where that may be said."""
        return _SCALE if self.always_applicable else Scale(1, 5, none=0)


class Rubric(Document):
    """Dimensions with weights.

    Attributes:
        name: in small letters; the total's.
        threshold: of the total.
        dimensions: at least one.
    """

    name: Annotated[str, Field(pattern=_NAME)] = "rubric"
    threshold: Annotated[float, Field(ge=1, le=5)] = 3
    dimensions: Annotated[list[Dimension], Field(min_length=1)]

    @field_validator("dimensions")
    @classmethod
    def _different(cls, dimensions: list[Dimension]) -> list[Dimension]:
        names = [one.name for one in dimensions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the dimension {twice[0]!r} is there twice")
        return dimensions


def read_rubric(given: Rubric | Path | Mapping[str, Any]) -> Rubric:
    """A rubric of a YAML file, or of its content.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is wrong; all mistakes with file, line and key.
    """
    if isinstance(given, Rubric):
        return given
    if isinstance(given, Path):
        return read_document(given, Rubric)
    return validate(dict(given), Rubric, file="rubric", text="")


class RubricJudge(Judge):
    """Scores a response in each dimension of a rubric.

    The total is the weighted mean over the dimensions that apply; it is failed where one of them has no valid answer.

    Args:
        rubric: a rubric, its file or its content.
        asker: asks its model.
        threshold: of the total, or by key.
        expected: the values are expected scores, where the model gives log probabilities.

    Raises:
        NotFound, InvalidDocument: as `read_rubric`.
    """

    def __init__(
        self,
        rubric: Rubric | Path | Mapping[str, Any],
        asker: Asker,
        *,
        threshold: float | Mapping[str, float] | None = None,
        expected: bool = False,
    ) -> None:
        self.rubric = read_rubric(rubric)
        self.prompt = prompt_of("rubric")
        name = self.rubric.name
        total = Measure(name, "continuous", 1, 5, threshold=self.rubric.threshold)
        ordinal = [Measure(f"{name}_{d.name}", "ordinal", 1, 5, threshold=d.threshold) for d in self.rubric.dimensions]
        super().__init__(
            name,
            asker,
            measures=[total, *ordinal],
            inputs=[frozenset({"response"})],
            takes=frozenset({"query", "context", "ground_truth", "tool_definitions"}),
            scale=_SCALE,
            threshold=threshold,
            expected=expected,
            about=[self.prompt.text, self.rubric.model_dump(mode="json")],
        )

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The total and a score for each dimension; raises as `Judging.judge`."""
        if is_missing(values.get("response")):
            return failed(self.measures, "not there, or empty: response")
        variables = {key: text for key, text in variables_from(values, agent=True).items() if text}
        pairs = zip(self.rubric.dimensions, self.measures[1:], strict=True)
        scores = await together([partial(self._dimension, *pair, variables) for pair in pairs])
        return [self._total(scores), *scores]

    async def _dimension(self, dimension: Dimension, measure: Measure, variables: Mapping[str, Any]) -> Score:
        levels = sorted(dimension.levels.items(), reverse=True)
        about = {
            "dimension": dimension.name,
            "description": dimension.description,
            "levels": "\n".join(f"{score}: {words}" for score, words in levels),
            "may_not_apply": not dimension.always_applicable,
        }
        request = fenced_request(self.prompt, {**variables, **about})
        verdict = await self._asker.ask(request, dimension.scale, name=measure.key)
        if verdict.score == dimension.scale.none and verdict.score is not None:
            return Score(measure.key, None, threshold=measure.threshold, reason=verdict.reason, status="skipped")
        return self.score_of(verdict, measure, weight=dimension.weight)

    def _total(self, scores: Sequence[Score]) -> Score:
        measure = self.measures[0]
        lost = [score for score in scores if score.status == "failed"]
        if lost:
            return failed([measure], f"no score of {lost[0].key}: {lost[0].reason}")[0]
        parts = [
            (score.value, dimension.weight)
            for score, dimension in zip(scores, self.rubric.dimensions, strict=True)
            if score.value is not None
        ]
        if not parts:
            return Score(
                measure.key, None, threshold=measure.threshold, reason="no dimension applies", status="skipped"
            )
        weight = sum(weight for _, weight in parts)
        value = math.fsum(value * weight for value, weight in parts) / weight
        reason = "\n".join(f"{score.key}: {score.reason}" for score in scores)
        known = {"dimensions": len(parts), "weight": weight}
        return Score(measure.key, value, passes(value, measure), measure.threshold, reason=reason, properties=known)
