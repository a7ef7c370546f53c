"""A gate by its name: the candidate is evaluated, beside its baseline, and judged; the ledger has the verdict."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ferrata.calibrating import gate_standings
from ferrata.clock import format_time
from ferrata.errors import Conflict, FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.evals import EvalFolder, definition_of, run_name
from ferrata.evaluating import Evaluation, Given, changed, evaluator_of_use, is_over, run_evaluation, runs_folder
from ferrata.gates import (
    GateResult,
    How,
    Looking,
    Watch,
    before_run,
    changes_of,
    decide,
    drawn,
    foreign,
    keep_result,
    last_pass,
    looked_words,
    looks_of,
    other_data,
    read_file,
    read_run,
    record_of,
    resolve_metric,
    save_scores,
    with_distributions,
)
from ferrata.refs import Ref

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from ferrata.app import App
    from ferrata.evals import EvalSettings, EvalSummary, Progress
    from ferrata.gates import Decision, GateSettings, Rule, Scored

__all__ = ["Interrupted", "Request", "gate_digest", "gates_folder", "run_gate"]

_LAST = "last-pass"
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
    on_progress: Callable[[Progress], None] | None = None
    around: Callable[..., Any] | None = None


def gate_digest(app: App, gate: GateSettings, *, data: str | None = None) -> str:
    """The digest of a gate's declaration and of its evaluation's, but for the target: what a verdict holds for.

    Raises:
        NotFound, InvalidDocument: there is no such evaluation, or it is wrong.
    """
    definition = changed(definition_of(app.settings, gate.eval), **({"data": data} if data else {}))
    return gate.digest(
        definition.model_dump(mode="json", exclude={"target", "concurrency", "timeout", "budget", "tags"})
    )


def run_gate(app: App, request: Request) -> GateResult:
    """Decide a gate, keep the result, and put the verdict into the ledger.

    Raises:
        NotFound, UsageError, InvalidDocument: something is not there, or wrong.
        Interrupted: somebody stopped it.
        StoreUnavailable: the result cannot be kept.
    """
    made = _Gate(app, request, definition_of(app.settings, request.gate.eval))
    result, candidate = made.decided()
    if request.save_baseline is not None:
        save_scores(candidate, request.save_baseline)
    if request.record:
        app.state.make()
        keep_result(result, gates_folder(app))
        with suppress(StoreUnavailable):
            payload = record_of(result, candidate.evaluators)
            app.ledger.append("gate.decided", subjects=list(candidate.side.versions), payload=payload)
    return result


@dataclass
class _Gate:
    """One gate while it is decided.

    Attributes:
        rows: that are drawn; None: all.
        total: rows of the data, once they were opened.
        begun: runs that this gate has begun, by what their names begin with.
        order: numbers of the candidate's rows as they were drawn.
    """

    app: App
    request: Request
    settings: EvalSettings
    total: int = 0
    begun: dict[str, str] = field(default_factory=dict[str, str])
    order: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.gate = self.request.gate
        self.rows = self.gate.rows
        self.how = How(self.gate.alpha, self.gate.power, self.gate.correction, len(self.gate.rules))
        self.rules: list[Rule] = [one.rule for one in self.gate.rules]

    def decided(self) -> tuple[GateResult, Scored]:
        """The whole of it."""
        if self.gate.sequential and not self.request.candidate:
            return self._watched()
        if self.gate.inconclusive == "extend" and not self.request.candidate:
            return self._extended()
        return self._looked(self.how)

    # The two sides

    def _baseline(self) -> Scored | None:
        name = self.gate.baseline
        if name is None or not self.gate.needs_baseline:
            return None
        if name == _LAST:
            name = last_pass(self.request.name, gates_folder(self.app))
        compared = [one.metric for one in self.rules if one.compares]
        found = self._existing(name, compared)
        if found is not None:
            return found
        self.app.dataset(self.request.data or self.settings.data)  # what is not there is no fault of the baseline's
        try:
            return self._of_run(self._run(name, f"gate-{self.request.name}-baseline").name)
        except NotFound as error:
            said = f"the baseline {name!r} is no run and no file of scores, and cannot be evaluated: {error.message}"
            raise NotFound(said, hint=self._named_so(targets=True)) from None

    def _named_so(self, *, targets: bool = False) -> str:
        """What a side may be named by."""
        runs = ", ".join(one.name for one in EvalFolder.every(runs_folder(self.app))[:5])
        others = f"a file of scores ({', '.join(_FILES)})" + (" or a target, as file.py:function" if targets else "")
        return f"name a run (as {runs}) or {others}" if runs else f"there is no run yet; name {others}"

    def _candidate(self) -> Scored:
        name = self.request.candidate
        if not name:
            return self._of_run(self._run(None, f"gate-{self.request.name}").name)
        found = self._existing(name, [one.metric for one in self.rules])
        if found is None:
            raise NotFound(f"there is no run and no file {name!r}", hint=self._named_so())
        return replace(found, incomplete=found.incomplete or self._foreign(found))

    def _foreign(self, found: Scored) -> str:
        """Why a candidate that nobody evaluated here is none of this gate; empty where it is, or where nobody can know."""
        declared = [evaluator_of_use(self.app, use, self.settings) for use in self.settings.evaluators]
        digests = {one.alias: one.evaluator.digest for one in declared}
        return foreign(found, self.rows, self.rules, digests)

    def _existing(self, name: str, metrics: Sequence[str]) -> Scored | None:
        """A run's or a file's scores, of these metrics where it is another tool's; None where it is neither."""
        path = self.app.settings.root / name
        if path.suffix.lower() in _FILES and path.is_file():
            found = read_file(path, metrics)
            return replace(found, side=replace(found.side, run=name))
        try:
            return self._of_run(name)
        except (NotFound, UsageError):
            return None

    def _of_run(self, name: str) -> Scored:
        with EvalFolder.read(runs_folder(self.app), name) as folder:
            about: dict[str, Any] = folder.document.get("target") or {}
            versions = _versions(self.app, str(about.get("name") or ""))
            return read_run(folder, cluster=self.gate.cluster, versions=versions)

    def _opened(self, target: str | None) -> Evaluation:
        """The evaluation of a target over the rows that are drawn; close it."""
        given = {"target": target or self.request.target, "data": self.request.data}
        settings = changed(self.settings, **{key: value for key, value in given.items() if value is not None})
        evaluation = Evaluation.open(self.app, Given(settings, self.gate.eval))
        self.total = evaluation.plan.total or 0
        blank, ends = before_run(evaluation.plan)
        # What an evaluator gives beside its main score may be known only once it has scored a row.
        for one in self.rules:
            if one.metric.partition(".")[0] not in blank.evaluators:
                resolve_metric(one.metric, blank, among=ends)
        if self.rows is not None or self.gate.sequential:
            evaluation.plan, self.order = drawn(evaluation.plan, self.rows, self.gate.seed)
        return evaluation

    def _run(
        self, target: str | None, base: str, looking: Callable[[Evaluation], Looking] | None = None
    ) -> EvalSummary:
        """Evaluate, or go on with what this gate has begun.

        Raises:
            Interrupted: somebody stopped it.
        """
        evaluation = self._opened(target)
        try:
            watcher = looking(evaluation) if looking else None
            how = {"reuse": True, "save": self.request.record, **self._context(watcher)}
            summary = self._named(evaluation, base, how)
        finally:
            evaluation.close()
        decided = watcher is not None and watcher.watch.decided_after is not None
        if summary.stopped is not None and summary.stopped.code == "Canceled" and not decided:
            raise Interrupted(
                f"the run {summary.name!r} was stopped, so the gate says nothing",
                hint=f"again, with the answers that it has: ferrata gate {self.request.name}",
            )
        return summary

    def _context(self, watcher: Looking | None) -> dict[str, Any]:
        @contextmanager
        def around(stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
            if watcher is not None:
                watcher.begin(stop, folder)
            with ExitStack() as stack:
                if self.request.around is not None:
                    stack.enter_context(self.request.around(stop, folder))
                yield
            if watcher is not None:
                watcher.look()

        def progress(counts: Progress) -> None:
            if self.request.on_progress is not None:
                self.request.on_progress(counts)
            if watcher is not None:
                watcher.look()

        return {"around": around, "on_progress": progress}

    def _named(self, evaluation: Evaluation, base: str, how: dict[str, Any]) -> EvalSummary:
        if (earlier := self.begun.get(base)) is not None:
            return run_evaluation(evaluation, resume=earlier, **how)
        for _ in range(_TRIES):
            name = run_name(base, runs_folder(self.app))
            try:
                summary = run_evaluation(evaluation, name=name, **how)
            except Conflict:  # another process took the name
                continue
            self.begun[base] = name
            return summary
        raise Conflict(f"no free name for a run of {base!r}", hint="try again")

    # Ways to decide

    def _looked(self, how: How) -> tuple[GateResult, Scored]:
        """One look at all rows."""
        baseline, candidate = self._baseline(), self._candidate()
        decision = decide(
            self.rules, candidate, baseline, how, standings=gate_standings(self.app, self.gate, candidate)
        )
        return self._result(decision, candidate, baseline), candidate

    def _extended(self) -> tuple[GateResult, Scored]:
        """As many looks as it takes, the error divided over all that there could be."""
        self._opened(None).close()
        looks = looks_of(self.rows or self.total, self.total)
        how = replace(self.how, alpha=self.how.alpha / len(looks))
        for number, rows in enumerate(looks, 1):
            self.rows = rows
            result, candidate = self._looked(how)
            note = f"look {number} of {len(looks)} at most, with {rows:,} of {self.total:,} rows: each at alpha {how.alpha:.3g}"
            result = replace(result, notes=(note, *result.notes))
            more = result.verdict == "inconclusive" and any(
                one.verdict == "inconclusive" and one.interval is not None for one in result.rules
            )
            if not more:
                break
        return result, candidate  # pyright: ignore[reportPossiblyUnboundVariable]

    def _watched(self) -> tuple[GateResult, Scored]:
        """A look after every row."""
        baseline = self._baseline()
        watchers: list[Looking] = []

        def looking(evaluation: Evaluation) -> Looking:
            found = Looking(self._watch(evaluation, baseline), self.order, evaluation.plan.repeats)
            watchers.append(found)
            return found

        summary = self._run(None, f"gate-{self.request.name}", looking)
        found = self._of_run(summary.name)
        watch = watchers[0].watch
        result = self._result(watch.decision(), found, baseline)
        after = watch.decided_after
        said = looked_words(
            watch.rows if after is None else after, len(self.order), found, summary.cost, decided=after is not None
        )
        return replace(result, stopped_after=after, notes=(said, *result.notes)), found

    def _watch(self, evaluation: Evaluation, baseline: Scored | None) -> Watch:
        blank, ends = before_run(evaluation.plan)
        rules = [replace(one, metric=resolve_metric(one.metric, blank, among=ends)) for one in self.rules]
        return Watch(rules, ends, blank, baseline, self.how, standings=gate_standings(self.app, self.gate, blank))

    # What came of it

    def _result(self, decision: Decision, candidate: Scored, baseline: Scored | None) -> GateResult:
        request = self.request
        with ExitStack() as stack:
            before = self._folder(stack, baseline.side.run) if baseline else None
            after = self._folder(stack, candidate.side.run)
            changes = changes_of(decision.rules, baseline, candidate, before=before, after=after) if baseline else []
        notes = list(decision.notes)
        if baseline and baseline.dataset_digest and baseline.dataset_digest != candidate.dataset_digest:
            said = f"the baseline was run on other data, {baseline.dataset!r}"
            notes.append(f"{said}: only rows that are in both are compared")
        data, digest = request.data, candidate.dataset_digest
        asked = changed(self.settings, **({"data": data} if data else {}))
        if request.candidate and digest and not is_over(self.app, asked, digest):
            data = f"{candidate.dataset}@{digest}"
            notes.append(other_data(candidate.dataset, asked.data, self.app.dataset))
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
            sequential=self.gate.sequential and not request.candidate,
            on_inconclusive=self.gate.inconclusive,
            changes=changes,
            notes=notes,
            waived=request.waived,
            created=format_time(self.app.clock.now()),
            settings_digest=gate_digest(self.app, self.gate, data=data),
        )

    def _folder(self, stack: ExitStack, run: str) -> EvalFolder | None:
        try:
            return stack.enter_context(EvalFolder.read(runs_folder(self.app), run))
        except (NotFound, UsageError):
            return None


def _versions(app: App, target: str) -> Sequence[str]:
    """The version that a target's name stands for now, as `prompt/support@3`."""
    if "@" not in target or not target.startswith(("prompt/", "flow/")) or not app.has_store:
        return ()
    try:
        return (str(app.registry.resolve(Ref.parse(target)).ref),)
    except FerrataError:
        return ()
