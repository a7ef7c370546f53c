"""A whole project: walks its files, tells what each is to Prompt Flow, and has it judged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.errors import FerrataError
from ferrata.flows.audit.code import cells_of, statements_of_code, uses_promptflow
from ferrata.flows.audit.lines import statements_of_lines
from ferrata.flows.audit.parts import kind_of_yaml, statements_of_part
from ferrata.flows.audit.rules import audit_rules
from ferrata.flows.audit.types import AuditItem, ProjectAudit, Statement, Verdict
from ferrata.flows.formats.yaml12 import load_yaml12
from ferrata.listing import list_files

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from ferrata.listing import Entry

__all__ = ["audit_project"]

_MOST_BYTES = 4_000_000
_FLOWS = re.compile(r"flow\.(dag|flex)(?:\.[\w-]+)?\.ya?ml\Z")
_REQUIREMENTS = re.compile(
    r"(?:.*requirements.*\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)|Pipfile|(?:.*conda|environment).*\.ya?ml)\Z"
)
_CI = re.compile(
    r"(?:.*/)?(?:\.github/(?:workflows|actions)/.+\.ya?ml|\.gitlab-ci\.ya?ml|azure-pipelines[^/]*\.ya?ml|[^/]*pipelines?/.+\.ya?ml|"
    r"Jenkinsfile[^/]*|jenkins/.+|bitbucket-pipelines\.ya?ml|azure\.ya?ml)\Z",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"(?:.+\.(?:sh|bash|ps1|bat|cmd)|Makefile|makefile|.+\.mk|justfile|Taskfile\.ya?ml|tox\.ini|noxfile\.py)\Z"
)
_DOCKER = re.compile(r"(?:.*Dockerfile.*|.+\.dockerfile|(?:docker-)?compose.*\.ya?ml)\Z", re.IGNORECASE)
_EDITOR = re.compile(r"(?:.*/)?(?:\.vscode/(?:extensions|settings)\.json|\.?devcontainer(?:/.+)?\.json)\Z")
_ORDER = (
    "flow",
    "flex flow",
    "prompty",
    "run file",
    "experiment",
    "connection",
    "tool package",
    "code",
    "notebook",
    "script",
    "ci",
    "requirements",
    "docker",
    "deployment",
    "editor",
)


def audit_project(root: Path, *, on: date) -> ProjectAudit:
    """What of a project runs here, what must change, what is gone.

    Args:
        root: its folder; files that git ignores are passed over.
        on: the day, for the days that are left.

    Raises:
        NotFound, UsageError: as `list_files`.
    """
    root = root.resolve()
    entries = list_files(root)
    items: list[AuditItem] = []
    for entry in entries:
        item = _item(root, entry)
        if item is not None:
            items.append(item)
    of_flows = {statement.file for item in items if item.kind in ("flow", "flex flow") for statement in item.statements}
    items = [item for item in items if not (item.kind == "code" and item.path in of_flows)]
    items.sort(key=lambda item: (_ORDER.index(item.kind), item.path))
    rules = audit_rules()
    return ProjectAudit(str(root), on, rules.development_ended, rules.retired, tuple(items), len(entries))


def _item(root: Path, entry: Entry) -> AuditItem | None:
    kind = _kind_of(entry.path)
    if not kind or entry.size > _MOST_BYTES:
        return None
    path = root / entry.path
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None
    if kind == "yaml":
        return _of_yaml(path, text, entry.path, root)
    if kind in ("flow", "flex flow", "prompty"):
        return _of_part(kind, path, entry.path, root)
    found = _of_text(text, entry.path, kind)
    if kind == "python":
        imported = re.search(r"^\s*(?:from|import)\s+promptflow\b", text, re.MULTILINE)
        return AuditItem("code", entry.path, tuple(found)) if imported or found else None
    if kind == "notebook":
        return AuditItem(kind, entry.path, tuple(found)) if found or "promptflow" in text else None
    return AuditItem(kind, entry.path, tuple(found)) if found else None


def _kind_of(path: str) -> str:
    """What a file is by its name; empty: nothing to look at."""
    name = path.rpartition("/")[2]
    flow = _FLOWS.search(name)
    if flow:
        return "flow" if flow[1] == "dag" else "flex flow"
    for pattern, kind in ((_REQUIREMENTS, "requirements"), (_DOCKER, "docker"), (_SCRIPT, "script")):
        if pattern.match(name):
            return kind
    for pattern, kind in ((_CI, "ci"), (_EDITOR, "editor")):
        if pattern.match(path):
            return kind
    suffix = name.rpartition(".")[2].lower()
    return {"prompty": "prompty", "py": "python", "ipynb": "notebook", "yaml": "yaml", "yml": "yaml"}.get(suffix, "")


def _of_text(text: str, name: str, kind: str) -> list[Statement]:
    if kind != "editor" and not uses_promptflow(text) and "promptflow" not in text.lower():
        return []
    if kind == "notebook":
        return _of_notebook(text, name)
    found = statements_of_code(text, name) if kind == "python" else []
    found += statements_of_lines(enumerate(text.splitlines(), 1), name, kind)
    return sorted(dict.fromkeys(found), key=lambda statement: statement.line)


def _of_notebook(text: str, name: str) -> list[Statement]:
    found: list[Statement] = []
    for cell in cells_of(text):
        code = [line.text if not line.text.lstrip().startswith(("!", "%")) else "" for line in cell]
        if cell and cell[0].text.startswith("%%"):
            code = [""] * len(cell)
        found += statements_of_code("\n".join(code), name, [line.line for line in cell])
        found += statements_of_lines(((line.line, line.text) for line in cell), name, "notebook")
    return sorted(dict.fromkeys(found), key=lambda statement: statement.line)


def _of_yaml(path: Path, text: str, name: str, root: Path) -> AuditItem | None:
    try:
        document, _ = load_yaml12(path)
    except FerrataError:
        return None
    kind = kind_of_yaml(document, text)
    lines = _of_text(text, name, "yaml")
    if not kind:
        return AuditItem("deployment", name, tuple(lines)) if lines else None
    item = _of_part(kind, path, name, root)
    return AuditItem(kind, name, (*item.statements, *lines))


def _of_part(kind: str, path: Path, name: str, root: Path) -> AuditItem:
    def relative(file: Path) -> str:
        resolved = file.resolve()
        return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(file)

    try:
        found = statements_of_part(kind, path, name, relative)
    except FerrataError as error:
        found = [Statement(Verdict.NEEDS_CHANGE, name, 1, error.message, error.hint)]
    return AuditItem(kind, name, tuple(dict.fromkeys(found)))
