"""From the facts of single files to findings about the repository. Knows nothing of how facts are read."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ferrata.catalog import classify_model
from ferrata.maturity.scan.paths import CODE, compile_globs, format_of, keys_of, name_keys, role_of
from ferrata.maturity.scan.types import MODEL, PROMPT, SECRET, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from ferrata.maturity.scan.rules import (
        CiMatch,
        DependencyMatch,
        DerivedMatch,
        ModelMatch,
        PromptMatch,
        Rule,
        RuleSet,
    )
    from ferrata.maturity.scan.types import FileFacts, Step

__all__ = ["Resolved", "matching_rules", "resolve"]

_NOT_CHAT = re.compile(r"whisper|tts|transcribe|realtime|dall-e|image|imagen|moderation|rerank|sora|veo")
# What tells two snapshots of one model apart.
_SNAPSHOT = re.compile(r"[-@](?:20\d\d-?\d\d-?\d\d|\d{4}|latest)$")
_MOST_SITES = 25
_PROMOTABLE = ("example", "evaluation", "tooling")


class Site(NamedTuple):
    """Where a rule matched."""

    file: str
    line: int
    names: Mapping[str, str]


class Resolved(NamedTuple):
    """The answer for a repository."""

    llm_use: bool
    llm_sites: tuple[str, ...]
    findings: tuple[Finding, ...]


def resolve(facts: Mapping[str, FileFacts], paths: Sequence[str], rules: RuleSet, *, on: date) -> Resolved:
    """Decide whether the product uses a language model and, if so, what the repository shows.

    Args:
        facts: path -> facts, of the files that have any.
        paths: all paths of the tree.
        rules: the rules under which the facts were read.
        on: today, for the life cycles of models.
    """
    sites = _Sites(facts, paths, rules, on=on).find()
    roles = _Roles(paths)
    llm = [(rule, site) for rule in rules.rules if rule.llm for site in sites[rule.id]]
    using = [site for rule, site in llm if roles.of(site.file, rule) == "product"]
    if not using:
        roles.promote({roles.of(site.file, rule) for rule, site in llm})
        using = [site for rule, site in llm if roles.of(site.file, rule) == "product"]
    if not using:
        return Resolved(False, (), ())
    kept = _kept(sites, rules, roles)
    findings = [f for rule in rules.rules if not rule.quiet for f in _findings(rule, kept[rule.id], roles)]
    findings.sort(key=lambda f: (f.practice, f.polarity, f.file, f.line, f.rule))
    where = sorted({f"{site.file}:{site.line}" for site in using})[:10]
    return Resolved(True, tuple(where), tuple(findings))


def matching_rules(facts: Mapping[str, FileFacts], paths: Sequence[str], rules: RuleSet, *, on: date) -> set[str]:
    """The ids of the rules that match, whether or not the tree uses a language model."""
    sites = _Sites(facts, paths, rules, on=on).find()
    kept = _kept(sites, rules, _Roles(paths))
    return {name for name, found in kept.items() if found}


def _kept(sites: Mapping[str, list[Site]], rules: RuleSet, roles: _Roles) -> dict[str, list[Site]]:
    """The sites of each rule in files of the roles that it looks at; derived rules last."""
    kept = {
        rule.id: [site for site in sites.get(rule.id, ()) if roles.of(site.file, rule) in rule.where]
        for rule in rules.rules
    }
    for rule in rules.rules:
        if rule.match.derived:
            kept[rule.id] = list(_derived(rule.match.derived, kept, roles))
    return kept


class _Roles:
    """Roles of paths, and which roles this repository's product turns out to have."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._known: dict[str, str] = {}
        self._promoted: set[str] = set()

    def plain(self, path: str) -> str:
        if path not in self._known:
            self._known[path] = role_of(path)
        return self._known[path]

    def of(self, path: str, rule: Rule | None = None) -> str:
        """The role; a conclusion about the whole repository or its workflows is not asked for one."""
        if rule is not None and (rule.match.ci or rule.match.derived):
            return rule.where[0]
        role = self.plain(path)
        return "product" if role in self._promoted else role

    def program_of(self, path: str) -> str:
        """The nearest folder above with a manifest; without one, its own folder where samples stand side by side, else the root."""
        own, _, _ = path.rpartition("/")
        folder = own
        while folder and folder not in self._programs:
            folder = folder.rpartition("/")[0]
        collection = bool(self._programs) and "" not in self._programs
        return folder or (own if collection or self.plain(path) in self._promoted else "")

    @cached_property
    def _programs(self) -> frozenset[str]:
        from ferrata.maturity.scan.manifests import is_manifest  # asked for seldom

        return frozenset(path.rpartition("/")[0] for path in self._paths if is_manifest(path))

    def promote(self, roles: set[str]) -> None:
        """Take `roles` for the product where most of the source is of such roles: a repository of examples only."""
        counts: dict[str, int] = defaultdict(int)
        for path in self._paths:
            form = format_of(path)
            if form is not None and (form.language in CODE or form.language == "notebook"):
                counts[self.plain(path)] += 1
        candidates = {role for role in roles if role in _PROMOTABLE}
        if sum(counts[role] for role in candidates) > counts["product"]:
            self._promoted = candidates


