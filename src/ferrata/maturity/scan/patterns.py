"""Code patterns (ast-grep) and the words that a text must hold for one to match, so that few are really tried.

Knows nothing of rules.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from ast_grep_py import SgRoot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ast_grep_py import SgNode

__all__ = ["CodePattern", "regex_needs"]

# Words that must all be there, of which some are alternatives: a conjunction of disjunctions of conjunctions.
_Needs: TypeAlias = "tuple[tuple[frozenset[str], ...], ...]"
_VARIABLE = re.compile(r"\$+[A-Za-z_][A-Za-z0-9_]*|\$\$\$")
# The standard library's own parser of regular expressions; it has no public door.
_parser: Any = import_module("re._parser")
_constants: Any = import_module("re._constants")
# Shorter texts are in nearly every file.
_SHORTEST = 3
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")


class CodePattern(NamedTuple):
    """A pattern (text) or a rule (mapping) of ast-grep, with the words that it needs."""

    config: dict[str, Any]
    needs: _Needs

    @classmethod
    def of(cls, pattern: str | dict[str, Any]) -> CodePattern:
        """Prepare a pattern."""
        config = {"pattern": pattern} if isinstance(pattern, str) else pattern
        return cls(config, tuple(_needs(config)))

    def refusal(self, language: str) -> str | None:
        """Why the parser refuses the pattern, in one line; None where it takes it."""
        for grammar in (language, "tsx") if language == "typescript" else (language,):
            try:
                self.find(SgRoot("", grammar).root())
            except Exception as error:  # noqa: BLE001 - some refusals are of the class Exception itself
                return " ".join(str(error).partition("Stack backtrace")[0].split())
        return None

    def may_match(self, text: str) -> bool:
        """Whether the text holds the words; without them the pattern cannot match."""
        return all(any(all(word in text for word in words) for words in alternatives) for alternatives in self.needs)

    def find(self, root: SgNode) -> list[SgNode]:
        """Every match below a node."""
        return root.find_all(**self.config)


def _needs(config: dict[str, Any]) -> Iterable[tuple[frozenset[str], ...]]:
    pattern: Any = config.get("pattern")
    if isinstance(pattern, dict):
        pattern = cast("dict[str, Any]", pattern).get("context")
    if isinstance(pattern, str):
        words = frozenset(_WORD.findall(_VARIABLE.sub(" ", pattern)))
        if words:
            yield (words,)
    if isinstance(config.get("regex"), str):
        yield from regex_needs(config["regex"])
    for name in ("all", "has", "inside", "follows", "precedes"):
        for part in _mappings(config.get(name)):
            yield from _needs(part)
    branches = [_certain(_needs(part)) for part in _mappings(config.get("any"))]
    if branches and all(branches):
        yield tuple(branches)


def _certain(needs: Iterable[tuple[frozenset[str], ...]]) -> frozenset[str]:
    """The words that are needed whichever alternative holds."""
    return frozenset[str]().union(*(words for (words, *others) in needs if not others))


def regex_needs(regex: str) -> list[tuple[frozenset[str], ...]]:
    """Texts of which a match of a regular expression must hold one each; none where that cannot be told."""
    try:
        parsed = _parser.parse(regex)
    except (re.error, OverflowError, RecursionError):
        return []
    if parsed.state.flags & re.IGNORECASE:
        return []
    return list(_texts(list(parsed)))


_END: Any = (None, None)


def _texts(parts: list[Any]) -> Iterable[tuple[frozenset[str], ...]]:
    run = ""
    for operation, argument in [*parts, _END]:
        if operation is _constants.LITERAL:
            run += chr(argument)
            continue
        if len(run) >= _SHORTEST:
            yield (frozenset({run}),)
        run = ""
        if operation is _constants.SUBPATTERN and not argument[1] and not argument[2]:
            yield from _texts(list(argument[3]))
        elif operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and argument[0] > 0:
            yield from _texts(list(argument[2]))
        elif operation is _constants.BRANCH:
            branches = [_certain(_texts(list(branch))) for branch in argument[1]]
            if all(branches):
                yield tuple(branches)


def _mappings(value: Any) -> list[dict[str, Any]]:
    parts = cast("list[Any]", value if isinstance(value, list) else [value])
    return [part for part in parts if isinstance(part, dict)]
