"""`ferrata eval run` and `ferrata eval rerun`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferrata.cli.collector import spare_collector
from ferrata.cli.eval_around import Around, go_on
from ferrata.cli.eval_words import print_summary, write_rows
from ferrata.cli.flow_given import given_pairs
from ferrata.cli.progress import show_progress
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.app import App
    from ferrata.evals import EvalSettings, EvalSummary
    from ferrata.evaluating import Given

__all__ = ["rerun", "run"]

_INTERRUPTED = 130
# A name of an evaluator before the `=`; a path or a URL is none.
_NAMED_USE = re.compile(r"(?P<name>[\w.-]+)=(?P<use>.+)", re.DOTALL)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both commands take."""
    for option in reversed(
        (
            click.option("--target", help="Prompt, flow, model:NAME, file.py:function or URL."),
            click.option("--data", help="Rows: a file, a folder, or a version, as dataset/support@3."),
            click.option("--split", help="Only the rows of this part of the data, as test."),
            click.option("--evaluator", "evaluators", metavar="[NAME=]USE", multiple=True, help="As f1_score."),
            click.option(
                "--map", "maps", metavar="[EVALUATOR.]INPUT=VALUE", multiple=True, help="As query='${data.q}'."
            ),
            click.option(
                "--threshold", "thresholds", metavar="EVALUATOR=NUMBER", multiple=True, help="In the place of its own."
            ),
            click.option(
                "--input", "inputs", metavar="INPUT=VALUE", multiple=True, help="Of the target, as q='${data.q}'."
            ),
            click.option("--model", help="The model that a prompt is asked of."),
            click.option("--judge", help="The model of judges that name none."),
            click.option("--repeats", type=click.IntRange(1, 1000), help="How often each row is run."),
            click.option(
                "--concurrency", type=click.IntRange(1, 4096), help="Calls at a time, at most.  [default: 16]"
            ),
            click.option("--fixed", is_flag=True, help="So many calls at a time from the beginning."),
            click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds for a call."),
            click.option(
                "--budget", type=click.FloatRange(0, min_open=True), help="US dollars that the run may spend."
            ),
            click.option("--name", default="", help="Of the run; the next free one if not given."),
            click.option(
                "--fail-on", default="error", show_default=True, help="Exit status 1 on: error, none, all, 5%, 10 rows."
            ),
            click.option(
                "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows: .jsonl or .csv."
            ),
            click.option("--engine", type=click.Choice(["local", "ray"]), default="local", help="Where rows are run."),
            click.option("--no-save", is_flag=True, help="Write no record to the ledger."),
            click.option(
                "--project",
                type=click.Path(path_type=Path),
                default=Path(),
                show_default=True,
                help="Project's folder.",
            ),
            click.option("--json", "wants_json", is_flag=True, help="Print JSON."),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Asked:
    """The options of both commands."""

    target: str | None
    data: str | None
    split: str | None
    evaluators: tuple[str, ...]
    maps: tuple[str, ...]
    thresholds: tuple[str, ...]
    inputs: tuple[str, ...]
    model: str | None
    judge: str | None
    repeats: int | None
    concurrency: int | None
    fixed: bool
    timeout: float | None
    budget: float | None
    name: str
    reuse: bool
    fail_on: str
    output: Path | None
    engine: str
    no_save: bool
    project: Path
    wants_json: bool


@click.command()
@click.argument("definition", metavar="[EVALUATION]", required=False)
@_common
@click.option("--reuse", is_flag=True, help="Do not ask again what earlier runs were answered.")
@click.option("--resume", default="", metavar="RUN", help="Go on with a run: what is missing or failed is asked.")
@click.option("--force", is_flag=True, help="Resume also if target, data or evaluators have changed.")
@click.pass_context
def run(context: click.Context, *, definition: str | None, resume: str, force: bool, **options: Any) -> None:
    """Run a target over data under evaluators, and record every answer.

    EVALUATION is an entry of `evals` in ferrata.yaml; without one, --data and --evaluator say what is run. Exit status: 0 done;
    1 rows failed or a score is missing everywhere (--fail-on); 2 a mistake in the request or in a file; 130 interrupted, and then
    --resume goes on.
    """
    asked = _Asked(**options)
    if resume and (definition or asked.target or asked.data or asked.split or asked.evaluators or asked.repeats):
        raise UsageError(
            "a run that goes on has its target, data and evaluators", hint=f"ferrata eval run --resume {resume}"
        )
    _execute(context, asked, definition, old=resume, resume=resume, force=force)


@click.command()
@click.argument("old", metavar="RUN")
@_common
@click.option("--fresh", is_flag=True, help="Ask again all the same.")
@click.pass_context
def rerun(context: click.Context, *, old: str, fresh: bool, **options: Any) -> None:
    """Run again what a run was of, as a new run: what it or another one was answered is not asked again.

    An answer is taken again where target, inputs and repeat are the same. Of a target in Python, the same are files of its folder; what else
    it reaches, as a service, may have changed without that being seen. An entry of ferrata.yaml is taken as it stands now, with changed evaluators for instance.
    """
    _execute(context, _Asked(**options, reuse=not fresh), None, old=old, resume="", force=False)


def _execute(
    context: click.Context, asked: _Asked, definition: str | None, *, old: str, resume: str, force: bool
) -> None:
    from ferrata.app import open_app
    from ferrata.evaluating import Evaluation, run_evaluation
    from ferrata.runs import FailOn

    fail_on = FailOn.parse(asked.fail_on)
    with open_app(asked.project) as app:
        given = _given(app, asked, definition, old, resume=bool(resume))
        evaluation = Evaluation.open(app, given)
        shown = show_progress()
        spare_collector()
        around = Around(shown, asked.project, app.settings.root.resolve(), evaluation.options.timeout)
        try:
            summary = run_evaluation(
                evaluation,
                name=asked.name,
                resume=resume,
                reuse=asked.reuse,
                force=force,
                fixed=asked.fixed,
                engine=asked.engine,
                on_progress=shown.update,
                around=around,
                save=not asked.no_save,
            )
        except KeyboardInterrupt:
            if around.way_on:
                click.echo(around.way_on, err=True)
            raise
        finally:
            evaluation.close()
        _tell(app, asked, summary)
    if around.stopped:
        context.exit(_INTERRUPTED)
    context.exit(1 if fail_on.fails(summary) else 0)


def _tell(app: App, asked: _Asked, summary: EvalSummary) -> None:
    from ferrata.evals import EvalFolder
    from ferrata.evaluating import runs_folder
    from ferrata.runs import Status

    if asked.output is not None:
        with EvalFolder.read(runs_folder(app), summary.name) as folder:
            write_rows(folder, asked.output)
    if asked.wants_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
    else:
        print_summary(summary)
    if summary.status == Status.CANCELED or summary.again:
        click.echo(go_on(summary.name, asked.project), err=True)


def _given(app: App, asked: _Asked, definition: str | None, old: str, *, resume: bool) -> Given:
    from ferrata.evals import definition_of, definitions_of, existing
    from ferrata.evaluating import Given, changed, kept_settings, runs_folder

    name, settings = definition or "eval", None
    if old:
        with existing(runs_folder(app), old) as folder:
            name, settings = str(folder.document.get("definition") or "eval"), kept_settings(folder.document)
        if not resume and name in definitions_of(app.settings):
            settings = definition_of(app.settings, name)
    elif definition:
        settings = definition_of(app.settings, definition)
    if settings is None and (not asked.data or not asked.evaluators):
        known = ", ".join(definitions_of(app.settings))
        raise UsageError(
            "nothing says what is evaluated",
            hint=f"name an evaluation: {known}"
            if known
            else "as in: ferrata eval run --data FILE --evaluator f1_score",
        )
    return Given(changed(settings, **_changes(asked, settings)), name)


def _changes(asked: _Asked, settings: EvalSettings | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: getattr(asked, key)
        for key in ("target", "data", "split", "model", "judge", "repeats", "concurrency", "timeout", "budget")
        if getattr(asked, key) is not None
    }
    if asked.inputs:
        found["inputs"] = given_pairs(asked.inputs, "--input")
    uses: list[dict[str, Any]] = [_use(text) for text in asked.evaluators]
    if not uses and settings is not None and (asked.maps or asked.thresholds):
        uses = [use.model_dump() for use in settings.evaluators]
    for key, value in given_pairs(asked.thresholds, "--threshold").items():
        _named(uses, key, "--threshold")["threshold"] = _number(value, key)
    for key, value in given_pairs(asked.maps, "--map").items():
        alias, dot, name = key.rpartition(".")
        for use in [_named(uses, alias, "--map")] if dot else uses:
            use["map"] = {**use.get("map", {}), name: value}
    if uses:
        found["evaluators"] = uses
    return found


def _use(text: str) -> dict[str, Any]:
    """`f1_score`, or `name=f1_score`."""
    match = _NAMED_USE.fullmatch(text)
    return {"use": match["use"], "name": match["name"]} if match else {"use": text}


def _named(uses: list[dict[str, Any]], alias: str, option: str) -> dict[str, Any]:
    for use in uses:
        if alias in (use.get("name"), use["use"]):
            return use
    names = ", ".join(str(use.get("name") or use["use"]) for use in uses)
    raise UsageError(f"{option}: there is no evaluator {alias!r}", hint=f"there is {names}" if names else "")


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--threshold {key}: not a number: {text!r}") from None
