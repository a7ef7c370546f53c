"""Targets, evaluators and plans of tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.clock import SystemClock
from ferrata.evals import Measure, Produced, Score
from ferrata.evals.evaluators import ComputedEvaluator, JudgeBase
from ferrata.evals.runner.run import new_eval, resume_eval, reusable, run_eval
from ferrata.evals.runner.types import Asked, DataRow, EvalPlan, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ferrata.evals.runner.run import EvalSummary


class Same(ComputedEvaluator):
    """1 where the response is the expected one."""

    name: ClassVar[str] = "same"
    needs: ClassVar[frozenset[str]] = frozenset({"response", "ground_truth"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("same", "binary", threshold=1),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        return self.made([float(values["response"] == values["ground_truth"])])


class Judge(JudgeBase):
    """Gives 4, or what it is told; counts what it is asked."""

    name: ClassVar[str] = "judge"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("liked", "ordinal", 1, 5, threshold=3),)

    def __init__(self, answer: Callable[[str], float | Exception] = lambda _: 4.0, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.answer = answer
        self.asked: list[str] = []

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        self.asked.append(values["response"])
        await asyncio.sleep(0)
        found = self.answer(values["response"])
        if isinstance(found, Exception):
            raise found
        return self.made([found], reason="so")


@dataclass
class Echo:
    """Answers with the question in upper case; counts what it is asked."""

    answer: Callable[[Mapping[str, Any]], Any] = lambda row: str(row["query"]).upper()
    delay: float = 0.0
    name: str = "echo"
    digest: str = "e1"
    cost: float | None = None
    asked: list[Any] = field(default_factory=list[Any])
    flying: int = 0
    most: int = 0

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        self.asked.append(inputs["query"])
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            await asyncio.sleep(self.delay)
            found = self.answer(inputs)
            if isinstance(found, BaseException):
                raise found
            return Produced({"response": found}, cost=self.cost)
        finally:
            self.flying -= 1


def rows_of(count: int, **more: Any) -> list[DataRow]:
    return [
        DataRow(i, {"query": f"q{i}", "ground_truth": f"Q{i}", **more}, f"data.jsonl:{i + 1}") for i in range(count)
    ]


@dataclass
class Bench:
    """Runs plans in a folder of its own."""

    runs: Path

    def plan(self, target: Any, rows: list[DataRow] | int, *evaluators: Any, **more: Any) -> EvalPlan:
        given = rows_of(rows) if isinstance(rows, int) else rows
        asked = [one if isinstance(one, Asked) else Asked(one.name, one) for one in evaluators or (Same(),)]
        return EvalPlan(target, given, asked, total=len(given), **more)

    def run(
        self, plan: EvalPlan, name: str = "r", *, resume: bool = False, reuse: bool = False, **options: Any
    ) -> EvalSummary:
        stop = options.pop("stop", None)
        on_progress = options.pop("on_progress", None)
        given = Options(**options)
        make = resume_eval if resume else None
        folder = make(self.runs, name, plan) if make else new_eval(self.runs, plan, name, clock=SystemClock())
        kept = reusable(self.runs, plan, but=name) if reuse else None

        async def main() -> EvalSummary:
            event = stop() if stop else None
            return await run_eval(plan, given, folder, reuse=kept, stop=event, on_progress=on_progress)

        with folder:
            try:
                return asyncio.run(main())
            finally:
                if kept is not None:
                    kept.close()
