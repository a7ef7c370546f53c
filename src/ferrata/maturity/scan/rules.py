"""Scanner rules: what a rule may say.

A rule says what it looks for (`match`), where (`where`), what seeing it shows (`shows`), and carries its own examples.
Knows nothing of how matching is done.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ferrata.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CHECKED",
    "CiMatch",
    "ConfigMatch",
    "DependencyMatch",
    "DerivedMatch",
    "Example",
    "ModelMatch",
    "PromptMatch",
    "Rule",
    "RuleSet",
    "SecretMatch",
    "TextMatch",
]

Share = Annotated[float, Field(gt=0, le=1)]
Signed = Annotated[float, Field(ge=-1, le=1)]
Role = Literal["product", "evaluation", "test", "example", "docs", "ci", "tooling"]
Language = Literal["python", "typescript", "csharp", "java", "go", "kotlin", "rust", "ruby", "php", "hcl"]
Ecosystem = Literal["pypi", "npm", "nuget", "maven", "go", "cargo", "gem", "composer"]
Trait = Literal[
    "role",
    "audience",
    "scope",
    "safety",
    "refusal",
    "output",
    "examples",
    "grounding",
    "citations",
    "delimiters",
    "variables",
]

# The context in which rules are read that were checked before.
CHECKED = "checked"


def _regex(text: str, info: ValidationInfo) -> str:
    """A regular expression that compiles; of rules that were remembered it is known, and compiling takes long."""
    if info.context == CHECKED:
        return text
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


class _Match(Document):
    @field_validator("pattern", "run", "uses", "key", "not_key", "value", check_fields=False)
    @classmethod
    def _compiles(cls, text: str | None, info: ValidationInfo) -> str | None:
        return None if text is None else _regex(text, info)


class TextMatch(_Match):
    """A regular expression over the text of files whose path matches one of `files` (globs); named groups fill the message."""

    pattern: str
    files: list[str] = []


class ConfigMatch(_Match):
    """A key in a YAML, TOML or JSON file: `key` is searched in the dotted path (`a.b.0.c`), `value` in the value as text."""

    files: list[str]
    key: str
    value: str | None = None


class CiMatch(_Match):
    """A step of a CI workflow: `run` is searched in its command (scripts of package.json and Makefiles resolved), `uses` in the action or task.

    Attributes:
        can_fail: True: only a step whose failure fails the build.
        on: the workflow runs on one of these.
    """

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, value: Any) -> Any:
        """YAML 1.1 reads a bare `on` as true."""
        if isinstance(value, dict) and True in value:
            return {("on" if key is True else key): item for key, item in cast("dict[Any, Any]", value).items()}
        return cast("Any", value)

    run: str | None = None
    uses: str | None = None
    can_fail: bool | None = None
    on: list[Literal["push", "pull_request", "schedule", "manual", "release"]] = []


class DependencyMatch(Document):
    """A package in a manifest, by ecosystem; `*` at the end matches any ending. `dev`: whether development groups count."""

    pypi: list[str] = []
    npm: list[str] = []
    nuget: list[str] = []
    maven: list[str] = []
    go: list[str] = []
    cargo: list[str] = []
    gem: list[str] = []
    composer: list[str] = []
    dev: bool = False


class ModelMatch(_Match):
    """A model's name in code or configuration, where it names the model of a call (`model=...`), by its life-cycle facts.

    Attributes:
        context: `code` (a change of code changes it) or `config`.
        key: a regular expression that the key must hold (`deployment` in `azure_deployment="gpt-4o"`); `not_key`: must not.
        kind: `chat`, `embedding` or `other` (speech, images, moderation, ranking).
        files: globs of paths; all, if empty.
    """

    pinning: Literal["pinned", "floating", "unversioned"] | None = None
    state: Literal["current", "retiring", "retired"] | None = None
    context: Literal["code", "config"] | None = None
    key: str | None = None
    not_key: str | None = None
    kind: Literal["chat", "embedding", "other"] | None = None
    files: list[str] = []


class PromptMatch(Document):
    """A prompt's text: a file that is a prompt, or a literal in code that is used as one."""

    origin: Literal["file", "code"] | None = None
    min_chars: int = 0
    traits: list[Trait] = []
    at_least: int | None = None
    lacks: list[Trait] = []


class SecretMatch(Document):
    """A credential in a file, by the shapes that vendors give theirs. The value is never kept."""

    kinds: list[str] = []


