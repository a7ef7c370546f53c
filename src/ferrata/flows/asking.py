"""Models as flows ask them: a connection of Prompt Flow's, its parameters, and the answer in the form in which its tools give it.

The core is asynchronous; what user code calls runs it on a loop in a thread of its own. Every call is a span with its tokens.
Knows no template: `chat_prompts` makes messages of one.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from ferrata import providers
from ferrata.errors import ModelError
from ferrata.flows.background import each, wait_for
from ferrata.flows.contracts.connections import AzureOpenAIConnection, OpenAIConnection, ServerlessConnection
from ferrata.flows.contracts.model_connection import ModelConnection
from ferrata.flows.contracts.tool_errors import (
    FunctionCallNotSupportedInStreamMode,
    InvalidConnectionType,
    WrappedOpenAIError,
)
from ferrata.flows.model_parameters import check_chats, parameters_of
from ferrata.flows.prices import begin_price, price_of, wait_for_prices
from ferrata.messages import ChatRequest, Message
from ferrata.telemetry import add_usage, open_span

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence

    from ferrata.messages import ChatChunk, ChatResponse, Usage
    from ferrata.providers import Access, ChatModel, ChatWire, Dialect, HttpClient, StreamReader
    from ferrata.telemetry import Span

__all__ = ["close_asking", "complete", "complete_now", "embed", "embed_now"]

_RETRIES = 3
_SECONDS = 600.0  # of one call, as the package `openai` has it
_OPENAI = "https://api.openai.com/v1"
_DEFAULTS = ("temperature", "top_p", "max_tokens", "n")
# From this version on Azure counts the tokens of a stream.
_COUNTS_STREAMS = "2024-09-01"


async def complete(
    connection: Any,
    prompt: str | Sequence[Mapping[str, Any]],
    *,
    model: str,
    api: str = "chat",
    parameters: Mapping[str, Any] | None = None,
    stream: bool = False,
    exact: bool = False,
    whole: bool = False,
) -> Any:
    """Ask a model.

    Args:
        connection: Azure's, OpenAI's, a serverless one, or a model of the project's.
        prompt: the messages in OpenAI's words, or with `completion` the text.
        model: its name; with Azure the deployment's. A model of the project's has its own.
        api: `chat` or `completion`.
        parameters: of the request, as a node has them: texts, empty values and `inf` are understood.
        stream: the answer comes piece by piece.
        exact: the parameters are those of the request itself, without defaults or checks, as a `.prompty` file has them.
        whole: all of the answer is wanted.

    Returns:
        The text; the message as a dictionary where `tools` or `functions` were given (with `exact`, where one is called); with
        `whole` the answer as OpenAI's JSON; with `stream` an asynchronous iterator of texts, whose first has come.

    Raises:
        InvalidConnectionType: the connection is of another kind.
        ToolValidationError: functions, tools or a parameter are not valid.
        WrappedOpenAIError: the model did not answer.
    """
    asked = _asked(connection, prompt, api, parameters or {}, exact=exact)
    if isinstance(connection, ModelConnection):
        model = connection.model
    if not stream:
        with open_span(*_span(connection, model, api, asked)) as span:
            try:
                response = await _model(connection, model, api).chat(asked)
            except ModelError as error:
                raise WrappedOpenAIError(error) from error
            given = bool(asked.extra.get("tools") or asked.extra.get("functions"))
            message = _message(response, older="functions" in asked.extra)
            called = bool(response.message.tool_calls) if exact else given
            output: Any = message if called else response.text
            answered = response.model or model
            await wait_for_prices()
            _note(
                span, connection, response.id, answered, response.finish, response.usage, output, free=response.cached
            )
            return _whole(response, message) if whole else output
    if "functions" in asked.extra:
        raise FunctionCallNotSupportedInStreamMode(
            message="Function calling has not been supported by stream mode yet."
        )
    pieces = _Pieces(_streamed(connection, model, api, asked))
    await pieces.begin()
    return pieces


async def embed(connection: Any, text: str, *, model: str) -> list[float]:
    """The vector of a text; raises as `complete`."""
    if not isinstance(connection, AzureOpenAIConnection | OpenAIConnection | ServerlessConnection):
        raise _unfit(connection, "embedding api")
    azure = isinstance(connection, AzureOpenAIConnection)
    path = "/openai/deployments/{model}/embeddings" if azure else "/embeddings"
    about = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": model, "inputs": {"input": text}}
    with open_span(f"embeddings {model}", "embedding", about) as span:
        asked = providers.RemoteEmbeddings(
            _name(connection, model), model, access=_access(connection), http=_http(), path=path
        )
        try:
            found = await asked.embed([text])
        except ModelError as error:
            raise WrappedOpenAIError(error) from error
        add_usage(found.usage, _cost(connection, found.model, found.usage))
        span.attributes["gen_ai.response.model"] = found.model
        return list(found.vectors[0])


def complete_now(*args: Any, **kwargs: Any) -> Any:
    """`complete` for code that is not asynchronous; with `stream` the result is an ordinary iterator."""
    found = wait_for(complete(*args, **kwargs))
    return _texts(found) if isinstance(found, _Pieces) else found


def embed_now(*args: Any, **kwargs: Any) -> list[float]:
    """`embed` for code that is not asynchronous."""
    return wait_for(embed(*args, **kwargs))


async def close_asking() -> None:
    """Close the connections of this event loop."""
    if _http.cache_info().currsize:
        await _http().aclose()


def _texts(pieces: _Pieces) -> Iterator[str]:
    yield from each(pieces, pieces.aclose)


@cache
def _http() -> HttpClient:
    return providers.HttpClient()


def _asked(
    connection: Any, prompt: str | Sequence[Mapping[str, Any]], api: str, given: Mapping[str, Any], *, exact: bool
) -> ChatRequest:
    """The request; what is said goes into it under the wire format's own names, word for word."""
    own = isinstance(connection, ModelConnection)
    if not own and not isinstance(connection, AzureOpenAIConnection | OpenAIConnection | ServerlessConnection):
        raise _unfit(connection, "llm")
    extra = dict(given) if exact else parameters_of(api, given, azure=isinstance(connection, AzureOpenAIConnection))
    if own:
        if api == "completion":  # a chat model is asked the text as what a user says
            check_chats(extra)
            prompt, api = [{"role": "user", "content": prompt}], "chat"
        # Prompt Flow's defaults would stand over what the project declares for its model.
        extra = {name: value for name, value in extra.items() if name in given or name not in _DEFAULTS}
    extra["prompt" if api == "completion" else "messages"] = prompt if isinstance(prompt, str) else list(prompt)
    return ChatRequest((Message("user", ""),), extra=extra)


