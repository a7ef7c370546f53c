"""All that is read of one file: its rule hits, dependencies, workflow steps and scripts.

A pure function of path and bytes under a rule set, so that the result can be cached by content. Knows nothing of the
rest of the repository and of today's date.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick
from ast_grep_py import SgRoot

from ferrata.catalog import MODEL_LITERALS
from ferrata.maturity.scan.configs import read_settings
from ferrata.maturity.scan.manifests import is_manifest, read_dependencies, read_scripts
from ferrata.maturity.scan.mentions import find_mentions
from ferrata.maturity.scan.paths import CODE, compile_globs, format_of, grammar_of, keys_of, name_keys, role_of
from ferrata.maturity.scan.patterns import CodePattern
from ferrata.maturity.scan.prompts import PROMPT_LITERALS, find_prompts
from ferrata.maturity.scan.read import Unreadable, make_source
from ferrata.maturity.scan.secrets import SECRET_LITERALS, find_secrets, redact
from ferrata.maturity.scan.types import MODEL, PROMPT, SECRET, FileFacts, Hit, Source
from ferrata.maturity.scan.workflows import is_workflow, read_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ast_grep_py import SgNode

    from ferrata.maturity.scan.rules import Rule, RuleSet

__all__ = ["Extractor"]

_MOST_HITS = 20
# Files that keep old names on purpose decide nothing.
_RETIRED = re.compile(r"(deprecated|obsolete|openapi|swagger|tiktoken|tokeniz)[\w-]*\.\w+$")
_MODELS, _PROMPTS, _SECRETS = frozenset(MODEL_LITERALS), frozenset(PROMPT_LITERALS), frozenset(SECRET_LITERALS)
_NEVER_OPENED = frozenset({"vendored", "generated"})
# Roles that may turn out to be the product, in a repository that has no other.
_MAY_BE_PRODUCT = frozenset({"example", "evaluation", "tooling"})


class _Prepared(NamedTuple):
    """A rule, ready to run on a source."""

    rule: Rule
    roles: frozenset[str]
    literals: tuple[str, ...]
    requires: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    files: re.Pattern[str] | None
    pattern: re.Pattern[str] | None
    value: re.Pattern[str] | None
    code: Mapping[str, tuple[CodePattern, ...]]

    def wants(self, source: Source) -> bool:
        """Whether the rule is tried on this source, which holds one of its literals."""
        if source.role not in self.roles or (self.files is not None and not self.files.match(source.path)):
            return False
        return all(p.search(source.text) for p in self.requires) and not (
            self.unless and self.unless.search(source.text)
        )


class _Index:
    """Finds the few rules that a file may concern, by the literals in it and the ending of its name."""

    def __init__(self, prepared: Iterable[_Prepared], always: Iterable[str]) -> None:
        self._wanted: dict[str, list[_Prepared]] = defaultdict(list)
        self._by_name: dict[str, list[_Prepared]] = defaultdict(list)
        literals = set(always)
        for one in prepared:
            literals.update(one.literals)
            for literal in one.literals:
                self._wanted[literal].append(one)
            if not one.literals:
                for key in _name_keys(one):
                    self._by_name[key].append(one)
        self._literals = sorted(literals)
        self._search = AhoCorasick(self._literals)

    def present(self, text: str) -> set[str]:
        """The literals in a text."""
        found = {i for i, _, _ in self._search.find_matches_as_indexes(text, overlapping=True)}
        return {self._literals[i] for i in found}

    def candidates(self, source: Source, present: set[str]) -> list[_Prepared]:
        """The rules to try on a source, each once."""
        by_name = [one for key in keys_of(source.path) for one in self._by_name.get(key, ())]
        found = {one.rule.id: one for literal in present for one in self._wanted.get(literal, ())}
        found.update((one.rule.id, one) for one in by_name)
        return [one for _, one in sorted(found.items()) if one.wants(source)]


def _name_keys(prepared: _Prepared) -> set[str]:
    match = prepared.rule.match
    globs = match.text.files if match.text else match.config.files if match.config else []
    return name_keys(globs) or {"*"}


class Extractor:
    """Reads files under a rule set."""

    def __init__(self, rules: RuleSet) -> None:
        prepared = [_prepare(rule) for rule in rules.rules if rule.match.text or rule.match.config or rule.match.code]
        self._index = _Index(prepared, (*MODEL_LITERALS, *PROMPT_LITERALS, *SECRET_LITERALS))

    def opens(self, path: str) -> bool:
        """Whether the file at a path is read at all."""
        return format_of(path) is not None and role_of(path) not in _NEVER_OPENED

    def too_large(self, path: str, size: int) -> str:
        """Why a file of that many bytes is not read; empty where it is."""
        form = format_of(path)
        if form is None or size <= form.limit:
            return ""
        return f"enormous ({size:,} bytes; at most {form.limit:,} of {form.language} are read)"

    def extract(self, path: str, data: bytes) -> FileFacts:
        """The facts of a file; `skipped` says why where it could not be read."""
        form = format_of(path)
        if form is None or not self.opens(path):
            return FileFacts()
        if problem := self.too_large(path, len(data)):
            return FileFacts(skipped=problem)
        try:
            source = make_source(path, role_of(path), form.language, data)
        except Unreadable as reason:
            return FileFacts(skipped="" if str(reason) in ("generated", "minified") else str(reason))
        return FileFacts(
            hits=tuple(self._hits(source)),
            dependencies=tuple(read_dependencies(path, source.text)) if is_manifest(path) else (),
            steps=tuple(read_steps(path, source.text)) if is_workflow(path) else (),
            scripts=read_scripts(path, source.text),
        )

    def _hits(self, source: Source) -> Iterator[Hit]:
        present = self._index.present(source.text)
        yield from _built_in(source, present)
        candidates = self._index.candidates(source, present)
        for prepared in candidates:
            if prepared.rule.match.text:
                yield from _text_hits(prepared, source)
        if wanted := [p for p in candidates if p.rule.match.config]:
            yield from _config_hits(wanted, source)
        if active := [p for p in candidates if source.language in p.rule.match.code]:
            yield from _code_hits(active, source)


def _built_in(source: Source, present: set[str]) -> Iterator[Hit]:
    """What every file gives, whatever the rules."""
    if source.role not in ("docs", "test") and not _MODELS.isdisjoint(present) and not _RETIRED.search(source.path):
        for mention in find_mentions(source):
            yield Hit(
                MODEL,
                source.line(mention.row),
                {"MODEL": mention.model, "KEY": mention.key, "context": mention.context},
            )
    if source.role not in ("docs", "test", "ci") and (source.language not in CODE or not _PROMPTS.isdisjoint(present)):
        for prompt in find_prompts(source):
            names = {"origin": prompt.origin, "CHARS": str(prompt.chars), "TRAITS": " ".join(sorted(prompt.traits))}
            yield Hit(PROMPT, source.line(prompt.index), names)
    if source.role not in ("docs", "test", "example") and not _SECRETS.isdisjoint(present):
        for secret in find_secrets(source.text):
            yield Hit(SECRET, source.line(secret.index), {"KIND": secret.kind})


def _prepare(rule: Rule) -> _Prepared:
    roles = frozenset[str](rule.where)
    if "product" in roles:
        roles |= _MAY_BE_PRODUCT
    match = rule.match
    pattern = match.text.pattern if match.text else match.config.key if match.config else None
    globs = match.text.files if match.text else match.config.files if match.config else []
    value = match.config.value if match.config else None
    return _Prepared(
        rule=rule,
        roles=roles,
        literals=tuple(rule.literals),
        requires=tuple(re.compile(text) for text in rule.requires),
        unless=re.compile(rule.unless) if rule.unless else None,
        files=compile_globs(globs) if globs else None,
        pattern=re.compile(pattern) if pattern else None,
        value=re.compile(value) if value else None,
        code={language: tuple(map(CodePattern.of, patterns)) for language, patterns in match.code.items()},
    )


def _text_hits(prepared: _Prepared, source: Source) -> Iterator[Hit]:
    assert prepared.pattern is not None  # noqa: S101 - a text rule has one
    count = 0
    for match in prepared.pattern.finditer(source.text):
        names = {name: _shown(value) for name, value in match.groupdict().items() if value is not None}
        yield Hit(prepared.rule.id, source.line(source.text.count("\n", 0, match.start())), names)
        count += 1
        if count == _MOST_HITS:
            return


def _config_hits(wanted: list[_Prepared], source: Source) -> Iterator[Hit]:
    counts: dict[str, int] = defaultdict(int)
    any_key = _any_of(tuple(p.rule.match.config.key for p in wanted if p.rule.match.config))
    for setting in read_settings(source.language, source.text):
        if not any_key.search(setting.key):
            continue
        for prepared in wanted:
            if prepared.pattern is None or not prepared.pattern.search(setting.key):
                continue
            if counts[prepared.rule.id] < _MOST_HITS and (
                prepared.value is None or prepared.value.search(setting.value)
            ):
                counts[prepared.rule.id] += 1
                yield Hit(prepared.rule.id, source.line(setting.row), {"KEY": setting.key})


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression that finds what any of several finds."""
    flags = "".join(sorted({flag for text in patterns for flag in (re.match(r"\(\?([a-z]+)\)", text) or ["", ""])[1]}))
    bare = (re.sub(r"^\(\?[a-z]+\)", "", text) for text in patterns)
    return re.compile((f"(?{flags})" if flags else "") + "|".join(f"(?:{text})" for text in bare))


def _code_hits(active: list[_Prepared], source: Source) -> Iterator[Hit]:
    root: SgNode | None = None
    for prepared in active:
        seen: set[int] = set()
        for pattern in prepared.code[source.language]:
            if not pattern.may_match(source.text):
                continue
            root = root or SgRoot(source.text, grammar_of(source.path, source.language)).root()
            for node in pattern.find(root):
                index = node.range().start.line
                if index not in seen and len(seen) < _MOST_HITS:
                    seen.add(index)
                    yield Hit(prepared.rule.id, source.line(index), _captures(node, prepared.rule.message))


def _captures(node: SgNode, message: str) -> dict[str, str]:
    """The meta-variables that the message names; on one line, and short."""
    names = re.findall(r"\{([A-Z_]+)\}", message)
    found = {name: node.get_match(name) for name in names}
    return {name: _shown(match.text()) for name, match in found.items() if match is not None}


def _shown(text: str) -> str:
    """What is kept of a repository's text: one short line without secrets."""
    return redact(" ".join(text.split()))[:80]
