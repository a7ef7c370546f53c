"""The composition root: settings into built rooms. The only place that wires them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ferrata.actor import current_actor
from ferrata.caches import UserCache
from ferrata.clock import SystemClock
from ferrata.errors import FerrataError, NotFound, StoreUnavailable
from ferrata.redaction import tell_variables
from ferrata.state import LocalState
from ferrata.versions import flow_at, flow_ref, prompt_in, prompt_ref

if TYPE_CHECKING:
    from ferrata.access import Keys
    from ferrata.assets import Ledger, Registry
    from ferrata.catalog import Catalog, CheckedModel, Published
    from ferrata.clock import Clock
    from ferrata.datasets import Dataset
    from ferrata.evals import Target
    from ferrata.flows import DeclaredConnections, LoadedFlow
    from ferrata.maturity import Assessment, Assessor
    from ferrata.monitor import Drain
    from ferrata.prompts import Prompt
    from ferrata.providers import ChatModel, Models
    from ferrata.refs import Ref
    from ferrata.releases import Acts, Releases
    from ferrata.reviews import Reviews
    from ferrata.settings import Settings
    from ferrata.store import Store

__all__ = ["App", "open_app"]

_DATABASE = "ferrata.db"


@dataclass
class App:
    """A project's rooms, each built when it is first asked for. Close it, or use it in a `with` block.

    The store and what lies in it are also imported only then: SQLAlchemy takes longer to load than all the rest.

    Attributes:
        settings: the project's.
        clock: tells the time.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)

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
        """The database with its tables; the folder for the local one is made."""
        from sqlalchemy import URL

        from ferrata.assets import Ledger
        from ferrata.maturity import MaturityRepo
        from ferrata.store import Store

        url: str | URL | None = self.settings.store_url
        if url is None:
            self.state.make()
            # A URL object, because in a URL's text a `?` of the folder's name would end the path.
            url = URL.create("sqlite", database=str((self.settings.state / _DATABASE).resolve()))
        store = Store.open(url, clock=self.clock)
        try:
            # Together, so that a database that cannot take one room's tables gets none.
            store.migrate_all({Ledger.room: Ledger.migrations, MaturityRepo.room: MaturityRepo.migrations()})
        except FerrataError:
            store.close()
            raise
        return store

    @cached_property
    def memory(self) -> UserCache:
        """What the user's cache folder remembers of rules, the model and this project."""
        return UserCache.of_user(away_from=self.settings.root)

    @property
    def has_store(self) -> bool:
        """Whether the database is there already; one on a server is taken to be. To read, none needs to be made."""
        file = self._store_file()
        return file is None or file.is_file()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, on behalf of whoever runs this process."""
        from ferrata.assets import Ledger

        return Ledger(self.store, self.clock, actor=self.actor, project=self.settings.project)

    @cached_property
    def registry(self) -> Registry:
        """The project's assets, on behalf of whoever runs this process."""
        from ferrata.assets import Journal, Registry, migrate_registry

        migrate_registry(self.store)
        journal = Journal(self.store, self.clock, self.actor, project=self.settings.project)
        return Registry(self.store, self.clock, journal, project=self.settings.project)

    @cached_property
    def reviews(self) -> Reviews:
        """The project's reviews, on behalf of whoever runs this process."""
        from ferrata.reviews import Reviews

        return Reviews(
            self.store, self.clock, project=self.settings.project, actor=self.actor, ledger=lambda: self.ledger
        )

    @property
    def spool(self) -> Path:
        """The folder of spans that wait for the store."""
        return self.settings.state / "spool"

    @cached_property
    def drain(self) -> Drain:
        """Moves the project's spans into the store, and counts what they used of budgets."""
        from ferrata.access import Settling
        from ferrata.monitor import Drain

        project = self.settings.project
        return Drain(self.store, self.spool, project, [Settling(self.store, project)])

    @cached_property
    def keys(self) -> Keys:
        """The project's virtual keys, on behalf of whoever runs this process."""
        from ferrata.access import Keys

        return Keys(self.store, self.clock, project=self.settings.project, actor=self.actor, ledger=lambda: self.ledger)

    @cached_property
    def releases(self) -> Releases:
        """The project's releases, on behalf of whoever runs this process."""
        from ferrata.releases import Releases

        return Releases(self.store, self.registry, self.ledger)

    @cached_property
    def published(self) -> Published:
        """The route tables of the project's endpoints."""
        from ferrata.catalog import Published

        return Published(self.store, self.settings.project)

    def acts(self, endpoint: str) -> Acts:
        """What can be done to the routes of an endpoint, on behalf of whoever runs this process.

        Raises:
            NotFound: the project declares none of that name.
        """
        from ferrata.catalog import read_routes
        from ferrata.releases import Acts

        declared = read_routes(self.settings).endpoint(endpoint)
        return Acts(self.store, self.clock, self.published, self.ledger, endpoint, declared, actor=self.actor)

    @cached_property
    def maturity(self) -> Assessor:
        """Assesses the project."""
        from ferrata.maturity import Assessor

        return Assessor(
            self.settings,
            self.clock,
            memory=self.memory,
            has_store=lambda: self.has_store,
            store=lambda: self.store,
            ledger=lambda: self.ledger,
            prepare=self.state.make,
        )

    @cached_property
    def catalog(self) -> Catalog:
        """What is known of models, with the project's own prices."""
        from ferrata.catalog import open_catalog

        return open_catalog(self.settings, self.clock.now())

    @cached_property
    def models(self) -> Models:
        """The project's models, and any other by VENDOR/MODEL. Use it in an `async with` block.

        Raises:
            InvalidDocument: `ferrata.yaml` names a vendor that there is not, or a wire format that it does not speak.
        """
        from ferrata.providers import AnswerFile, HttpClient, Models, Surroundings, check_vendors

        declared = self.settings.file.models
        if wrong := check_vendors(declared):
            raise self.settings.wrong([(("models", name, key), problem) for name, key, problem in wrong])

        def answers() -> AnswerFile:
            self.state.make()
            return AnswerFile(self.settings.state / "answers.db")

        around = Surroundings(
            http=HttpClient(),
            clock=self.clock,
            environment=os.environ.get,
            price=lambda vendor, model: self.catalog.price_of(vendor, model),
            profile=lambda vendor, model: self.catalog.capabilities_of(vendor, model),
            answers=answers,
        )
        return Models(declared, around)

    def chat_model(self, name: str | None = None, *, prompt: Prompt | None = None) -> ChatModel:
        """A chat model, as `Models.chat` takes its name.

        Without one it is the model of `ferrata.yaml` that the prompt names, by its name there or as the vendor calls it;
        else the project's default; else the local model.
        """
        return self.models.chat(name or (self.models.declared(prompt.model.name) if prompt else None))

    @cached_property
    def connections(self) -> DeclaredConnections:
        """What flows name as a connection: those that the project declares, and its models."""
        from ferrata.flows import DeclaredConnections

        return DeclaredConnections(self.settings, lambda: self.models)

    def flow(self, path: str | Path) -> LoadedFlow:
        """A flow of the project, ready to run; close it when it is done with.

        Its models are closed with `models`. What calls cost is known of the project's own models.

        Args:
            path: its folder or file, relative to the project; or a version of the registry, as `flow/support@production`.

        Raises:
            NotFound, UsageError, InvalidDocument, FlowError: as `flows.open_flow`; there is no such asset, version or alias.
        """
        from ferrata.flows import open_flow

        ref = flow_ref(path, self.settings.root)
        if ref is None:
            return open_flow((self.settings.root / path).resolve(), connections=self.connections)
        self._check_store(ref)
        with ExitStack() as stack:
            folder, _ = stack.enter_context(flow_at(self.registry, ref))
            return open_flow(folder, connections=self.connections, closing=stack.pop_all().close)

    def dataset(self, name: str | Path) -> Dataset:
        """A dataset of the project: a file or folder, or a version of the registry, as `dataset/support@3`.

        Raises:
            NotFound, UsageError, InvalidDocument: as `datasets.open_dataset`.
        """
        from ferrata.datasets import dataset_ref, open_dataset

        if dataset_ref(name) is None:
            return open_dataset(self.settings.root / name)
        return open_dataset(name, self.registry if self.has_store else None, bodies=self.bodies)

    @property
    def bodies(self) -> Path:
        """The folder for data that is too large for the registry itself."""
        return self.settings.state / "datasets"

    def target(self, name: str, *, model: str | None = None) -> Target:
        """Whatever can be evaluated, by name; models are closed with `models`, a flow by `close` of the target's `flow`.

        Args:
            name: a prompt (file or version), a flow's folder or file, `model:NAME`, `file.py:function`,
                `module:function`, or a URL.
            model: that a prompt is asked of.

        Raises:
            NotFound, UsageError, InvalidDocument, FlowError: there is none, or it is wrong.
        """
        from ferrata.targets import Around, target_of

        root, declared = self.settings.root, self.settings.file.models
        return target_of(Around(root, lambda: self.models, declared, self.prompt, self.flow), name, model=model)

    def prompt(self, name: str | Path) -> Prompt:
        """A prompt of the project: a file, or a version of the registry, as `prompt/support@production`.

        Args:
            name: as `prompt_ref` takes it; a file's path is relative to the project.

        Raises:
            NotFound: there is no such file, asset, version or alias.
            InvalidDocument: the prompt is wrong.
        """
        from ferrata.prompts import read_prompt

        root = self.settings.root
        ref = prompt_ref(name, root)
        if ref is None:
            return read_prompt(root / name, root=root)
        self._check_store(ref)
        return prompt_in(self.registry, ref)

    def _check_store(self, ref: Ref) -> None:
        if not self.has_store:  # to read, none is made
            raise NotFound(
                f"the project has no asset '{ref}' yet", hint="register it with `ferrata asset register FILE`"
            )

    @property
    def actor(self) -> str:
        """Who acts: `FERRATA_ACTOR`, or the user of this process."""
        return current_actor()

    def check_models(self, *, save: bool = True) -> list[CheckedModel]:
        """The models that the project declares and that a scan finds, against their life cycles today.

        Noted in the ledger if `save`; where that cannot be, `maturity.store_problem` says so.
        """
        from ferrata.catalog import check_models, declared_uses, lifecycle_payload

        self.memory.writes = save
        uses = [*self.maturity.scan().models, *declared_uses(self.settings)]
        found = check_models(dict.fromkeys(uses), self.clock.now().date())
        if save:
            try:
                self.ledger.append("model.lifecycle_checked", payload=lifecycle_payload(found))
            except StoreUnavailable as error:
                self.maturity.store_problem = error
        return found

    def write_report(self, assessment: Assessment, model: Path | None = None) -> str | None:
        """Write the HTML report beside the local state, if that exists; its path."""
        if self.state.usable is None:
            return None
        text = self.maturity.report_formats()["html"](
            assessment, self.maturity.model(model), self.maturity.trend(assessment)
        )
        try:
            return str(self.state.write("report.html", text))
        except OSError:
            return None

    def _store_file(self) -> Path | None:
        """The database's file; None where it lies on a server (or the URL is wrong, which opening it says)."""
        if self.settings.store_url is None:
            return self.settings.state / _DATABASE
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

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
    # What checks a settings file takes longer to load than most of what else is here, and a prompt's file is read without.
    from ferrata.settings import load_settings

    settings = load_settings(root)
    if settings.file.models:
        tell_variables(lambda: _keys_of(settings))
    return App(settings, clock or SystemClock())


def _keys_of(settings: Settings) -> list[str]:
    from ferrata.providers import key_variables

    return key_variables(settings.file.models.values())