def _model(connection: Any, model: str, api: str) -> ChatModel:
    if isinstance(connection, ModelConnection):
        return connection.in_openais_words()
    wire = _Verbatim(providers.TextCompletions() if api == "completion" else providers.ChatCompletions())
    azure = isinstance(connection, AzureOpenAIConnection)
    counts = not azure or str(connection.api_version) >= _COUNTS_STREAMS
    remote = providers.RemoteModel(
        _name(connection, model),
        model,
        wire=wire,
        access=_access(connection),
        http=_http(),
        dialect=providers.Dialect(
            _name(connection, model), stream_usage=counts and not isinstance(connection, ServerlessConnection)
        ),
        timeouts=providers.Timeouts(total=_SECONDS, first_byte=_SECONDS, between=_SECONDS),
        path=f"/openai/deployments/{quote(model, safe='')}{wire.path}" if azure else None,
    )
    return providers.Retry(remote, _RETRIES)


class _Verbatim:
    """A wire format whose messages, or prompt, are said word for word as they stand among the further parameters."""

    def __init__(self, wire: ChatWire) -> None:
        self._wire = wire
        self.name = wire.name
        self.path = wire.path

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> dict[str, Any]:
        said = {key: request.extra[key] for key in ("messages", "prompt") if key in request.extra}
        others = {key: value for key, value in request.extra.items() if key not in said}
        return self._wire.body(replace(request, extra=others), model, dialect, stream=stream) | said

    def response(self, payload: Mapping[str, Any]) -> ChatResponse:
        return self._wire.response(payload)

    def reader(self) -> StreamReader:
        return self._wire.reader()


def _access(connection: Any) -> Access:
    if isinstance(connection, AzureOpenAIConnection):
        url, query = str(connection.api_base).rstrip("/"), f"?api-version={connection.api_version}"
        if connection.api_key:
            return providers.Access(url, header="api-key", prefix="", key=lambda: str(connection.api_key), query=query)
        return providers.Access(url, key=connection.get_token, query=query)
    if isinstance(connection, OpenAIConnection):
        headers = {"openai-organization": str(connection.organization)} if connection.organization else {}
        url = str(connection.base_url or _OPENAI).rstrip("/")
        return providers.Access(url, key=lambda: str(connection.api_key), headers=headers)
    url = str(connection.api_base).rstrip("/")
    return providers.Access(url if url.endswith("/v1") else f"{url}/v1", key=lambda: str(connection.api_key))


def _unfit(connection: Any, what: str) -> InvalidConnectionType:
    return InvalidConnectionType(
        message=f"Not Support connection type '{type(connection).__name__}' for {what}. Connection type should be in "
        "[AzureOpenAIConnection, OpenAIConnection, ServerlessConnection]."
    )


def _vendor(connection: Any) -> str:
    if isinstance(connection, ModelConnection):
        return connection.vendor
    kinds = {"AzureOpenAI": "azure-openai", "OpenAI": "openai"}
    return kinds.get(connection.type, "openai-compatible")


def _name(connection: Any, model: str) -> str:
    return f"{_vendor(connection)}/{model}"


