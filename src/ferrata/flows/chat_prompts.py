"""Templates of `llm` and `prompt` nodes: rendered, and split into messages at the role lines, as Prompt Flow does.

What comes from the flow's own inputs cannot open a role: in such a value, a word stands before the role of each line that looks
like one, and is taken out of the messages again. What nodes made may open roles, since flows are written that rely on it.

Knows no model.
"""

from __future__ import annotations

import ast
import os
import re
import secrets
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.contracts.multimedia import PFBytes
from ferrata.flows.contracts.tool_errors import (
    ChatAPIFunctionRoleInvalidFormat,
    ChatAPIInvalidRole,
    ChatAPIToolRoleInvalidFormat,
    JinjaTemplateError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Template

__all__ = [
    "VALID_ROLES",
    "ChatInputList",
    "PromptResult",
    "build_messages",
    "images_in",
    "images_on_lines",
    "parse_chat",
    "render",
    "render_prompt_node",
    "with_chat_lists",
]

VALID_ROLES = ("system", "user", "assistant", "function", "tool")
# Stands before what looks like a role in a flow's input. Plain letters and digits, so that printing it in any way leaves it whole.
_GUARD = f"r{secrets.token_hex(8)}r"
_HEAD = r"\#{{0,2}}\s*{key}\s*:\s*\n+\s*(\S+)\s*\n*\#{{0,2}}\s*content\s*:\s*\n?"
_NAMED = re.compile(_HEAD.format(key="name"))
_ANSWERING = re.compile(_HEAD.format(key="tool_call_id"))
_CALLING = re.compile(
    r"\#{0,2}\s*tool_calls\s*:\s*\n+\s*(\[.*?\])(?=\s*\Z)|\#{0,2}\s*tool_calls\s*:\s*\n+\s*(\[.*?\])", re.DOTALL
)
_PICTURE = re.compile(r"!\[\s*image\s*\]\(\{\{(\s*[^\s{}]+\s*)\}\}\)")
_GUIDE = "https://aka.ms/pfdoc/chat-prompt"


class ChatInputList(list[Any]):
    """A list that is printed one item a line, as messages are."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))


class PromptResult(str):
    """What a prompt node made: its text, and with it the same text with the roles of flow inputs guarded."""

    guarded: str

    def __new__(cls, string: str, guarded: str | None = None) -> PromptResult:
        """A text, and the same guarded where that differs."""
        made = super().__new__(cls, string)
        made.guarded = string if guarded is None else guarded
        return made

    @property
    def original_string(self) -> str:
        """The text."""
        return str(self)

    def need_to_escape(self) -> bool:
        """Whether anything is guarded."""
        return self.guarded != str(self)

    def get_escape_string(self) -> str:
        """The guarded text; empty where nothing is."""
        return self.guarded if self.need_to_escape() else ""


def render(template: str, values: Mapping[str, Any], *, trim: bool = True, newline: bool = True) -> str:
    """The template with values filled in, in Jinja's sandbox.

    Raises:
        JinjaTemplateError: it cannot be rendered.
    """
    free = os.environ.get("PF_USE_SANDBOX_FOR_JINJA", "true").lower() == "false"
    try:
        return _compiled(template, free=free, trim=trim, newline=newline).render(**values)
    except Exception as error:  # whatever a template's code may raise
        said = f"{type(error).__name__}: {_unguarded(str(error))}"
        sys.stderr.write(f"Exception occurs: {said}\n")
        message = f"Failed to render jinja template: {said}. Please modify your prompt to fix the issue."
        raise JinjaTemplateError(message=message) from error


@lru_cache(maxsize=64)
def _compiled(template: str, *, free: bool, trim: bool, newline: bool) -> Template:
    """The template, ready to be rendered: compiling a short one takes some forty times as long as rendering it."""
    from jinja2 import Environment
    from jinja2.sandbox import SandboxedEnvironment

    kind = Environment if free else SandboxedEnvironment
    # Prompts are plain text, where escaping for HTML would change what is said.
    return kind(trim_blocks=trim, keep_trailing_newline=newline, autoescape=False).from_string(template)


def render_prompt_node(template: str, values: Mapping[str, Any], *, escape: Sequence[str] = ()) -> PromptResult:
    """What a prompt node gives.

    Args:
        template: its template.
        values: by the template's names.
        escape: which of them come from the flow's inputs.

    Raises:
        JinjaTemplateError: it cannot be rendered.
    """
    plain = render(template, values)
    guarded = _guarded_values(values, escape)
    return PromptResult(plain, render(template, guarded) if guarded is not values else None)


def build_messages(
    template: str,
    values: Mapping[str, Any],
    *,
    escape: Sequence[str] = (),
    images: Iterable[PFBytes] = (),
    detail: str = "auto",
) -> list[dict[str, Any]]:
    """The messages of a chat prompt, in OpenAI's words.

    Args:
        template: with role lines, as `# system:`.
        values: by the template's names.
        escape: which of them come from the flow's inputs, and so open no role.
        images: those that the text may show, each on a line of its own.
        detail: how closely the model looks at them.

    Raises:
        JinjaTemplateError: it cannot be rendered.
        ChatAPIInvalidRole: it does not begin with a role.
        ChatAPIToolRoleInvalidFormat, ChatAPIFunctionRoleInvalidFormat: such a message lacks its head.
    """
    text = render(template, _guarded_values(values, escape))
    return cast("list[dict[str, Any]]", _unguarded(parse_chat(text, images=images, detail=detail)))


def parse_chat(
    text: str, *, images: Iterable[PFBytes] = (), roles: Sequence[str] = VALID_ROLES, detail: str = "auto"
) -> list[dict[str, Any]]:
    """The messages of a rendered chat prompt; raises as `build_messages`."""
    shown = {str(image): image for image in images}
    before, *pieces = re.split(_role_lines(roles), text)
    if before.strip():
        raise ChatAPIInvalidRole(message=_no_role(before.strip().lower(), roles))
    return [
        _message(role.strip().lower(), content, shown, detail)
        for role, content in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def with_chat_lists(value: Any) -> Any:
    """The value with lists that are printed one item a line."""
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {key: with_chat_lists(item) for key, item in items}
    if isinstance(value, list):
        return ChatInputList(with_chat_lists(item) for item in cast("list[Any]", value))
    return value


def images_on_lines(template: str) -> str:
    """The template with each `![image]({{name}})` as `{{name}}` on a line of its own."""
    return _PICTURE.sub(lambda found: f"\n{{{{{found[1]}}}}}\n", template)


def images_in(values: Any) -> set[PFBytes]:
    """The images in values, however deep."""
    if isinstance(values, PFBytes):
        return {values}
    inner: Iterable[Any] = ()
    if isinstance(values, Mapping):
        inner = cast("Mapping[Any, Any]", values).values()
    elif isinstance(values, list):
        inner = cast("list[Any]", values)
    return {image for value in inner for image in images_in(value)}


def _role_lines(roles: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"^\s*\#?\s*({'|'.join(roles)})\s*:\s*\n", re.IGNORECASE | re.MULTILINE)


def _guarded_values(values: Mapping[str, Any], escape: Sequence[str]) -> Mapping[str, Any]:
    """The values with roles guarded; the same object where there is nothing to guard."""
    found = dict(values)
    changed = False
    for name, value in values.items():
        if isinstance(value, PromptResult) and value.need_to_escape():
            found[name], changed = value.guarded, True
        elif name in escape:
            guarded = _guarded(value)
            changed = changed or guarded is not value
            found[name] = guarded
    return found if changed else values


_ROLE = re.compile(rf"^(\s*\#?\s*)({'|'.join(VALID_ROLES)})(?=\s*:\s*\n)", re.IGNORECASE | re.MULTILINE)


def _guarded(value: Any) -> Any:
    """The value with every line that looks like a role guarded; the same object where there is none."""
    if isinstance(value, str):
        found = _ROLE.sub(rf"\g<1>{_GUARD}\g<2>", value)
        return value if found == value else found
    if isinstance(value, list):
        items = cast("list[Any]", value)
        new = [_guarded(item) for item in items]
        same = all(a is b for a, b in zip(items, new, strict=True))
        return items if same else type(items)(new)
    if isinstance(value, dict):
        about = cast("dict[Any, Any]", value)
        fresh = {key: _guarded(item) for key, item in about.items()}
        return about if all(fresh[key] is about[key] for key in about) else fresh
    return value


def _unguarded(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(_GUARD, "") if _GUARD in value else value
    if isinstance(value, list):
        return [_unguarded(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _unguarded(item) for key, item in cast("dict[Any, Any]", value).items()}
    return value


def _message(role: str, content: str, images: Mapping[str, PFBytes], detail: str) -> dict[str, Any]:
    if role == "tool":
        match = _ANSWERING.search(content)
        if match is None:
            raise ChatAPIToolRoleInvalidFormat(message=_no_head("tool", "tool_call_id"))
        return {"role": role, "tool_call_id": match[1], "content": _content(content[match.end() :], images, detail)}
    if role == "assistant" and (calls := _calls(content)) is not None:
        return {"role": role, "tool_calls": calls}
    match = _NAMED.search(content)
    if match is not None:
        return {"role": role, "name": match[1], "content": _content(content[match.end() :], images, detail)}
    if role == "function":
        raise ChatAPIFunctionRoleInvalidFormat(message=_no_head("function", "name"))
    return {"role": role, "content": _content(content, images, detail)}


def _calls(content: str) -> list[Any] | None:
    match = _CALLING.search(content)
    if match is None:
        return None
    for text in (match[1], match[2]):
        try:
            return ast.literal_eval(text) if text else None
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _content(text: str, images: Mapping[str, PFBytes], detail: str) -> str | list[dict[str, Any]]:
    """A text; with images in it, a list of parts, one for each line."""
    text = text.strip()
    lines = [line for line in text.split("\n") if line.strip()]
    if not any(line.strip() in images for line in lines):
        return text
    parts: list[dict[str, Any]] = []
    for line in lines:
        image = images.get(line.strip())
        if image is None:
            parts.append({"type": "text", "text": line})
        else:
            url = image.source_url or image.to_base64(with_type=True)
            parts.append({"type": "image_url", "image_url": {"url": url, "detail": detail}})
    return parts


def _no_role(found: str, roles: Sequence[str]) -> str:
    wanted = ",".join(f"'{role}:\\n'" for role in roles)
    return (
        "The Chat API requires a specific format for prompt definition, and the prompt should include separate lines as role"
        f" delimiters: {wanted}. Current parsed role '{_unguarded(found)}' does not meet the requirement. To use the Completion"
        f" API, set `api: completion`; for the Chat API, begin with a line `# system:` or `# user:`, see {_GUIDE}"
    )


def _no_head(role: str, key: str) -> str:
    return (
        f"Failed to parse {role} role prompt. Please make sure the prompt follows the format: "
        f"'{key}:\\n{key}\\ncontent:\\n{role}_content'; {key!r} is required if the role is {role}, see {_GUIDE}"
    )
