"""Finds prompts: files that are one (`prompt_files`), and literals in code that are used as one.

Heuristic by nature: English first, other languages by their commonest phrases. Knows nothing of rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ast_grep_py import SgRoot

from ferrata.maturity.scan.paths import CODE, grammar_of
from ferrata.maturity.scan.prompt_files import Prompt, file_prompts, named_prompt, unescaped
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


def find_prompts(source: Source) -> Iterator[Prompt]:
    """The prompts that a source holds, in the order of the text."""
    if source.language not in CODE:
        yield from file_prompts(source)
    elif source.language in _LITERALS and any(text in source.text for text in PROMPT_LITERALS):
        yield from _code_prompts(source)


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
    return unescaped("".join(out) or text)


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
    """What the name says that the literal is given to: as `named_prompt`, or `other` for any other name."""
    while match := _WRAPPER.search(before, max(0, len(before) - 40)):
        before = before[: match.start()].rstrip()
    if before.endswith("return") or before.endswith("=>"):
        return named_prompt(_function_name(top))
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
    return named_prompt(match[1]) or "other"


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
