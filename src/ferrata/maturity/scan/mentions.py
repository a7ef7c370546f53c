"""Names of models in the places that decide which model is called. Knows nothing of life cycles."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog import looks_like_model, model_pattern
from ferrata.maturity.scan.paths import CODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ferrata.maturity.scan.types import Source

__all__ = ["Mention", "find_mentions"]

# A file that names this many different models is a catalogue; it decides nothing.
_CATALOGUE = 12
_KEY = r"(?:[\w.-]*(?:model|engine|deployment|llm)(?:[_.-]?(?:name|id))?)"
_CALLEE = r"(?:[\w.]*(?:openai|anthropic|google|gemini|vertex|mistral|groq|bedrock|azure|claude|cohere|deepseek|xai|[a-z]+model)\w*)"
_NAME = r"""(?P<model>[^"'`\s]{2,80})"""


@cache
def _code() -> re.Pattern[str]:
    """`model="x"`, `model: 'x'`, `"model": "x"`, `.model("x")`, `openai("x")`, `ChatOpenAI("x")`, `init_chat_model("x")`."""
    assigned = rf"""(?P<key>{_KEY})["'`]?\s*(?:\??:(?!:)(?:\s*[\w.\[\]| ,"']{{1,40}}?=(?!=))?|=(?!=)|:=|=>|\()\s*(?:\w+\(\s*)?[fu@$]?["'`]{_NAME}["'`]"""
    called = rf"""(?P<callee>{_CALLEE})\(\s*["'`]{_NAME.replace("<model>", "<model2>")}["'`]"""
    return re.compile(f"{assigned}|{called}", re.IGNORECASE)


@cache
def _default() -> re.Pattern[str]:
    """`os.getenv("MODEL", "x")`, `process.env.MODEL ?? "x"`: a default that the environment changes."""
    asked = r"environ\.get|getenv|env\.(?P<variable>\w+)|env\.get|env\(|config\.get|GetEnvironmentVariable|GetValue|Configuration\["
    named = r"""[^"'`\n]{0,40}(?:["'`](?P<key>[\w.:-]+)["'`]\]?\)?)?"""
    return re.compile(rf"""(?:{asked}){named}\s*(?:,|\|\||\?\?|or)\s*["'`]{_NAME}["'`]""", re.IGNORECASE)


@cache
def _config() -> re.Pattern[str]:
    """`model: x`, `"model": "x"`, `MODEL=x`, `param model string = 'x'` at the start of a line."""
    before = r"""^\s*[{,]?\s*(?:export\s+|-\s+|param\s+|ENV\s+|ARG\s+)?["']?"""
    return re.compile(
        rf"""{before}(?P<key>{_KEY})["']?\s*(?::|=|\s+string\s*=)\s*["']?(?P<model>[\w./:@-]{{2,80}})["']?""",
        re.IGNORECASE,
    )


# Lines that compare, count or describe a model's name instead of choosing it.
_NOT_A_CHOICE = re.compile(
    r"encoding_for_model|startswith|startsWith|StartsWith|HasPrefix|endswith|EndsWith|\.includes\(|\.contains\(|\.Contains\(|indexOf|\.match\("
    r"|==|!=|\b(?:if|elif|case|when|assert|expect)\b|\bnot in\b|\bin \[|(?i:token_?(?:length|count)|count_?\w*tokens?|num_tokens)\w*\(|get_encoding|deprecat|>>>"
    r"""|["'`]\s*\{\s*\\?["'](?:\w+\\?["']\s*:)|\\["']|["'`]\s+in\s+\w|\bexamples?["']?\s*[=:]|\be\.g\.|\bdescription["']?\s*[=:]"""
)
# A longer line is data. A choice is short.
_LONGEST = 400
# A constant of an enumeration, as SDKs list what there is: CLAUDE_3_OPUS("claude-3-opus-20240229"),
_CONSTANT = re.compile(r"""^\s*(?:[A-Z][A-Z0-9_]+\(\s*"[^"]+"\s*[,)]|\w+\s+\w*Model\s*=\s*")""")
# The value shown to a reader of an API: `Body(example={...})`; it may run over lines.
_SAMPLE = re.compile(r"""\b(?:examples?|openapi_examples|json_schema_extra)["']?\s*[:=]\s*(?=[\[({])""")
_LONGEST_SAMPLE = 80
_COMMENT = ("#", "//", "*", "/*", "--", "<!--")


class Mention(NamedTuple):
    """A model's name in a row of the text (from 0) beside its key, in `code` (a change of code changes it) or in `config`."""

    model: str
    key: str
    row: int
    context: str


def find_mentions(source: Source) -> Iterator[Mention]:
    """The models that a file decides on; none of a file that lists a dozen different ones."""
    found = list(_find(source))
    if len({mention.model for mention in found}) < _CATALOGUE:
        yield from found


def _find(source: Source) -> Iterator[Mention]:
    code = source.language in CODE and source.language != "hcl"
    rows = _rows_outside_samples(_rows_outside_blocks(source)) if code else enumerate(source.text.split("\n"))
    for row, line in rows:
        if (
            len(line) > _LONGEST
            or _CONSTANT.match(line)
            or not model_pattern().search(line)
            or line.lstrip().startswith(_COMMENT)
        ):
            continue
        match = _default().search(line)
        context = "config" if match else "code" if code else "config"
        if match is None:
            match = None if code and _NOT_A_CHOICE.search(line) else (_code() if code else _config()).search(line)
        if match is None or (code and _inside_text(line, match)):
            continue
        groups = match.groupdict()
        model = groups["model"] or groups.get("model2") or ""
        if looks_like_model(model) and not _is_label(model):
            yield Mention(model, groups["key"] or groups.get("variable") or groups.get("callee") or "", row, context)


def _inside_text(line: str, match: re.Match[str]) -> bool:
    """Whether a quotation that began before the match is still open: then the match is text, not code."""
    start, end = match.start(), match.end("key") if match.groupdict().get("key") else match.start()
    quoted = 0 < start and end < len(line) and line[start - 1] in "\"'`" and line[start - 1] == line[end]
    mark = ""
    for character in line[: start - quoted]:
        if mark:
            mark = "" if character == mark else mark
        elif character in "\"'`":
            mark = character
    return bool(mark)


def _is_label(model: str) -> bool:
    """Whether it is how people write a model's name on a screen: `GPT-4o`, `Claude-3-Opus`; ids are in lower case."""
    return model.startswith(("GPT", "Claude", "Gemini", "ChatGPT", "Mistral-"))


def _rows_outside_samples(rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The rows that are not inside of a bracketed sample value; a sample that does not end soon is taken for code."""
    depth = last = 0
    for row, line in rows:
        inside = depth > 0 and row <= last
        begin = None if inside else _SAMPLE.search(line)
        if begin:
            depth, last = 0, row + _LONGEST_SAMPLE
        if begin or inside:
            rest = line[begin.end() :] if begin else line
            depth += sum(rest.count(mark) for mark in "[({") - sum(rest.count(mark) for mark in "])}")
        if not (begin or inside):
            yield row, line


def _rows_outside_blocks(source: Source) -> Iterable[tuple[int, str]]:
    """The rows that are not inside of a multi-line text or comment."""
    block = ""
    for row, line in enumerate(source.text.split("\n")):
        inside = bool(block) or line.lstrip().lstrip("rfuRFU").startswith(('"""', "'''"))
        for mark in re.findall(r'"""|\'\'\'|/\*|\*/', line):
            if not block:
                block = mark if mark != "*/" else ""
            elif mark == block or (block == "/*" and mark == "*/"):
                block = ""
        if not inside:
            yield row, line
