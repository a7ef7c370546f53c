"""Keeping up with models: for each use case, other models by rule, tried on its own data, judged, and a change proposed.

Nobody is asked until `Scout.run`; `Scout.plan` says who would be, why, and for how much.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ferrata.app import App
from ferrata.calibrating import gate_standings
from ferrata.clock import format_time
from ferrata.errors import FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.evals import definition_of, run_name
from ferrata.evaluating import Evaluation, Given, changed, run_evaluation, runs_folder
from ferrata.gates import How, before_run, decide, drawn, gates_of
from ferrata.runs import Status
from ferrata.scouts import (
    Candidate,
    Outcome,
    PassedOver,
    Plan,
    Planned,
    ScoutResult,
    Search,
    affordable,
    find_candidates,
    id_of,
    judge_front,
    keep_result,
    measure_run,
    needs_of,
    recommend,
    used_by,
)
from ferrata.usecases import guessed_of, requests_of, use_case_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from pathlib import Path

    from ferrata.evals import EvalSettings, EvalSummary, Progress
    from ferrata.gates import Decision, GateSettings, Scored
    from ferrata.messages import ChatRequest
    from ferrata.scouts import Measurement, UseCase, Used
    from ferrata.settings import ModelSettings

__all__ = ["Interrupted", "Request", "keep", "last_scouted", "plan_scout", "run_scout"]

# A judge that is the incumbent goes on to be it, under this name, while another takes the incumbent's place.
_JUDGE = "the judge as declared"
_ONE_BY_ONE = (
    "latencies were measured at different times: models are asked one after the other, and an answer from an earlier run has the latency"
    " that it had then, so that a busy hour or a cold start can look like a slow model"
)


class Interrupted(FerrataError):
    """Somebody stopped it; what was answered is kept, and used again."""

    code = "interrupted"


@dataclass(frozen=True)
class Request:
    """What is asked of a scout.

    Attributes:
        most: models to try, the incumbent not counted.
        vendors: only these.
        include: names to try whatever the rules say.
        exclude: parts of ids to leave out.
        within: days before the incumbent's retirement from which on successors are looked for.
        metric: that quality is; empty: the gate's first, or the first evaluator's.
        model: the declared model that is in question; empty: the one that the target says.
        rows: of the data, drawn by the gate's seed; None: as the gate says, or all.
        budget: US dollars for all that is asked; None: no limit.
        prefer: what a recommendation goes by.
        environment: a variable's value, or None.
        on_progress: called after each row.
        on_model: called with the title of the model that is asked next.
        around: as `run_evaluation` takes it.
    """

    most: int = 5
    vendors: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    within: int = 180
    metric: str = ""
    model: str = ""
    rows: int | None = None
    budget: float | None = None
    prefer: Any = "cost"
    environment: Callable[[str], str | None] = lambda _name: None
    on_progress: Callable[[Progress], None] | None = None
    on_model: Callable[[str], None] | None = None
    around: Callable[..., Any] | None = None


def last_scouted(app: App, name: str) -> datetime | None:
    """When other models were looked for last for a use case; None: never."""
    if not app.has_store:
        return None
    for record in app.ledger.records(action="scout.run", project=app.settings.project, newest_first=True):
        if record.payload.get("use_case") == name:
            return record.at
    return None


def plan_scout(app: App, name: str, request: Request) -> Plan:
    """Who would be asked for a use case, why, and for how much. Asks nobody.

    Raises:
        NotFound, UsageError, InvalidDocument: something is not there, or wrong.
    """
    return _Scout(app, request, use_case_of(app, name, model=request.model)).plan()


def run_scout(app: App, plan: Plan, request: Request) -> ScoutResult:
    """Ask the models of a plan, judge them, and put what came of it into the ledger.

    Raises:
        UsageError: the budget pays for no candidate; there is nobody to ask.
        Interrupted: somebody stopped it.
    """
    scout = _Scout(app, request, plan.use_case)
    found = scout.run(plan)
    _record(app, found, plan)
    return found


def keep(app: App, result: ScoutResult) -> tuple[Path, ScoutResult]:
    """Write result, report and patch; as `scouts.keep_result`."""
    app.state.make()
    return keep_result(result, root=app.settings.root, state=app.settings.state)


@dataclass
class _Scout:
    """One use case while models are tried on it."""

    app: App
    request: Request
    case: UseCase
    notes: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.gate: GateSettings | None = gates_of(self.app.settings)[self.case.name] if self.case.gate else None
        self.definition = definition_of(self.app.settings, self.case.eval)
        if (self.definition.target or "").endswith(".prompty") or (self.definition.target or "").startswith("prompt/"):
            self.definition = changed(self.definition, model=self.case.model)
        self.runs = runs_folder(self.app)

    # Before anybody is asked

    def plan(self) -> Plan:
        """Who would be asked."""
        incumbent = Candidate(id_of(self.case.settings), self.case.settings, (), 0, self.case.model)
        with self._opened(incumbent) as evaluation:
            target: Any = evaluation.plan.target
            rows = (evaluation.plan.total or 0) * evaluation.plan.repeats
            used = used_by(self.runs, digest=target.digest)
            requests = requests_of(self.app, self.definition, evaluation)
        used = used if used.rows else used_by(self.runs, target=target.name)
        guessed = not used.rows
        used = guessed_of(requests) if guessed else used
        search = self._search(used, requests)
        found, passed = find_candidates(search)
        card = search.card(self.case.settings)
        leaving = ""
        if card is not None and card.retires is not None and (card.retires - search.today).days <= self.request.within:
            leaving = f"{card.name} {'was switched off' if card.stage == 'retired' else 'retires'} on {card.retires}."
        passed = [*(PassedOver(one.id, f"not tried: {one.blocked}") for one in found if one.blocked), *passed]
        askable = [one for one in found if not one.blocked]
        passed += [
            PassedOver(one.id, f"more than {self.request.most} models: --max") for one in askable[self.request.most :]
        ]
        first = replace(incumbent, request=search.request(self.case.settings))
        models = [self._planned(one, used, rows) for one in (first, *askable[: self.request.most])]
        return Plan(self.case, models, passed, used, guessed, rows, leaving)

    def _search(self, used: Used, requests: list[ChatRequest]) -> Search:
        asked = self.request
        return Search(
            self.app.catalog,
            self.case.settings,
            self.case.model,
            self.app.settings.file.models,
            used.usage,
            needs_of(requests, used.most),
            _measured(self.app),
            asked.within,
            asked.vendors,
            asked.include,
            asked.exclude,
            asked.environment,
        )

    def _planned(self, one: Candidate, used: Used, rows: int) -> Planned:
        try:
            with self._opened(one) as evaluation:
                target: Any = evaluation.plan.target
                known = used_by(self.runs, digest=target.digest).rows
        except FerrataError:  # what is wrong is said when it is asked
            known = 0
        calls = max(0, rows - known)
        free = one.settings.vendor in ("local", "fake") and one.request is None
        each = 0.0 if free else one.request
        return Planned(one, calls, None if each is None and calls else calls * ((each or 0.0) + used.judges))

    # Asking

    @contextmanager
    def _opened(self, one: Candidate) -> Generator[Evaluation]:
        """The use case's evaluation in a project whose entry for the incumbent is the candidate's."""
        app, definition = self.app, self.definition
        if one.settings != self.case.settings:
            app, definition = self._in_its_place(one.settings)
        with ExitStack() as stack:
            if app is not self.app:
                stack.callback(app.close)
            evaluation = Evaluation.open(app, Given(definition, f"scout-{self.case.name}"))
            stack.callback(evaluation.close)
            rows = self.request.rows or (self.gate.rows if self.gate else None)
            if rows is not None:
                evaluation.plan, _ = drawn(evaluation.plan, rows, self.gate.seed if self.gate else 0)
            yield evaluation

    def _in_its_place(self, settings: ModelSettings) -> tuple[App, EvalSettings]:
        models = {**self.app.settings.file.models, self.case.model: settings}
        definition = self.definition
        if self._judges_with_incumbent():
            models[_JUDGE] = self.case.settings
            uses = [
                {**use.model_dump(), "model": _JUDGE} if self._is_incumbent(use.model or definition.judge) else use
                for use in definition.evaluators
            ]
            definition = changed(definition, evaluators=uses)
        file = self.app.settings.file.model_copy(update={"models": models})
        return App(replace(self.app.settings, file=file), self.app.clock), definition

    def _is_incumbent(self, name: str | None) -> bool:
        declared = self.app.settings.file.models
        usual = "default" if "default" in declared or len(declared) > 1 else self.case.model
        return (name or usual) == self.case.model

    def _judges_with_incumbent(self) -> bool:
        definition = self.definition
        if not any(self._is_incumbent(use.model or definition.judge) for use in definition.evaluators):
            return False
        with self._opened(Candidate(id_of(self.case.settings), self.case.settings, (), 0)) as evaluation:
            return bool(before_run(evaluation.plan)[0].judged)

    def run(self, plan: Plan) -> ScoutResult:
        """Ask, one model after the other, and judge."""
        chosen, passed = affordable(plan, self.request.budget)
        left = self.request.budget
        spent: float | None = None
        found: list[tuple[Outcome, Scored | None]] = []
        metric, dataset = "", ""
        for one in chosen:
            outcome, scored, cost = self._tried(one.candidate, left, incumbent=one is plan.models[0])
            found.append((outcome, None if scored is None else scored.scored))
            if cost is not None:
                spent = (spent or 0.0) + cost
                left = None if left is None else max(left - cost, 0.0)
            if scored is not None:
                metric, dataset = scored.metric, scored.scored.dataset
        outcomes = judge_front(self._judged(found))
        best, why = recommend(outcomes, prefer=self.request.prefer, gated=self.case.gate, leaving=plan.retires)
        if plan.rows == 1:
            self.notes.append("there is one row: nothing can be shown of models by it")
        if sum(one.measured is not None and one.measured.p50 is not None for one in outcomes) > 1:
            self.notes.append(_ONE_BY_ONE)
        return ScoutResult(
            self.case,
            metric,
            outcomes,
            [*passed, *plan.passed_over],
            best,
            why,
            dataset,
            spent,
            format_time(self.app.clock.now()),
            self.notes,
        )

    def _tried(
        self, one: Candidate, left: float | None, *, incumbent: bool
    ) -> tuple[Outcome, Measurement | None, float | None]:
        empty = Outcome(one.id, one.title, incumbent, None if incumbent else one)
        if left is not None and left <= 0:
            return replace(empty, left_out="the budget is spent"), None, None
        if self.request.on_model is not None:
            self.request.on_model(one.title)
        try:
            with self._opened(one) as evaluation:
                limits = [limit for limit in (left, evaluation.options.budget) if limit is not None]
                evaluation.options = replace(evaluation.options, budget=min(limits) if limits else None)
                summary = self._asked(evaluation)
        except (NotFound, UsageError) as error:
            return replace(empty, left_out=f"{error.message}{f' ({error.hint})' if error.hint else ''}"), None, None
        if why := _useless(summary):
            return replace(empty, left_out=why), None, summary.cost
        first = self.gate.rules[0].metric if self.gate else ""
        cluster = self.gate.cluster if self.gate else None
        try:
            scored = measure_run(self.runs, summary, self.request.metric or first, cluster=cluster)
        except UsageError as error:
            if incumbent or self.request.metric:
                raise
            return replace(empty, left_out=error.message), None, summary.cost
        return replace(empty, measured=scored.measured), scored, summary.cost

    def _asked(self, evaluation: Evaluation) -> EvalSummary:
        name = run_name(f"scout-{self.case.name}", self.runs)
        how: dict[str, Any] = {"on_progress": self.request.on_progress, "around": self.request.around}
        summary = run_evaluation(evaluation, name=name, reuse=True, save=False, **how)
        if summary.stopped is not None and summary.stopped.code == "Canceled":
            raise Interrupted(
                f"the run {summary.name!r} was stopped, so nothing is recommended",
                hint=f"again, with the answers that it has: ferrata scout {self.case.name} --yes",
            )
        return summary

    def _judged(self, found: list[tuple[Outcome, Scored | None]]) -> list[Outcome]:
        """With the gate's verdict on each candidate against the incumbent."""
        base = next((scored for one, scored in found if one.incumbent), None)
        outcomes: list[Outcome] = []
        for one, scored in found:
            decision = None if one.incumbent or scored is None else self._decided(scored, base)
            if decision is None:
                outcomes.append(one)
                continue
            reasons = [reason for rule in decision.rules if rule.verdict != "pass" for reason in rule.reasons]
            said = list(dict.fromkeys([*decision.notes, *reasons]))
            outcomes.append(replace(one, verdict=decision.verdict, reasons=said))
        return outcomes

    def _decided(self, scored: Scored, base: Scored | None) -> Decision | None:
        if self.gate is None:
            return None
        if base is None and self.gate.needs_baseline:
            said = "the incumbent gave no scores, so that the gate's comparisons cannot be made, and it has no verdict"
            if said not in self.notes:
                self.notes.append(said)
            return None
        how = How(self.gate.alpha, self.gate.power, self.gate.correction, len(self.gate.rules))
        standings = gate_standings(self.app, self.gate, scored)
        return decide([one.rule for one in self.gate.rules], scored, base, how, standings=standings)


