"""`ferrata prompt run` and `ferrata prompt test`. Knows nothing of vendors; `app` builds the models."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.prompt_render import (
    file_argument,
    given_inputs,
    input_options,
    open_prompt,
    project_of,
    project_option,
    rows_of,
)
from ferrata.cli.words import counted, printable
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from ferrata.app import App
    from ferrata.messages import ChatChunk, ChatRequest, Usage
    from ferrata.prompts import Case, CaseResult, Prompt

__all__ = ["run", "test"]


_model = click.option(
    "--model",
    metavar="NAME",
    help="A model of ferrata.yaml, VENDOR/MODEL or local. If not given: the one of ferrata.yaml that the prompt names, else "
    "the project's default, else local.",
)


@click.command()
@file_argument
@input_options
@_model
@project_option
@click.option("--no-stream", is_flag=True, help="Print the answer when it is whole.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON: answer, model, tokens, time.")
def run(
    *,
    file: str,
    pairs: Sequence[str],
    data: Path | None,
    model: str | None,
    project: Path | None,
    no_stream: bool,
    wants_json: bool,
) -> None:
    """Render a prompt and ask a model.

    PROMPT is a file, or a version of the registry, as prompt/support@3 or prompt/support@production. Without inputs, those of
    the prompt's sample are taken.
    """
    from ferrata.app import open_app
    from ferrata.prompts import answer_of, render_request

    prompt = open_prompt(file, project)
    request = render_request(prompt, given_inputs(prompt, pairs, data))
    with open_app(project_of(file, project)) as app:
        started = time.perf_counter()
        asked = asyncio.run(_ask(app, model, prompt, request, show=not (no_stream or wants_json)))
        took = time.perf_counter() - started
    text, usage, name, calls = asked
    answer = answer_of(prompt, text) if not calls else text
    if wants_json:
        about: dict[str, Any] = {"model": name, "answer": answer, "seconds": round(took, 3), "usage": _counted(usage)}
        if calls:
            about["tool_calls"] = calls
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    if no_stream:
        click.echo(printable(text))
    for call in calls:
        click.echo(f"call {printable(call['name'])} {printable(call['arguments'])}")
    tokens = f", {usage.input_tokens} tokens in, {usage.output_tokens} out" if usage else ""
    click.echo(f"{name}: {took:.1f} s{tokens}", err=True)


def _counted(usage: Usage | None) -> dict[str, int] | None:
    return None if usage is None else {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


async def _ask(
    app: App, name: str | None, prompt: Prompt, request: ChatRequest, *, show: bool
) -> tuple[str, Usage | None, str, list[dict[str, str]]]:
    """Text, usage, the model's name and the calls that it asks for."""
    texts: list[str] = []
    usage: Usage | None = None
    calls: dict[int, dict[str, str]] = {}
    async with app.models:
        model = app.chat_model(name, prompt=prompt)
        async with aclosing(cast("AsyncGenerator[ChatChunk]", model.stream(request))) as chunks:
            async for chunk in chunks:
                texts.append(chunk.text)
                usage = chunk.usage or usage
                _gather(calls, chunk)
                if show and chunk.text:
                    click.echo(printable(chunk.text), nl=False)
                    sys.stdout.flush()
        if show:
            click.echo()
        return "".join(texts), usage, model.name, [calls[i] for i in sorted(calls)]


def _gather(calls: dict[int, dict[str, str]], chunk: ChatChunk) -> None:
    for piece in chunk.tool_calls:
        call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
        call["id"] += piece.id
        call["name"] += piece.name
        call["arguments"] += piece.arguments