class _Sites:
    """Collects where each rule matched."""

    def __init__(self, facts: Mapping[str, FileFacts], paths: Sequence[str], rules: RuleSet, *, on: date) -> None:
        self._facts = facts
        self._paths = paths
        self._rules = rules
        self._on = on
        self._sites: dict[str, list[Site]] = defaultdict(list)

    def find(self) -> dict[str, list[Site]]:
        """Rule id -> its sites, in the order of paths and lines."""
        for path, facts in self._facts.items():
            for hit in facts.hits:
                if not hit.rule.startswith("@"):
                    self._sites[hit.rule].append(Site(path, hit.line, hit.names))
        for rule in self._rules.rules:
            match = rule.match
            if match.paths:
                self._sites[rule.id] = [Site(path, 1, {}) for path in self._by_path(match.paths)]
            elif match.dependency:
                self._sites[rule.id] = list(self._dependencies(match.dependency))
            elif match.ci:
                self._sites[rule.id] = list(self._steps(match.ci))
            elif match.model:
                found = self._hits(MODEL, _model_test(match.model, self._on))
                files = compile_globs(match.model.files) if match.model.files else None
                self._sites[rule.id] = [site for site in found if files is None or files.match(site.file)]
            elif match.prompt:
                self._sites[rule.id] = list(self._hits(PROMPT, _prompt_test(match.prompt)))
            elif match.secret:
                kinds = match.secret.kinds
                self._sites[rule.id] = list(
                    self._hits(
                        SECRET, lambda names, kinds=kinds: names if not kinds or names["KIND"] in kinds else None
                    )
                )
        return self._sites

    def _hits(self, kind: str, test: Callable[[Mapping[str, str]], Mapping[str, str] | None]) -> Iterator[Site]:
        for path, facts in self._facts.items():
            for hit in facts.hits:
                if hit.rule == kind and (names := test(hit.names)) is not None:
                    yield Site(path, hit.line, names)

    def _by_path(self, globs: list[str]) -> Iterator[str]:
        found: set[str] = set()
        for glob in globs:
            candidates = {path for key in name_keys([glob]) for path in self._by_key[key]}
            if candidates:  # only then: to compile a glob takes long
                found.update(filter(compile_globs([glob]).match, candidates))
        yield from sorted(found)

    @cached_property
    def _by_key(self) -> Mapping[str, list[str]]:
        asked = {key for rule in self._rules.rules for key in name_keys(rule.match.paths)}
        found: dict[str, list[str]] = {key: [] for key in asked}
        for path in self._paths:
            for key in asked.intersection(keys_of(path)):
                found[key].append(path)
        return found

    def _dependencies(self, match: DependencyMatch) -> Iterator[Site]:
        exact: set[tuple[str, str]] = set()
        prefixes: list[tuple[str, str]] = []
        for ecosystem in ("pypi", "npm", "nuget", "maven", "go", "cargo", "gem", "composer"):
            for name in getattr(match, ecosystem):
                lower = name.lower()
                if lower.endswith("*"):
                    prefixes.append((ecosystem, lower[:-1]))
                else:
                    exact.add((ecosystem, lower))
        for path, facts in self._facts.items():
            for d in facts.dependencies:
                lower = d.name.lower()
                if d.dev and not match.dev:
                    continue
                if (d.ecosystem, lower) in exact or any(d.ecosystem == e and lower.startswith(p) for e, p in prefixes):
                    yield Site(path, d.line, {"NAME": d.name})

    @cached_property
    def _all_steps(self) -> list[tuple[str, Step]]:
        if not any(facts.steps for facts in self._facts.values()):
            return []
        from ferrata.maturity.scan.workflows import inherit_triggers, resolve  # its expressions take time to compile

        scripts: dict[str, str] = {}
        for path in sorted(self._facts, key=lambda p: -p.count("/")):  # the root's scripts win
            scripts.update(self._facts[path].scripts)
        steps = inherit_triggers({path: facts.steps for path, facts in self._facts.items() if facts.steps})
        return [(path, resolve(step, scripts)) for path, found in steps.items() for step in found]

    def _steps(self, match: CiMatch) -> Iterator[Site]:
        if not self._all_steps:
            return
        run = re.compile(match.run) if match.run else None
        uses = re.compile(match.uses) if match.uses else None
        for path, step in self._all_steps:
            if match.can_fail is not None and step.can_fail != match.can_fail:
                continue
            if match.on and not set(match.on) & set(step.on):
                continue
            if (run and run.search(step.run)) or (uses and uses.search(step.uses)):
                yield Site(path, step.line, {})


