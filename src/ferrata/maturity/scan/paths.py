"""What a path says: globs, the role of a file, its language.

Knows nothing of contents.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.maturity.scan.types import Role

__all__ = ["CODE", "Format", "compile_globs", "format_of", "grammar_of", "keys_of", "name_keys", "role_of"]

CODE = frozenset({"python", "typescript", "csharp", "java", "go", "kotlin", "rust", "ruby", "php", "hcl"})

_SUFFIXES = {
    "python": ".py .pyi",
    "notebook": ".ipynb",
    "typescript": ".ts .tsx .mts .cts .js .jsx .mjs .cjs .vue .svelte .astro",
    "csharp": ".cs",
    "java": ".java",
    "go": ".go",
    "kotlin": ".kt .kts",
    "rust": ".rs",
    "ruby": ".rb .gemspec",
    "php": ".php",
    "hcl": ".tf .tfvars",
    "bicep": ".bicep .bicepparam",
    "yaml": ".yaml .yml",
    "toml": ".toml",
    "json": ".json .jsonc",
    "jsonl": ".jsonl",
    "prompt": ".prompty .prompt",
    "template": ".jinja2 .jinja .j2 .hbs .handlebars .mustache .liquid .st .tmpl",
    "html": ".html .htm",
    "markdown": ".md .mdx",
    "text": ".txt .rst .cfg .ini .properties .xml .csproj .fsproj .props .gradle .conf .sh .ps1 .proto .sql .prisma .erb .razor .cshtml .swift .scala .dart .ex .exs",
    "env": ".env",
}
_LANGUAGE = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_NAMES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "text",
    "justfile": "text",
    "jenkinsfile": "text",
    "procfile": "text",
    "pipfile": "toml",
    "gemfile": "ruby",
    "go.mod": "text",
    "codeowners": "text",
    "paket.dependencies": "text",
    ".gitattributes": "text",
    ".gitignore": "text",
    ".gitmodules": "text",
}
_LOCKS = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|Pipfile\.lock|pdm\.lock|go\.sum|"
    r"Cargo\.lock|Gemfile\.lock|composer\.lock|packages\.lock\.json|bun\.lockb?|deno\.lock)$"
)


class Format(NamedTuple):
    """A file's language or format, and how many bytes of it are read at most."""

    language: str
    limit: int


@cache
def _limit(language: str) -> int:
    return {"notebook": 20_000_000, "json": 400_000, "yaml": 600_000, "jsonl": 2_000_000}.get(language, 1_500_000)


@lru_cache(maxsize=100_000)
def format_of(path: str) -> Format | None:
    """The language of a path; None for files that the scanner never opens (lock files, images, binaries, ...)."""
    name = path.rpartition("/")[2]
    lower = name.lower()
    if _LOCKS.search(path) or lower.endswith((".min.js", ".bundle.js", ".d.ts", "-lock.json")):
        return None
    if lower.startswith(("dockerfile", "containerfile")) or lower.endswith(".dockerfile"):
        return Format("dockerfile", _limit("dockerfile"))
    if lower == ".env" or lower.startswith(".env.") or lower.endswith(".env"):
        return Format("env", _limit("env"))
    language = _NAMES.get(lower) or _LANGUAGE.get("." + lower.rpartition(".")[2] if "." in lower else "")
    return Format(language, _limit(language)) if language else None


def grammar_of(path: str, language: str) -> str:
    """The parser for a file: its language, but `tsx` for JavaScript and JSX, which the TypeScript grammar misreads."""
    if language == "typescript" and path.endswith((".tsx", ".jsx", ".js", ".mjs", ".cjs")):
        return "tsx"
    return language