@click.command()
@file_argument
@click.option(
    "--cases", "cases_file", type=click.Path(path_type=Path), help="YAML file with cases; they are made if not given."
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Rows (JSON lines) for benign cases; the sample if not given."
)
@click.option(
    "--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the cases to a file and ask nothing."
)
@click.option("--kind", type=click.Choice(["benign", "boundary", "adversarial"]), help="Only cases of this kind.")
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Cases at a time.")
@_model
@project_option
@click.option("--json", "wants_json", is_flag=True, help="Print JSON, a line a case.")
@click.pass_context
def test(
    context: click.Context,
    *,
    file: str,
    cases_file: Path | None,
    data: Path | None,
    write: Path | None,
    kind: str | None,
    concurrency: int,
    model: str | None,
    project: Path | None,
    wants_json: bool,
) -> None:
    """Try a prompt on benign, boundary and adversarial cases; exit status 1 if a check fails.

    PROMPT is a file or a version of the registry. The cases are made of its own inputs, without a model. Keep them with --write, add your own, and give the file
    with --cases. Each is printed when it is done. Where the project has a store, the run is recorded in the ledger, as one of the version where it is one.
    """
    from ferrata.app import open_app
    from ferrata.prompts import make_cases, read_cases, run_cases, write_cases

    prompt = open_prompt(file, project)
    cases = read_cases(cases_file) if cases_file else make_cases(prompt, rows_of(data) if data else None)
    cases = [case for case in cases if kind in (None, case.kind)]
    if write is not None:
        _write(write, write_cases(cases))
        click.echo(f"written: {counted(len(cases), 'case')} to {write}")
        return

    async def all_cases(app: App) -> tuple[str, list[CaseResult]]:
        async with app.models:
            chosen = app.chat_model(model, prompt=prompt)
            return chosen.name, await run_cases(
                prompt, cases, chosen, concurrency=concurrency, told=_teller(wants_json)
            )

    with open_app(project_of(file, project)) as app:
        name, results = asyncio.run(all_cases(app))
        # What was not answered was not evaluated.
        if app.has_store and not any(result.error for result in results):
            _record(app, prompt, cases)
    if not wants_json:
        _sum_up(results, name)
    context.exit(0 if all(result.ok for result in results) else 1)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"{str(path)!r} is there already", hint="name another file, or remove it") from None
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def _record(app: App, prompt: Prompt, cases: Sequence[Case]) -> None:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", prompt.path.name.removesuffix(".prompty")).strip("-.") or "prompt"
    checks = sorted({check.check for case in cases for check in case.checks})
    app.ledger.append(
        "eval.completed",
        subjects=[prompt.version or f"prompt/{stem}"],
        payload={
            "dataset": "benign, boundary and adversarial cases",
            "rows": len(cases),
            "metrics": ["checks passed"],
            "evaluators": checks,
            "intervals": False,
            "adversarial_rows": sum(case.kind == "adversarial" for case in cases),
        },
    )


def _as_json(result: CaseResult) -> dict[str, object]:
    return {
        "name": result.case.name,
        "kind": result.case.kind,
        "ok": result.ok,
        "error": result.error,
        "answer": result.answer,
        "checks": [{"check": one.check.check, "ok": one.ok, "seen": one.seen} for one in result.checks],
    }


def _teller(wants_json: bool) -> Callable[[CaseResult], None]:
    """Prints each case as soon as it is done, whoever reads along."""

    def tell(result: CaseResult) -> None:
        click.echo(json.dumps(_as_json(result), ensure_ascii=False) if wants_json else _lines(result))
        sys.stdout.flush()

    return tell


def _lines(result: CaseResult) -> str:
    lines = [f"{'ok  ' if result.ok else 'FAIL'} {result.case.kind:<11} {printable(result.case.name)}"]
    if result.error:
        lines.append(f"     no answer: {printable(result.error)}")
    lines += [f"     {one.check.check}: {printable(one.seen)}" for one in result.checks if not one.ok]
    return "\n".join(lines)


def _sum_up(results: Sequence[CaseResult], name: str) -> None:
    for kind in ("benign", "boundary", "adversarial"):
        of_kind = [result for result in results if result.case.kind == kind]
        if of_kind:
            click.echo(f"{kind}: {sum(result.ok for result in of_kind)} of {len(of_kind)} passed", err=True)
    click.echo(f"model: {printable(name)}", err=True)
    for hint in dict.fromkeys(result.hint for result in results if result.hint):
        click.echo(f"hint: {printable(hint)}", err=True)
