"""Reads rule packs: folders of YAML files with rules.

Knows nothing of how matching is done.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from ferrata import __version__, catalog
from ferrata.caches import digest_of_texts
from ferrata.documents import Document, validate
from ferrata.errors import InvalidDocument, Mistake
from ferrata.maturity.scan.patterns import CodePattern
from ferrata.maturity.scan.rules import CHECKED, Rule, RuleSet
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from ferrata.caches import UserCache

__all__ = ["load_rules"]


class _RuleFile(Document):
    rules: list[Rule]


class _File(NamedTuple):
    path: Path
    text: str


class _Place(NamedTuple):
    """Where a rule stands: the file, and the rule's number in it."""

    file: _File
    number: int

    def mistake(self, problem: str, *where: str | int) -> Mistake:
        """A mistake at the key `where` of the rule."""
        key = ["rules", self.number, *where]
        return Mistake(str(self.file.path), line_of(self.file.text, key), ".".join(map(str, key)), problem)


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
    read: list[_File] = []
    for folder, keeper in [*((folder, memory) for folder in folders), *((folder, None) for folder in own)]:
        files = [_File(path, read_text(path)) for path in sorted(folder.glob("*.yaml"))]
        read += files
        texts += [file.text for file in files]
        name = f"rules-{digest_of_texts([__version__, *(file.text for file in files)])}.json"
        found = _recall(keeper, name)
        if found is None or any(rule.id in rules for rule in found):
            found, wrong = _parse(files, known=rules)
            mistakes += wrong
            if keeper is not None and not wrong:
                keeper.keep(name, _RuleFile(rules=found).model_dump_json().encode())
        rules.update((rule.id, rule) for rule in found)
    for name, where, problem in _unknown(rules):
        mistakes.append(_place(name, read).mistake(f"{name}: {problem}", *where))
    if mistakes:
        raise InvalidDocument(mistakes)
    said = "".join([__version__, _code(), *(f"{len(text)} {text}" for text in texts)])
    digest = hashlib.sha256(said.encode()).hexdigest()
    return RuleSet(rules.values(), digest=digest)


def _code() -> str:
    """Tells one state of the scanner's code from another, so that facts that an older one found are not taken for new ones."""
    folders = (Path(__file__).parent, Path(catalog.__file__).parent)
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".yaml")]
    return "".join(f"{path.name} {info.st_size} {info.st_mtime_ns} " for path in files for info in (path.stat(),))


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
    for file in files:
        name = str(file.path)
        try:
            found = validate(read_yaml(file.text, file=name), _RuleFile, file=name, text=file.text).rules
        except InvalidDocument as error:
            mistakes += error.mistakes
            continue
        for i, rule in enumerate(found):
            place = _Place(file, i)
            if rule.id in rules or rule.id in known:
                mistakes.append(place.mistake(f"rule {rule.id!r} is declared twice", "id"))
            rules[rule.id] = rule
            for where, problem in _refused(rule):
                mistakes.append(place.mistake(f"{rule.id}: {problem}", "match", "code", *where))
    return list(rules.values()), mistakes


def _refused(rule: Rule) -> Iterator[tuple[list[str | int], str]]:
    """The code patterns that the parser refuses, each with its place and the reason."""
    for language, patterns in rule.match.code.items():
        for i, pattern in enumerate(patterns):
            if problem := CodePattern.of(pattern).refusal(language):
                yield [language, i], problem


def _place(rule: str, files: Iterable[_File]) -> _Place:
    """Where a rule stands; looked up only for a mistake, since a pack that was remembered is not parsed."""
    places: dict[str, _Place] = {}
    for file in files:
        with suppress(InvalidDocument):  # which is said already
            found = validate(read_yaml(file.text, file=str(file.path)), _RuleFile, file=str(file.path), text=file.text)
            places.update((entry.id, _Place(file, i)) for i, entry in enumerate(found.rules))
    return places[rule]


def _unknown(rules: Mapping[str, Rule]) -> Iterable[tuple[str, list[str | int], str]]:
    """What derived rules name that they cannot be derived from: the rule, the place in it, the problem."""
    for rule in rules.values():
        if derived := rule.match.derived:
            for kind in ("all", "any", "none"):
                for i, name in enumerate(cast("list[str]", getattr(derived, kind))):
                    where: list[str | int] = ["match", "derived", kind, i]
                    if name not in rules:
                        near = get_close_matches(name, rules, n=1)
                        advice = f"; did you mean {near[0]!r}?" if near else ""
                        yield rule.id, where, f"derives from {name!r}, and there is no such rule{advice}"
                    elif rules[name].match.derived:
                        yield rule.id, where, f"derives from {name!r}, which is derived itself"
