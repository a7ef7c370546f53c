"""Targets by kind: prompts, models, flows, functions. Knows no dataset and no evaluator."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBusy, ModelRequestInvalid, UsageError
from ferrata.evals import Produced
from ferrata.runs import Threads
from ferrata.targets.values import values_of
from ferrata.telemetry import add_usage, hear_busy, open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.flows import LoadedFlow
    from ferrata.messages import ChatRequest, ChatResponse, Message
    from ferrata.prompts import Prompt
    from ferrata.providers import ChatModel, Price

__all__ = ["Asking", "FlowTarget", "FunctionTarget", "ModelTarget", "PromptTarget"]


@dataclass
class Asking:
    """Asks a model in a span, and counts what it took."""

    model: ChatModel
    price: Price | None = None

    async def ask(self, request: ChatRequest) -> ChatResponse:
        """The answer; raises as `ChatModel.chat`."""
        about: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": self.model.name}
        about["inputs"] = {"messages": [{"role": m.role, "content": m.text} for m in request.messages]}
        with open_span(f"chat {self.model.name}", "llm", about) as span:
            response = await self.model.chat(request)
            cost = None
            if response.usage is not None and self.price is not None:
                cost = 0.0 if response.cached else self.price.cost(response.usage)
            span.attributes |= {"gen_ai.response.model": response.model, "output": response.text}
            add_usage(response.usage, cost)
            return response


def _made(response: ChatResponse, answer: Any) -> Produced:
    values = values_of(answer)
    calls = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in response.message.tool_calls]
    if calls:
        values["tool_calls"] = calls
    if response.finish != "stop":
        values["finish"] = response.finish
    values.setdefault("response", response.text)
    return Produced(values)


@dataclass
class PromptTarget:
    """A prompt on a model."""

    prompt: Prompt
    asking: Asking
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer; a prompt that declares outputs gives them by name. Columns that it does not know are passed over."""
        from ferrata.prompts import answer_of, render_request

        names = self._known
        request = render_request(self.prompt, {name: inputs[name] for name in names if name in inputs})
        response = await self.asking.ask(request)
        answer = response.text if response.message.tool_calls else answer_of(self.prompt, response.text)
        return _made(response, answer)

    @cached_property
    def _known(self) -> frozenset[str]:
        from ferrata.prompts import inputs_of

        return frozenset(one.name for one in inputs_of(self.prompt))


@dataclass
class ModelTarget:
    """A model alone: the row's `messages`, or its `query` as one message of the user."""

    asking: Asking
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer.

        Raises:
            UsageError: the row has neither, or its `messages` are none.
        """
        from ferrata.messages import ChatRequest, Message

        messages = inputs.get("messages")
        if messages is not None:
            said = _messages(messages)
        else:
            query = next((inputs[name] for name in ("query", "question", "input", "prompt") if name in inputs), None)
            if query is None:
                raise UsageError(f"a model alone needs a column 'query' or 'messages'; there is {', '.join(inputs)}")
            said = [Message("user", str(query))]
        response = await self.asking.ask(ChatRequest(said))
        return _made(response, response.text)


def _messages(given: Any) -> Sequence[Message]:
    """Messages as chat/completions has them, with images, tool calls and their results."""
    from ferrata.providers import ChatCompletionsServer

    try:
        return ChatCompletionsServer().asked({"messages": given, "model": ""}).request.messages
    except ModelRequestInvalid as error:
        raise UsageError(error.message, hint="write [{role: user, content: ...}]") from None


@dataclass
class FlowTarget:
    """A flow, line by line."""

    flow: LoadedFlow
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """Its outputs by name.

        Raises:
            FlowError: the line failed.
            ModelBusy: it failed because a model was asked too often.
        """
        from ferrata.flows import FlowError

        refused: list[float | None] = []
        with hear_busy(refused.append, too=True):
            known = self.flow.flow.inputs
            result = await self.flow.line({name: inputs[name] for name in known if name in inputs} if known else inputs)
        if result.error is not None:
            error = result.error
            if refused:
                raise ModelBusy(error["message"], retry_after=refused[-1])
            raise FlowError((error["code"], *error.get("inner", ())), error["message"], hint=error.get("hint", ""))
        return Produced(values_of(result.output))


@dataclass
class FunctionTarget:
    """A function in Python; one that is not async runs in a thread."""

    function: Callable[..., Any]
    name: str
    digest: str
    takes: frozenset[str] | None = None
    threads: Threads = field(default_factory=Threads)

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.function).parameters.values()
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            self.takes = frozenset(p.name for p in parameters if p.kind is not p.VAR_POSITIONAL)

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """What it returns: a text, or a dictionary of outputs; what a generator yields, texts as one. Raises what it raises."""
        given = dict(inputs) if self.takes is None else {n: inputs[n] for n in self.takes if n in inputs}
        if inspect.iscoroutinefunction(self.function):
            found = await self.function(**given)
        else:
            found = await self.threads.run(partial(self._call, given))
            if isinstance(found, Awaitable):
                found = await cast("Awaitable[Any]", found)
        if isinstance(found, AsyncIterator):
            found = _whole([item async for item in cast("AsyncIterator[Any]", found)])
        return found if isinstance(found, Produced) else Produced(values_of(found))

    def _call(self, given: Mapping[str, Any]) -> Any:
        found = self.function(**given)
        return _whole(list(found)) if inspect.isgenerator(found) else found

    def close(self) -> None:
        """Let threads end; one that does not return is not waited for."""
        self.threads.close()


def _whole(items: list[Any]) -> Any:
    return "".join(items) if items and all(isinstance(item, str) for item in items) else items
