"""Writes the references that are generated (`make docs`); with `--check` it names those that are stale and exits with 1.

A test holds the references against what this would write.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.assets import catalogue
from ferrata.cli.main import cli
from ferrata.documents import Document
from ferrata.maturity import Assessment, built_in_model, built_in_rules, load_rules
from ferrata.plugins import Hooks
from ferrata.settings import (
    MaturitySettings,
    ModelLimits,
    ModelParameters,
    ModelSettings,
    PackSettings,
    PriceSettings,
    ProjectFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
HEAD = "<!-- Written by docs/generate.py; do not edit. -->\n\n"


def commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Every command with its help text."""
    widths = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, info_name=name, parent=parent, **widths)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from commands(found, child, context)


def cli_page() -> str:
    """The help of every command."""
    parts = [f"## `{path}`\n\n```text\n{text}\n```\n" for path, text in commands(cli, "ferrata")]
    return f"{HEAD}# Commands\n\n" + "\n".join(parts)


def practices_page() -> str:
    """The practices of the built-in model, a table a dimension."""
    model = built_in_model()
    rules = load_rules([built_in_rules()]).rules
    lines = [f"{HEAD}# The practices of model {model.id} {model.version}\n"]
    lines.append(
        f"{len(model.practices)} practices in {len(model.dimensions)} dimensions. T: technique, O: operational, "
        "*: essential for its level. How points come of them: [the maturity model](../maturity-model.md). "
        "All of a practice, with its question, its reasons and the rules that see it: `ferrata maturity show PRACTICE`.\n"
    )
    for dimension in model.dimensions:
        lines.append(f"## {dimension.title}\n\n{dimension.about}\n")
        lines.append("| level | practice | statement | seen by | effort, person-days |")
        lines.append("| --- | --- | --- | --- | --- |")
        for p in model.of(dimension.id):
            found = sum(p.id in rule.shows for rule in rules)
            seen = [f"{found} rule{'s' if found > 1 else ''}"] if found else []
            seen += [f"`{action}`" for action in dict.fromkeys(record.action for record in p.records)]
            seen += ["answers"] if p.answer.with_link else []
            mark = f"{p.axis[0].upper()}{'*' if p.essential else ''}"
            statement = p.statement.replace("|", "&#124;")
            lines.append(f"| {p.level} {mark} | `{p.id}` | {statement} | {', '.join(seen)} | {p.effort:g} |")
        lines.append("")
    return "\n".join(lines)


def rules_page() -> str:
    """The built-in scanner rules, in a table."""
    lines = [f"{HEAD}# Scanner rules\n"]
    rules = load_rules([built_in_rules()]).rules
    lines.append(
        f"{len(rules)} rules. The weight of a match as evidence is strength times confidence; below 0 it speaks against. "
        "How to write one: [scanner rules](../scanner-rules.md).\n"
    )
    lines.append("| rule | what was seen | shows (weight) |\n| --- | --- | --- |")
    for rule in sorted(rules, key=lambda r: r.id):
        shows = ", ".join(f"`{name}` {strength * rule.confidence:+.2f}" for name, strength in rule.shows.items())
        shows = shows or ("LLM use" if rule.llm else "serves other rules")
        lines.append(f"| `{rule.id}` | {rule.message.replace('|', '&#124;').replace('<', '&lt;')} | {shows} |")
    return "\n".join(lines) + "\n"


def actions_page() -> str:
    """The actions that the ledger takes, in a table."""
    about = (
        "A `?` marks a field that may be left out. How records are written and checked: [the ledger](../ledger.md).\n"
    )
    lines = [
        f"{HEAD}# Actions of the ledger\n",
        about,
        "| action | means | room | payload |\n| --- | --- | --- | --- |",
    ]
    for name, action in sorted(catalogue().items()):
        fields = ", ".join(f"`{field.name}`{'' if field.required else '?'}" for field in action.fields.values())
        lines.append(f"| `{name}` | {action.means} | {action.room} | {fields} |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """The keys of `ferrata.yaml` and the environment."""

    def table(kind: type[Document]) -> list[str]:
        about: dict[str, str] = {}
        name = ""
        for line in (kind.__doc__ or "").split("Attributes:")[-1].splitlines():
            first, colon, text = line.strip().partition(": ")
            if colon and first in kind.model_fields:
                name, about[first] = first, text
            elif name:
                about[name] = f"{about[name]} {line.strip()}".strip()
        rows = ["| key | default | meaning |", "| --- | --- | --- |"]
        for name, field in kind.model_fields.items():
            default = "must be given" if field.is_required() else f"`{field.default}`"
            if field.default is None or isinstance(field.default, Document) or field.default == {}:
                default = ""
            rows.append(f"| `{name}` | {default} | {about.get(name, '').replace('|', '&#124;')} |")
        return rows

    lines = [
        f"{HEAD}# Settings\n",
        "## `ferrata.yaml`\n",
        *table(ProjectFile),
        "",
        "## `maturity`\n",
        *table(MaturitySettings),
        "",
        "## `models.NAME`\n",
        "Or `VENDOR/MODEL` alone. More: [calling models](../calling-models.md).\n",
        *table(ModelSettings),
        "",
        "## `models.NAME.parameters`\n",
        *table(ModelParameters),
        "",
        "## `models.NAME.limits`\n",
        *table(ModelLimits),
        "",
        "## `connections.NAME`\n",
        "A `type` and what that type takes, in Prompt Flow's words: [flows](../flows.md#connections-and-models).\n",
        "## `prices.NAME`\n",
        *table(PriceSettings),
        "",
        "## `packs`\n",
        *table(PackSettings),
        "",
    ]
    lines += [
        "## Environment\n",
        "| variable | meaning |",
        "| --- | --- |",
        "| `FERRATA_STORE` | the database's URL: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`; see [storage](../storage.md) |",
        "| `FERRATA_DATA` | the folder for pulled models; where the system keeps a user's data if not set |",
        "| `FERRATA_MODEL_URL` | the address of the vendor `openai-compatible` |",
        "| `OPENAI_API_KEY` and the like | the key of a vendor; the table in [calling models](../calling-models.md#vendors) |",
        "| `FERRATA_ACTOR` | who acts, in the ledger and as respondent; the user of the process if not set |",
    ]
    return "\n".join(lines) + "\n"


def hooks_page() -> str:
    """The hooks that a plugin can answer."""
    about = (
        "A plugin names a module under the entry-point group `ferrata`; the module has any of these, marked with "
        "`ferrata.plugins.hookimpl`. An example: [a plugin](../../CONTRIBUTING.md#a-plugin).\n"
    )
    lines = [f"{HEAD}# Hooks\n", about]
    for name, hook in vars(Hooks).items():
        if not name.startswith("_"):
            lines.append(f"- `{name}()`: {(hook.__doc__ or '').strip()}")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Path -> text of everything that is generated."""
    return {
        DOCS / "reference/cli.md": cli_page(),
        DOCS / "reference/practices.md": practices_page(),
        DOCS / "reference/rules.md": rules_page(),
        DOCS / "reference/actions.md": actions_page(),
        DOCS / "reference/settings.md": settings_page(),
        DOCS / "reference/hooks.md": hooks_page(),
        DOCS / "assessment.schema.json": json.dumps(Assessment.model_json_schema(mode="serialization"), indent=2)
        + "\n",
    }


def main() -> None:
    """Write what is stale, or only name it with `--check`."""
    wanted = pages()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            click.echo(f"stale: {path.relative_to(DOCS.parent)}; run `make docs`")
        sys.exit(bool(stale))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
        click.echo(f"written: {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
