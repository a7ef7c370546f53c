"""Assesses a project: its files, ledger and answers against the maturity model, and what is kept of it.

Knows nothing of faces.
"""

from __future__ import annotations

import os
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.clock import format_time
from ferrata.errors import BrokenChain, FerrataError, NotFound, StoreUnavailable, UsageError
from ferrata.listing import Listing, folder_in_repository
from ferrata.maturity.advice import evidence_of, roadmap_steps
from ferrata.maturity.answers import changed_answers, check_answers, merge_answers, read_answers
from ferrata.maturity.assess import Inputs, make_assessment
from ferrata.maturity.built_in import built_in_rules
from ferrata.maturity.git import head_commit, is_bare, line_links, tracks
from ferrata.maturity.model import load_model
from ferrata.maturity.repo import MaturityRepo
from ferrata.maturity.reports import formats
from ferrata.maturity.scan import load_rules, scan_repository
from ferrata.plugins import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ferrata.assets import Ledger
    from ferrata.caches import UserCache
    from ferrata.clock import Clock
    from ferrata.maturity.evidence import Answer, RecordSource
    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.repo import AssessmentRow
    from ferrata.maturity.reports import HistoryPoint, ReportWriter
    from ferrata.maturity.scan import RuleSet, ScanResult
    from ferrata.maturity.types import Assessment, RoadmapStep
    from ferrata.settings import Settings
    from ferrata.store import Store

__all__ = ["Assessor"]


