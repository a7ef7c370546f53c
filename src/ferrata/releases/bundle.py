"""A release: all that gives an answer, by version and digest, in one asset that never changes. A secret is never in it, only its name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pydantic import model_validator

from ferrata.assets import Draft, Parent
from ferrata.clock import format_time
from ferrata.documents import Document
from ferrata.errors import NotFound, UsageError
from ferrata.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.assets import AssetRow, Ledger, Registry, Version
    from ferrata.settings import Settings
    from ferrata.store import Store

__all__ = ["FILE", "KIND", "Evidence", "Kept", "Release", "Releases"]

KIND = "release"
FILE = "release.json"
_VARIABLE = re.compile(r"\$\{env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}")


class Evidence(Document):
    """The gate's verdict that justifies a release.

    Attributes:
        gate: its name.
        verdict: pass, fail or inconclusive.
        waived: why a person let it pass all the same; empty: nobody had to.
        run: the evaluation's run of the candidate.
        at: when.
        record: number of the ledger's record.
        dataset: on which data, and
        dataset_digest: their digest.
        evaluators: by which evaluators, name -> digest.
    """

    gate: str
    verdict: Literal["pass", "fail", "inconclusive"]
    waived: str = ""
    run: str = ""
    at: str = ""
    record: int = 0
    dataset: str = ""
    dataset_digest: str = ""
    evaluators: dict[str, str] = {}

    @property
    def passes(self) -> bool:
        """Whether the release may be served by it."""
        return self.verdict == "pass" or bool(self.waived)


class Release(Document):
    """What `release.json` says.

    Attributes:
        format: of this file.
        flow: a version of the registry that answers, as `flow/support@3`; or
        model: a model by its name among `models`, or VENDOR/MODEL.
        digest: of the flow's files; empty for a model.
        models: the declarations of all models that it may ask, secrets as references.
        connections: likewise, of what flows name as a connection.
        guard: what texts may not hold.
        environment: the variables that must be set where it runs.
        evidence: of the gate; None: none was asked for.
        waived: why it has no verdict that passes; empty: it has one, or none was asked for.
        commit: of the working tree, where there is one.
    """

    format: Literal[1] = 1
    flow: str | None = None
    model: str | None = None
    digest: str = ""
    models: dict[str, dict[str, Any]] = {}
    connections: dict[str, dict[str, Any]] = {}
    guard: dict[str, Any] = {}
    environment: list[str] = []
    evidence: Evidence | None = None
    waived: str = ""
    commit: str = ""

    @model_validator(mode="after")
    def _one(self) -> Release:
        if (self.flow is None) == (self.model is None):
            raise ValueError("must have either `flow` or `model`")
        return self

    @property
    def answers(self) -> str:
        """What answers: a flow's version or a model."""
        return self.flow or self.model or ""


