"""A flow as the gateway knows what it serves: a chat model, a tool, an ASGI application.

Each runs rows of a loaded flow in the caller's trace: who serves it may `join_trace` around a call, and finds tokens and cost on the span
that this gives him. Knows no key, no limit and no endpoint.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ferrata.errors import (
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
    UsageError,
)
from ferrata.flows import (
    FlowApplication,
    Refusal,
    chat_names,
    check_inputs,
    close_pieces,
    each_piece,
    error_of,
    images_as_data,
    input_schema,
    inputs_of_chat,
    is_stream,
    log_line,
    shown,
)
from ferrata.gateway import ToolResult
from ferrata.messages import ChatChunk, ChatResponse, Message
from ferrata.runs import Threads
from ferrata.telemetry import current_span, emit_to, join_trace

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from ferrata.flows import Flow, LineResult, LoadedFlow
    from ferrata.messages import ChatRequest
    from ferrata.telemetry import Span, SpanSink

__all__ = ["FlowModel", "FlowTool", "WithoutTexts", "flow_application"]

_TEXTS = frozenset({"inputs", "output"})
_PATIENCE = 1.0  # seconds for a row to end that is cancelled
_MOST_WAITING = 16  # pieces of an answer that nobody has read yet
_NO_TOOL_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
# What a caller gave, and what he may mend.
_OF_INPUTS = frozenset(
    {
        "InputNotFound",
        "InputTypeError",
        "InputParseError",
        "InvalidImageInput",
        "LoadMultimediaDataError",
        "MissingRequiredFlowInput",
    }
)
# What the package `openai` calls the failure of a model within the flow.
_MODEL_FAILED = re.compile(r"OpenAI API hits (\w+):")
_KINDS: dict[str, type[ModelError]] = {
    "RateLimitError": ModelBusy,
    "APITimeoutError": ModelTimeout,
    "APIConnectionError": ModelUnavailable,
    "AuthenticationError": ModelDenied,
    "PermissionDeniedError": ModelDenied,
}
_log = logging.getLogger("ferrata.flows.serve")


class WithoutTexts:
    """Passes spans on without what went in and came out, and without errors' words.

    Args:
        sink: takes them.
    """

    def __init__(self, sink: SpanSink) -> None:
        self._sink = sink

    def emit(self, span: Span) -> None:
        """Take one."""
        if span.error or not _TEXTS.isdisjoint(span.attributes):
            attributes = {name: value for name, value in span.attributes.items() if name not in _TEXTS}
            span = replace(span, attributes=attributes, error=span.error.partition(":")[0])
        self._sink.emit(span)


class _Piece(NamedTuple):
    """One of a streamed answer; an error or the end has no text."""

    chunk: ChatChunk
    error: BaseException | None = None


class FlowModel:
    """A flow as a chat model: the last message of the user's goes in, the answer comes out. A `ChatModel`.

    Earlier messages are the input that is marked as the chat's history, in Prompt Flow's form (of a prompt: the messages); further
    inputs stand in the request's `extra` under `inputs`. `max_tokens` and `user` are passed over where the flow has no input for them;
    whatever else it has none for is refused. Further parameters under other names mean nothing to a flow.

    Args:
        loaded: runs the rows; stays open.
        flow: inputs and outputs, as the flow's file says.
        sink: takes the spans of flow and nodes; None: whoever listens around a call.
        timeout: seconds for a row, the pieces of a stream included; None: it may take for ever.

    Raises:
        UsageError: no input is what the user says, or no output is the answer.
    """

    def __init__(
        self, loaded: LoadedFlow, flow: Flow, *, sink: SpanSink | None = None, timeout: float | None = None
    ) -> None:
        self._loaded = loaded
        self._flow = flow
        self._sink = sink
        self._timeout = timeout
        self._names = chat_names(flow)
        if self._names.said is None:
            raise UsageError(
                f"{flow.name!r} is no chat flow: no input is marked by is_chat_input",
                hint="mark the input that takes what the user says",
            )
        self._answer = _answer_of(flow)
        self._threads = Threads()

    @property
    def name(self) -> str:
        """As `flow/NAME`."""
        return f"flow/{self._flow.name}"

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; its usage is that of all models which the flow asked.

        Raises:
            ModelError: there is none; its kind says why, and nothing says what is inside the flow.
        """
        began = time.perf_counter()
        inputs = self._inputs(request)
        with _watched(self._sink) as total:
            result = await self._loaded.line(inputs, timeout=self._timeout)
            value = self._value(result, total)
        text = _as_text(value, vision=self._vision)
        latency = time.perf_counter() - began
        return ChatResponse("", self.name, Message("assistant", text), usage=total.usage, latency=latency)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece where the flow gives it so, else in one; closing the iterator cancels the row.

        Raises:
            ModelError: while it is read; pieces may have come before.
        """
        inputs = self._inputs(request)
        queue: asyncio.Queue[_Piece] = asyncio.Queue(_MOST_WAITING)
        # In a task of its own, so that the flow's code runs in one context from its beginning to its end, whoever reads.
        task = asyncio.create_task(self._run(inputs, queue))
        try:
            finish = None
            while finish is None:
                chunk, error = await queue.get()
                if error is not None:
                    raise error
                finish = chunk.finish
                yield chunk
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=_PATIENCE)

    def close(self) -> None:
        """Let go of the threads; the flow stays open."""
        self._threads.close()

    @property
    def _vision(self) -> bool:
        return self._flow.message_format == "openai-vision"

    def _inputs(self, request: ChatRequest) -> dict[str, Any]:
        inputs = inputs_of_chat(self._flow, self._names, request)
        try:
            check_inputs(self._flow, inputs)
        except Refusal as error:
            raise ModelRequestInvalid(error.message, hint="give further inputs under `inputs`") from None
        return inputs

    def _value(self, result: LineResult, total: Span) -> Any:
        """The answer among a row's outputs.

        Raises:
            ModelError: there is none.
        """
        log_line(result, total.trace_id)
        if result.error is not None:
            self._fail(result.error)
        output = result.output
        name = self._answer or next((one for one in ("answer", "output") if one in output), None)
        if name is None:
            return next(iter(output.values())) if len(output) == 1 else output
        if name not in output:
            self._fail({"code": "NoAnswer", "message": f"there is no output {name!r}"})
        return output[name]

    async def _run(self, inputs: Mapping[str, Any], queue: asyncio.Queue[_Piece]) -> None:
        """Run a row and put its answer's pieces where they are read; ends with one that has a `finish` or an error."""
        try:
            with _watched(self._sink) as total:
                limit = asyncio.timeout(self._timeout)
                try:
                    async with limit:
                        await self._put(inputs, queue, total)
                except ModelError:
                    raise
                except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's generator raises is told and logged
                    late = {"code": "LineExecutionTimeoutError"}
                    _log.warning("%s the stream broke off: %s: %s", total.trace_id, type(error).__name__, error)
                    self._fail(late if limit.expired() else error_of(error))
                await queue.put(_Piece(ChatChunk(finish="stop", usage=total.usage, model=self.name)))
        except ModelError as error:
            await queue.put(_Piece(ChatChunk(), error))
        except asyncio.CancelledError:
            while queue.full():  # nobody reads any more, or somebody who is to be told
                queue.get_nowait()
            queue.put_nowait(_Piece(ChatChunk(), ModelUnavailable(f"the flow {self._flow.name!r} was stopped")))
            raise

    async def _put(self, inputs: Mapping[str, Any], queue: asyncio.Queue[_Piece], total: Span) -> None:
        result = await self._loaded.line(inputs, stream=True, timeout=self._timeout)
        value = self._value(result, total)
        others = [other for other in result.output.values() if is_stream(other) and other is not value]
        for other in others:
            await close_pieces(other)
        if not is_stream(value):
            await queue.put(_Piece(ChatChunk(_as_text(value, vision=self._vision), model=self.name)))
            return
        pieces = each_piece(value, self._threads)
        try:
            async for piece in pieces:
                if text := str(piece):
                    await queue.put(_Piece(ChatChunk(text, model=self.name)))
        finally:
            await pieces.aclose()

    def _fail(self, error: Mapping[str, Any]) -> NoReturn:
        """Raise what a row's failure is to somebody who asked a model."""
        raise _model_error(self._flow.name, error, self._timeout)


