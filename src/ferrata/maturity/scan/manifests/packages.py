"""The manifests of JavaScript, Rust, Go, Ruby and PHP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.manifests.parsed import TomlLines, Tree, is_dev, json_tree, line_at, toml_tree, tree
from ferrata.maturity.scan.types import Dependency

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_cargo", "read_composer", "read_deno", "read_gem", "read_go_mod", "read_package_json"]

_NPM_SECTIONS = {
    "dependencies": False,
    "peerDependencies": False,
    "optionalDependencies": False,
    "devDependencies": True,
}
_NPM_SPECIFIER = re.compile(r"npm:/?((?:@[\w.-]+/)?[\w.-]+)")
_GO_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.~-]+\.[\w.~-]+(?:/[\w.~!-]+)*)\s+v\S+([^\n]*)$")
_GEM = re.compile(r"^\s*gem[\s(]+[\"']([\w.-]+)[\"'](.*)$")
_GEMSPEC = re.compile(r"\.add_(development_|runtime_)?dependency[\s(]+[\"']([\w.-]+)[\"']")
_GEM_BLOCK = re.compile(
    r"^\s*(group\b.*|source\b.*|platforms?\b.*|path\b.*|git\b.*|install_if\b.*|if\b.*|unless\b.*|case\b.*|.*\bdo\s*(?:\|.*\|)?\s*)$"
)
_PHP_PLATFORM = re.compile(r"^(?:php(?:-\w+)?|ext-.*|lib-.*|composer(?:-.*)?|hhvm)$")


def _indent(match: re.Match[str]) -> tuple[bool, int]:
    """Sorts keys that begin a line before others, and the less indented first."""
    return match.start() > 0 and match.string[match.start() - 1] != "\n", len(match[1].expandtabs(4))


def _json_keys(text: str, section: str, names: Tree) -> Iterator[tuple[str, int]]:
    """The names in a section of a JSON object, with their lines: from the least indented key of that name on."""
    opened = list(re.finditer(rf"(?<![ \t])([ \t]*)\"{re.escape(section)}\"\s*:\s*\{{", text))
    start = min(opened, key=_indent).end() if opened else 0
    for name in names:
        found = re.compile(rf"\"{re.escape(name)}\"\s*:").search(text, start)
        yield name, line_at(text, found.start() if found else start)


def read_package_json(path: str, text: str) -> Iterator[Dependency]:
    """All four sections of dependencies; an alias (`npm:real@1`) counts as what it stands for."""
    root = json_tree(text)
    for section, dev in _NPM_SECTIONS.items():
        packages = tree(root.get(section))
        for name, line in _json_keys(text, section, packages):
            alias = _NPM_SPECIFIER.match(str(packages[name]))
            yield Dependency("npm", alias[1] if alias else name, line, dev)


def read_deno(path: str, text: str) -> Iterator[Dependency]:
    """The `npm:` imports of a deno.json."""
    imports = tree(json_tree(text, comments=True).get("imports"))
    for name, line in _json_keys(text, "imports", imports):
        if match := _NPM_SPECIFIER.match(str(imports[name])):
            yield Dependency("npm", match[1], line, False)


def read_composer(path: str, text: str) -> Iterator[Dependency]:
    """`require` and `require-dev`, without PHP and its extensions."""
    root = json_tree(text)
    for section, dev in (("require", False), ("require-dev", True)):
        for name, line in _json_keys(text, section, tree(root.get(section))):
            if not _PHP_PLATFORM.match(name):
                yield Dependency("composer", name.lower(), line, dev)


def read_cargo(path: str, text: str) -> Iterator[Dependency]:
    """Dependencies of the package, of its targets and of the workspace; a renamed crate by its real name."""
    root, lines = toml_tree(text), TomlLines(text)
    yield from _crates(root, lines, ())
    yield from _crates(tree(root.get("workspace")), lines, ("workspace",))
    for name, target in tree(root.get("target")).items():
        yield from _crates(tree(target), lines, ("target", name))


def _crates(table: Tree, lines: TomlLines, where: tuple[str, ...]) -> Iterator[Dependency]:
    for section in ("dependencies", "dev-dependencies", "build-dependencies"):
        for name, value in tree(table.get(section)).items():
            real = tree(value).get("package")
            yield Dependency(
                "cargo",
                real if isinstance(real, str) else name,
                lines.find((*where, section, name)),
                section != "dependencies",
            )


def read_go_mod(path: str, text: str) -> Iterator[Dependency]:
    """The modules that the code itself asks for; `// indirect` ones are left out."""
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        opened = re.match(r"^\s*(\w+)\s*\(", line)
        if opened:
            block = opened[1]
        elif line.strip().startswith(")"):
            block = ""
        elif (block == "require" or (not block and line.lstrip().startswith("require"))) and len(line) < 500:
            match = _GO_REQUIRE.match(line)
            if match and "// indirect" not in match[2]:
                yield Dependency("go", match[1], number, False)


def read_gem(path: str, text: str) -> Iterator[Dependency]:
    """A Gemfile, with its groups, or a gemspec."""
    groups: list[bool] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.partition(" #")[0][:500]
        if match := _GEM.match(line):
            inline = re.search(r"\bgroups?\b\W+(.*)", match[2])
            yield Dependency("gem", match[1], number, any(groups) or (inline is not None and is_dev(inline[1])))
        elif match := _GEMSPEC.search(line):
            yield Dependency("gem", match[2], number, match[1] == "development_")
        elif re.match(r"^\s*end\b", line):
            del groups[-1:]
        elif (
            _GEM_BLOCK.match(line)
            and not re.search(r"\bend\s*$", line)
            and (line.rstrip().endswith("do") or " do |" in line or re.match(r"^\s*(?:if|unless|case)\b", line))
        ):
            groups.append(line.lstrip().startswith("group") and is_dev(line))