class Assessor:
    """Assesses one project.

    Args:
        settings: the project's.
        clock: tells the time.
        memory: what the user's cache folder remembers.
        has_store: whether the database is there already.
        store: the database, made if it is missing.
        ledger: its ledger.
        prepare: makes the folder for local state.

    Attributes:
        store_problem: why an assessment was made without the store, or was not kept; None where all is well.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        memory: UserCache,
        has_store: Callable[[], bool],
        store: Callable[[], Store],
        ledger: Callable[[], Ledger],
        prepare: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._memory = memory
        self._has_store = has_store
        self._store = store
        self._ledger = ledger
        self._prepare = prepare
        self.store_problem: FerrataError | None = None

    @cached_property
    def _repo(self) -> MaturityRepo:
        return MaturityRepo(self._store(), self._settings.project)

    def model(self, path: Path | None = None) -> MaturityModel:
        """The maturity model in force: `path`, the project's own, or the built-in one."""
        if path is None and (own := self._settings.file.maturity.model):
            path = self._settings.inside(own, key="maturity.model")
        return load_model(path, memory=self._memory)

    def rules(self) -> RuleSet:
        """The rules in force: built-in ones, plugins' and the project's own."""
        packs = [Path(folder) for folders in plugin_manager().hook.rule_packs() for folder in folders]
        return load_rules([built_in_rules(), *packs], own=self.own_rule_folders(), memory=self._memory)

    def own_rule_folders(self) -> list[Path]:
        """The folders of rules that the project declares.

        Raises:
            InvalidDocument: one does not exist, or leads out of the project.
        """
        paths = self._settings.file.maturity.rules
        return [self._settings.inside(path, key=f"maturity.rules.{i}", folder=True) for i, path in enumerate(paths)]

    def assess(
        self,
        *,
        model: Path | None = None,
        answers: Path | None = None,
        save: bool = True,
        listing: Listing | None = None,
    ) -> Assessment:
        """Scan the project, weigh all evidence, and keep the assessment unless `save` is False.

        A store that cannot be used costs the history and the ledger's evidence, not the assessment: `store_problem` and
        a note say so.

        Args:
            model: the file of another maturity model.
            answers: a file of answers.
            save: False writes nothing, and only reads what the user's cache remembers.
            listing: of the project's files, if it was begun before.

        Raises:
            NotFound: the model's or the answers' file does not exist.
            InvalidDocument: a declared file is wrong.
            UsageError: the folder is not one that can be scanned.
        """
        self._memory.writes = save
        chosen = self.model(model)
        given = self.answers_of_file(answers, chosen)
        self.own_rule_folders()  # what is wrong in a file is said before anything is made
        if is_bare(root := self._settings.root):
            raise UsageError(
                f"{str(root)!r} is a bare git repository: it has no files to read",
                hint=f"git clone {root} WORKTREE, then assess WORKTREE",
            )
        if save:
            with suppress(StoreUnavailable):
                self._prepare()
        assessment = self._measure(chosen, given, make=save, listing=listing)
        return self._keep(assessment) if save else assessment

    def answers_of_file(self, path: Path | None, model: MaturityModel) -> list[Answer]:
        """The answers in `path`, or in the file that the project names; none where there is neither."""
        own = self._settings.file.maturity.answers
        found = path or (self._settings.inside(own, key="maturity.answers") if own else None)
        return read_answers(found, model) if found else []

    def answers(self) -> list[Answer]:
        """The latest answer of each respondent to each practice; none where there is no database yet."""
        return self._repo.answers() if self._has_store() else []

    def give_answers(self, answers: Sequence[Answer]) -> int:
        """Store those answers that are new or changed, each with a ledger record, in one transaction; how many they were.

        Raises:
            UsageError: a value is not 0 to 1, or a text cannot be printed.
        """
        check_answers(answers)
        repo, ledger = self._repo, self._ledger()
        new = changed_answers(repo.answers(), answers)
        at = format_time(self._clock.now())
        with self._store().write() as connection:
            repo.add_answers(connection, [answer._replace(at=answer.at or at) for answer in new])
            for answer in new:
                payload = {"practice": answer.practice, "respondent": answer.respondent, "value": answer.value}
                ledger.append_in(connection, "answer.given", payload=payload)
        return len(new)

    def history(self, *, limit: int | None = None) -> list[AssessmentRow]:
        """The assessments made so far, the newest first; none where there is no database yet."""
        return self._repo.assessments(limit=limit) if self._has_store() else []

    def assessment(self, name: str) -> Assessment:
        """One assessment, as `MaturityRepo.assessment` takes its name.

        Raises:
            NotFound: there is none.
        """
        if not self._has_store():
            raise NotFound(f"no assessment {name!r}: there is none yet", hint="make one with `ferrata assess`")
        return self._repo.assessment(name)

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
        assessment = self._measure(chosen, given, make=False)
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

    def trend(self, assessment: Assessment) -> list[HistoryPoint]:
        """The course of the score up to an assessment, the oldest first."""
        return self._repo.trend(until=assessment.at) if self._usable(make=False) else []

    def scan(self, *, make: bool = False, listing: Listing | None = None) -> ScanResult:
        """What the project's files show; a store that is there, or is made, is loaded meanwhile."""
        root = self._settings.root
        with listing or Listing(root) as files:
            rules = self.rules()
            if make or self._has_store():
                with suppress(StoreUnavailable):  # said when it is used
                    self._store()  # loading it takes about as long as git's list
            return scan_repository(
                root,
                rules,
                on=self._clock.now().date(),
                cache=self._memory.file(f"scan-{blake2b(os.fsencode(root.resolve()), digest_size=16).hexdigest()}.db"),
                keep=self._memory.writes,
                listing=files,
                exclude=self._settings.file.maturity.exclude,
            ).as_text()

    def _measure(
        self, model: MaturityModel, given: Iterable[Answer], *, make: bool, listing: Listing | None = None
    ) -> Assessment:
        """An assessment made now; a store that is not there is made if `make`."""
        root = self._settings.root
        scanned = self.scan(make=make, listing=listing)
        # The commit of a repository that only happens to lie around the folder says nothing about it.
        commit = head_commit(root) if tracks(root, ".") else None

        def weigh(*, usable: bool) -> Assessment:
            inputs = Inputs(
                project=self._settings.project,
                scan=scanned,
                records=self._records(usable=usable),
                answers=merge_answers(self._repo.answers() if usable else [], given),
                commit=commit,
                url_of=line_links(root, commit),
                notes=[f"without history and ledger: {self.store_problem}"] if self.store_problem else [],
                folder=folder_in_repository(root),
            )
            return make_assessment(model, inputs, now=self._clock.now())

        try:
            return weigh(usable=self._usable(make=make))
        except (StoreUnavailable, BrokenChain) as error:
            self.store_problem = error
            return weigh(usable=False)

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
            with self._store().write() as connection:
                self._repo.add_assessment(connection, assessment)
                self._ledger().append_in(connection, "assessment.made", subjects=subjects, payload=payload)
        except StoreUnavailable as error:
            self.store_problem = error
            return assessment.model_copy(update={"notes": [*assessment.notes, f"not kept: {error}"]})
        return assessment

    def _records(self, *, usable: bool) -> RecordSource:
        """The ledger's records by action; asked only for actions that it has, which are few of those in a model."""
        known = self._ledger().actions() if usable else ()
        of = self._settings.project

        return lambda action, since: (
            self._ledger().records(action=action, since=since, project=of, newest_first=True) if action in known else ()
        )

    def _usable(self, *, make: bool) -> bool:
        """Whether the store can be used; one that is not there is made only if `make`. Tried once."""
        if self.store_problem is not None or not (make or self._has_store()):
            return False
        try:
            _ = self._repo, self._ledger()
        except StoreUnavailable as error:
            self.store_problem = error
            return False
        return True