class FlowTool:
    """A flow as a tool: its inputs are the arguments, its outputs the result. A `Tool`.

    Args:
        loaded: runs the rows; stays open.
        flow: inputs and outputs, as the flow's file says.
        name: of the tool; the flow's if None. What a tool's name may not have becomes `_`.
        description: for a model to choose by; that of the flow's file if None.
        sink: takes the spans of flow and nodes; None: whoever listens around a call.
        timeout: seconds for a row; None: it may take for ever.
    """

    def __init__(
        self,
        loaded: LoadedFlow,
        flow: Flow,
        *,
        name: str | None = None,
        description: str | None = None,
        sink: SpanSink | None = None,
        timeout: float | None = None,
    ) -> None:
        self._loaded = loaded
        self._flow = flow
        self._sink = sink
        self._timeout = timeout
        said = flow.document.get("description")
        self.name = _NO_TOOL_NAME.sub("_", name or flow.name)[:128] or "flow"
        self.description = description or (said if isinstance(said, str) else "") or f"Runs the flow {flow.name}"
        self.schema: Mapping[str, Any] = input_schema(flow)

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        """Run a row; what is wrong with the arguments, or goes wrong in the flow, is in the result."""
        try:
            check_inputs(self._flow, arguments)
        except Refusal as error:
            return ToolResult(error.message, is_error=True)
        with _watched(self._sink) as total:
            result = await self._loaded.line(arguments, timeout=self._timeout)
        log_line(result, total.trace_id)
        if result.error is not None:
            return ToolResult(_model_error(self._flow.name, result.error, self._timeout).message, is_error=True)
        hidden = {name for name, spec in self._flow.outputs.items() if spec.evaluation_only}
        vision = self._flow.message_format == "openai-vision"
        sent = {name: value for name, value in result.output.items() if name not in hidden}
        data = shown(images_as_data(sent, vision=vision))
        text = next(iter(sent.values())) if len(sent) == 1 else data
        return ToolResult(_as_text(text, vision=vision), data)


