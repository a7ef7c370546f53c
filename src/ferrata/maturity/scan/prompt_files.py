"""Finds prompts that are files or values of configuration, and tells by a name whether it is a prompt's.

Heuristic by nature: English first, other languages by their commonest phrases. Knows nothing of code or of rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from ferrata.maturity.scan.traits import gives_role, reads_like_prompt, traits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.types import Source

__all__ = ["Prompt", "file_prompts", "named_prompt", "unescaped"]


class Prompt(NamedTuple):
    """A prompt of a file.

    Attributes:
        index: line in the source's text, from 0.
        origin: `file` where the file is a prompt (or a configuration value is), `code` for a literal in code.
        chars: length of the text.
        traits: what the text holds (`traits_of`).
    """

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]
    origin: Literal["file", "code"]
    chars: int
    traits: frozenset[str]


_FOLDER = re.compile(
    r"(^|/)(?:[\w-]*[-_])?(?:prompts?|prompt[-_]?templates?|system[-_]?(?:messages?|prompts?)|metaprompts?)/",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(^|/)(?:[\w.-]*[-_.])?(?:system|prompts?|system[-_]?(?:prompt|message)s?|metaprompt|instructions)(?:[-_.][\w.-]*)?\.(?:txt|md|ya?ml|json|toml|xml)$|(^|/)[\w-]*prompt\.(?:txt|md|ya?ml|json)$",
    re.IGNORECASE,
)
_SURE_NAME = re.compile(
    r"(^|/)[\w.-]*(?:system[-_]?(?:prompt|message)|prompt)s?(?:[-_.](?:v?\d[\w.]*|[a-z]{2}))?\.(?:txt|md|ya?ml|json|toml)$",
    re.IGNORECASE,
)
# For the people (and coding assistants) who work on the repository: not prompts of the product.
_FOR_DEVELOPERS = re.compile(
    r"(^|/)(?:\.github|\.claude|\.cursor|\.windsurf|\.gemini|\.codex|\.vscode|\.kiro|\.continue|\.roo|\.agents?)/|(^|/)(?:readme|changelog|contributing|license|index|claude|agents|gemini|guide\w*|copilot-instructions)[\w.-]*\.(?:md|txt)$|[\w-]*guide\w*\.md$"
    r"|(^|/)(?:openapi|swagger)[\w.-]*\.(?:json|ya?ml)$|(^|/)chat[_-]?templates?/|chat_template[\w.-]*\.jinja2?$",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"(?m)^\s*(?:#+\s*)?(?:system|user|assistant)\s*:\s*$|<message\s+role\s*=|\{%-?\s*(?:chat|message|macro|set)\s+role|role:\s*[\"']?system",
    re.IGNORECASE,
)
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = r"[\w-]*(?:system[-_]?(?:prompt|message|instructions?)|prompt[-_]?(?:template|text)?|instructions|backstory)"
_BLOCK = re.compile(
    rf"^([ \t]*)(?:- )?[\"']?({_KEY})[\"']?:[ \t]*[|>][-+\d]*[ \t]*\r?\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\r?\n)+)",
    re.MULTILINE | re.IGNORECASE,
)
_LINE = re.compile(
    rf"""^[ \t]*(?:- )?["']?({_KEY})["']?\s*[:=]\s*(?:\"\"\"(.{{40,}}?)\"\"\"|"((?:[^"\\]|\\.){{40,}})"|'((?:[^'\\\n]|\\.){{40,}})'|([A-Z][^\n"'{{}}\[\]#][^\n]{{40,}})$)""",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_JSON = re.compile(rf'(?<!\\)"({_KEY})"\s*:\s*"((?:[^"\\]|\\.){{40,20000}})"', re.IGNORECASE)


def file_prompts(source: Source) -> Iterator[Prompt]:
    """The prompts of a file that is not code: the file itself, or values of a configuration."""
    path, text, language = source.path, source.text, source.language
    if _FOR_DEVELOPERS.search(path) or len(text.strip()) < 20:
        return
    folder = bool(_FOLDER.search(path))
    if language == "prompt":
        found = folder or path.lower().endswith(".prompty") or bool(_TURN.search(text)) or reads_like_prompt(text)
    elif language == "template":
        named = folder or "prompt" in path.rpartition("/")[2].lower()
        found = bool(_TURN.search(text)) or (named and reads_like_prompt(text))
    elif language in ("markdown", "text"):
        found = (
            (folder or bool(_NAME.search(path)))
            and path.lower().endswith((".txt", ".md", ".xml"))
            and reads_like_prompt(text)
        )
        if language == "markdown" and found and not _SURE_NAME.search(path):
            found = gives_role(text[:3000])  # a page about prompts addresses its reader, not a model
    elif language in ("yaml", "json", "toml"):
        if (
            (folder or _SURE_NAME.search(path))
            and len(text) < 60_000
            and language != "json"
            and (_TURN.search(text) or _BLOCK.search(text) or _LINE.search(text))
        ):
            found = reads_like_prompt(text)
        else:
            yield from _configured(source)
            return
    else:
        return
    if found:
        body = _FRONT_MATTER.sub("", text, count=1)  # which is not said to the model
        yield Prompt(0, "file", len(body), traits_of(body))


def _configured(source: Source) -> Iterator[Prompt]:
    """Prompts that are values of a configuration file."""
    text = source.text
    if len(text) > 100_000 or not re.search(
        r"(?i)prompt|system[-_]?(?:message|instruction)|backstory|instructions", text
    ):
        return
    seen: set[str] = set()
    for pattern in {"yaml": (_BLOCK, _LINE), "json": (_JSON,)}.get(source.language, (_LINE,)):
        for match in pattern.finditer(text):
            value = match[3] if pattern is _BLOCK else next(group for group in match.groups()[1:] if group)
            value = unescaped(value) if source.language == "json" else value
            named = named_prompt(match[2] if pattern is _BLOCK else match[1])
            traits = traits_of(value) if named and reads_like_prompt(value) else frozenset[str]()
            if (
                named == "system" or (source.language == "yaml" and named) or "variables" in traits
            ):  # rows of a dataset are none
                if len(value) >= 40 and traits and value not in seen:
                    seen.add(value)
                    yield Prompt(text.count("\n", 0, match.start(1)), "file", len(value), traits)


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TAIL = frozenset(
    "template templates text str string tpl tmpl format base default v header footer prefix suffix content body message msg instructions instruction en zh cn ja jp ko de fr es pt it ru system".split()
)
_NOT_NAMES = frozenset(
    "placeholder label title hint tooltip help error file path dir url uri id key tokens token length len negative choice confirm password login ps shell cli sql name names icon button css class regex pattern endpoint filename image img video audio type".split()
)


def named_prompt(name: str) -> str:
    """How sure a name says that its value is a prompt: `system` (a system message), `prompt`, `maybe`, or `` for no."""
    words = [word.lower() for word in _WORDS.findall(name.rpartition(".")[2])]
    while (
        words
        and (words[-1].isdigit() or words[-1] in _TAIL)
        and len(words) > 1
        and words[-1] not in ("message", "msg", "instructions", "instruction", "system")
    ):
        words.pop()
    if not words or _NOT_NAMES.intersection(words):
        return ""
    last, before = words[-1], words[:-1]
    if last in (
        "prompt",
        "prompts",
        "metaprompt",
        "message",
        "msg",
        "instruction",
        "instructions",
        "content",
        "preamble",
    ) and {"system", "sys", "developer", "meta"}.intersection(before):
        return "system"
    if "prompt" in words or "prompts" in words:
        tail = words[max(i for i, word in enumerate(words) if word in ("prompt", "prompts")) + 1 :]
        return "prompt" if all(word in _TAIL or word.isdigit() for word in tail) else ""
    return "maybe" if last in ("system", "instruction", "instructions", "preamble", "persona", "backstory") else ""


def unescaped(text: str) -> str:
    r"""The text with what `\\n` and `\\t` stand for, as in a literal of code or JSON."""
    return text.replace("\\n", "\n").replace("\\t", "\t")