def _span(connection: Any, model: str, api: str, asked: ChatRequest) -> tuple[str, str, dict[str, Any]]:
    if not isinstance(connection, ModelConnection):
        begin_price(_vendor(connection), model)  # to be there when the answer comes
    operation = "text_completion" if api == "completion" else "chat"
    about: dict[str, Any] = {"gen_ai.operation.name": operation, "gen_ai.provider.name": _vendor(connection)}
    about["gen_ai.request.model"] = model
    for name in ("temperature", "top_p", "max_tokens", "seed", "presence_penalty", "frequency_penalty"):
        if name in asked.extra:
            about[f"gen_ai.request.{name}"] = asked.extra[name]
    # Lists and dictionaries of a caller may change after the call.
    about["inputs"] = json.loads(
        json.dumps(
            {name: asked.extra.get(name) for name in ("messages", "prompt", "tools") if name in asked.extra},
            default=str,
        )
    )
    return f"{operation} {model}", "llm", about


def _note(
    span: Span,
    connection: Any,
    identity: str,
    model: str,
    finish: str | None,
    usage: Usage | None,
    output: Any,
    *,
    free: bool,
) -> None:
    """Write into the span what came back, and count it; what a cache of ours has answered is `free`."""
    cost = 0.0 if free else _cost(connection, model, usage)
    span.attributes |= {
        "gen_ai.response.id": identity,
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": [finish],
        "output": output,
    }
    if usage is not None:
        span.attributes["gen_ai.usage.input_tokens"] = usage.input_tokens
        span.attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
    add_usage(usage, cost)


def _cost(connection: Any, model: str, usage: Usage | None) -> float | None:
    if usage is None:
        return None
    own = isinstance(connection, ModelConnection)
    price = connection.price if own else price_of(_vendor(connection), model)
    return None if price is None else price.cost(usage)


def _message(response: ChatResponse, *, older: bool) -> dict[str, Any]:
    """The answer's message with all the keys that the package `openai` gives it."""
    calls = response.message.tool_calls
    found: dict[str, Any] = {"content": response.text or (None if calls else "")}
    found |= {"refusal": None, "role": "assistant", "annotations": None, "audio": None}
    functions = [{"arguments": call.arguments, "name": call.name} for call in calls]
    found["function_call"] = functions[0] if older and functions else None
    found["tool_calls"] = None
    if functions and not older:
        found["tool_calls"] = [
            {"id": call.id, "function": function, "type": "function"}
            for call, function in zip(calls, functions, strict=True)
        ]
    return found


def _whole(response: ChatResponse, message: dict[str, Any]) -> dict[str, Any]:
    usage = response.usage
    tokens = {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens} if usage else None
    choice = {"finish_reason": response.finish, "index": 0, "message": message}
    return {"id": response.id, "model": response.model, "choices": [choice], "usage": tokens}


async def _streamed(connection: Any, model: str, api: str, asked: ChatRequest) -> AsyncGenerator[str]:
    """The texts of a streamed answer, in a span that lasts as long as it is read."""
    texts: list[str] = []
    last: ChatChunk | None = None
    with open_span(*_span(connection, model, api, asked)) as span:
        try:
            chunks = cast("AsyncGenerator[ChatChunk]", _model(connection, model, api).stream(asked))
            async with aclosing(chunks):
                async for chunk in chunks:
                    last = chunk
                    if chunk.text:
                        texts.append(chunk.text)
                        yield chunk.text
        except ModelError as error:
            raise WrappedOpenAIError(error) from error
        finally:
            end = (last.id, last.model or model, last.finish, last.usage) if last else ("", model, None, None)
            _note(span, connection, *end, "".join(texts), free=last is not None and last.cached)


class _Pieces:
    """An asynchronous iterator over a generator that runs in one task and one context, whoever reads it."""

    def __init__(self, source: AsyncGenerator[str]) -> None:
        self._source = source
        self._queue: asyncio.Queue[str | BaseException | None] = asyncio.Queue(maxsize=64)
        self._task: asyncio.Task[None] | None = None
        self._first: str | BaseException | None = None
        self._begun = False
        self._done = False

    async def begin(self) -> None:
        """Wait for the first piece, so that a refusal is raised by the call and not while reading."""
        self._task = asyncio.create_task(self._pump(), context=copy_context())
        self._first = await self._queue.get()
        self._begun = True
        if isinstance(self._first, BaseException):
            self._done = True
            raise self._first

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._done:
            raise StopAsyncIteration
        if self._begun:
            item, self._begun = self._first, False
        else:
            item = await self._queue.get()
        if isinstance(item, str):
            return item
        self._done = True
        if item is not None:
            raise item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Read no further, and end the request."""
        self._done = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _pump(self) -> None:
        try:
            async with aclosing(self._source) as source:
                async for text in source:
                    await self._queue.put(text)
            await self._queue.put(None)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the reader
            await self._queue.put(error)
