"""What a project's pipeline runs, and the file that is written for it. Knows no forge's format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata import __version__
from ferrata.errors import NotFound, UsageError
from ferrata.forges.base import Plan, Secret
from ferrata.listing import repository_of
from ferrata.providers import read_vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ferrata.forges.base import Forge
    from ferrata.settings import ProjectFile, Settings

__all__ = ["Written", "plan_of", "write_pipeline"]

_REFERENCE = re.compile(r"^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}\Z")
# What stands in a pipeline's commands as it is: no quote, no blank, no `$`.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z")
_FOLDER = re.compile(r"[A-Za-z0-9_./-]+\Z")
_REQUIREMENT = re.compile(r"[A-Za-z0-9_.+:/@=~<>!,\[\]#&?%-]+\Z")
_DEFAULT = f"git+https://github.com/YOUR-ORG/ferrata@v{__version__}"
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}


class Written(NamedTuple):
    """What came of writing: the file, and whether anything changed."""

    path: Path
    changed: bool


def plan_of(
    settings: Settings, *, gates: Sequence[str] = (), install: str = "", branch: str = "main"
) -> tuple[Plan, Path]:
    """The pipeline's plan, and the root of the repository that the project lies in.

    Args:
        settings: the project's.
        gates: which; all that are declared where none is given.
        install: what pip installs as Ferrata.
        branch: the one that is merged into.

    Raises:
        NotFound: a gate is not declared.
        UsageError: a name, folder, branch or requirement has characters that a pipeline's commands should not hold.
    """
    root = repository_of(settings.root)
    folder = settings.root.resolve().relative_to(root).as_posix()
    declared = list(settings.file.gates)
    for name in gates:
        if name not in declared:
            there = f"there is {', '.join(declared)}" if declared else "none is declared"
            raise NotFound(f"no gate {name!r}", hint=f"{there}; gates stand in `gates` of ferrata.yaml")
    chosen = list(dict.fromkeys(gates)) or declared
    for what, value, form in (
        *(("gate", name, _PLAIN) for name in chosen),
        ("folder", folder, _FOLDER),
        ("branch", branch, _FOLDER),
        ("requirement", install or _DEFAULT, _REQUIREMENT),
    ):
        if not form.match(value):
            raise UsageError(
                f"the {what} {value!r} has characters that have a meaning in a pipeline's commands",
                hint="use letters, digits, '_', '-', '.' and what a path or a requirement needs",
            )
    plan = Plan(
        project=folder,
        gates=chosen,
        prompts=_has_prompts(settings.root),
        requirements=(settings.root / "requirements.txt").is_file(),
        secrets=_secrets(settings.file),
        install=install or _DEFAULT,
        store=_variable(settings.file.store) or "",
        branch=branch,
    )
    return plan, root


def write_pipeline(forge: Forge, plan: Plan, root: Path, *, force: bool = False) -> Written:
    """Write the pipeline's file.

    Raises:
        UsageError: there is another text in it and `force` is not given, or it cannot be written.
    """
    path = root / forge.file
    text = forge.pipeline(plan)
    try:
        if path.is_symlink():
            raise UsageError(f"{str(path)!r} is a link", hint="remove it, or write the file by hand")
        if path.exists():
            if path.read_text(encoding="utf-8", errors="replace") == text:
                return Written(path, changed=False)
            if not force:
                raise UsageError(
                    f"{str(path)!r} is there already, and is not what would be written",
                    hint="keep your changes, or write it anew with --force",
                )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", hint="check its folder") from None
    return Written(path, changed=True)


def _has_prompts(folder: Path) -> bool:
    return any(
        not any(part.startswith(".") or part in _SKIPPED for part in path.relative_to(folder).parts)
        for path in folder.rglob("*.prompty")
    )


def _secrets(file: ProjectFile) -> list[Secret]:
    found: dict[str, list[str]] = {}
    for name, why in _references(file):
        if why not in found.setdefault(name, []):
            found[name].append(why)
    return [Secret(name, ", ".join(why)) for name, why in found.items()]


def _references(file: ProjectFile) -> Iterator[tuple[str, str]]:
    """Variables and what needs them: keys of models, secrets of connections, the store."""
    for name, model in file.models.items():
        named = _variable(model.key)
        # `fake` and `local` are no vendors, and need no key.
        usual = read_vendor(model.vendor).key_variable if model.vendor in vendor_names() and not model.key else None
        if named or usual:
            yield named or usual or "", f"model {name}"
    for name, connection in file.connections.items():
        for variable in _variables_in(connection):
            yield variable, f"connection {name}"
    if variable := _variable(file.store):
        yield variable, "store"


def _variables_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in cast("dict[str, Any]", value).values():
            yield from _variables_in(one)
    elif isinstance(value, str) and (variable := _variable(value)):
        yield variable


def _variable(text: str | None) -> str | None:
    match = _REFERENCE.match((text or "").strip())
    return match[1] if match else None