class Kept(NamedTuple):
    """A release of the registry."""

    version: Version
    release: Release

    @property
    def ref(self) -> str:
        """`release/NAME@N`."""
        return str(self.version.ref)

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says."""
        return self.version.digest


class Releases:
    """The releases of a project.

    Args:
        store: where they lie.
        registry: of the project.
        ledger: is told of each new one.
    """

    def __init__(self, store: Store, registry: Registry, ledger: Ledger) -> None:
        self._store = store
        self._registry = registry
        self._ledger = ledger

    def create(
        self,
        settings: Settings,
        name: str,
        answers: str,
        *,
        guard: Mapping[str, Any] | None = None,
        waived: str = "",
        commit: str = "",
        message: str = "",
    ) -> tuple[Kept, bool]:
        """Put a release together, with the last verdict of a gate on what answers; the same content makes no second one.

        Args:
            settings: of the project: its models and connections.
            name: of the release, with or without `release/`.
            answers: `flow/NAME@N` or `flow/NAME@ALIAS`, or `model:NAME`.
            guard: as an endpoint declares it.
            waived: why it needs no verdict that passes.
            commit: of the working tree.
            message: why it was made.

        Returns:
            The release, and whether it is a new one.

        Raises:
            NotFound: there is no such flow or model.
            UsageError: `answers` is neither; or the gate's verdict does not pass, and nobody says why that is waived.
        """
        evidence = self.evidence(answers)
        if evidence is not None and not evidence.passes and not waived:
            raise UsageError(
                f"the gate {evidence.gate} says {evidence.verdict} of {answers}",
                hint="mend it and decide the gate again, or say with --waive why it is released all the same",
            )
        given, parents = self._pinned(settings, answers)
        release = Release(guard=dict(guard or {}), evidence=evidence, waived=waived, commit=commit, **given)
        body = json.dumps(release.model_dump(mode="json", exclude_defaults=True), indent=2, sort_keys=True) + "\n"
        ref = Ref.parse(f"{KIND}/{name.removeprefix(f'{KIND}/')}")
        draft = Draft(ref, {FILE: body.encode()}, message, {}, tuple(parents))
        with self._store.write() as connection:
            done = self._registry.register_in(connection, [draft])[0]
            if done.new:
                subjects = [str(done.version.ref), *(str(parent.ref) for parent in parents)]
                self._ledger.append_in(connection, "release.created", subjects=subjects)
        return Kept(done.version, release), done.new

    def _pinned(self, settings: Settings, answers: str) -> tuple[dict[str, Any], list[Parent]]:
        declared = {
            key: one.model_dump(mode="json", exclude_defaults=True) for key, one in settings.file.models.items()
        }
        kind, colon, model = answers.partition(":")
        if kind == "model" and colon:
            if model not in declared and "/" not in model:
                known = ", ".join(declared) or "none is declared"
                raise NotFound(f"no model {model!r}", hint=f"there is {known}; or name one as VENDOR/MODEL")
            only = {key: one for key, one in declared.items() if key == model}
            return {"model": model, "models": only, "environment": _variables(only)}, []
        version = self._version(answers)
        connections = {key: dict(one) for key, one in settings.file.connections.items()}
        given = {
            "flow": str(version.ref),
            "digest": version.digest,
            "models": declared,
            "connections": connections,
            "environment": _variables([declared, connections]),
        }
        return given, [Parent("flow", version.ref)]

    def _version(self, answers: str) -> Version:
        ref = Ref.parse(answers)
        if ref.kind != "flow":
            raise UsageError(f"{answers!r} does not answer calls", hint="give a version of a flow, or model:NAME")
        return self._registry.resolve(ref)

    def names(self) -> list[AssetRow]:
        """The releases by name, with their newest versions."""
        return self._registry.assets(KIND)

    def read(self, ref: str) -> Kept:
        """A release, by `release/NAME@N`, `release/NAME@ALIAS`, or `NAME` (its newest).

        Raises:
            NotFound: there is none.
            UsageError: that is no release, or a newer Ferrata wrote it.
        """
        version = self._registry.resolve(Ref.parse(ref if ref.startswith(f"{KIND}/") else f"{KIND}/{ref}"))
        body = self._registry.files(version).get(FILE, b"")
        try:
            return Kept(version, Release.model_validate_json(body))
        except ValueError as error:
            raise UsageError(f"{version.ref} is no release: {str(error).splitlines()[0]}") from None

    def evidence(self, answers: str) -> Evidence | None:
        """The last verdict of any gate on exactly this flow's version or model; None where there is none.

        Raises:
            NotFound: there is no such flow.
            UsageError: it is neither a flow nor a model.
        """
        version = None if answers.startswith("model:") else self._version(answers)
        target = answers if version is None else str(version.ref)
        for record in self._ledger.records(action="gate.decided", project=self._ledger.project, newest_first=True):
            said = cast("dict[str, Any]", record.payload)
            if said.get("target") != target and (version is None or said.get("target_digest") != version.digest):
                continue
            return Evidence(
                gate=str(said.get("gate") or ""),
                verdict=said["verdict"],
                waived=str(said.get("reason") or "a person let it pass") if said.get("waived") else "",
                run=str(said.get("run") or ""),
                at=format_time(record.at),
                record=record.seq,
                dataset=str(said.get("dataset") or ""),
                dataset_digest=str(said.get("dataset_digest") or ""),
                evaluators={str(key): str(one) for key, one in dict(said.get("evaluators") or {}).items()},
            )
        return None

    def verify(self, kept: Kept, environment: Mapping[str, str]) -> list[str]:
        """What keeps a release from being what it says, or from running here; empty: nothing."""
        problems: list[str] = []
        release, evidence = kept.release, kept.release.evidence
        if release.flow is not None:
            try:
                version = self._registry.resolve(Ref.parse(release.flow))
                self._registry.files(version)
                if version.digest != release.digest:
                    problems.append(f"{release.flow} has the digest {version.digest[:12]}, not {release.digest[:12]}")
            except NotFound as error:
                problems.append(error.message)
        if evidence is not None:
            try:
                record = self._ledger.get(evidence.record)
                said = cast("dict[str, Any]", record.payload)
                if (record.action, said.get("verdict")) != ("gate.decided", evidence.verdict):
                    problems.append(f"record {evidence.record} of the ledger is not its gate's verdict")
            except NotFound as error:
                problems.append(error.message)
        return problems + [
            f"the variable {name} is not set here" for name in release.environment if name not in environment
        ]


def _variables(declared: object) -> list[str]:
    return sorted(set(_VARIABLE.findall(json.dumps(declared))))
