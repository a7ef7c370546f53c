"""Asks a model for a score with a reason, and does not rest until it has a valid one or knows why there is none.

What a model cannot do is learnt from its refusal and left out from then on: constrained output (then the form is asked for in
words, and read as strictly), log probabilities, a seed, a temperature. An invalid answer is asked for again, with what was wrong. Knows
no rubric and no measure.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelRefused, ModelRequestInvalid
from ferrata.evals.judges.answers import Scale, Unusable, read_answer, schema_of, shortened
from ferrata.evals.judges.likelihoods import likelihood_of
from ferrata.messages import ChatRequest, Message, OutputSchema, Text
from ferrata.telemetry import add_usage, open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferrata.evals.judges.likelihoods import Likelihood
    from ferrata.messages import ChatResponse, Usage
    from ferrata.providers import ChatModel
    from ferrata.telemetry import Span

__all__ = ["ASKING_VERSION", "Asker", "AskingOptions", "Verdict"]

# Changed with whatever changes answers: the form that is asked for, how they are read.
ASKING_VERSION = "1"
_NAMED = {
    "top_logprobs": re.compile(r"logprobs"),
    "seed": re.compile(r"\bseed\b"),
    "temperature": re.compile(r"\btemperature\b"),
    "schema": re.compile(r"json_schema|response_format|output_format|output_config|structured.output", re.IGNORECASE),
}
_BOUND = "maxLength"
_FEWER = 5  # some vendors give no more


@dataclass(frozen=True, slots=True)
class AskingOptions:
    """How a model is asked.

    Attributes:
        attempts: at most so many answers are asked for.
        temperature: 0 for the likeliest answer; left out where the model takes none.
        seed: of the first attempt, counted on from there; None: none is sent.
        max_tokens: of an answer, thinking included; models that reason need more.
        top_logprobs: likeliest tokens to ask for; None: none, and there is no expected score.
    """

    attempts: int = 3
    temperature: float | None = 0.0
    seed: int | None = 1
    max_tokens: int = 800
    top_logprobs: int | None = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of asking.

    Attributes:
        score: None where no valid one came.
        reason: the model's, or why there is no score.
        attempts: answers that were asked for.
        answer: the last one, shortened, where it was not valid.
        model: that answered, as the vendor calls it.
        finish: why the last answer ended.
        constrained: it was held to a JSON schema.
        likelihood: where log probabilities came.
        usage: tokens of all attempts; None where nobody counted.
    """

    score: int | None
    reason: str
    attempts: int = 1
    answer: str = ""
    model: str = ""
    finish: str = ""
    constrained: bool = True
    likelihood: Likelihood | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class _Ability:
    """What may be asked of a model, as far as it has not refused it."""

    schema: bool = True
    bounded: bool = True
    seed: bool = True
    temperature: bool = True
    top_logprobs: int | None = None

    def without(self, problem: str) -> _Ability:
        """The same without what a refusal names; the same where it names nothing."""
        if _BOUND in problem and self.bounded:
            return replace(self, bounded=False)
        found: dict[str, Any] = {}
        for name, pattern in _NAMED.items():
            value = getattr(self, name)
            if value and pattern.search(problem):
                fewer = _FEWER if "top_" in problem and value > _FEWER else None
                found[name] = fewer if name == "top_logprobs" else False
        return replace(self, **found)


