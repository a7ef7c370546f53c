"""What goes to a model and what comes back: one vocabulary for prompts, providers, flows and traces.

Knows no vendor and no wire format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "OWN_PARAMETERS",
    "ChatChunk",
    "ChatRequest",
    "ChatResponse",
    "Embeddings",
    "Finish",
    "Image",
    "Message",
    "OutputSchema",
    "Part",
    "Role",
    "Text",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
]

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls", "content_filter"]

OWN_PARAMETERS = frozenset({"messages", "model", "stream", "input", "system", "instructions"})
"""What a request says by itself: as a further parameter it would stand in the place of what was asked, or of whom."""


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a message: text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A part of a message: an image.

    Attributes:
        url: `https://...`, or `data:image/png;base64,...` with the image itself.
        detail: how closely the model looks, where the vendor lets one choose: `low`, `high`, `auto`.
    """

    url: str
    detail: str | None = None


Part = Text | Image


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; `arguments` is the JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: who speaks. What other formats call `developer` is `system`, `function` is `tool`.
        content: a text, or parts in their order.
        name: of the speaker, where a conversation has several.
        tool_calls: the calls that an assistant's message asks for.
        tool_call_id: the call that a tool's message answers.
    """

    role: Role
    content: str | tuple[Part, ...] = ""
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The text alone, parts joined without anything between them."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; `parameters` is a JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The answer must be JSON of this schema; without a `schema`, any JSON object."""

    schema: Mapping[str, object] | None = None
    name: str = "answer"
    strict: bool = True


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a chat model is asked. Which model is not part of it: that is whom one asks.

    Attributes:
        messages: the conversation, at least one.
        tools: what the model may call.
        tool_choice: `auto`, `none`, `required`, or the name of the tool that must be called.
        output: asks for JSON.
        max_tokens: at most so many tokens of output, reasoning included.
        temperature: 0 to 2; the vendor's default if None, as for all that follow.
        top_p: 0 to 1.
        stop: texts at which generation ends.
        seed: for the same answer again, as far as the vendor keeps that.
        top_logprobs: with the log probability of each token, those of the so many likeliest; 0: of the token alone.
        reasoning_effort: `none`, `minimal`, `low`, `medium`, `high`, as the model knows them.
        user: an opaque id of the end user, for the vendor's abuse detection.
        extra: further parameters of the wire format, passed on under their own names.
    """

    messages: Sequence[Message]
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    output: OutputSchema | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    user: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, each counted once.

    Attributes:
        input_tokens: all that was read, those from a cache and those written to one included.
        output_tokens: all that was generated, reasoning included.
        cached_tokens: of the input, those read from the vendor's cache.
        cache_write_tokens: of the input, those written to it.
        reasoning_tokens: of the output, those that nobody sees.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of the answer, its natural log probability, and the likeliest tokens at its place with theirs."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A model's answer.

    Attributes:
        id: the vendor's, or empty.
        model: the name that the vendor gives for the model that answered; often more exact than what was asked for.
        message: the answer.
        finish: why it ended.
        usage: None where the vendor did not say.
        logprobs: where they were asked for and given.
        latency: seconds from sending the request to the last byte, retries included.
        first_token: seconds to the first token, where the answer was streamed.
        cached: it came from Ferrata's own response cache, so it cost nothing.
    """

    id: str
    model: str
    message: Message
    finish: Finish = "stop"
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    latency: float = 0.0
    first_token: float | None = None
    cached: bool = False

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self.message.text


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call number `index`; `id` and `name` come with its first piece."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """A piece of a streamed answer. The last one has `finish`, and `usage` where the vendor gives it.

    `cached` stands on the last one, where the answer came from Ferrata's own response cache.
    """

    text: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish: Finish | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    id: str = ""
    model: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of texts, one each, in their order; all of one length."""

    model: str
    vectors: Sequence[Sequence[float]]
    usage: Usage | None = None
