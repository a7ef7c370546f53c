"""`ferrata prompt lint`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.prompt_render import open_prompt, project_option, root_of
from ferrata.cli.words import counted, printable
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.prompts import Finding

__all__ = ["lint"]

_SKIPPED = {"node_modules", "__pycache__", "site-packages"}


@click.command()
@click.argument("paths", metavar="[PROMPT]...", nargs=-1)
@project_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option("--json", "wants_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 where something is at least as bad.",
)
@click.option("--rules", "list_rules", is_flag=True, help="List the rules instead.")
@click.pass_context
def lint(
    context: click.Context,
    *,
    paths: Sequence[str],
    project: Path | None,
    form: str,
    wants_json: bool,
    fail_on: str,
    list_rules: bool,
) -> None:
    """Check prompts against the system-message framework, and for what else goes wrong.

    PROMPTs are files, folders or versions of the registry; the current folder if none is given. A comment in the template switches a rule off:
    {# lint: ignore RULE #}.
    """
    from ferrata.prompts import SEVERITIES, lint_prompt, lint_rules, lint_sarif
    from ferrata.versions import prompt_ref

    if list_rules:
        for rule in lint_rules().values():
            click.echo(f"{rule.id:<28} {rule.severity:<8} {rule.title}")
        return
    versions = [name for name in paths if prompt_ref(name, Path())]
    files = _files([Path(name) for name in paths if name not in versions] if paths else [Path()])
    findings = [one for name in versions for one in lint_prompt(open_prompt(name, project))]
    findings += [one for file in files for one in lint_prompt(file, root=project or root_of(file))]
    if wants_json or form == "json":
        click.echo(json.dumps([one._asdict() for one in findings], ensure_ascii=False, indent=2))
    elif form == "sarif":
        click.echo(json.dumps(lint_sarif(findings, project=project or Path()), ensure_ascii=False, indent=2))
    else:
        _print(findings, len(versions) + len(files))
    worst = SEVERITIES.index(fail_on) if fail_on != "never" else -1
    context.exit(1 if any(SEVERITIES.index(one.severity) <= worst for one in findings) else 0)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*.prompty") if not _skipped(p.relative_to(path)))
            found += sorted(p for p in inside if p.is_file())
        else:
            found.append(path)
    if paths and not found:
        raise NotFound("there are no .prompty files here", hint="make one with `ferrata prompt new NAME`")
    return list(dict.fromkeys(found))


def _skipped(path: Path) -> bool:
    return any(part.startswith(".") or part in _SKIPPED for part in path.parts[:-1])


def _print(findings: Sequence[Finding], files: int) -> None:
    for one in findings:
        click.echo(printable(f"{one.file}:{one.line}: {one.severity}: {one.message} [{one.rule}]"))
        click.echo(printable(f"    {one.fix}"))
    counts = [(s, sum(one.severity == s for one in findings)) for s in ("error", "warning")]
    infos = sum(one.severity == "info" for one in findings)
    said = ", ".join([*(counted(n, s) for s, n in counts), f"{infos} info"])
    click.echo(f"{counted(files, 'prompt')}: {said}", err=True)
