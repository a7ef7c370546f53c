"""A gate by its name: the candidate is evaluated, beside its baseline, and judged; the ledger has the verdict."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from ferrata.clock import format_time
from ferrata.errors import Conflict, FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.evals import EvalFolder, definition_of, run_name
from ferrata.evaluating import Evaluation, Given, changed, run_evaluation, runs_folder
from ferrata.gates import (
    GateResult,
    How,
    changes_of,
    decide,
    keep_result,
    last_pass,
    read_file,
    read_run,
    save_scores,
    with_distributions,
)
from ferrata.refs import Ref
from ferrata.runs import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferrata.app import App
    from ferrata.evals import DataRow, EvalPlan, EvalSettings, EvalSummary, Progress
    from ferrata.gates import Decision, GateSettings, Rule, Scored, Standing

__all__ = ["Interrupted", "Request", "gate_digest", "gates_folder", "run_gate"]

LAST_PASS = "last-pass"
_GATES = "gates"
_FILES = (".json", ".jsonl", ".csv", ".tsv", ".parquet")
_TRIES = 20


class Interrupted(FerrataError):
    """Somebody stopped the evaluation; the gate says nothing."""

    code = "interrupted"


def gates_folder(app: App) -> Path:
    """Where the results of gates are."""
    return app.settings.state / _GATES


@dataclass(frozen=True)
class Request:
    """What is asked of a gate.

    Attributes:
        name: of the gate.
        gate: as it is to be decided: declared, with what the caller changed.
        target: in the place of the evaluation's.
        data: likewise.
        candidate: a run, or a file of scores, that is judged without evaluating anything; empty: evaluate.
        waived: why it is let pass all the same.
        record: write the ledger's record, and keep the result.
        save_baseline: a file to write the candidate's scores to, for later comparisons.
        standings: alias -> what is known of the judge behind it, of a candidate's scores.
        on_progress: called after each row.
        around: as `run_evaluation` takes it.
    """

    name: str
    gate: GateSettings
    target: str | None = None
    data: str | None = None
    candidate: str = ""
    waived: str = ""
    record: bool = True
    save_baseline: Path | None = None
    standings: Callable[[Scored], Mapping[str, Standing]] | None = None
    on_progress: Callable[[Progress], None] | None = None
    around: Callable[..., Any] | None = None


def gate_digest(app: App, gate: GateSettings, *, data: str | None = None) -> str:
    """The digest of a gate's declaration, with that of its evaluation: what a verdict holds for.

    Raises:
        NotFound, InvalidDocument: there is no such evaluation, or it is wrong.
    """
    definition = changed(definition_of(app.settings, gate.eval), **({"data": data} if data else {}))
    said = definition.model_dump(mode="json", exclude={"target", "concurrency", "timeout", "budget", "tags"})
    return gate.digest(said)


@dataclass
class _Gate:
    """One gate while it is decided."""

    app: App
    request: Request
    settings: EvalSettings
    how: How

    @property
    def gate(self) -> GateSettings:
        return self.request.gate

    @property
    def rules(self) -> list[Rule]:
        return [one.rule for one in self.gate.rules]

    # The two sides

    def baseline(self) -> Scored | None:
        """What the candidate is compared with."""
        name = self.gate.baseline
        if name is None or not self.gate.needs_baseline:
            return None
        if name == LAST_PASS:
            name = last_pass(self.request.name, gates_folder(self.app))
        return self._existing(name) or self._evaluated(name, f"gate-{self.request.name}-baseline")

    def candidate(self) -> Scored:
        """What is judged."""
        name = self.request.candidate
        if not name:
            return self._evaluated(None, f"gate-{self.request.name}")
        found = self._existing(name)
        if found is None:
            runs = ", ".join(one.name for one in EvalFolder.every(runs_folder(self.app))[:5])
            raise NotFound(f"there is no run and no file {name!r}", hint=f"there is {runs}" if runs else "")
        return found

    def _existing(self, name: str) -> Scored | None:
        """A run's or a file's scores; None where it is neither."""
        path = self.app.settings.root / name
        if path.suffix.lower() in _FILES and path.is_file():
            return replace_run(read_file(path, [one.metric for one in self.rules]), name)
        try:
            folder = EvalFolder.read(runs_folder(self.app), name)
        except (NotFound, UsageError):
            return None
        with folder:
            target = str((folder.document.get("target") or {}).get("name") or "")
            return read_run(folder, cluster=self.gate.cluster, versions=versions_of(self.app, target))

    def _evaluated(self, target: str | None, base: str) -> Scored:
        given = {"target": target or self.request.target, "data": self.request.data}
        settings = changed(self.settings, **{key: value for key, value in given.items() if value is not None})
        summary = self._run(settings, base)
        if summary.stopped is not None and summary.stopped.code == "Canceled":
            raise Interrupted(
                f"the run {summary.name!r} was stopped, so the gate says nothing",
                hint=f"again, with the answers that it has: ferrata gate {self.request.name}",
            )
        found = self._existing(summary.name)
        assert found is not None, summary.name
        return found

    def _run(self, settings: EvalSettings, base: str) -> EvalSummary:
        request, runs = self.request, runs_folder(self.app)
        evaluation = Evaluation.open(self.app, Given(settings, self.gate.eval))
        try:
            if self.gate.rows is not None:
                evaluation.plan = drawn(evaluation.plan, self.gate.rows, self.gate.seed)
            for _ in range(_TRIES):
                with suppress(Conflict):  # another process took the name
                    return run_evaluation(
                        evaluation,
                        name=run_name(base, runs),
                        reuse=True,
                        on_progress=request.on_progress,
                        around=request.around,
                        save=request.record,
                    )
            raise Conflict(f"no free name for a run of {base!r}", hint="try again")
        finally:
            evaluation.close()

    # The verdict

    def result(self, decision: Decision, candidate: Scored, baseline: Scored | None) -> GateResult:
        """As it is kept and shown."""
        request = self.request
        with ExitStack() as stack:
            before = self._folder(stack, baseline.side.run) if baseline else None
            after = self._folder(stack, candidate.side.run)
            changes = changes_of(decision.rules, baseline, candidate, before=before, after=after) if baseline else []
        notes = list(decision.notes)
        if baseline and baseline.dataset_digest and baseline.dataset_digest != candidate.dataset_digest:
            notes.append(
                f"the baseline was run on other data ({baseline.dataset}); only the rows that are in both are compared"
            )
        return GateResult(
            gate=request.name,
            verdict=decision.verdict,
            rules=with_distributions(decision.rules, candidate, baseline),
            candidate=candidate.side,
            baseline=baseline.side if baseline else None,
            dataset=candidate.dataset,
            dataset_digest=candidate.dataset_digest,
            rows=candidate.rows,
            alpha=self.gate.alpha,
            correction=self.gate.correction,
            seed=self.gate.seed,
            sequential=self.gate.sequential,
            on_inconclusive=self.gate.inconclusive,
            changes=changes,
            notes=notes,
            waived=request.waived,
            created=format_time(self.app.clock.now()),
            settings_digest=gate_digest(self.app, self.gate, data=request.data),
        )

    def _folder(self, stack: ExitStack, run: str) -> EvalFolder | None:
        try:
            return stack.enter_context(EvalFolder.read(runs_folder(self.app), run))
        except (NotFound, UsageError):
            return None


def run_gate(app: App, request: Request) -> GateResult:
    """Decide a gate, keep the result, and put the verdict into the ledger.

    Raises:
        NotFound, UsageError, InvalidDocument: something is not there, or wrong.
        Interrupted: somebody stopped it.
        StoreUnavailable: the result cannot be kept.
    """
    gate = request.gate
    settings = definition_of(app.settings, gate.eval)
    made = _Gate(app, request, settings, How(gate.alpha, gate.power, gate.correction))
    baseline = made.baseline()
    candidate = made.candidate()
    decision = decide(made.rules, candidate, baseline, made.how, standings=_standings(request, candidate))
    result = made.result(decision, candidate, baseline)
    if request.save_baseline is not None:
        save_scores(candidate, request.save_baseline)
    if request.record:
        app.state.make()
        keep_result(result, gates_folder(app))
        _record(app, result, candidate, baseline)
    return result


def _standings(request: Request, candidate: Scored) -> Mapping[str, Standing] | None:
    return request.standings(candidate) if request.standings else None


def replace_run(found: Scored, run: str) -> Scored:
    """With another name for where it is from."""
    return replace(found, side=replace(found.side, run=run))


def versions_of(app: App, target: str) -> Sequence[str]:
    """The version that a target's name stands for now, as `prompt/support@3`."""
    if "@" not in target or not target.startswith(("prompt/", "flow/")) or not app.has_store:
        return ()
    try:
        return (str(app.registry.resolve(Ref.parse(target)).ref),)
    except FerrataError:
        return ()


