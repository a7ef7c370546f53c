"""`ferrata maturity`: look into the model, its practices and the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferrata.maturity import MaturityModel, Practice, RuleSet

__all__ = ["maturity"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=".", help="Folder of the project."
)
_model = click.option("--model", type=click.Path(path_type=Path), help="Your own maturity model (YAML).")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def maturity() -> None:
    """The maturity model: dimensions, practices and the rules that find evidence."""


@maturity.command("list")
@_project
@_model
@click.option("--dimension", help="Only this dimension.")
@click.option("--level", type=click.IntRange(1, 4), help="Only this level.")
@_json
def list_practices(
    *, project: Path, model: Path | None, dimension: str | None, level: int | None, as_json: bool
) -> None:
    """List the practices."""
    from ferrata.app import open_app

    found = open_app(project).model(model)
    practices = [p for p in found.practices if dimension in (None, p.dimension) and level in (None, p.level)]
    if as_json:
        click.echo(json.dumps([p.model_dump(mode="json") for p in practices], indent=2, ensure_ascii=False))
        return
    for p in practices:
        mark = "*" if p.essential else " "
        click.echo(f"{p.level} {p.axis[0].upper()}{mark} {p.id:<36} {p.statement}")
    click.echo(
        f"\n{len(practices)} practices of {found.id} {found.version}; T technique, O operational, * essential for its level",
        err=True,
    )


@maturity.command()
@_project
@_model
@click.argument("practice")
@_json
def show(*, project: Path, model: Path | None, practice: str, as_json: bool) -> None:
    """Show a practice whole, with the rules that speak for and against it."""
    from ferrata.app import open_app

    app = open_app(project)
    found = app.practice(practice, model)
    rules = app.rules()
    if as_json:
        shown = {
            **found.model_dump(mode="json"),
            "rules": {r.id: r.shows[found.id] for r in rules.rules if found.id in r.shows},
        }
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        click.echo(_text(found, rules))


@maturity.command()
@_project
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def validate(*, project: Path, files: tuple[Path, ...]) -> None:
    """Check model FILES, and the project's model and rules, and run the examples of the project's own rules.

    All mistakes are listed at once, each with file, line and key.
    """
    from ferrata.app import open_app
    from ferrata.maturity import check_examples, load_rules

    app = open_app(project)
    model: MaturityModel = app.model()
    for file in files:
        model = app.model(file)
        click.echo(f"{file}: {model.id} {model.version}, {len(model.practices)} practices")
    own = load_rules(app.own_rule_folders()) if app.own_rule_folders() else None
    failures = check_examples(own, on=app.clock.now().date()) if own else []
    for failure in failures:
        click.echo(failure, err=True)
    click.echo(
        f"{model.id} {model.version}: {len(model.practices)} practices; {len(app.rules().rules)} rules, {len(own.rules) if own else 0} of the project's own"
    )
    if failures:
        raise click.exceptions.Exit(2)


def _text(practice: Practice, rules: RuleSet) -> str:
    lines = [
        f"{practice.id}  level {practice.level}, {practice.axis}{', essential' if practice.essential else ''}, {practice.effort:g} person-days",
        practice.statement,
        "",
        f"Why: {practice.why}",
        f"Question: {practice.question}",
    ]
    lines += [f"  {option.value:.0%}  {option.text}" for option in practice.answers]
    lines.append(f"How: {practice.how.without}")
    if practice.how.ferrata:
        lines.append(f"With Ferrata: {practice.how.ferrata}")
    if practice.needs:
        lines.append(f"Needs: {', '.join(practice.needs)}")
    lines.append("Evidence:")
    for rule in rules.rules:
        if practice.id in rule.shows:
            strength = rule.shows[practice.id] * rule.confidence
            lines.append(f"  {'for' if strength > 0 else 'against'} {abs(strength):.2f}  {rule.id}: {rule.message}")
    for record in practice.records:
        within = f" within {record.within_days} days" if record.within_days else ""
        where = f" where {record.where}" if record.where else ""
        lines.append(f"  for {record.strength:.2f}  ledger: {record.action}{where}, at least {record.at_least}{within}")
    if practice.answer.with_link:
        lines.append(
            f"  for {practice.answer.alone:.2f}  an answer; {practice.answer.with_link:.2f} with a document or link"
        )
    lines += [f"Read: {reference.title} {reference.url}" for reference in practice.references]
    supports = practice.supports
    for name, items in (
        ("NIST AI RMF", supports.nist_ai_rmf),
        ("ISO/IEC 42001", supports.iso_42001),
        ("EU AI Act", supports.eu_ai_act),
    ):
        if items:
            lines.append(f"Supports evidence for {name}: {', '.join(items)}")
    return "\n".join(lines)
