"""Names of models in the places that decide which model is called. Knows nothing of life cycles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog import MODEL_PATTERN, looks_like_model
from ferrata.maturity.scan.paths import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.maturity.scan.types import Source

__all__ = ["Mention", "find_mentions"]

_KEY = r"(?:[\w.-]*(?:model|engine|deployment|llm)[\w.-]*)"
# model="x", model: 'x', "model": "x", .model("x"), WithModel("x"), openai("x"), ChatOpenAI("x"), init_chat_model("x")
_CODE = re.compile(
    rf"""(?P<key>{_KEY}|[\w.]*(?:openai|anthropic|google|gemini|mistral|groq|bedrock|azure|claude)[\w.]*)["'`]?\s*(?P<sign>\??:(?!:)|=(?!=)|:=|\(|=>)\s*(?:\w+\(\s*)?[fu@$]?["'`](?P<model>[^"'`\s]{{2,80}})["'`]""",
    re.IGNORECASE,
)
# os.getenv("MODEL", "x"), process.env.MODEL ?? "x", || "x": a default that the environment changes
_DEFAULT = re.compile(
    r"""(?:environ\.get|getenv|env\.\w+|env\.get|env\(|config\.get|GetEnvironmentVariable|GetValue|Configuration\[)[^"'`\n]{0,40}(?:["'`][\w.:-]+["'`]\]?\)?)?\s*(?:,|\|\||\?\?|or)\s*["'`](?P<model>[^"'`\s]{2,80})["'`]""",
    re.IGNORECASE,
)
_CONFIG = re.compile(
    rf"""^\s*(?:export\s+|-\s+|param\s+|ENV\s+|ARG\s+)?["']?(?P<key>{_KEY})["']?\s*(?::|=|\s+string\s*=)\s*["']?(?P<model>[\w./:@-]{{2,80}})["']?""",
    re.IGNORECASE,
)
_CATALOGUE = 12


class Mention(NamedTuple):
    """A model's name in a row of the text (from 0), in `code` (a change of code changes it) or in `config`."""

    model: str
    row: int
    context: str


def find_mentions(source: Source) -> Iterator[Mention]:
    """The models that a file decides on. A file that lists a dozen different ones is a catalogue and decides nothing."""
    found = list(_find(source))
    if len({mention.model for mention in found}) < _CATALOGUE:
        yield from found


def _find(source: Source) -> Iterator[Mention]:
    code = source.language in CODE and source.language != "hcl"
    for index, line in enumerate(source.text.split("\n")):
        if len(line) > 2000 or not MODEL_PATTERN.search(line):
            continue
        if code and line.lstrip().startswith(("#", "//", "*", "/*", ">>>")):
            continue
        if match := _DEFAULT.search(line):
            context = "config"
        elif match := (_CODE if code else _CONFIG).search(line):
            context = "code" if code else "config"
        else:
            continue
        if looks_like_model(match["model"]):
            yield Mention(match["model"], index, context)
