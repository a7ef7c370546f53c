"""A conversation as a flow takes it: which inputs are what is said now and what was said before, and their values.

Knows no model and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import ModelRequestInvalid, UsageError
from ferrata.messages import Image
from ferrata.providers import features_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.flows.types import Flow
    from ferrata.messages import ChatRequest, Message

__all__ = ["ChatNames", "chat_names", "inputs_of_chat"]

_SYSTEM = ("system", "system_prompt", "system_message")
_NO_TEXT = ("int", "double", "bool", "image")
# What a flow takes where it has an input of that name, and what it may pass over: it decides for itself how long an answer gets.
_PARAMETERS = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
)
_PASSED_OVER = frozenset({"max_tokens", "user", "images", "image_detail", "name"})


class ChatNames(NamedTuple):
    """Names of a flow's inputs and outputs, by their part in a conversation; None where it has none.

    Attributes:
        said: the input for what is said now.
        history: for what was said before.
        system: for what the system says.
        answer: the output that is marked as the answer.
    """

    said: str | None
    history: str | None
    system: str | None
    answer: str | None


def chat_names(flow: Flow) -> ChatNames:
    """The parts that a flow's inputs and outputs have: as they are marked, else as far as there is only one choice."""
    inputs = flow.inputs
    history = next((name for name, spec in inputs.items() if spec.is_chat_history), None)
    if history is None and "chat_history" in inputs:
        history = "chat_history"
    system = next((name for name in _SYSTEM if name in inputs and not inputs[name].is_chat_input), None)
    marked = [name for name, spec in inputs.items() if spec.is_chat_input]
    others = [
        name for name, spec in inputs.items() if name not in (history, system, *marked) and spec.type not in _NO_TEXT
    ]
    needed = [name for name in others if inputs[name].default is None]
    only = next((names[0] for names in (marked, others, needed) if len(names) == 1 or names is marked and names), None)
    said = only or ("question" if "question" in others else None)
    answer = next((name for name, spec in flow.outputs.items() if spec.is_chat_output), None)
    return ChatNames(said, history, system, answer)


def inputs_of_chat(flow: Flow, names: ChatNames, request: ChatRequest) -> dict[str, Any]:
    """A flow's inputs for a request: of the messages, and those that the request gives as `inputs` by their names.

    Args:
        flow: inputs, as its file says.
        names: from `chat_names`; `said` is there.
        request: what a client asks.

    Raises:
        UsageError: the flow has no input for what is said.
        ModelRequestInvalid: the flow has no input for something in the request.
    """
    if names.said is None:
        raise UsageError(
            f"{flow.name!r} is no chat flow: no input is marked by is_chat_input",
            hint="mark the input that takes what the user says",
        )
    system = [message for message in request.messages if message.role == "system"]
    spoken = [message for message in request.messages if message.role != "system"]
    if any(message.role == "tool" or message.tool_calls for message in spoken):
        raise ModelRequestInvalid("a flow takes no messages of tools", hint="send what was said as texts")
    if not spoken or spoken[-1].role != "user":
        raise ModelRequestInvalid("the last message must be the user's")
    found = _parameters(flow, request)
    if system:
        if names.system is None:
            raise ModelRequestInvalid(
                f"the flow {flow.name!r} takes no system message",
                hint="leave it out, or give the flow an input named `system`",
            )
        found[names.system] = "\n\n".join(message.text for message in system)
    if len(spoken) > 1:
        if names.history is None:
            raise ModelRequestInvalid(
                f"the flow {flow.name!r} takes one message, and no history",
                hint="send the last message alone, or mark an input of the flow by is_chat_history",
            )
        found[names.history] = _history(flow, names, spoken[:-1])
    found |= _said(flow, names.said, spoken[-1])
    return found | _given(flow, found, request)


def _parameters(flow: Flow, request: ChatRequest) -> dict[str, Any]:
    """The request's parameters for which the flow has inputs."""
    found = {name: getattr(request, name) for name in _PARAMETERS if name in flow.inputs}
    found = {name: value for name, value in found.items() if value is not None}
    refused = sorted(features_of(request) - _PASSED_OVER - found.keys())
    if refused:
        raise ModelRequestInvalid(
            f"the flow {flow.name!r} decides by itself on {' and '.join(refused)}",
            hint="leave it out, or give the flow an input of that name",
        )
    return found


def _given(flow: Flow, taken: Mapping[str, Any], request: ChatRequest) -> dict[str, Any]:
    given = request.extra.get("inputs")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ModelRequestInvalid("`inputs` must be an object: the flow's inputs by their names")
    named = dict(cast("Mapping[str, Any]", given))
    if unknown := [name for name in named if name not in flow.inputs]:
        known = ", ".join(flow.inputs)
        raise ModelRequestInvalid(f"the flow {flow.name!r} has no input {unknown[0]!r}", hint=f"it has {known}")
    if twice := [name for name in named if name in taken]:
        raise ModelRequestInvalid(f"the input {twice[0]!r} is what the messages or parameters say already")
    return named


def _history(flow: Flow, names: ChatNames, messages: Sequence[Message]) -> list[dict[str, Any]]:
    """What was said before: turns with inputs and outputs; of a prompt its messages, which is what its template goes through."""
    if flow.kind == "prompty":
        if any(not isinstance(message.content, str) and _images(message) for message in messages):
            raise ModelRequestInvalid("a prompt takes no images in what was said before")
        return [{"role": message.role, "content": message.text} for message in messages]
    said, answer = str(names.said), names.answer or "answer"
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "user":
            turns.append({"inputs": _said(flow, said, message), "outputs": {answer: ""}})
        elif turns and not turns[-1]["outputs"][answer]:
            turns[-1]["outputs"][answer] = message.text
        else:
            turns.append({"inputs": {said: ""}, "outputs": {answer: message.text}})
    return turns


def _said(flow: Flow, name: str, message: Message) -> dict[str, Any]:
    """The inputs for one message of the user's: its text, and its images where the flow has a place for them."""
    vision = flow.message_format == "openai-vision"
    if flow.inputs[name].type == "list":
        return {name: [_part(part, vision=vision) for part in _parts(message)]}
    images = _images(message)
    if not images:
        return {name: message.text}
    places = [place for place, spec in flow.inputs.items() if spec.type == "image"]
    if len(places) != 1 or len(images) != 1:
        takes = f"{len(places)} images beside a text" if places else "no images"
        raise ModelRequestInvalid(
            f"the flow {flow.name!r} takes {takes}, and the message has {len(images)}",
            hint="give the flow one input of the type image, or make its chat input a list",
        )
    return {name: message.text, places[0]: _image(images[0].url, vision=vision)}


def _images(message: Message) -> list[Image]:
    return [part for part in _parts(message) if isinstance(part, Image)]


def _parts(message: Message) -> Sequence[Any]:
    return [message.content] if isinstance(message.content, str) else message.content


def _part(part: Any, *, vision: bool) -> Any:
    if isinstance(part, Image):
        return _image(part.url, vision=vision)
    text = part if isinstance(part, str) else part.text
    return {"type": "text", "text": text} if vision else text


def _image(url: str, *, vision: bool) -> dict[str, Any]:
    """An image in the flow's own form; never a file of this machine."""
    if url.startswith(("http://", "https://")):
        return {"type": "image_url", "image_url": {"url": url}} if vision else {"data:image/*;url": url}
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
        raise ModelRequestInvalid("an image must be a URL, or `data:image/...;base64,` with the image itself")
    return {"type": "image_url", "image_url": {"url": url}} if vision else {head: data}