def flow_application(
    loaded: LoadedFlow,
    flow: Flow,
    *,
    sink: SpanSink | None = None,
    timeout: float | None = None,
    most_bytes: int = 16_000_000,
    concurrency: int = 1_000_000,
    origins: Sequence[str] = (),
) -> FlowApplication:
    """A flow's own API, to be mounted below a path or at the top; who mounts it sees to keys and to how many rows run.

    `FlowApplication` says what stands in a request's scope before and after.

    Args:
        loaded: runs the rows; stays open.
        flow: inputs and outputs, as the flow's file says.
        sink: takes the spans of flow and nodes, and feedback; None: whoever listens around a request, and feedback is logged.
        timeout: seconds for a row.
        most_bytes: of a request's body.
        concurrency: rows at a time.
        origins: web pages of these origins may ask; `*` for all.
    """
    return FlowApplication(
        loaded,
        flow,
        sink=sink,
        concurrency=concurrency,
        timeout=timeout,
        most_bytes=most_bytes,
        origins=origins,
    )


def _answer_of(flow: Flow) -> str | None:
    """The output that is the answer; None where the flow's file names no outputs.

    Raises:
        UsageError: it names several, and marks none.
    """
    sent = {name: spec for name, spec in flow.outputs.items() if not spec.evaluation_only}
    marked = next((name for name, spec in sent.items() if spec.is_chat_output), None)
    if marked is not None or not flow.outputs:
        return marked
    found = list(sent) if len(sent) == 1 else [name for name in ("answer", "output") if name in sent]
    if not found:
        raise UsageError(
            f"{flow.name!r} is no chat flow: no output is marked by is_chat_output",
            hint="mark the one that is the answer",
        )
    return found[0]


@contextmanager
def _watched(sink: SpanSink | None) -> Generator[Span]:
    """A row's tokens and cost on a span in the caller's trace, and its spans to the sink."""
    around = current_span()
    with ExitStack() as stack:
        if sink is not None:
            stack.enter_context(emit_to(sink))
        yield stack.enter_context(join_trace(around.trace_id, around.span_id) if around else join_trace())


def _as_text(value: Any, *, vision: bool) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(shown(images_as_data(value, vision=vision)), ensure_ascii=False)


def _model_error(name: str, error: Mapping[str, Any], timeout: float | None) -> ModelError:
    """A row's failure in words that name nothing of the flow's inside; what was wrong with its inputs is said."""
    code = str(error["code"])
    if code == "LineExecutionTimeoutError":
        return ModelTimeout(f"the flow {name!r} did not answer in {timeout or 0:g} seconds")
    if code in _OF_INPUTS:
        return ModelRequestInvalid(str(error["message"]), hint="give further inputs under `inputs`")
    raised = str(error.get("details", {}).get("type", code))
    failed = _MODEL_FAILED.search(str(error.get("message", ""))) if raised.endswith("WrappedOpenAIError") else None
    if failed is None:
        return ModelBadResponse(f"the flow {name!r} failed", hint="its server's log says why")
    kind = _KINDS.get(failed[1], ModelBadResponse)
    return kind(f"a model of the flow {name!r} did not answer", hint="its server's log says why")
