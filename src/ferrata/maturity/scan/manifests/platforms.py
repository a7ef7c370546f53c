"""The manifests of .NET and the JVM.

XML is read by its shape, never parsed, so that no entity is expanded and no DTD is fetched. Bills of materials are left out: they
set versions and use nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.manifests.parsed import TomlLines, line_at, toml_tree, tree
from ferrata.maturity.scan.types import Dependency

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_gradle", "read_msbuild", "read_packages_config", "read_paket", "read_pom", "read_version_catalog"]

_XML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_BLANKED = re.compile(
    r"<(dependencyManagement|exclusions|plugins|pluginManagement|parent)\b[^>]{0,300}(?<!/)>.*?(?:</\1\s*>|\Z)", re.S
)
_REFERENCE = re.compile(
    r"<(?:PackageReference|PackageVersion|GlobalPackageReference)\b[^>]{0,400}?\b(?:Include|Update)\s*=\s*[\"']([\w.$(){}-]+)[\"']"
)
_TEST_PROJECT = re.compile(
    r"<IsTestProject>\s*true|\"(?:Microsoft\.NET\.Test\.Sdk|MSTest\.Sdk|xunit(?:\.v3)?|NUnit|TUnit)\"|Sdk=\"MSTest",
    re.I,
)
_PACKAGE = re.compile(r"<package\b([^>]{0,400})>")
_PAKET = re.compile(r"^\s*nuget\s+([\w.-]+)")
_DEPENDENCY = re.compile(r"<dependency\b[^>]{0,300}>((?:(?!<dependency\b).)*?)</dependency\s*>", re.S)
_TAG = {name: re.compile(rf"<{name}>\s*([^<\s]+)\s*</{name}>") for name in ("groupId", "artifactId", "scope", "type")}
_GRADLE = re.compile(
    r"\b(?P<scope>\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|[aA]nnotationProcessor|compile|runtime|testCompile|kapt|ksp|classpath))\b"
    r"\s*\(?\s*(?:project\.)?[\"'](?P<group>[\w.-]+):(?P<artifact>[\w.-]+)(?::[^\"'\n]*)?[\"']"
)
_GRADLE_MAP = re.compile(
    r"\b(?P<scope>\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|compile|runtime))\b\s*\(?\s*"
    r"group\s*[:=]\s*[\"'](?P<group>[\w.-]+)[\"']\s*,\s*name\s*[:=]\s*[\"'](?P<artifact>[\w.-]+)[\"']"
)
_GRADLE_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|^[ \t]*//[^\n]*", re.S | re.M)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def read_msbuild(path: str, text: str) -> Iterator[Dependency]:
    """PackageReference and PackageVersion items; those of a test project are for development."""
    text = _XML_COMMENT.sub(_blank, text)
    dev = _TEST_PROJECT.search(text) is not None and not path.lower().endswith(".props")
    for match in _REFERENCE.finditer(text):
        if "$" not in match[1]:
            yield Dependency("nuget", match[1], line_at(text, match.start()), dev)


def read_packages_config(path: str, text: str) -> Iterator[Dependency]:
    """The old list of NuGet packages."""
    text = _XML_COMMENT.sub(_blank, text)
    for match in _PACKAGE.finditer(text):
        if name := re.search(r"\bid\s*=\s*[\"']([\w.-]+)[\"']", match[1]):
            yield Dependency("nuget", name[1], line_at(text, match.start()), "developmentDependency" in match[1])


def read_paket(path: str, text: str) -> Iterator[Dependency]:
    """paket.dependencies, with its groups."""
    dev = False
    for number, line in enumerate(text.split("\n"), 1):
        if group := re.match(r"^\s*group\s+(\w+)", line):
            dev = group[1].lower() in {"test", "tests", "build", "docs", "development"}
        elif match := _PAKET.match(line):
            yield Dependency("nuget", match[1], number, dev)


def read_pom(path: str, text: str) -> Iterator[Dependency]:
    """The dependencies of a pom.xml; not those of plugins, nor managed versions."""
    text = _BLANKED.sub(_blank, _XML_COMMENT.sub(_blank, text))
    for match in _DEPENDENCY.finditer(text):
        found = {name: tag.search(match[1]) for name, tag in _TAG.items()}
        group, artifact = found["groupId"], found["artifactId"]
        scope = found["scope"][1] if found["scope"] else ""
        if group and artifact and scope != "import":
            yield Dependency(
                "maven", f"{group[1]}:{artifact[1]}", line_at(text, match.start(1) + artifact.start()), scope == "test"
            )


def read_gradle(path: str, text: str) -> Iterator[Dependency]:
    """The coordinates that a build script writes out; `libs.x` is in the version catalog."""
    text = _GRADLE_COMMENT.sub(_blank, text)
    found = [*_GRADLE.finditer(text), *_GRADLE_MAP.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        scope = match["scope"].lower()
        yield Dependency(
            "maven",
            f"{match['group']}:{match['artifact']}",
            line_at(text, match.start()),
            "test" in scope or scope == "classpath",
        )


def read_version_catalog(path: str, text: str) -> Iterator[Dependency]:
    """The libraries of a Gradle version catalog."""
    lines = TomlLines(text)
    for name, value in tree(toml_tree(text).get("libraries")).items():
        parts = value.split(":") if isinstance(value, str) else str(tree(value).get("module", "")).split(":")
        group, artifact = (
            (parts[0], parts[1]) if len(parts) > 1 else (tree(value).get("group"), tree(value).get("name"))
        )
        if isinstance(group, str) and isinstance(artifact, str) and not artifact.endswith("-bom"):
            yield Dependency("maven", f"{group}:{artifact}", lines.find(("libraries", name)), False)
