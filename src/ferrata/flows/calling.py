"""A template and its values to a model, and the model's answer: what `llm` nodes and the tools that ask a model share."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ferrata.flows.asking import complete, complete_now
from ferrata.flows.chat_prompts import build_messages, images_in, images_on_lines, render, with_chat_lists

__all__ = ["ESCAPED", "ask", "ask_now"]

# Names the values in which what reads like a role is text; the name is Prompt Flow's.
ESCAPED = "_inputs_to_escape"


async def ask(
    connection: Any, prompt: str, model: Any, values: dict[str, Any], parameters: dict[str, Any], **options: Any
) -> Any:
    """Ask a model with a template.

    Args:
        connection: how the model is reached.
        prompt: the template.
        model: or deployment; a member of an enumeration stands for its value.
        values: of the template; under `_inputs_to_escape`, the names of those that come from the flow's inputs.
        parameters: of the request; `stream` asks for a stream.
        options: `api`: `chat` or `completion`; `lists`: lists are printed one item a line; `images`: the template may show
            images; `detail`: how closely the model looks at them.

    Raises:
        JinjaTemplateError, ChatAPIInvalidRole, ...: the template makes no messages.
        WrappedOpenAIError: the model did not answer.
    """
    said, how = _asked(prompt, model, values, parameters, **options)
    return await complete(connection, said, **how)


def ask_now(
    connection: Any, prompt: str, model: Any, values: dict[str, Any], parameters: dict[str, Any], **options: Any
) -> Any:
    """`ask` for code that is not asynchronous."""
    said, how = _asked(prompt, model, values, parameters, **options)
    return complete_now(connection, said, **how)


def _asked(
    prompt: str,
    model: Any,
    values: dict[str, Any],
    parameters: dict[str, Any],
    *,
    api: str = "chat",
    lists: bool = False,
    images: bool = False,
    detail: str = "auto",
) -> tuple[Any, dict[str, Any]]:
    values, parameters = dict(values), dict(parameters)
    escape = values.pop(ESCAPED, None) or ()
    name = str(model.value if isinstance(model, Enum) else model)
    stream = str(parameters.pop("stream", False)).lower() == "true"
    if api == "completion":
        said: Any = render(prompt, values)
    else:
        shown = images_in(values) if images else set[Any]()
        template = images_on_lines(prompt) if images else prompt
        values = with_chat_lists(values) if lists else values
        said = build_messages(template, values, escape=escape, images=shown, detail=detail)
    return said, {"model": name, "api": api, "parameters": parameters, "stream": stream}
