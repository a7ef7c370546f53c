"""Reads rule packs: folders of YAML files with rules.

Knows nothing of how matching is done.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from ferrata import __version__
from ferrata.caches import digest_of_texts
from ferrata.documents import Document, line_of, read_text, read_yaml, validate
from ferrata.errors import InvalidDocument, Mistake
from ferrata.maturity.scan.patterns import CodePattern
from ferrata.maturity.scan.rules import CHECKED, Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from ferrata.caches import UserCache

__all__ = ["load_rules"]


class _RuleFile(Document):
    rules: list[Rule]


class _File(NamedTuple):
    path: Path
    text: str


def load_rules(folders: Iterable[Path], *, own: Iterable[Path] = (), memory: UserCache | None = None) -> RuleSet:
    """Read every `*.yaml` of the folders.

    Args:
        folders: where installed rule packs lie.
        own: where the project's own rules lie; these are read anew each time, and leave nothing behind.
        memory: remembers the rules of each installed pack by its content, because parsing YAML takes longer than a warm scan.

    Raises:
        InvalidDocument: a file or rule is wrong, or two rules have one id; all mistakes at once.
    """
    rules: dict[str, Rule] = {}
    mistakes: list[Mistake] = []
    texts: list[str] = []
    for folder, keeper in [*((folder, memory) for folder in folders), *((folder, None) for folder in own)]:
        files = [_File(path, read_text(path)) for path in sorted(folder.glob("*.yaml"))]
        texts += [file.text for file in files]
        name = f"rules-{digest_of_texts([__version__, *(file.text for file in files)])}.json"
        found = _recall(keeper, name)
        if found is None or any(rule.id in rules for rule in found):
            found, wrong = _parse(files, known=rules)
            mistakes += wrong
            if keeper is not None and not wrong:
                keeper.keep(name, _RuleFile(rules=found).model_dump_json().encode())
        rules.update((rule.id, rule) for rule in found)
    mistakes += _unknown(rules)
    if mistakes:
        raise InvalidDocument(mistakes)
    digest = hashlib.sha256("".join([__version__, *(f"{len(text)} {text}" for text in texts)]).encode()).hexdigest()
    return RuleSet(rules.values(), digest=digest)


def _recall(memory: UserCache | None, name: str) -> list[Rule] | None:
    data = memory.find(name) if memory is not None else None
    if data is None:
        return None
    try:
        return _RuleFile.model_validate_json(data, context=CHECKED).rules
    except ValueError:
        return None


def _parse(files: Iterable[_File], *, known: Container[str]) -> tuple[list[Rule], list[Mistake]]:
    """The rules of a pack and what is wrong in it; `known` are the ids that are taken."""
    rules: dict[str, Rule] = {}
    mistakes: list[Mistake] = []
    for path, text in files:
        try:
            found = validate(read_yaml(text, file=str(path)), _RuleFile, file=str(path), text=text).rules
        except InvalidDocument as error:
            mistakes += error.mistakes
            continue
        for i, rule in enumerate(found):
            if rule.id in rules or rule.id in known:
                line = line_of(text, ["rules", i, "id"])
                mistakes.append(Mistake(str(path), line, f"rules.{i}.id", f"rule {rule.id!r} is declared twice"))
            rules[rule.id] = rule
            for where, problem in _refused(rule):
                key = ["rules", i, "match", "code", *where]
                mistakes.append(
                    Mistake(str(path), line_of(text, key), ".".join(map(str, key)), f"{rule.id}: {problem}")
                )
    return list(rules.values()), mistakes


def _refused(rule: Rule) -> Iterator[tuple[list[str | int], str]]:
    """The code patterns that the parser refuses, each with its place and the reason."""
    for language, patterns in rule.match.code.items():
        for i, pattern in enumerate(patterns):
            if problem := CodePattern.of(pattern).refusal(language):
                yield [language, i], problem


def _unknown(rules: Mapping[str, Rule]) -> Iterator[Mistake]:
    for rule in rules.values():
        if derived := rule.match.derived:
            for name in (*derived.all, *derived.any, *derived.none):
                if name not in rules or rules[name].match.derived:
                    yield Mistake("rules", 1, rule.id, f"derives from {name!r}, which is no rule of its own")
