"""The composition root: settings into built rooms. The only place that wires them."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from ferrata.assets import Ledger
from ferrata.clock import SystemClock, format_time
from ferrata.errors import NotFound, StoreUnavailable, UsageError
from ferrata.maturity import (
    Inputs,
    MaturityRepo,
    built_in_rules,
    evidence_of,
    formats,
    head_commit,
    line_links,
    load_model,
    load_rules,
    make_assessment,
    merge_answers,
    read_answers,
    roadmap_steps,
    scan_repository,
)
from ferrata.plugins import plugin_manager
from ferrata.settings import load_settings
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from ferrata.clock import Clock
    from ferrata.maturity import (
        Answer,
        Assessment,
        HistoryPoint,
        LedgerRecord,
        MaturityModel,
        Practice,
        ReportWriter,
        RoadmapStep,
        RuleSet,
    )
    from ferrata.settings import Settings

__all__ = ["App", "open_app"]


@dataclass
class App:
    """A project's rooms, each built when it is first asked for."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def store(self) -> Store:
        """The database."""
        if self.settings.store_url.startswith("sqlite") and self.settings.root.is_dir():
            _ignore_state(self.settings.state)
        return Store.open(self.settings.store_url, clock=self.clock)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, on behalf of whoever runs this process."""
        return Ledger(self.store, self.clock, actor=self.actor)

    @cached_property
    def maturity(self) -> MaturityRepo:
        """Assessments and answers."""
        return MaturityRepo(self.store, self.settings.project)

    @property
    def actor(self) -> str:
        """Who acts: `FERRATA_ACTOR`, or the user of this process."""
        try:
            return os.environ.get("FERRATA_ACTOR") or getpass.getuser()
        except (OSError, KeyError):
            return "unknown"

    def model(self, path: Path | None = None) -> MaturityModel:
        """The maturity model in force: `path`, the project's own, or the built-in one."""
        own = self.settings.file.maturity.model
        return load_model(path or (self.settings.inside(own, key="maturity.model") if own else None))

    def rules(self) -> RuleSet:
        """The rules in force: built-in ones, plugins' and the project's own."""
        packs = [folder for folders in plugin_manager().hook.rule_packs() for folder in folders]
        state = self.settings.state
        cache = state / "rules.json" if state.is_dir() else None
        return load_rules([built_in_rules(), *packs, *self.own_rule_folders()], cache=cache)

    def own_rule_folders(self) -> list[Path]:
        """The folders of rules that the project declares."""
        return [self.settings.inside(path, key="maturity.rules") for path in self.settings.file.maturity.rules]

    def assess(self, *, model: Path | None = None, answers: Path | None = None, save: bool = True) -> Assessment:
        """Scan the project, weigh all evidence, and keep the assessment unless `save` is False.

        A store that cannot be used costs the history and the ledger's evidence, not the assessment; a note says so.

        Raises:
            NotFound: the folder, the model's or the answers' file does not exist.
            InvalidDocument: a declared file is wrong.
            UsageError: the folder is not one that can be scanned.
        """
        root = self.settings.root
        chosen = self.model(model)
        given = self.answers_of_file(answers, chosen)
        notes: list[str] = []
        usable = self._try_store(notes, save=save)
        result = scan_repository(
            root,
            self.rules(),
            on=self.clock.now().date(),
            cache=self.settings.state / "scan.db" if save and usable else None,
            exclude=self.settings.file.maturity.exclude,
        )
        commit = head_commit(root)
        inputs = Inputs(
            project=self.settings.project,
            scan=result,
            records=self._records if usable else _no_records,
            answers=merge_answers(self.maturity.answers() if usable else [], given),
            commit=commit,
            url_of=line_links(root, commit),
            notes=notes,
        )
        assessment = make_assessment(chosen, inputs, now=self.clock.now())
        if save and usable:
            self._keep(assessment)
        return assessment

    def answers_of_file(self, path: Path | None, model: MaturityModel) -> list[Answer]:
        """The answers in `path`, or in the file that the project names; none where there is neither."""
        own = self.settings.file.maturity.answers
        found = path or (self.settings.inside(own, key="maturity.answers") if own else None)
        return read_answers(found, model) if found else []

    def give_answers(self, answers: Sequence[Answer]) -> None:
        """Store answers, each with a ledger record, in one transaction."""
        repo, ledger = self.maturity, self.ledger
        at = format_time(self.clock.now())
        with self.store.write() as connection:
            repo.add_answers(connection, [answer._replace(at=answer.at or at) for answer in answers])
            for answer in answers:
                payload = {"practice": answer.practice, "respondent": answer.respondent, "value": answer.value}
                ledger.append_in(connection, "answer.given", payload=payload)

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

    def roadmap(self, *, to_level: int | None = None) -> list[RoadmapStep]:
        """What to do next, by an assessment made now (and not kept)."""
        assessment = self.assess(save=False)
        if not assessment.llm_use:
            raise UsageError(
                "no LLM use found, so there is nothing to climb", hint="see what was read with `ferrata assess`"
            )
        return roadmap_steps(self.model(), assessment.practices, evidence_of(assessment), to_level=to_level)

    def report_formats(self) -> dict[str, ReportWriter]:
        """Report writers by the name of their format; a plugin's may replace a built-in one."""
        writers = dict(formats())
        for more in plugin_manager().hook.report_formats():
            writers.update(more)
        return writers

    def write_report(self, assessment: Assessment) -> str | None:
        """Write the HTML report beside the local state, if that exists; its path."""
        path = self.settings.state / "report.html"
        if not self.settings.state.is_dir():
            return None
        try:
            path.write_text(
                formats()["html"](assessment, self.model(), self.trend(assessment)), encoding="utf-8", errors="replace"
            )
        except OSError:
            return None
        return str(path)

    def trend(self, assessment: Assessment) -> list[HistoryPoint]:
        """The course of the score up to an assessment, the oldest first."""
        if not self._try_store([], save=False):
            return []
        return self.maturity.trend(until=assessment.at)

    def _keep(self, assessment: Assessment) -> None:
        repo, ledger = self.maturity, self.ledger
        payload = {
            "score": assessment.score,
            "level": assessment.level,
            "model": f"{assessment.model.id} {assessment.model.version}",
            "llm_use": assessment.llm_use,
        }
        with self.store.write() as connection:
            repo.add_assessment(connection, assessment)
            ledger.append_in(connection, "assessment.made", subjects=[f"assessment/{assessment.id}"], payload=payload)

    def _records(self, action: str, since: datetime | None) -> Iterable[LedgerRecord]:
        return self.ledger.records(action=action, since=since, newest_first=True)

    def _try_store(self, notes: list[str], *, save: bool) -> bool:
        """Whether the store can be used; where nothing is saved, only one that exists already."""
        if not self.settings.root.is_dir():
            return False
        if (
            not save
            and self.settings.store_url.startswith("sqlite")
            and not (self.settings.state / "ferrata.db").is_file()
        ):
            return False
        try:
            _ = self.maturity, self.ledger
        except StoreUnavailable as error:
            notes.append(f"without history and ledger: {error.message}")
            return False
        return True


def open_app(root: Path, *, clock: Clock | None = None) -> App:
    """The app of the project in `root`.

    Raises:
        InvalidDocument: its `ferrata.yaml` is wrong.
    """
    return App(load_settings(root), clock or SystemClock())


def _no_records(_action: str, _since: datetime | None) -> Iterable[LedgerRecord]:
    return ()


def _ignore_state(state: Path) -> None:
    """Make the folder for local state, with a file that keeps it out of git."""
    try:
        state.mkdir(exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreUnavailable(
            f"cannot write {str(state)!r}: {error.strerror}", hint="set FERRATA_STORE to a database elsewhere"
        ) from None