class DerivedMatch(Document):
    """A conclusion from other rules over the whole repository.

    Attributes:
        all: rules that must each have matched somewhere.
        any: rules of which one must have matched.
        none: rules that must have matched nowhere.
        min_files: in how many different files `all` or `any` together must have matched.
        per_program: those files lie in one program: below one folder with a manifest. Samples side by side are a program each.
        min_values: how many different values of the capture `value` they must have.
        capture: the capture that `min_values` counts.
    """

    all: list[str] = []
    any: list[str] = []
    none: list[str] = []
    min_files: int = 1
    per_program: bool = False
    min_values: int = 1
    capture: str = ""


class Example(Document):
    """A file (`path`, `text`) or a small tree (`files`) that the rule must match (positive) or not (negative)."""

    path: str = ""
    text: str = ""
    files: dict[str, str] = {}

    def tree(self) -> Mapping[str, str]:
        """Path -> text."""
        return self.files or {self.path: self.text}


class Examples(Document):
    """Both kinds are asked of every rule."""

    positive: Annotated[list[Example], Field(min_length=1)]
    negative: Annotated[list[Example], Field(min_length=1)]


class Match(Document):
    """Exactly one way to match.

    Attributes:
        code: language -> ast-grep patterns (text) or ast-grep rules (mappings); any of them matches. `typescript`
            covers JavaScript, JSX and TSX. Meta-variables (`$NAME`) fill the message as `{NAME}`.
        paths: globs; a file of that path exists (`**` for any folders).
    """

    code: dict[Language, list[str | dict[str, Any]]] = {}
    text: TextMatch | None = None
    paths: list[str] = []
    dependency: DependencyMatch | None = None
    ci: CiMatch | None = None
    config: ConfigMatch | None = None
    model: ModelMatch | None = None
    prompt: PromptMatch | None = None
    secret: SecretMatch | None = None
    derived: DerivedMatch | None = None

    @model_validator(mode="after")
    def _one(self) -> Match:
        given = [name for name in type(self).model_fields if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one way to match, not {given or 'none'}")
        return self


class Rule(Document):
    """One rule.

    Attributes:
        id: unique over all packs.
        shows: practice -> strength, -1 to 1: above 0 it is evidence for, below 0 against. Guide for the size: a dependency
            or file 0.3, a call or configuration 0.7, a CI step that can fail the build 0.9.
        message: what was seen, one line; `{NAME}` takes a capture.
        confidence: how sure a match is, 0 to 1; what is shown weighs strength times confidence.
        llm: True: a match in the product means that the repository uses a language model.
        where: roles of files that it looks at.
        literals: it is tried only on files that hold one of these texts (case counts).
        requires: regular expressions that the same file must hold, each.
        unless: a regular expression; a file that holds it is passed over.
        quiet: it makes no finding of its own, it only serves derived rules.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9.]+)*$")]
    shows: dict[str, Signed] = {}
    message: str
    confidence: Share = 0.9
    llm: bool = False
    quiet: bool = False
    where: list[Role] = ["product"]
    literals: list[str] = []
    requires: list[str] = []
    unless: str | None = None
    match: Match
    examples: Examples

    @field_validator("requires")
    @classmethod
    def _all_compile(cls, texts: list[str], info: ValidationInfo) -> list[str]:
        return [_regex(text, info) for text in texts]

    @field_validator("unless")
    @classmethod
    def _compiles(cls, text: str | None, info: ValidationInfo) -> str | None:
        return None if text is None else _regex(text, info)

    @model_validator(mode="after")
    def _sensible(self) -> Rule:
        if not self.shows and not self.llm and not self.quiet:
            raise ValueError("a rule shows something, marks LLM use (`llm: true`) or is `quiet: true`")
        reads_text = self.match.code or self.match.text or self.match.config
        if not reads_text and (self.literals or self.requires or self.unless):
            raise ValueError("`literals`, `requires` and `unless` go with code, text and config only")
        if (self.match.code or (self.match.text and not self.match.text.files)) and not self.literals:
            raise ValueError("a code rule, or a text rule over all files, needs `literals`")
        return self


class RuleSet:
    """All rules in force, by id, with a digest over the files that they came from."""

    def __init__(self, rules: Iterable[Rule], *, digest: str = "") -> None:
        self.rules = tuple(rules)
        self.by_id = {rule.id: rule for rule in self.rules}
        self.digest = digest
