"""A model behind a URL: one vendor, one wire format, one HTTP client.

Knows no vendor and no wire format by name.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, cast

from ferrata.errors import ModelBadResponse, ModelDenied
from ferrata.messages import Embeddings, Usage
from ferrata.providers.base import Dialect
from ferrata.providers.failures import error_of, failure_of, parse_object
from ferrata.providers.http import Timeouts
from ferrata.providers.sse import EventParser
from ferrata.providers.wires.access import bad, count_at, items_at, mapping, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatWire, Json
    from ferrata.providers.http import Answer, HttpClient, StreamedAnswer

__all__ = ["Access", "Passed", "RemoteEmbeddings", "RemoteModel", "checked"]


_NO_STREAM = (
    "try again; if it stays so, check the model's `url` and `wire`, and what stands between, as a proxy or gateway"
)


@dataclass(frozen=True)
class Access:
    """Where a vendor answers, and how one is let in.

    Attributes:
        url: of the API, without a slash at its end.
        header: the header that carries the key.
        prefix: what stands before the key in it, as `Bearer `.
        key: reads the key when it is needed; None where none is needed. It is kept nowhere.
        headers: further headers.
        query: what follows the path, as `?api-version=...`, or nothing.
    """

    url: str
    header: str = "authorization"
    prefix: str = "Bearer "
    key: Callable[[], str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: str = ""

    def credentials(self, who: str) -> tuple[dict[str, str], str]:
        """The headers of a request, and the key that is in them.

        Raises:
            ModelDenied: there is no key, or it is one that no header can carry.
        """
        headers = {**self.headers}
        if self.key is None:
            return headers, ""
        key = self.key().strip()
        if not key or not key.isascii() or not key.isprintable():
            raise ModelDenied(f"the key for {who} is empty, or not a line of ASCII characters", hint="set it again")
        headers[self.header] = self.prefix + key
        return headers, key


class Passed(NamedTuple):
    """An answer as the vendor wrote it, and as it is understood."""

    body: bytes
    response: ChatResponse


class RemoteModel:
    """A chat model of a vendor.

    Args:
        name: vendor and model, for people.
        model: the vendor's name for it.
        wire: the format of requests and answers.
        access: where and with which key.
        http: keeps the connections.
        dialect: how the vendor differs from the wire format's inventor.
        timeouts: of one request.
        path: where requests go after the URL, if not where the wire format says; `{model}` stands for the model.
    """

    def __init__(
        self,
        name: str,
        model: str,
        *,
        wire: ChatWire,
        access: Access,
        http: HttpClient,
        dialect: Dialect | None = None,
        timeouts: Timeouts | None = None,
        path: str | None = None,
    ) -> None:
        self.name = name
        self._model = model
        self._wire = wire
        self._access = access
        self._http = http
        self._dialect = dialect or Dialect(vendor=name)
        self._timeouts = timeouts or Timeouts()
        self._url = access.url + (path or wire.path).format(model=model) + access.query

    @property
    def wire(self) -> str:
        """The wire format's name."""
        return self._wire.name

    def __repr__(self) -> str:
        return f"RemoteModel({self.name!r}, wire={self._wire.name!r}, url={self._access.url!r})"

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises as `ChatModel.chat` says."""
        body = self._wire.body(request, self._model, self._dialect, stream=False)
        headers, key = self._access.credentials(self.name)
        start = monotonic()
        answer = await self._http.post(self._url, body, headers, timeouts=self._timeouts, who=self.name)
        payload = checked(answer, who=self.name, key=key)
        response = self._wire.response(payload)
        return replace(response, latency=monotonic() - start, model=response.model or self._model)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; raises as `ChatModel.stream` says."""
        body = self._wire.body(request, self._model, self._dialect, stream=True)
        async with aclosing(self._events(body, {}, self._timeouts)) as events:
            async for _, chunks in events:
                for chunk in chunks:
                    yield chunk

    async def pass_on(self, body: Json, *, headers: Mapping[str, str] | None = None, timeouts: Timeouts) -> Passed:
        """The answer to a body that is written in this model's wire format already, apart from the model's name.

        Args:
            body: what a client of ours sent.
            headers: further ones, as Anthropic's `anthropic-beta`.
            timeouts: of this call.

        Raises:
            ModelError: as `chat`.
        """
        own, key = self._access.credentials(self.name)
        if headers:
            own |= headers
        answer = await self._http.post(self._url, self._own(body), own, timeouts=timeouts, who=self.name)
        return Passed(answer.body, self._wire.response(checked(answer, who=self.name, key=key)))

    def pass_stream(
        self, body: Json, *, headers: Mapping[str, str] | None = None, timeouts: Timeouts
    ) -> AsyncGenerator[tuple[bytes, list[ChatChunk]]]:
        """The same as a stream: each event's bytes, and what is in it; the last one has no bytes, and how the answer ended."""
        return self._events(self._own(body), headers or {}, timeouts)

    def words_of(self, request: ChatRequest, plain: ChatRequest) -> Json:
        """What of `request` goes beyond `plain`, in the words of this model's wire format."""
        body, less = (self._wire.body(one, self._model, self._dialect, stream=False) for one in (request, plain))
        return {key: value for key, value in body.items() if less.get(key) != value}

    def _own(self, body: Json) -> Json:
        """The body for this model: with its name, and the parameter that vendors call differently by the vendor's word."""
        own = {**body, "model": self._model}
        if self._wire.name == "openai-chat":
            other = "max_completion_tokens" if self._dialect.max_tokens == "max_tokens" else "max_tokens"
            if other in own:
                limit = own.pop(other)
                own.setdefault(self._dialect.max_tokens, limit)
        return own

    async def _events(
        self, body: Json, headers: Mapping[str, str], timeouts: Timeouts
    ) -> AsyncGenerator[tuple[bytes, list[ChatChunk]]]:
        own, key = self._access.credentials(self.name)
        own |= headers
        async with self._http.stream(self._url, body, own, timeouts=timeouts, who=self.name) as answer:
            if answer.status != 200:
                raise error_of(answer.status, await answer.whole(), who=self.name, header=answer.header, secret=key)
            kind = answer.header("content-type") or ""
            if kind.startswith(("text/html", "application/json")):
                whole = await answer.whole()
                _raise_failure(parse_object(whole, who=self.name), whole, answer, who=self.name, key=key)
                raise bad("a stream was asked for, and one JSON object came")
            parser, reader = EventParser(), self._wire.reader()
            size = events = 0
            ended = False
            while not ended:
                piece = await answer.piece()
                size += len(piece)
                ended = not piece
                for kind, data, raw in parser.end() if ended else parser.feed(piece):
                    events += 1
                    yield raw, list(reader.read(kind, data))
            if not events:
                what = f"{size:,} bytes that are no events" if size else "nothing"
                raise ModelBadResponse(
                    f"{self.name} answered with {what}, where a stream was asked for", hint=_NO_STREAM
                )
            yield b"", list(reader.end())


