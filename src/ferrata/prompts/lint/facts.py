"""What checks look at: the template's own text cut at its role lines, and what it prints where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ferrata.prompts.rendering import variables_of
from ferrata.prompts.rendering.roles import ROLE_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.types import Input, Prompt

__all__ = ["Facts", "Print", "Segment", "template_parts"]

_COMMENT = re.compile(r"\{#.*?#\}|\{\{!.*?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}|\{\{[#^/].*?\}\}", re.DOTALL)
_PRINT = re.compile(r"\{\{\{?[-&]?\s*([A-Za-z_]\w*)((?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\}\}?", re.DOTALL)
_FOR = re.compile(r"\{%-?\s*for\s+([\w\s,]+?)\s+in\s+([A-Za-z_]\w*)")
_HISTORY_LINE = re.compile(r"^[ \t]*#?[ \t]*\{\{[^}\n]*role[^}\n]*\}\}[ \t]*:[ \t]*$", re.MULTILINE)
_IGNORE = re.compile(r"\{#-?\s*lint:\s*ignore\s+([\w.\s,-]+?)\s*-?#\}|\{\{!\s*lint:\s*ignore\s+([\w.\s,-]+?)\s*\}\}")


class Segment(NamedTuple):
    """The template's text below a role line: `role` (`history` where the template walks one), first line, text."""

    role: str
    line: int
    text: str


class Print(NamedTuple):
    """A place where the template prints a value: the input's name, the line, the role, the text around it."""

    name: str
    line: int
    role: str
    before: str
    after: str


@dataclass(frozen=True)
class Facts:
    """A prompt, and what its template says where. Lines are those of the file."""

    prompt: Prompt

    @cached_property
    def body(self) -> str:
        """The template without comments; lines stay where they are."""
        return _COMMENT.sub(_blank, self.prompt.body)

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The rules that a comment in the template switches off: `{# lint: ignore RULE #}`."""
        found = _IGNORE.findall(self.prompt.body)
        return frozenset(name for pair in found for words in pair for name in re.split(r"[\s,]+", words) if name)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The template cut at its role lines; text before the first one is the system's."""
        cuts = [(m.start(), m.end(), (m[1] or "").lower()) for m in ROLE_LINE.finditer(self.body)]
        cuts += [(m.start(), m.end(), "history") for m in _HISTORY_LINE.finditer(self.body)]
        cuts.sort()
        chat = self.prompt.model.api in ("chat", "responses")
        if not chat:
            return (Segment("user", self.line_at(0), _TAG.sub(_blank, self.body)),)
        found: list[Segment] = []
        ends = [*(start for start, _, _ in cuts[1:]), len(self.body)]
        first = cuts[0][0] if cuts else len(self.body)
        if _TAG.sub("", self.body[:first]).strip():
            found.append(Segment("system", self.line_at(0), _TAG.sub(_blank, self.body[:first])))
        for (_, begin, role), end in zip(cuts, ends, strict=False):
            name = {"developer": "system", "function": "tool"}.get(role, role)
            found.append(Segment(name, self.line_at(begin), _TAG.sub(_blank, self.body[begin:end])))
        return tuple(found)

    @cached_property
    def has_role_lines(self) -> bool:
        """Whether the template names any role."""
        return ROLE_LINE.search(self.body) is not None

    def of(self, role: str) -> list[Segment]:
        """The segments of a role."""
        return [one for one in self.segments if one.role == role]

    @cached_property
    def system(self) -> str:
        """All that the system says, values left out."""
        return _PRINT.sub("", "\n".join(one.text for one in self.of("system")))

    @property
    def system_line(self) -> int:
        """The line at which the system begins to speak."""
        found = self.of("system")
        return found[0].line if found else self.prompt.body_line

    @cached_property
    def instructions(self) -> tuple[tuple[int, str], ...]:
        """The lines of the template's own text, with their numbers; without examples that others are made to say."""
        found: list[tuple[int, str]] = []
        for segment in self.segments:
            if segment.role in ("system", "user"):
                found += [(segment.line + i, line) for i, line in enumerate(segment.text.splitlines()) if line.strip()]
        return tuple(found)

    @cached_property
    def prints(self) -> tuple[Print, ...]:
        """Every place where the template prints an input, or an item of one."""
        aliases = dict(self._aliases())
        found: list[Print] = []
        for segment in self.segments:
            for match in _PRINT.finditer(segment.text):
                name = aliases.get(match[1], match[1])
                line = segment.line + segment.text.count("\n", 0, match.start())
                before, after = segment.text[: match.start()], segment.text[match.end() :]
                found.append(Print(name, line, segment.role, before, after))
        return tuple(found)

    def _aliases(self) -> Iterator[tuple[str, str]]:
        for match in _FOR.finditer(self.body):
            for name in match[1].split(","):
                yield name.strip(), match[2]

    @cached_property
    def variables(self) -> dict[str, int]:
        """The variables that the template names, with their first lines."""
        return variables_of(self.prompt)

    @cached_property
    def inputs(self) -> dict[str, Input]:
        """The inputs by name."""
        return {one.name: one for one in self.prompt.inputs}

    def line_at(self, offset: int) -> int:
        """The file's line of a place in the template."""
        return self.prompt.body_line + self.body.count("\n", 0, offset)


def _blank(match: re.Match[str]) -> str:
    """White space of the same length, so that places stay where they are."""
    return re.sub(r"[^\n]", " ", match[0])


def template_parts(prompt: Prompt) -> list[tuple[str, str]]:
    """The template cut at its role lines: role and text, as written."""
    facts = Facts(prompt)
    body = prompt.body
    cuts = [(m.start(), m.end(), m[1].lower()) for m in ROLE_LINE.finditer(facts.body) if m[1]]
    if not cuts or prompt.model.api not in ("chat", "responses"):
        return [("text", body)]
    found = [("text", body[: cuts[0][0]])] if body[: cuts[0][0]].strip() else []
    ends = [*(start for start, _, _ in cuts[1:]), len(body)]
    return [*found, *((role, body[begin:end]) for (_, begin, role), end in zip(cuts, ends, strict=False))]
