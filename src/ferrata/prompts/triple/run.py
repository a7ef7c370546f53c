"""Runs cases on a model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ferrata.errors import FerrataError, ModelError
from ferrata.prompts.rendering import render_prompt, request_of
from ferrata.prompts.triple.checks import check_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Usage
    from ferrata.prompts.triple.types import Case, CheckResult
    from ferrata.prompts.types import Prompt

__all__ = ["CaseResult", "ChatModel", "run_cases"]


class ChatModel(Protocol):
    """Answers a conversation, as every model of the room `providers` does."""

    @property
    def name(self) -> str:
        """Vendor and model."""
        ...

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The answer piece by piece."""
        ...


class CaseResult(NamedTuple):
    """What came of a case.

    Attributes:
        case: the case.
        answer: the answer's text; empty where there is none.
        checks: what was seen for each check.
        error: why there is no answer, or empty.
        hint: what to do about the error.
        usage: of tokens, where the vendor said it.
        latency: seconds.
    """

    case: Case
    answer: str
    checks: tuple[CheckResult, ...]
    error: str = ""
    hint: str = ""
    usage: Usage | None = None
    latency: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether there is an answer, and every check holds."""
        return not self.error and all(one.ok for one in self.checks)


async def run_cases(
    prompt: Prompt,
    cases: Sequence[Case],
    model: ChatModel,
    *,
    concurrency: int = 4,
    told: Callable[[CaseResult], object] = lambda _result: None,
) -> list[CaseResult]:
    """Ask the model each case; results are in the order of the cases.

    A case that a model does not answer is a result, not the end of the run. One that its content filter stops counts as
    declined. `told` is given each result when it is there.

    Raises:
        UsageError: a case's inputs do not fit the prompt, or a check lacks its value.
        InvalidDocument: the template is wrong.
    """
    requests = [request_of(prompt, render_prompt(prompt, case.inputs)) for case in cases]
    gate = asyncio.Semaphore(concurrency)

    async def one(case: Case, request: ChatRequest) -> CaseResult:
        async with gate:
            result = await answered(case, request)
            told(result)
        return result

    async def answered(case: Case, request: ChatRequest) -> CaseResult:
        try:
            response = await model.chat(request)
        except ModelError as error:
            if error.code == "model_refused":
                said = "I cannot help with that: the content filter stopped it."
                return await asyncio.to_thread(_judged, prompt, case, request, said)
            return CaseResult(case, "", (), error=error.message, hint=error.hint)
        # In a thread, as a check may wait for a process while other answers are on their way.
        result = await asyncio.to_thread(_judged, prompt, case, request, response.text)
        return result._replace(usage=response.usage, latency=response.latency)

    tasks = [asyncio.ensure_future(one(case, request)) for case, request in zip(cases, requests, strict=True)]
    try:
        return await asyncio.gather(*tasks)
    except FerrataError:
        for task in tasks:
            task.cancel()
        raise


def _judged(prompt: Prompt, case: Case, request: ChatRequest, answer: str) -> CaseResult:
    system = "\n".join(message.text for message in request.messages if message.role == "system")
    checks = (check_answer(check, answer, system=system, output=prompt.output) for check in case.checks)
    return CaseResult(case, answer, tuple(checks))
