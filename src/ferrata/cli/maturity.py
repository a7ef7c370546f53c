"""`ferrata maturity`: look into the model, its practices and the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import InvalidDocument, Mistake, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrata.app import App
    from ferrata.maturity import MaturityModel, Practice, Rule, RuleSet

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

    with open_app(project) as app:
        found = app.maturity.model(model)
    known = [d.id for d in found.dimensions]
    if dimension is not None and dimension not in known:
        raise UsageError(f"no dimension {dimension!r} in {found.id} {found.version}", hint=f"it has {', '.join(known)}")
    practices = [p for p in found.practices if dimension in (None, p.dimension) and level in (None, p.level)]
    if as_json:
        click.echo(json.dumps([p.model_dump(mode="json") for p in practices], indent=2, ensure_ascii=False))
        return
    for p in practices:
        mark = "*" if p.essential else " "
        click.echo(printable(f"{p.level} {p.axis[0].upper()}{mark} {p.id:<36} {p.statement}"))
    what = printable(f"{counted(len(practices), 'practice')} of {found.id} {found.version}")
    click.echo(f"\n{what}; T technique, O operational, * essential for its level", err=True)


@maturity.command()
@_project
@_model
@click.argument("practice")
@_json
def show(*, project: Path, model: Path | None, practice: str, as_json: bool) -> None:
    """Show a practice whole, with the rules that speak for and against it."""
    from ferrata.app import open_app

    with open_app(project) as app:
        found = app.maturity.practice(practice, model)
        rules = app.maturity.rules()
    if as_json:
        shown = {
            **found.model_dump(mode="json"),
            "rules": {r.id: r.shows[found.id] for r in rules.rules if found.id in r.shows},
        }
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        click.echo(printable(_text(found, rules)))


@maturity.command()
@_project
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def validate(*, project: Path, files: tuple[Path, ...]) -> None:
    """Check model FILES, and the project's model, rules and answers, and run the examples of the project's own rules.

    All mistakes are listed at once, each with file, line and key.
    """
    from ferrata.app import open_app

    with open_app(project) as app:
        mistakes: list[Mistake] = []
        for file in files:
            if (model := _tried(lambda file=file: app.maturity.model(file), mistakes)) is not None:
                about = f"{file}: {model.id} {model.version}, {counted(len(model.practices), 'practice')}"
                click.echo(printable(about))
        model = _tried(app.maturity.model, mistakes)
        if model is not None:
            _tried(lambda: app.maturity.answers_of_file(None, model), mistakes)
        rules = _tried(app.maturity.rules, mistakes)
        own = list(_own_rules(app, rules)) if rules else []
        if model is not None and rules is not None:
            mistakes += _unknown_practices(own, model)
            mistakes += _failed_examples(app, own, rules)
    if mistakes:
        raise InvalidDocument(mistakes)
    if model is not None and rules is not None:
        practices, all_rules = counted(len(model.practices), "practice"), counted(len(rules.rules), "rule")
        click.echo(printable(f"{model.id} {model.version}: {practices}; {all_rules}, {len(own)} of the project's own"))


T = TypeVar("T")


class _OwnRule(NamedTuple):
    """A rule of the project's own, and where it stands."""

    rule: Rule
    file: Path
    number: int
    text: str

    def mistake(self, problem: str, *where: str) -> Mistake:
        """A mistake in this rule, at the key `where`."""
        from ferrata.yamls import line_of

        key = ["rules", self.number, *where]
        return Mistake(str(self.file), line_of(self.text, key), ".".join(map(str, key)), f"{self.rule.id}: {problem}")


def _tried(load: Callable[[], T], mistakes: list[Mistake]) -> T | None:
    """What `load` gives; None where a declared file is wrong, whose mistakes are added to the others."""
    try:
        return load()
    except InvalidDocument as error:
        mistakes += error.mistakes
        return None


def _own_rules(app: App, rules: RuleSet) -> Iterator[_OwnRule]:
    """The project's own rules, which have been loaded once without a mistake."""
    from ferrata.yamls import read_text, read_yaml

    for path in (path for folder in app.maturity.own_rule_folders() for path in sorted(folder.glob("*.yaml"))):
        text = read_text(path)
        for number, declared in enumerate(read_yaml(text, file=str(path))["rules"]):
            yield _OwnRule(rules.by_id[declared["id"]], path, number, text)


def _unknown_practices(own: list[_OwnRule], model: MaturityModel) -> Iterator[Mistake]:
    for one in own:
        for name in one.rule.shows:
            if model.practice(name) is None:
                yield one.mistake(f"shows {name!r}, which is no practice of {model.id} {model.version}", "shows", name)


def _failed_examples(app: App, own: list[_OwnRule], rules: RuleSet) -> Iterator[Mistake]:
    """The examples that do not come out as they say, run among the rules that they derive from."""
    from ferrata.maturity import RuleSet, check_examples

    used = {one.rule.id: one.rule for one in own}
    for one in own:
        if derived := one.rule.match.derived:
            used |= {name: rules.by_id[name] for name in (*derived.all, *derived.any, *derived.none)}
    places = {one.rule.id: one for one in own}
    for failure in check_examples(RuleSet(used.values()), on=app.clock.now().date()) if own else []:
        rule, _, problem = failure.partition(": ")
        if rule in places:
            yield places[rule].mistake(problem, "examples")


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
