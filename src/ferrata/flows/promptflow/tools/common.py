"""What tools of others import from `promptflow.tools.common`: templates, roles, and the messages of a chat prompt."""

from typing import Any

from ferrata.flows.asking import complete_now
from ferrata.flows.chat_prompts import (
    VALID_ROLES,
    ChatInputList,
    PromptResult,
    images_in,
    images_on_lines,
    render,
    with_chat_lists,
)
from ferrata.flows.chat_prompts import build_messages as build
from ferrata.flows.chat_prompts import parse_chat as parse
from ferrata.flows.contracts.tool_errors import ChatAPIInvalidRole
from ferrata.flows.promptflow._core.tool import INPUTS_TO_ESCAPE_PARAM_KEY

__all__ = [
    "INPUTS_TO_ESCAPE_PARAM_KEY",
    "VALID_ROLES",
    "ChatInputList",
    "PromptResult",
    "build_messages",
    "complete_now",
    "convert_to_chat_list",
    "find_referenced_image_set",
    "parse_chat",
    "preprocess_template_string",
    "render_jinja_template",
    "to_bool",
    "validate_role",
]

convert_to_chat_list = with_chat_lists
find_referenced_image_set = images_in
preprocess_template_string = images_on_lines


def render_jinja_template(
    template_content: str,
    trim_blocks: bool = True,
    keep_trailing_newline: bool = True,
    escape_dict: dict[str, str] | None = None,
    **kwargs: Any,
) -> str:
    """The template with values filled in.

    Raises:
        JinjaTemplateError: it cannot be rendered.
    """
    _ = escape_dict
    return render(template_content, kwargs, trim=trim_blocks, newline=keep_trailing_newline)


def parse_chat(
    chat_str: str,
    images: list[Any] | None = None,
    valid_roles: list[str] | None = None,
    image_detail: str = "auto",
    escape_dict: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The messages of a rendered chat prompt.

    Raises:
        ChatAPIInvalidRole: it does not begin with a role.
    """
    _ = escape_dict
    return parse(chat_str, images=images or (), roles=valid_roles or VALID_ROLES, detail=image_detail)


def build_messages(
    prompt: str, images: list[Any] | None = None, image_detail: str = "auto", **kwargs: Any
) -> list[dict[str, Any]]:
    """The messages of a chat prompt; raises as `parse_chat` and `render_jinja_template`."""
    escape = kwargs.pop(INPUTS_TO_ESCAPE_PARAM_KEY, None) or ()
    return build(prompt, kwargs, escape=escape, images=images or (), detail=image_detail)


def validate_role(role: str, valid_roles: list[str] | None = None) -> None:
    """Check that a word is a role.

    Raises:
        ChatAPIInvalidRole: it is none.
    """
    known = valid_roles or VALID_ROLES
    if role not in known:
        raise ChatAPIInvalidRole(message=f"The role {role!r} is none of {', '.join(known)}.")


def to_bool(value: Any) -> bool:
    """Whether a value says true."""
    return str(value).lower() == "true"
