"""The composition root: settings into built rooms. The only place that wires them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from ferrata.actor import current_actor
from ferrata.assets import Journal, Ledger, Registry, migrate_registry
from ferrata.clock import SystemClock, format_time
from ferrata.errors import BrokenChain, FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.maturity import (
    Inputs,
    MaturityRepo,
    built_in_rules,
    changed_answers,
    check_answers,
    evidence_of,
    formats,
    head_commit,
    is_bare,
    line_links,
    load_model,
    load_rules,
    make_assessment,
    merge_answers,
    read_answers,
    roadmap_steps,
    scan_repository,
    tracks,
)
from ferrata.plugins import plugin_manager
from ferrata.settings import load_settings
from ferrata.state import LocalState
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from datetime import datetime

    from ferrata.clock import Clock
    from ferrata.maturity import (
        Answer,
        Assessment,
        AssessmentRow,
        HistoryPoint,
        LedgerRecord,
        MaturityModel,
        Practice,
        ReportWriter,
        RoadmapStep,
        RuleSet,
        ScanResult,
    )
    from ferrata.settings import Settings

__all__ = ["App", "open_app"]

_DATABASE = "ferrata.db"


@dataclass
class App:
    """A project's rooms, each built when it is first asked for. Close it, or use it in a `with` block.

    Attributes:
        settings: the project's.
        clock: tells the time.
        store_problem: why an assessment was made without the store, or was not kept; None where all is well.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    store_problem: FerrataError | None = field(default=None, init=False)

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @cached_property
    def state(self) -> LocalState:
        """The folder for local state."""
        return LocalState(self.settings)

    @cached_property
    def store(self) -> Store:
        """The database; the folder for the local one is made."""
        url = self.settings.store_url
        if url is not None:
            return Store.open(url, clock=self.clock)
        self.state.make()
        # A URL object, because in a URL's text a `?` of the folder's name would end the path.
        local = URL.create("sqlite", database=str((self.settings.state / _DATABASE).resolve()))
        return Store.open(cast("str", local), clock=self.clock)

    @property
    def has_store(self) -> bool:
        """Whether the database is there already; one on a server is taken to be. To read, none needs to be made."""
        file = self._store_file()
        return file is None or file.is_file()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, on behalf of whoever runs this process."""
        with _ours(self.store):
            return Ledger(self.store, self.clock, actor=self.actor)

    @cached_property
    def registry(self) -> Registry:
        """The project's assets, on behalf of whoever runs this process."""
        _ = self.ledger  # whose table the registry writes to
        with _ours(self.store):
            migrate_registry(self.store)
        journal = Journal(self.store, self.clock, self.actor)
        return Registry(self.store, self.clock, journal, project=self.settings.project)

    @cached_property
    def maturity(self) -> MaturityRepo:
        """Assessments and answers."""
        with _ours(self.store):
            return MaturityRepo(self.store, self.settings.project)

    @property
    def actor(self) -> str:
        """Who acts: `FERRATA_ACTOR`, or the user of this process."""
        return current_actor()

    def model(self, path: Path | None = None) -> MaturityModel:
        """The maturity model in force: `path`, the project's own, or the built-in one."""
        own = self.settings.file.maturity.model
        return load_model(path or (self.settings.inside(own, key="maturity.model") if own else None))

    def rules(self) -> RuleSet:
        """The rules in force: built-in ones, plugins' and the project's own."""
        return self._rules(self.state.usable)

    def own_rule_folders(self) -> list[Path]:
        """The folders of rules that the project declares.

        Raises:
            InvalidDocument: one does not exist, or leads out of the project.
        """
        paths = self.settings.file.maturity.rules
        return [self.settings.inside(path, key=f"maturity.rules.{i}", folder=True) for i, path in enumerate(paths)]

    def assess(self, *, model: Path | None = None, answers: Path | None = None, save: bool = True) -> Assessment:
        """Scan the project, weigh all evidence, and keep the assessment unless `save` is False.

        A store that cannot be used costs the history and the ledger's evidence, not the assessment: `store_problem` and
        a note say so.

        Raises:
            NotFound: the model's or the answers' file does not exist.
            InvalidDocument: a declared file is wrong.
            UsageError: the folder is not one that can be scanned.
        """
        chosen = self.model(model)
        given = self.answers_of_file(answers, chosen)
        self.own_rule_folders()  # what is wrong in a file is said before anything is made
        if is_bare(root := self.settings.root):
            raise UsageError(
                f"{str(root)!r} is a bare git repository: it has no files to read",
                hint=f"git clone {root} WORKTREE, then assess WORKTREE",
            )
        if save:
            with suppress(StoreUnavailable):
                self.state.make()
        assessment = self._measure(chosen, given, state=self.state.usable if save else None, make=save)
        return self._keep(assessment) if save else assessment

    def answers_of_file(self, path: Path | None, model: MaturityModel) -> list[Answer]:
        """The answers in `path`, or in the file that the project names; none where there is neither."""
        own = self.settings.file.maturity.answers
        found = path or (self.settings.inside(own, key="maturity.answers") if own else None)
        return read_answers(found, model) if found else []

    def answers(self) -> list[Answer]:
        """The latest answer of each respondent to each practice; none where there is no database yet."""
        return self.maturity.answers() if self.has_store else []

    def give_answers(self, answers: Sequence[Answer]) -> int:
        """Store those answers that are new or changed, each with a ledger record, in one transaction; how many they were.

        Raises:
            UsageError: a value is not 0 to 1, or a text cannot be printed.
        """
        check_answers(answers)
        repo, ledger = self.maturity, self.ledger
        new = changed_answers(repo.answers(), answers)
        at = format_time(self.clock.now())
        with self.store.write() as connection:
            repo.add_answers(connection, [answer._replace(at=answer.at or at) for answer in new])
            for answer in new:
                payload = {"practice": answer.practice, "respondent": answer.respondent, "value": answer.value}
                ledger.append_in(connection, "answer.given", payload=payload)
        return len(new)

    def history(self, *, limit: int | None = None) -> list[AssessmentRow]:
        """The assessments made so far, the newest first; none where there is no database yet."""
        return self.maturity.assessments(limit=limit) if self.has_store else []

    def assessment(self, name: str) -> Assessment:
        """One assessment, as `MaturityRepo.assessment` takes its name.

        Raises:
            NotFound: there is none.
        """
        if not self.has_store:
            raise NotFound(f"no assessment {name!r}: there is none yet", hint="make one with `ferrata assess`")
        return self.maturity.assessment(name)

    def practice(self, name: str, model: Path | None = None) -> Practice:
        """A practice of the model in force.

        Raises:
            NotFound: it has none of that id.
        """
        chosen = self.model(model)
        found = chosen.practice(name)
        if found is None:
            close = get_close_matches(name, [p.id for p in chosen.practices], n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(close)}?" if close else "list them with `ferrata maturity list`"
            raise NotFound(f"no practice {name!r} in {chosen.id} {chosen.version}", hint=hint)
        return found

    def roadmap(self, *, to_level: int | None = None, model: Path | None = None) -> list[RoadmapStep]:
        """What to do next, by an assessment made now (and not kept).

        Raises:
            UsageError: the repository uses no language model.
        """
        chosen = self.model(model)
        given = self.answers_of_file(None, chosen)
        assessment = self._measure(chosen, given, state=self.state.usable, make=False)
        if not assessment.llm_use:
            raise UsageError(
                "no LLM use found, so there is nothing to climb", hint="see what was read with `ferrata assess`"
            )
        return roadmap_steps(chosen, assessment.practices, evidence_of(assessment), to_level=to_level)

    def report_formats(self) -> dict[str, ReportWriter]:
        """Report writers by the name of their format; a plugin's may replace a built-in one."""
        writers = dict(formats())
        for more in plugin_manager().hook.report_formats():
            writers.update(more)
        return writers

    def write_report(self, assessment: Assessment, model: Path | None = None) -> str | None:
        """Write the HTML report beside the local state, if that exists; its path."""
        if self.state.usable is None:
            return None
        text = formats()["html"](assessment, self.model(model), self.trend(assessment))
        try:
            return str(self.state.write("report.html", text))
        except OSError:
            return None

    def trend(self, assessment: Assessment) -> list[HistoryPoint]:
        """The course of the score up to an assessment, the oldest first."""
        return self.maturity.trend(until=assessment.at) if self._usable(make=False) else []

    def _measure(self, model: MaturityModel, given: Iterable[Answer], *, state: Path | None, make: bool) -> Assessment:
        """An assessment made now, with caches in `state`; a store that is not there is made if `make`."""
        root = self.settings.root
        rules = self._rules(state)
        scanned = scan_repository(
            root,
            rules,
            on=self.clock.now().date(),
            cache=state / "scan.db" if state else None,
            exclude=self.settings.file.maturity.exclude,
        )
        # The commit of a repository that only happens to lie around the folder says nothing about it.
        commit = head_commit(root) if tracks(root, ".") else None

        def weigh(*, usable: bool) -> Assessment:
            inputs = Inputs(
                project=self.settings.project,
                scan=_as_text(scanned),
                records=self._records if usable else _no_records,
                answers=merge_answers(self.maturity.answers() if usable else [], given),
                commit=commit,
                url_of=line_links(root, commit),
                notes=[f"without history and ledger: {self.store_problem}"] if self.store_problem else [],
            )
            return make_assessment(model, inputs, now=self.clock.now())

        try:
            return weigh(usable=self._usable(make=make))
        except (StoreUnavailable, BrokenChain) as error:
            self.store_problem = error
            return weigh(usable=False)

    def _rules(self, state: Path | None) -> RuleSet:
        packs = [Path(folder) for folders in plugin_manager().hook.rule_packs() for folder in folders]
        folders = [built_in_rules(), *packs, *self.own_rule_folders()]
        return load_rules(folders, cache=state / "rules.json" if state else None)

    def _keep(self, assessment: Assessment) -> Assessment:
        """Store an assessment and its ledger record together; with a note where that failed."""
        payload = {
            "score": assessment.score,
            "level": assessment.level,
            "model": f"{assessment.model.id} {assessment.model.version}",
            "llm_use": assessment.llm_use,
        }
        if not self._usable(make=True):
            return assessment
        subjects = [f"assessment/{assessment.id}"]
        try:
            with self.store.write() as connection:
                self.maturity.add_assessment(connection, assessment)
                self.ledger.append_in(connection, "assessment.made", subjects=subjects, payload=payload)
        except StoreUnavailable as error:
            self.store_problem = error
            return assessment.model_copy(update={"notes": [*assessment.notes, f"not kept: {error}"]})
        return assessment

    def _records(self, action: str, since: datetime | None) -> Iterable[LedgerRecord]:
        return self.ledger.records(action=action, since=since, newest_first=True)

    def _usable(self, *, make: bool) -> bool:
        """Whether the store can be used; one that is not there is made only if `make`. Tried once."""
        if self.store_problem is not None or not (make or self.has_store):
            return False
        try:
            _ = self.maturity, self.ledger
        except StoreUnavailable as error:
            self.store_problem = error
            return False
        return True

    def _store_file(self) -> Path | None:
        """The database's file; None where it lies on a server (or the URL is wrong, which opening it says)."""
        if self.settings.store_url is None:
            return self.settings.state / _DATABASE
        try:
            url = make_url(self.settings.store_url)
        except (ArgumentError, ValueError):
            return None
        return Path(url.database) if url.drivername == "sqlite" and url.database else None


def open_app(root: Path, *, clock: Clock | None = None) -> App:
    """The app of the project in `root`.

    Raises:
        NotFound: there is no such folder.
        UsageError: it is no folder.
        InvalidDocument: its `ferrata.yaml` is wrong.
    """
    return App(load_settings(root), clock or SystemClock())


def _no_records(_action: str, _since: datetime | None) -> Iterable[LedgerRecord]:
    return ()


@contextmanager
def _ours(store: Store) -> Generator[None]:
    """Says of a database whose tables are not Ferrata's that it cannot be used."""
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise StoreUnavailable(
            f"the database {store.location} is not one of Ferrata's: {reason}",
            hint="name another database, or move this one away",
        ) from None


def _as_text(scanned: ScanResult) -> ScanResult:
    """The same, where names of files that are no text (they are bytes) are shown as escapes, so that they can be stored."""
    return replace(
        scanned,
        llm_sites=tuple(_text(site) for site in scanned.llm_sites),
        findings=tuple(replace(f, file=_text(f.file), message=_text(f.message)) for f in scanned.findings),
        skipped=tuple(s._replace(file=_text(s.file), reason=_text(s.reason)) for s in scanned.skipped),
    )


def _text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