def _useless(summary: EvalSummary) -> str:
    """Why a run says nothing of its model; empty where it does."""
    errors = "; ".join(f"{code}: {about.get('message', '')}" for code, about in list(summary.errors.items())[:2])
    if summary.stopped is not None:
        return f"stopped after {summary.rows:,} rows: {summary.stopped.message}"
    if summary.status == Status.FAILED or summary.rows == summary.failed:
        return f"failed on every row: {errors}"
    return ""


def _measured(app: App) -> dict[str, Any]:
    from ferrata.catalog import measured_in

    return measured_in(app.ledger, app.settings.project) if app.has_store else {}


def _record(app: App, result: ScoutResult, plan: Plan) -> None:
    tried = [one for one in result.outcomes if one.measured is not None]
    results = [
        {
            "model": one.id,
            "rows": one.measured.rows - one.measured.failed,
            "failed": one.measured.failed,
            "quality": one.measured.estimate.value,
            "latency": one.measured.p50,
            "cost": None if one.measured.per_1000 is None else one.measured.per_1000 / 1000,
        }
        for one in tried
        if one.measured is not None
    ]
    said: dict[str, Any] = {
        "use_case": result.use_case.name,
        "tried": sum(not one.incumbent for one in tried),
        "front": result.front,
    }
    said |= {"recommended": result.recommended} if result.recommended else {}
    said |= {} if result.cost is None else {"cost": result.cost}
    compared: dict[str, Any] = {"candidates": [one.id for one in tried], "rows": plan.rows, "metrics": [result.metric]}
    compared |= {"chosen": result.recommended or plan.models[0].candidate.id, "results": results}
    with suppress(StoreUnavailable):
        app.ledger.append("scout.run", payload={"models": [one.id for one in result.outcomes], **said})
        if len(tried) > 1:
            app.ledger.append("comparison.made", payload={"kind": "model", **compared})
