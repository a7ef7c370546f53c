"""Messages with `{{variables}}` into a `.prompty` file that renders to the same messages. Knows no source and no file system.

Text that would be a template or a role line here, and is neither at the source, is written so that it stays text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

import yaml

from ferrata.errors import FerrataError
from ferrata.evals.importing.types import PromptFile
from ferrata.prompts import inputs_of, parse_prompt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ferrata.evals.importing.types import Imported

__all__ = ["Turn", "make_prompt", "message_text", "plain_variables", "provider_of"]

Syntax = Literal["variables", "nunjucks"]
_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_OPENS: Final = re.compile(r"\{\{|\{%|\{#")
_ROLE_LINE: Final = re.compile(
    r"^[ \t]*#?[ \t]*(?:system|developer|user|assistant|tool|function)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant"}
_OPTIONS: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "max_completions_tokens": "maxOutputTokens",
    "max_output_tokens": "maxOutputTokens",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "stop": "stopSequences",
}
_PROVIDERS: Final = ("openai", "anthropic", "azure", "mistral", "google", "groq", "ollama", "deepseek", "openrouter")


class Turn(NamedTuple):
    """A message: its role, its text, and whether the text is the name of an input that holds a conversation."""

    role: str
    text: str
    history: bool = False


def make_prompt(
    found: Imported,
    name: str,
    turns: Sequence[Turn],
    *,
    syntax: Syntax,
    model: str = "",
    options: Mapping[str, Any] | None = None,
    description: str = "",
    optional: Collection[str] = (),
    outputs: Sequence[Mapping[str, Any]] = (),
) -> PromptFile:
    """A prompt in Prompty v2; what is changed or left is noted in `found`.

    Args:
        found: where to note.
        name: of the prompt and its file.
        turns: the messages.
        syntax: of the texts: `{{variables}}` alone, or Nunjucks, which is close to Jinja.
        model: the model's name; a vendor before it, as `openai:gpt-5`, is told apart.
        options: of the request, by OpenAI's names.
        description: one line.
        optional: variables that may be missing, and are empty then.
        outputs: fields of the answer, where it is JSON, as Prompty v2 has them.
    """
    where = f"prompt {name!r}"
    body: list[str] = []
    for turn in turns:
        role = _ROLES.get(turn.role)
        if turn.history:
            body += [f"{{{{{_identifier(turn.text)}}}}}", ""]
        elif role is None:
            found.leave(
                f"{where}, message of {turn.role!r}", "a prompt here holds messages of system, user and assistant"
            )
        else:
            text = _written(found, where, turn.text, syntax)
            body += [f"{role}:", text, ""]
    header: dict[str, Any] = {"name": name}
    if description and "${" not in description:
        header["description"] = description
    provider, bare = provider_of(model)
    about = {"id": bare, "provider": provider, "options": _options(found, options or {})}
    header["model"] = {key: value for key, value in about.items() if value}
    header["outputs"] = [dict(one) for one in outputs]
    header["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    histories = [_identifier(turn.text) for turn in turns if turn.history]
    inputs: list[dict[str, Any]] = [{"name": one, "kind": "thread", "default": []} for one in histories]
    header["inputs"] = inputs
    text = _file(header, body)
    for one in _inputs(found, where, text):
        if one not in histories:
            inputs.append({"name": one, "kind": "any"} | ({"required": False} if one in optional else {}))
    return PromptFile(name, _file({key: value for key, value in header.items() if value}, body))


def _file(header: Mapping[str, Any], body: Sequence[str]) -> str:
    front = yaml.safe_dump(dict(header), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{front}---\n" + "\n".join(body).rstrip("\n") + "\n"


def _inputs(found: Imported, where: str, text: str) -> list[str]:
    try:
        return [one.name for one in inputs_of(parse_prompt(text))]
    except FerrataError as error:
        found.change(where, f"its template cannot be read here and needs a look: {error.message.splitlines()[0]}")
        return []


def _written(found: Imported, where: str, text: str, syntax: Syntax) -> str:
    text = text.replace("\r\n", "\n")
    if syntax == "nunjucks":
        written = re.sub(r"\|\s*dump\b(\(\s*\d*\s*\))?", "| tojson", text)
        if written != text:
            found.change(where, "`| dump` is written `| tojson`")
    else:
        written = "".join(_pieces(found, where, text))
    return _ROLE_LINE.sub(lambda match: f'{{{{ "{_quoted(match[0])}" }}}}', written)


def _pieces(found: Imported, where: str, text: str) -> Iterator[str]:
    at = 0
    for match in _VARIABLE.finditer(text):
        yield _literal(text[at : match.start()])
        name = _identifier(match[1])
        if name != match[1]:
            found.change(where, f"the variable {match[1]!r} is called {name!r}")
        yield f"{{{{{name}}}}}"
        at = match.end()
    yield _literal(text[at:])


def _literal(text: str) -> str:
    if not _OPENS.search(text):
        return text
    return _OPENS.sub(lambda match: f'{{{{ "{match[0]}" }}}}', text)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _identifier(name: str) -> str:
    """A name for the template: `item.` of OpenAI's Evals is left away, dots and dashes become `_`."""
    return re.sub(r"\W", "_", name.removeprefix("item.").removeprefix("sample."))


def plain_variables(text: str) -> list[str]:
    """The names in `{{variables}}` of a text, as a prompt written of it calls them."""
    return list(dict.fromkeys(_identifier(name) for name in _VARIABLE.findall(text)))


def _options(found: Imported, options: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in options.items():
        if value is None:
            continue
        if key in _OPTIONS and isinstance(value, int | float | list):
            known[_OPTIONS[key]] = value
        else:
            found.leave(
                f"setting {key!r} of the model", "it has no place in a prompt here; set it where the model is declared"
            )
    return known


def provider_of(model: str) -> tuple[str, str]:
    """Vendor and name of a model, as `openai:chat:gpt-5` or `openai/gpt-5` have both; the vendor is empty where none is named."""
    first, colon, rest = model.partition(":")
    if colon and first in _PROVIDERS:
        kind, more, name = rest.partition(":")
        return first, name if more and kind in ("chat", "responses", "messages", "completion", "assistant") else rest
    first, slash, rest = model.partition("/")
    return (first, rest) if slash and first in _PROVIDERS else ("", model)


def message_text(found: Imported, where: str, content: Any) -> str:
    """The text of a message's content: a text, a part with one, or a list of parts; what is no text is noted as left."""
    if isinstance(content, str):
        return content
    parts: list[str] = []
    for part in cast("list[Any]", content if isinstance(content, list) else [content]):
        about = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(about.get("text"), str):
            parts.append(about["text"])
        elif isinstance(about.get("content"), str):
            parts.append(about["content"])
        else:
            found.leave(f"{where}, part of type {str(about.get('type', '?'))!r}", "only text comes over into a prompt")
    return "\n".join(parts)