# Folders and file names that tell what a file is for. The first match wins.
_PATTERNS: tuple[tuple[Role, str], ...] = (
    (
        "vendored",
        r"(^|/)(node_modules|vendor|vendors|third_?party|third-party|site-packages|bower_components|pods|carthage|\.yarn|\.venv|venv|virtualenv|jspm_packages"
        r"|bundled_libs|extern|_vendor|wwwroot/lib|static/(lib|libs|vendor))/",
    ),
    (
        "generated",
        r"(^|/)(dist|out|\.next|\.nuxt|__generated__|generated|__snapshots__|coverage|target/(debug|release|classes)|obj/(debug|release)|bin/(debug|release))/"
        r"|_pb2(_grpc)?\.py$|\.pb\.go$|\.g\.cs$|\.designer\.cs$|\.generated\.\w+$|\.gen\.\w+$",
    ),
    (
        "ci",
        r"^\.github/(workflows|actions)/|(^|/)\.gitlab-ci[\w.-]*\.ya?ml$|^\.gitlab/|(^|/)[\w.-]*azure-pipelines?[\w.-]*\.ya?ml$"
        r"|(^|/)\.?azure-?pipelines/|^\.azuredevops/|^\.azdo/|^\.circleci/|(^|/)jenkinsfile[\w.]*$|(^|/)bitbucket-pipelines\.yml$|^\.buildkite/|^\.ci/",
    ),
    (
        "docs",
        r"(^|/)(docs?|documentation|website|wiki|changelogs?|i18n|locales?|translations?|blog|site-docs)/|^readme|^(changelog|contributing|security|history|authors|license)\b",
    ),
    (
        "test",
        r"(^|/)(tests?|__tests__|specs?|testing|test_?data|testdata|test_?fixtures|fixtures|__mocks__|mocks?|cypress|e2e|integration_?tests?|unit_?tests?|[\w.]*\.(unit|integration)?tests?|test-[\w-]+|[\w-]+-tests?)/"
        r"|(^|/)(test_[^/]*|[^/]*_test|[^/]*_spec|conftest)\.(py|go|rb|rs|cc|php)$|\.(\w*test|spec|e2e|stories)\.\w+$|(^|/)(test_?utils?|testing_?utils?)(/|\.\w+$)|tests?\.(cs|java|kt|php|scala)$|(^|/)[a-z0-9]+Tests?\.\w+$",
    ),
    (
        "evaluation",
        r"(^|/)(evals?|evaluat(e|ions?|ors?)|benchmarks?|bench|promptfoo|llm[-_]?evals?|red[-_]?team(ing)?)/|(^|/)(evaluat(e|ion|or)s?|evals?)([_-][^/]*)?\.(py|ts|js|ipynb|ya?ml)$"
        r"|(^|/)[^/]*[_-](evals?|evaluation|evaluate)\.(py|ts|js|ipynb|ya?ml)$|(^|/)promptfoo[\w.-]*\.(ya?ml|js|ts|json)$|\.eval\.\w+$|(^|/)benchmark\w*\.(py|ts|js)$",
    ),
    (
        "example",
        r"(^|/)(examples?|samples?|demos?|cookbooks?|recipes|tutorials?|notebooks?|quick-?starts?|playgrounds?|workshops?|labs?|getting[-_]started|templates?/examples|code[-_]samples|snippets)/"
        r"|(^|/)[\w.-]+[-_.](examples?|samples?|demos?|quickstarts?)/|(^|/)(examples?|samples?|demos?)[-_](apps?|projects?|code)/|(^|/)(example|sample|demo)[\w.-]*\.(py|ts|js|cs|java|go)$|\.ipynb$",
    ),
    (
        "tooling",
        r"^(\.github|\.vscode|\.idea|\.cursor|\.claude|\.devcontainer|\.husky|\.config|scripts?|hack|build|\.build|eng|ci|contrib|misc)/|(^|/)scripts?/",
    ),
    ("docs", r"\.(md|mdx|rst|adoc)$"),
)
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _PATTERNS
)
# Folders below a source root are package names, not purposes: src/main/java/com/example/App.java is a product.
_PACKAGE = re.compile(r"(?<=/)src/main/(?:java|kotlin|scala|groovy)/.*/|^src/main/(?:java|kotlin|scala|groovy)/.*/")
# A prompt kept as Markdown or text is part of the product, not documentation.
_PROMPT_FOLDER = re.compile(
    r"(^|/)(prompts?|prompt[-_]?templates?|system[-_]?(messages?|prompts?))/|(^|/)[\w.-]*prompt[\w.-]*\.(md|mdx)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=100_000)
def role_of(path: str) -> Role:
    """What a file is for, by its path: `product` unless a folder or name says otherwise."""
    plain = _PACKAGE.sub("/", path)
    for role, pattern in _ROLES:
        if pattern.search(plain):
            if (
                role == "docs"
                and _PROMPT_FOLDER.search(path)
                and not path.lower().startswith(("docs/", "doc/", "readme"))
            ):
                continue
            return role
    return "product"


def compile_globs(globs: Iterable[str]) -> re.Pattern[str]:
    """One regular expression for several globs: `*` within a name, `**` over folders, `{a,b}` either. Case does not count."""
    return re.compile("|".join(f"(?:{_glob(glob)})" for glob in globs) or r"(?!)", re.IGNORECASE)


def expand_braces(glob: str) -> list[str]:
    """A glob with `{a,b}` as the globs that it stands for."""
    match = re.search(r"\{([^{}]*)\}", glob)
    if match is None:
        return [glob]
    head, tail = glob[: match.start()], glob[match.end() :]
    return [one for choice in match[1].split(",") for one in expand_braces(f"{head}{choice}{tail}")]


def name_keys(globs: Iterable[str]) -> set[str]:
    """What globs ask of a file's name, in lower case: `=name`, `.ending`, or `*` where one asks for neither."""
    keys: set[str] = set()
    for glob in (one for written in globs for one in expand_braces(written.lower())):
        name = glob.rpartition("/")[2]
        ending = re.search(r"(\.[a-z0-9]+)$", name)
        keys.add(f"={name}" if not set(name) & set("*?") else ending[1] if ending else "*")
    return keys


def keys_of(path: str) -> tuple[str, str, str]:
    """The keys under which a path is looked for: all that `name_keys` gives for globs that may match it."""
    name = path.rpartition("/")[2].lower()
    return f"={name}", "." + name.rpartition(".")[2] if "." in name else "", "*"


def _glob(glob: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(glob):
        if glob.startswith("**/", i):
            out.append("(?:.*/)?")
            i += 3
        elif glob.startswith("**", i):
            out.append(".*")
            i += 2
        else:
            out.append({"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}.get(glob[i], re.escape(glob[i])))
            i += 1
    return "".join(out) + r"\Z"
