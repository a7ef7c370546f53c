"""Finds prompts: files that are one, and literals in code that are used as one; and says what a prompt's text holds.

Heuristic by nature: English first, other languages by their commonest phrases. Knows nothing of rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ast_grep_py import SgRoot

from ferrata.maturity.scan.paths import CODE, grammar_of
from ferrata.maturity.scan.traits import NOT_PROMPT, OTHER_SCRIPT, gives_role, reads_like_prompt, traits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ast_grep_py import SgNode

    from ferrata.maturity.scan.types import Source

__all__ = ["PROMPT_LITERALS", "Prompt", "find_prompts"]

# A code file without any of these holds no prompt that can be recognised.
PROMPT_LITERALS: tuple[str, ...] = (
    *("rompt", "PROMPT", "nstruction", "INSTRUCTION", "preamble", "PREAMBLE", "persona", "PERSONA", "backstory"),
    *(
        "SystemMessage",
        "systemMessage",
        "system_message",
        "SYSTEM_MESSAGE",
        "SYSTEM_MSG",
        "system_msg",
        "SystemChatMessage",
        "system_content",
    ),
    *(
        '"system"',
        "'system'",
        "`system`",
        "system=",
        "system =",
        "system:",
        "System:",
        "Role.System",
        "Role.SYSTEM",
        "RoleSystem",
        ".system(",
    ),
    *('"developer"', "'developer'", "RoleDeveloper", "Role.Developer"),
)


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


def find_prompts(source: Source) -> Iterator[Prompt]:
    """The prompts that a source holds, in the order of the text."""
    if source.language not in CODE:
        yield from _file_prompts(source)
    elif source.language in _LITERALS and any(text in source.text for text in PROMPT_LITERALS):
        yield from _code_prompts(source)


# ---------------------------------------------------------------------------------------------------- what a text holds


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


def _file_prompts(source: Source) -> Iterator[Prompt]:
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
            value = _unescaped(value) if source.language == "json" else value
            named = _named_prompt(match[2] if pattern is _BLOCK else match[1])
            traits = traits_of(value) if named and reads_like_prompt(value) else frozenset[str]()
            if (
                named == "system" or (source.language == "yaml" and named) or "variables" in traits
            ):  # rows of a dataset are none
                if len(value) >= 40 and traits and value not in seen:
                    seen.add(value)
                    yield Prompt(text.count("\n", 0, match.start(1)), "file", len(value), traits)


# -------------------------------------------------------------------------------------------------------------- code

_LITERALS: dict[str, tuple[str, ...]] = {
    "python": ("string",),
    "typescript": ("string", "template_string"),
    "csharp": ("string_literal", "verbatim_string_literal", "raw_string_literal", "interpolated_string_expression"),
    "java": ("string_literal",),
    "go": ("interpreted_string_literal", "raw_string_literal"),
}
_JOINING = frozenset(
    {"concatenated_string", "binary_operator", "binary_expression", "parenthesized_expression", "expression_list"}
)
_LISTS = frozenset({"list", "array"})
_OBJECTS = frozenset(
    {
        "dictionary",
        "object",
        "argument_list",
        "arguments",
        "initializer_expression",
        "literal_value",
        "composite_literal",
        "object_creation_expression",
    }
)
_FUNCTIONS = frozenset(
    {
        "function_definition",
        "function_declaration",
        "method_declaration",
        "method_definition",
        "arrow_function",
        "local_function_statement",
        "property_declaration",
    }
)

# What may stand between the name and the literal, right before the literal.
_WRAPPER = re.compile(
    r"(?:(?:(?:textwrap|inspect|string|String|strings|fmt|str|html)\.)?(?:dedent|cleandoc|Sprintf|format|Format|TrimSpace|trim|outdent|stripIndent|raw|Field|field|default|default_factory|lambda|Text|TextContent|SystemTextBlock|of|from)\s*[(`=:]?|[(\[]|\bawait|\bnew|,\s*=|\breturn\s*\()\s*$"
)
_ASSIGNED = re.compile(
    r"""([\w$.-]+)(?:\[["'`]?[\w.-]+["'`]?\]|["'`]|\))?\s*(?:\??:\s*[\w\[\], .|<>"']{1,60}?)?\s*(:=|\+?=|=>|:)\s*$"""
)
# One of these stands right before every literal that can be a prompt; most literals end here.
_HINT = re.compile(
    r"rompt|PROMPT|ystem|SYSTEM|eveloper|DEVELOPER|nstruction|INSTRUCTION|ontent|CONTENT|text|Text|emplate|reamble|PREAMBLE|ersona|PERSONA|backstory|_msg|_MSG|(?:return|=>)[\s(\[]*$"
)
_SYSTEM_CALL = re.compile(
    r"\b(?:SystemMessage|SystemChatMessage|SystemMessagePromptTemplate(?:\.from_template|\.fromTemplate)?|SystemMessage\.from|SystemPromptPart|DeveloperChatMessage|AddSystemMessage|AddDeveloperMessage|UseSystemMessage|CreateSystemMessage|ofSystem|NewSystemMessage|DeveloperMessage|ChatRequestSystemMessage|system_message|defaultSystem|SystemPrompt|system_prompt)\s*\(\s*(?:\w+\s*[=:]\s*)?$"
    r"|\b(?:ChatRole|AuthorRole|ChatMessageRole|MessageRole|Role|RoleType)\.?(?:System|SYSTEM|Developer|DEVELOPER)\s*,\s*(?:\w+\s*[=:]\s*)?$|[(\[]\s*[\"'`](?:system|developer)[\"'`]\s*,\s*$|\.system\(\s*$|@SystemMessage\(\s*(?:\w+\s*=\s*)?$"
)
_TEMPLATE_CALL = re.compile(
    r"\b(?:ChatPromptTemplate|PromptTemplate|HumanMessagePromptTemplate|ChatPromptTemplate\.from_template|PromptTemplate\.from_template|PromptTemplate\.fromTemplate|ChatPromptTemplate\.fromTemplate|from_template|fromTemplate|RichPromptTemplate|PromptTemplateConfig|CreateFunctionFromPrompt|InvokePromptAsync)\s*\(\s*(?:template\s*[=:]\s*)?$"
)
_CONTENT = re.compile(r"""\b(?:content|Content|text|Text)["']?\s*[:=]\s*\[?\s*$""")
_ROLE = re.compile(r"""\brole["']?\s*[:=]\s*["'`]?([\w.]+)""", re.IGNORECASE)
_MODEL_USE = re.compile(
    r"openai|anthropic|langchain|llama_?index|\bllms?\b|_llm|llm_|Llm|gpt|claude|gemini|genai|ollama|bedrock|mistral|cohere|groq|litellm|ChatClient|completion|Agent\(|\bagents?\b|semantic_kernel|SemanticKernel|dspy|transformers|generateText|streamText|generateObject|PromptTemplate|fastmcp|FastMCP",
    re.IGNORECASE,
)
_PROMPT_MODULE = re.compile(
    r"(^|/)(?:[\w-]*[-_.])?(?:prompts?|prompt[-_]?templates?|system[-_]?(?:prompts?|messages?)|instructions)(?:/[^/]+|[-_.]?\w*)\.\w+$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TAIL = frozenset(
    "template templates text str string tpl tmpl format base default v header footer prefix suffix content body message msg instructions instruction en zh cn ja jp ko de fr es pt it ru system".split()
)
_NOT_NAMES = frozenset(
    "placeholder label title hint tooltip help error file path dir url uri id key tokens token length len negative choice confirm password login ps shell cli sql name names icon button css class regex pattern endpoint filename image img video audio type".split()
)


def _named_prompt(name: str) -> str:
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


def _code_prompts(source: Source) -> Iterator[Prompt]:
    text = source.text
    kinds: list[Any] = [{"kind": kind} for kind in _LITERALS[source.language]]
    literals = (
        SgRoot(text, grammar_of(source.path, source.language))
        .root()
        .find_all({"rule": {"any": kinds, "regex": r"(?s).{14,}"}})
    )
    module = bool(_PROMPT_MODULE.search(source.path))
    lines = _line_starts(text)
    done = -1
    for literal in sorted(literals, key=lambda node: node.range().start.index):
        place = literal.range().start
        if place.index < done:
            continue
        top = _whole(literal)
        start = top.range().start
        at = lines[start.line] + start.column
        before = text[max(0, at - 160) : at].rstrip()
        if not _HINT.search(before) and not module:
            continue
        value = _content(top.text())
        if _is_prompt(top, before, value, text=text, module=module):
            done = top.range().end.index
            yield Prompt(start.line, "code", len(value), traits_of(value))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _whole(literal: SgNode) -> SgNode:
    """The expression that a literal is a part of: the whole concatenation or joined list."""
    top = literal
    for _ in range(40):
        parent = top.parent()
        if parent is None:
            return top
        if parent.kind() in _JOINING:
            top = parent
        elif parent.kind() in _LISTS:
            call = parent.parent()
            call = call.parent() if call is not None else None
            if call is None or ".join" not in call.text() or len(call.text()) > 20_000:
                return top
            top = call
        else:
            return top
    return top


_QUOTES = re.compile(r"""(?:\b[rfbuRFBU]{1,2}|[$@]{1,3})?("{3,}|'''|["'`])""")


def _content(text: str) -> str:
    """The text of a literal or of several that are joined, without their quotes."""
    out: list[str] = []
    at = 0
    while match := _QUOTES.search(text, at):
        quote = match[1]
        end = match.end()
        while (end := text.find(quote, end)) != -1 and text[end - 1] == "\\" and len(quote) == 1:
            end += 1
        if end == -1:
            end = len(text)
        out.append(text[match.end() : end])
        at = end + len(quote)
    return _unescaped("".join(out) or text)


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _is_prompt(top: SgNode, before: str, value: str, *, text: str, module: bool) -> bool:
    if not re.search(r"\s", value.strip()) and not OTHER_SCRIPT.search(value):
        return False
    if _SYSTEM_CALL.search(before):
        return len(value) >= 14 and not NOT_PROMPT.match(value)
    if _CONTENT.search(before) and _in_system_message(top):
        return len(value) >= 60 or reads_like_prompt(value)
    if _TEMPLATE_CALL.search(before):
        return reads_like_prompt(value)
    named = _name_of(top, before)
    if named == "system":
        return (len(value) >= 200 and not NOT_PROMPT.match(value)) or reads_like_prompt(value)
    if named == "prompt":
        return (
            len(value) >= 40
            and reads_like_prompt(value)
            and (module or len(value) >= 200 or bool(_MODEL_USE.search(text)))
        )
    if named == "maybe":
        return len(value) >= 20 and reads_like_prompt(value) and bool(_MODEL_USE.search(text))
    return named == "other" and module and len(value) >= 150 and gives_role(value)


def _in_system_message(top: SgNode) -> bool:
    """Whether the message around a literal, the nearest object that names a role, is a system message."""
    node = top.parent()
    for _ in range(8):
        if node is None:
            return False
        if node.kind() in _OBJECTS and (match := _ROLE.search(node.text().replace(top.text(), ""))):
            return match[1].lower().endswith(("system", "developer"))
        node = node.parent()
    return False


def _name_of(top: SgNode, before: str) -> str:
    """What the name says that the literal is given to: as `_named_prompt`, or `other` for any other name."""
    while match := _WRAPPER.search(before, max(0, len(before) - 40)):
        before = before[: match.start()].rstrip()
    if before.endswith("return") or before.endswith("=>"):
        return _named_prompt(_function_name(top))
    match = _ASSIGNED.search(before, max(0, len(before) - 110))
    if match is None:
        return ""
    parent = top.parent()
    if (
        match[2] == ":"
        and parent is not None
        and parent.kind() in ("expression_statement", "block", "module", "switch_case", "ternary_expression")
    ):
        return ""
    return _named_prompt(match[1]) or "other"


def _function_name(top: SgNode) -> str:
    node = top.parent()
    for _ in range(12):
        if node is None:
            return ""
        if node.kind() in _FUNCTIONS:
            named = node.field("name")
            if named is None and (parent := node.parent()) is not None:
                named = parent.field("name") or parent.field("key")
            return named.text() if named is not None else ""
        node = node.parent()
    return ""
