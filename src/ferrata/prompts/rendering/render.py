"""A prompt and its inputs into messages, and into a request to a model."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import UsageError
from ferrata.messages import ChatRequest
from ferrata.prompts.rendering.compile import render_text, variables_of
from ferrata.prompts.rendering.limits import Meter
from ferrata.prompts.rendering.roles import messages_of
from ferrata.prompts.rendering.values import value_of
from ferrata.prompts.types import REQUIRED, Input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.messages import Message
    from ferrata.prompts.types import Prompt

__all__ = ["inputs_of", "render_prompt", "render_request", "request_of"]

_FIELDS: Final = frozenset(
    ("max_tokens", "temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "reasoning_effort", "user")
)
# How the answer comes is for whoever asks; and of several answers nobody here takes more than one.
_IGNORED: Final = frozenset(("stream", "n", "logprobs", "stream_options"))


def inputs_of(prompt: Prompt) -> tuple[Input, ...]:
    """The inputs: those that the file declares or its sample shows, and what else the template names.

    Raises:
        InvalidDocument: the template cannot be read.
    """
    known = {one.name for one in prompt.inputs}
    more = [Input(name, declared=False, line=line) for name, line in variables_of(prompt).items() if name not in known]
    return (*prompt.inputs, *more) if more else prompt.inputs


def render_prompt(prompt: Prompt, inputs: Mapping[str, object] | None = None) -> tuple[Message, ...]:
    """The messages.

    Args:
        prompt: what is rendered.
        inputs: values by name. None: those of the prompt's sample, as Prompt Flow does.

    Raises:
        InvalidDocument: the template is wrong, or does what it may not; with file and line.
        UsageError: an input is missing, unknown, or of another type; an image cannot be read.
    """
    given = prompt.sample if inputs is None else inputs
    values = {} if not prompt.inputs and not given else _values(prompt, given)
    meter = Meter()
    text = render_text(prompt, values, meter)
    return messages_of(prompt, text, meter.marked)


def _values(prompt: Prompt, given: Mapping[str, object]) -> dict[str, Any]:
    declared = prompt.inputs
    found: dict[str, Any] = {}
    missing: list[str] = []
    used = 0
    for one in declared:
        if one.name in given:
            found[one.name] = value_of(one, given[one.name])
            used += 1
        elif one.default is not REQUIRED:
            found[one.name] = value_of(one, one.default)
        elif one.optional or one.is_history:
            found[one.name] = value_of(one, [] if one.kind in ("array", "thread") else "")
        elif one.declared:
            missing.append(one.name)
    if used < len(given):
        known = {one.name for one in declared}
        for name in given:
            if name not in known:
                found[name] = value_of(Input(name), given[name])
                _check_known(prompt, name)
    if missing:
        words = " ".join(f"--input {name}=..." for name in missing)
        raise UsageError(f"{prompt.place}: no value for {_listed(missing)}", hint=f"give {words}")
    return found


def _check_known(prompt: Prompt, name: str) -> None:
    names = variables_of(prompt)
    if name in names:
        return
    known = list(dict.fromkeys([*(one.name for one in prompt.inputs), *names]))
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"its inputs are {_listed(known)}" if known else "it has none"
    raise UsageError(f"{prompt.place} has no input {name!r}", hint=hint)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def request_of(prompt: Prompt, messages: Sequence[Message]) -> ChatRequest:
    """The request to a model: the messages with the prompt's parameters, tools and form of the answer.

    Raises:
        UsageError: the prompt asks for no chat, or a parameter has a value of the wrong type.
    """
    if prompt.model.api in ("embedding", "image"):
        raise UsageError(f"{prompt.place} is for the API {prompt.model.api!r}, not for a chat model")
    fields: dict[str, Any] = {}
    extra: dict[str, object] = {}
    for key, value in prompt.model.parameters.items():
        if value is None or key in _IGNORED:
            continue
        if key == "stop":
            fields["stop"] = (value,) if isinstance(value, str) else tuple(cast("list[str]", value))
        elif key == "max_completion_tokens":
            fields["max_tokens"] = value
        elif key == "top_logprobs":
            fields["top_logprobs"] = value
        elif key in _FIELDS:
            fields[key] = value
        else:
            extra[key] = value
    for key in ("max_tokens", "seed", "temperature", "top_p"):
        if key in fields and (isinstance(fields[key], bool) or not isinstance(fields[key], int | float)):
            raise UsageError(f"{prompt.place}: the parameter {key!r} must be a number, not {fields[key]!r}")
    return ChatRequest(
        messages=tuple(messages),
        tools=prompt.tools,
        tool_choice=prompt.tool_choice if prompt.tools else None,
        output=prompt.output,
        extra=extra,
        **fields,
    )


def render_request(prompt: Prompt, inputs: Mapping[str, object] | None = None) -> ChatRequest:
    """Render and make the request, in one.

    Raises:
        InvalidDocument: as `render_prompt`.
        UsageError: as `render_prompt` and `request_of`.
    """
    return request_of(prompt, render_prompt(prompt, inputs))