class Asker:
    """Asks one model, and remembers what it refuses.

    Args:
        model: that is asked.
        options: how.
        price: US dollars of a call's tokens, None where nobody knows.
        declared: what a project says of the model that changes its answers, as parameters.

    Attributes:
        name: the model's.
        options: as given.
    """

    def __init__(
        self,
        model: ChatModel,
        options: AskingOptions | None = None,
        *,
        price: Callable[[Usage], float | None] | None = None,
        declared: Mapping[str, Any] | None = None,
    ) -> None:
        self._declared = {"declared": dict(declared)} if declared else {}
        self.name = model.name
        self.options = options or AskingOptions()
        self._model = model
        self._price = price
        self._ability = _Ability(top_logprobs=self.options.top_logprobs)

    @property
    def about(self) -> dict[str, Any]:
        """What of the asking changes answers; for digests."""
        return {"asking": ASKING_VERSION, "model": self.name, **asdict(self.options), **self._declared}

    async def ask(self, request: ChatRequest, scale: Scale, *, name: str) -> Verdict:
        """The verdict on what a request's messages ask.

        Args:
            request: its messages; its own parameters go before the options, tools and form of the answer are left out.
            scale: of the score.
            name: of what is measured, for the span.

        Raises:
            ModelError: nobody answered.
        """
        about = {"gen_ai.evaluation.name": name, "gen_ai.request.model": self.name}
        with open_span(f"evaluate {name}", "evaluator", about) as span:
            verdict = await self._ask(_with_form(request, scale), scale)
            _note(span, verdict)
        return verdict

    async def _ask(self, request: ChatRequest, scale: Scale) -> Verdict:
        asked, usage = request, None
        verdict = Verdict(None, "nothing was asked", attempts=0)
        for attempt in range(1, self.options.attempts + 1):
            try:
                response, constrained = await self._answer(asked, scale, attempt)
            except ModelRefused as error:
                return Verdict(None, f"the judge refused: {error.message}", attempt, finish="refused", usage=usage)
            if response.usage is not None:
                usage = response.usage if usage is None else usage + response.usage
            verdict = Verdict(
                None,
                "",
                attempt,
                shortened(response.text),
                response.model,
                response.finish,
                constrained=constrained,
                usage=usage,
            )
            if response.finish == "content_filter":
                return replace(verdict, reason="a content filter stopped the judge's answer")
            if response.finish == "length":
                most = request.max_tokens or self.options.max_tokens
                return replace(verdict, reason=f"the judge's answer was cut off: it may have {most:,} tokens")
            try:
                answer = read_answer(response.text, scale)
            except Unusable as error:
                asked = _again(request, response.text, str(error), scale)
                came = verdict.answer or "nothing"
                verdict = replace(verdict, reason=f"no valid answer in {attempt} attempts; {error}: {came}")
                continue
            likelihood = likelihood_of(response.logprobs, answer.score, scale)
            return replace(verdict, score=answer.score, reason=answer.reason, answer="", likelihood=likelihood)
        return verdict

    async def _answer(self, request: ChatRequest, scale: Scale, attempt: int) -> tuple[ChatResponse, bool]:
        """An answer, and whether it was held to a schema. What the model refuses is left out, and from then on as well."""
        ability = self._ability
        while True:
            try:
                response = await self._model.chat(self._request(request, scale, ability, attempt))
            except ModelRequestInvalid as error:
                less = ability.without(error.message)
                if less == ability:
                    raise
                ability = less
                continue
            self._ability = ability
            cost = 0.0 if response.cached else None
            if cost is None and self._price is not None and response.usage is not None:
                cost = self._price(response.usage)
            add_usage(response.usage, cost)
            return response, ability.schema

    def _request(self, request: ChatRequest, scale: Scale, ability: _Ability, attempt: int) -> ChatRequest:
        options = self.options
        temperature = options.temperature if request.temperature is None else request.temperature
        seed = options.seed if request.seed is None else request.seed
        schema = OutputSchema(schema_of(scale, bounded=ability.bounded), name="verdict") if ability.schema else None
        return replace(
            request,
            tools=(),
            tool_choice=None,
            output=schema,
            max_tokens=request.max_tokens or options.max_tokens,
            temperature=temperature if ability.temperature else None,
            seed=seed + attempt - 1 if seed is not None and ability.seed else None,
            top_logprobs=ability.top_logprobs,
        )


def _form(scale: Scale) -> str:
    # No example of an answer: small models copy it.
    choices = ", ".join(map(str, scale.choices))
    return (
        'Answer with one JSON object and nothing else. It has "reason", a text of one or two sentences that says why, '
        f'and then "score", which is one of {choices}.'
    )


def _with_form(request: ChatRequest, scale: Scale) -> ChatRequest:
    *before, last = request.messages
    if last.role != "user":
        return replace(request, messages=(*request.messages, Message("user", _form(scale))))
    said = f"\n\n{_form(scale)}"
    content = last.content.rstrip() + said if isinstance(last.content, str) else (*last.content, Text(said))
    return replace(request, messages=(*before, replace(last, content=content)))


def _again(request: ChatRequest, answer: str, problem: str, scale: Scale) -> ChatRequest:
    """The question with the answer that came and what was wrong with it."""
    more: Sequence[Message] = (
        Message("assistant", answer[:2000] if answer.strip() else "(no answer)"),
        Message("user", f"This answer cannot be used: {problem}. {_form(scale)}"),
    )
    return replace(request, messages=(*request.messages, *more))


def _note(span: Span, verdict: Verdict) -> None:
    if verdict.score is None:
        span.attributes["error.type"] = "no_score"
    else:
        span.attributes["gen_ai.evaluation.score.value"] = verdict.score
    span.attributes["gen_ai.evaluation.explanation"] = verdict.reason
    span.attributes["gen_ai.response.model"] = verdict.model