def checked(answer: Answer, *, who: str, key: str) -> dict[str, object]:
    """The JSON object of an answer.

    Raises:
        ModelError: the answer is a failure, or no answer.
    """
    if answer.status != 200:
        raise error_of(answer.status, answer.body, who=who, header=answer.header, secret=key)
    payload = parse_object(answer.body, who=who)
    _raise_failure(payload, answer.body, answer, who=who, key=key)
    return payload


def _raise_failure(
    payload: Mapping[str, object], body: bytes, answer: Answer | StreamedAnswer, *, who: str, key: str
) -> None:
    """Some gateways say 200 and put the failure into the body."""
    error = payload.get("error")
    if error and failure_of(payload):
        code = mapping(error).get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        raise error_of(status, body, who=who, header=answer.header, secret=key)


class RemoteEmbeddings:
    """Embeddings by OpenAI's `/embeddings`, which most vendors speak; arguments as for `RemoteModel`."""

    def __init__(
        self,
        name: str,
        model: str,
        *,
        access: Access,
        http: HttpClient,
        timeouts: Timeouts | None = None,
        path: str = "/embeddings",
    ) -> None:
        self.name = name
        self._model = model
        self._access = access
        self._http = http
        self._timeouts = timeouts or Timeouts()
        self._url = access.url + path.format(model=model) + access.query

    async def pass_on(self, body: Json, *, timeouts: Timeouts) -> tuple[bytes, str, Usage | None]:
        """The answer's bytes, its model and usage, to a body of OpenAI's `/embeddings`, whatever model that names.

        Raises:
            ModelError: as `embed`.
        """
        headers, key = self._access.credentials(self.name)
        answer = await self._http.post(
            self._url, {**body, "model": self._model}, headers, timeouts=timeouts, who=self.name
        )
        payload = checked(answer, who=self.name, key=key)
        if not items_at(payload, "data"):
            raise bad("no `data`")
        used = mapping_at(payload, "usage")
        usage = Usage(input_tokens=count_at(used, "prompt_tokens")) if used else None
        return answer.body, text_at(payload, "model") or self._model, usage

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """One vector for each text; raises as `EmbeddingModel.embed` says."""
        if not texts:
            return Embeddings(self.name, [])
        headers, key = self._access.credentials(self.name)
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        answer = await self._http.post(self._url, body, headers, timeouts=self._timeouts, who=self.name)
        payload = checked(answer, who=self.name, key=key)
        vectors = list(_vectors(items_at(payload, "data")))
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise bad(f"{len(vectors)} vectors for {len(texts)} texts, or of different lengths")
        used = mapping_at(payload, "usage")
        usage = Usage(input_tokens=count_at(used, "prompt_tokens")) if used else None
        return Embeddings(text_at(payload, "model") or self._model, vectors, usage)


def _vectors(data: list[dict[str, object]]) -> Iterable[list[float]]:
    def place(item: dict[str, object]) -> int:
        index = item.get("index")
        return index if isinstance(index, int) else 0

    for item in sorted(data, key=place):
        vector = item.get("embedding")
        numbers = cast("list[object]", vector) if isinstance(vector, list) else []
        if not numbers or not all(isinstance(n, int | float) for n in numbers):
            raise bad("an embedding that is no list of numbers")
        yield cast("list[float]", numbers)
