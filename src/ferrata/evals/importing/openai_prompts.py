"""OpenAI's stored prompts (`pmpt_...`), which end on 2026-11-30. Asks no server: its API hands out no stored prompt.

What can be had are the answers of the Responses API to requests that named a prompt: they say the prompt's id and version, the
variables, and the instructions with the variables filled in. Or JSON that somebody wrote while copying a prompt from the dashboard:
`{id, version, name, model, messages | instructions, ...}`; that form is nobody's standard.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake, NotFound
from ferrata.evals.importing.local_files import read_json_file
from ferrata.evals.importing.prompt_files import Turn, make_prompt, message_text
from ferrata.evals.importing.types import Imported, as_name, unique_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["import_openai_prompts"]

_SETTINGS = ("temperature", "top_p", "max_output_tokens")
_FURTHER = ("tools", "tool_choice", "text", "reasoning")
_SHORTEST = 4


def import_openai_prompts(path: Path, *, name: str = "") -> Imported:
    """The prompts in a file, or in the `.json` files of a folder.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: a file is no JSON.
    """
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise NotFound(f"no such file, or no JSON in it: {str(path)!r}")
    found = Imported("openai-prompts")
    taken: set[str] = set()
    for file in files:
        value: Any = read_json_file(file, _text(file))
        for item in cast("list[Any]", value if isinstance(value, list) else [value]):
            if isinstance(item, dict):
                _prompt(found, cast("dict[str, Any]", item), file, name if len(files) == 1 else "", taken)
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument([Mistake(str(file), 1, "", f"cannot be read: {error}")]) from None


def _prompt(found: Imported, value: dict[str, Any], file: Path, name: str, taken: set[str]) -> None:
    stored = value.get("prompt")
    about: dict[str, Any] = cast("dict[str, Any]", stored) if isinstance(stored, dict) else value
    key, version = str(about.get("id") or ""), str(about.get("version") or "")
    messages: Any = value.get("messages") or value.get("instructions") or value.get("input")
    what = f"prompt {key or file.name!r}"
    if not messages:
        found.leave(what, "the file does not say its messages; copy them from the dashboard")
        return
    turns = [Turn("system", messages)] if isinstance(messages, str) else _turns(found, what, messages)
    variables: Any = about.get("variables")
    if value.get("object") == "response" and isinstance(variables, dict):
        turns = _unfilled(found, what, turns, cast("dict[str, Any]", variables))
    for setting in _FURTHER:
        if value.get(setting):
            found.leave(
                f"{what}, `{setting}`", "it has no place in a prompt here, or needs a look; set it where it is asked"
            )
    model = str(value.get("model") or "")
    chosen = unique_name(name or str(value.get("name") or key or file.stem), taken)
    options = {setting: value.get(setting) for setting in _SETTINGS}
    description = f"OpenAI's {key}{f', version {version}' if version else ''}" if key else ""
    found.prompts.append(
        make_prompt(
            found,
            chosen,
            turns,
            syntax="variables",
            model=f"openai:{model}" if model else "",
            options=options,
            description=description,
        )
    )
    found.taken.append(f"prompt {as_name(chosen)!r}" + (f" of {key}, version {version or '?'}" if key else ""))


def _turns(found: Imported, what: str, messages: Any) -> list[Turn]:
    turns: list[Turn] = []
    for one in cast("list[Any]", messages if isinstance(messages, list) else [messages]):
        if isinstance(one, dict):
            about = cast("dict[str, Any]", one)
            text = message_text(found, what, about.get("content", about.get("text", "")))
            turns.append(Turn(str(about.get("role") or "system"), text))
    return turns


def _unfilled(found: Imported, what: str, turns: list[Turn], variables: dict[str, Any]) -> list[Turn]:
    """The texts with the variables back in the place of their values, the longest first."""
    for name, value in sorted(variables.items(), key=lambda item: -len(str(item[1]))):
        text = value if isinstance(value, str) else json.dumps(value)
        if len(text) < _SHORTEST or not any(text in turn.text for turn in turns):
            found.change(
                what, f"where the variable {name!r} stands cannot be told from its value {text[:40]!r}; put it in"
            )
            continue
        found.change(what, f"the value {text[:40]!r} was put back to {{{{{name}}}}} wherever it stands; check it")
        turns = [turn._replace(text=turn.text.replace(text, f"{{{{{name}}}}}")) for turn in turns]
    return turns
