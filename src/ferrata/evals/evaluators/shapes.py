"""Evaluators of an answer's form: patterns, JSON schemas, fields of JSON objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from ferrata.errors import UsageError
from ferrata.evals import metrics
from ferrata.evals.evaluators.base import ComputedEvaluator
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.types import Score

__all__ = ["SHAPES"]

_MOST_SHOWN = 5


class RegexMatch(ComputedEvaluator):
    """1 where a regular expression matches the response, else 0. A search that takes longer than 3 s is a failure.

    Args:
        pattern: as Python's `re`; where it is missing, the row's `pattern`.
        how: anywhere in the text (`search`), or all of it (`fullmatch`).
        negated: 1 where it does not match.
    """

    name: ClassVar[str] = "regex_match"
    takes: ClassVar[frozenset[str]] = frozenset({"pattern"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("regex_match", "binary", threshold=1),)

    def __init__(
        self,
        *,
        pattern: str | None = None,
        how: Literal["search", "fullmatch"] = "search",
        negated: bool = False,
        threshold: Any = None,
    ) -> None:
        super().__init__(threshold=threshold, pattern=pattern, how=how, negated=negated)
        if how not in ("search", "fullmatch"):
            raise UsageError(f"no way to match: {how!r}", hint="there is search and fullmatch")
        self._pattern, self._negated = pattern, negated
        self._how: Literal["search", "fullmatch"] = how
        self._search = metrics.PatternSearch()

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        pattern = self._pattern or values.get("pattern")
        if not pattern:
            raise UsageError("there is no 'pattern', neither in the options nor in the row")
        found = self._search.find(str(pattern), str(values["response"]), how=self._how)
        return self.made([float((found is None) == self._negated)])

    def close(self) -> None:
        """End the process that searches."""
        self._search.close()


class JsonSchema(ComputedEvaluator):
    """1 where the response is JSON that is valid by a schema, else 0, with what is wrong as the reason.

    Args:
        schema: a JSON schema; where it is missing, the row's `schema`. Without either, any JSON is valid.
    """

    name: ClassVar[str] = "json_schema"
    takes: ClassVar[frozenset[str]] = frozenset({"schema"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("json_schema", "binary", threshold=1),)

    def __init__(self, *, schema: Mapping[str, Any] | None = None, threshold: Any = None) -> None:
        super().__init__(threshold=threshold, schema=schema)
        self._schema = schema

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        schema = _parsed(values.get("schema")) if self._schema is None else self._schema
        try:
            value = _parsed(values["response"])
        except ValueError as error:
            return self.made([0.0], reason=f"not valid JSON: {error}")
        if schema is None:
            return self.made([1.0])
        mistakes = metrics.schema_mistakes(value, cast("Mapping[str, Any]", schema))
        shown = "; ".join(mistakes[:_MOST_SHOWN])
        more = f"; and {len(mistakes) - _MOST_SHOWN} more" if len(mistakes) > _MOST_SHOWN else ""
        return self.made([float(not mistakes)], reason=shown + more)


class JsonFields(ComputedEvaluator):
    """The share of an expected JSON object's fields that the response has with the same values; extra ones count against it.

    Args:
        absolute: by how much numbers may differ.
        relative: by which part of the larger one numbers may differ.
        ordered: whether lists are compared place by place.
    """

    name: ClassVar[str] = "json_fields"
    needs: ClassVar[frozenset[str]] = frozenset({"response", "ground_truth"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("json_fields", threshold=1),)

    def __init__(
        self, *, absolute: float = 0.0, relative: float = 0.0, ordered: bool = True, threshold: Any = None
    ) -> None:
        super().__init__(threshold=threshold, absolute=absolute, relative=relative, ordered=ordered)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`; an answer that is no JSON scores 0."""
        expected = _parsed(values["ground_truth"])
        try:
            actual = _parsed(values["response"])
        except ValueError as error:
            return self.made([0.0], reason=f"not valid JSON: {error}")
        found = metrics.compare_fields(actual, expected, **self.parameters)
        parts = {"wrong": found.wrong, "missing": found.missing, "extra": found.extra}
        reason = "; ".join(f"{name}: {', '.join(paths[:_MOST_SHOWN])}" for name, paths in parts.items() if paths)
        return self.made([found.accuracy], reason=reason, right=found.right, **{k: list(v) for k, v in parts.items()})


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


SHAPES: tuple[type[ComputedEvaluator], ...] = (RegexMatch, JsonSchema, JsonFields)