class _Held:
    """Rows that were drawn."""

    def __init__(self, rows: Sequence[DataRow]) -> None:
        self._rows = rows

    def __iter__(self) -> Any:
        return iter(self._rows)


def drawn(plan: EvalPlan, rows: int, seed: int) -> EvalPlan:
    """A plan over so many rows, drawn by a seed; all of them where there are no more. The first rows of a larger draw are those of a smaller one."""
    every = list(plan.rows)
    Random(seed).shuffle(every)
    chosen = every[:rows]
    return replace(plan, rows=_Held(chosen), total=len(chosen), about={**plan.about, "drawn": {"rows": len(chosen), "of": len(every), "seed": seed}})


def kind_of(target: str) -> str:
    """prompt, flow, model, function, url; `data` where the data had the responses."""
    if not target:
        return "data"
    if target.startswith(("http://", "https://")):
        return "url"
    if target.startswith("model:"):
        return "model"
    if target.startswith("prompt/") or target.endswith(".prompty"):
        return "prompt"
    place, colon, _ = target.partition(":")
    return "function" if colon and (place.endswith(".py") or "/" not in place) else "flow"


def _record(app: App, result: GateResult, candidate: Scored, baseline: Scored | None) -> None:
    old = result.baseline
    payload: dict[str, Any] = {
        "verdict": result.verdict,
        "subject_kind": kind_of(candidate.side.target),
        "baseline": old is not None,
        "waived": bool(result.waived),
        "gate": result.gate,
        "target": candidate.side.target,
        "target_digest": candidate.side.digest,
        "run": candidate.side.run,
        "dataset": result.dataset,
        "dataset_digest": result.dataset_digest,
        "rows": result.rows,
        "evaluators": dict(candidate.evaluators),
        "settings_digest": result.settings_digest,
        "rules": [_short(one) for one in result.as_json()["rules"]],
    }
    if old is not None:
        payload |= {"baseline_target": old.target, "baseline_digest": old.digest, "baseline_run": old.run}
    if result.waived:
        payload["reason"] = result.waived
    with suppress(StoreUnavailable):
        app.ledger.append("gate.decided", subjects=list(candidate.side.versions), payload=payload)


def _short(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: rule[key] for key in ("text", "verdict", "deciding", "n", "estimate", "interval", "p_adjusted")}