def _model_test(match: ModelMatch, on: date) -> Callable[[Mapping[str, str]], Mapping[str, str] | None]:
    key = re.compile(match.key, re.IGNORECASE) if match.key else None
    not_key = re.compile(match.not_key, re.IGNORECASE) if match.not_key else None

    def test(names: Mapping[str, str]) -> Mapping[str, str] | None:
        known = classify_model(names["MODEL"], on)
        if known is None or match.context not in (None, names["context"]):
            return None
        if match.pinning not in (None, known.pinning) or match.state not in (None, known.state):
            return None
        if match.kind is not None and match.kind != _kind_of(names["MODEL"]):
            return None
        if (key and not key.search(names["KEY"])) or (not_key and not_key.search(names["KEY"])):
            return None
        retires = known.retires.isoformat() if known.retires else "a date not published"
        family = _SNAPSHOT.sub("", names["MODEL"].lower())
        return {**names, "FAMILY": family, "RETIRES": retires, "REPLACEMENT": known.replacement or "a current model"}

    return test


def _kind_of(model: str) -> str:
    """What a model is for, by its name: `chat`, `embedding` or `other` (speech, images, moderation, ranking)."""
    name = model.lower()
    if "embed" in name:
        return "embedding"
    return "other" if _NOT_CHAT.search(name) else "chat"


def _prompt_test(match: PromptMatch) -> Callable[[Mapping[str, str]], Mapping[str, str] | None]:
    def test(names: Mapping[str, str]) -> Mapping[str, str] | None:
        traits = set(names["TRAITS"].split())
        if match.origin not in (None, names["origin"]) or int(names["CHARS"]) < match.min_chars:
            return None
        wanted = len(traits.intersection(match.traits))
        if wanted < (len(match.traits) if match.at_least is None else match.at_least) or traits.intersection(
            match.lacks
        ):
            return None
        return names

    return test


def _derived(match: DerivedMatch, kept: Mapping[str, list[Site]], roles: _Roles) -> Iterable[Site]:
    if any(kept[name] for name in match.none) or not all(kept[name] for name in match.all):
        return
    if match.any and not any(kept[name] for name in match.any):
        return
    sites = sorted((site for name in (*match.all, *match.any) for site in kept[name]), key=lambda site: site[:2])
    if not sites:
        yield Site(".", 1, {})
        return
    if match.per_program and len({site.file for site in sites}) >= match.min_files:
        sites = _of_one_program(sites, roles)
    files = len({site.file for site in sites})
    values = len({site.names.get(match.capture, "") for site in sites}) if match.capture else match.min_values
    if files >= match.min_files and values >= match.min_values:
        yield sites[0]._replace(names={**sites[0].names, "FILES": str(files), "VALUES": str(values)})


def _of_one_program(sites: list[Site], roles: _Roles) -> list[Site]:
    """The sites of the program in which most files have one."""
    programs: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        programs[roles.program_of(site.file)].append(site)
    return max(programs.values(), key=lambda found: len({site.file for site in found}))


def _findings(rule: Rule, sites: list[Site], roles: _Roles) -> Iterator[Finding]:
    seen: set[tuple[str, int]] = set()
    for site in sites:
        if (site.file, site.line) in seen:
            continue
        seen.add((site.file, site.line))
        if len(seen) > _MOST_SITES:
            return
        message = _fill(rule.message, site.names)
        for practice, strength in rule.shows.items():
            yield Finding(
                rule=rule.id,
                practice=practice,
                polarity="for" if strength > 0 else "against",
                file=site.file,
                line=site.line,
                confidence=rule.confidence,
                strength=abs(strength),
                message=message,
                role=roles.plain(site.file) if site.file != "." else "product",
            )


def _fill(message: str, names: Mapping[str, str]) -> str:
    """The message with its captures; one that is missing becomes an ellipsis."""
    return re.sub(r"\{([A-Z_]+)\}", lambda match: names.get(match[1], "…"), message)
