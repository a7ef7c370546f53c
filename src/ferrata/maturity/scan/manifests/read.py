"""Which files are manifests, and which reader reads them."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ferrata.maturity.scan.manifests import packages, platforms, python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ferrata.maturity.scan.types import Dependency

__all__ = ["is_manifest", "read_dependencies"]

_MAX_CHARS = 2_000_000
_MAX_DEPENDENCIES = 2_000


class _Kind(NamedTuple):
    """A kind of manifest: the lower-case paths it has, and its reader."""

    paths: re.Pattern[str]
    read: Callable[[str, str], Iterable[Dependency]]


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|/)(?:{pattern})$")


_KINDS = (
    _Kind(
        _named(
            r"(?!constraints)[\w.-]*requirements?[\w.-]*\.(?:txt|in|pip)|requirements/(?!constraints)[\w.-]+\.(?:txt|in)"
        ),
        python.read_requirements,
    ),
    _Kind(_named(r"pyproject\.toml"), python.read_pyproject),
    _Kind(_named(r"setup\.py"), python.read_setup_py),
    _Kind(_named(r"setup\.cfg"), python.read_setup_cfg),
    _Kind(_named(r"pipfile"), python.read_pipfile),
    _Kind(_named(r"(?:[\w.-]*[_.-])?(?:environment|conda|conda[_-]?env)(?:[_.-][\w.-]*)?\.ya?ml"), python.read_conda),
    _Kind(_named(r"package\.json"), packages.read_package_json),
    _Kind(_named(r"deno\.jsonc?"), packages.read_deno),
    _Kind(_named(r"composer\.json"), packages.read_composer),
    _Kind(_named(r"cargo\.toml"), packages.read_cargo),
    _Kind(_named(r"go\.mod"), packages.read_go_mod),
    _Kind(_named(r"gemfile|gems\.rb|[\w.-]+\.gemspec"), packages.read_gem),
    _Kind(_named(r"[^/]+\.(?:cs|fs|vb)proj|directory\.(?:packages|build)\.(?:props|targets)"), platforms.read_msbuild),
    _Kind(_named(r"packages\.config"), platforms.read_packages_config),
    _Kind(_named(r"paket\.dependencies"), platforms.read_paket),
    _Kind(_named(r"pom\.xml"), platforms.read_pom),
    _Kind(_named(r"[\w.-]+\.gradle(?:\.kts)?"), platforms.read_gradle),
    _Kind(_named(r"[\w.-]+\.versions\.toml"), platforms.read_version_catalog),
)


_ENDS = tuple(
    ".txt .in .pip .toml setup.py .cfg pipfile .yaml .yml .json .jsonc .mod gemfile .rb .gemspec proj .props .targets .config"
    " .dependencies .xml .gradle .kts".split()
)


def is_manifest(path: str) -> bool:
    """Whether the file at `path` (with `/`, from the root) names dependencies. Lock files and pip constraints do not."""
    lower = path.lower()
    # Most paths end in none of these, which is told at once.
    return lower.endswith(_ENDS) and any(kind.paths.search(lower) for kind in _KINDS)


def read_dependencies(path: str, text: str) -> list[Dependency]:
    """The packages that a manifest names, each once with its first line; none where it cannot be read.

    Names are canonical: PEP 503 for PyPI, `group:artifact` for Maven, the module path for Go. `dev` is True where every mention is in
    a development, test or documentation group.
    """
    if len(text) > _MAX_CHARS:
        return []
    lower = path.lower()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for kind in _KINDS:
        if kind.paths.search(lower):
            return _unique(kind.read(path, text))
    return []


def _unique(dependencies: Iterable[Dependency]) -> list[Dependency]:
    """One for each package; what the product asks for wins over what development asks for."""
    found: dict[tuple[str, str], Dependency] = {}
    for dependency in islice(dependencies, _MAX_DEPENDENCIES):
        key = (dependency.ecosystem, dependency.name)
        known = found.get(key)
        if known is None or (known.dev and not dependency.dev):
            found[key] = dependency
    return sorted(found.values(), key=lambda dependency: dependency.line)
