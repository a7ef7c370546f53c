"""What a forge is: where its pipeline's file lies, what stands in it, and how a comment gets to a pull request. Knows no vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Forge", "Plan", "Remark", "Secret", "Thread"]


class Secret(NamedTuple):
    """A variable that a pipeline needs, and what for, as `model default`."""

    name: str
    why: str


class Plan(NamedTuple):
    """What a pipeline runs.

    Attributes:
        project: the project's folder, relative to the repository's root; `.` where it is the root.
        gates: names of the gates.
        prompts: the project has prompts to check.
        requirements: it has a `requirements.txt`.
        secrets: variables that its models, connections and store refer to.
        install: what pip installs as Ferrata, with a version.
        store: the variable that holds the database's URL, which every command needs; empty where there is none.
        branch: the one that is merged into.
        python: version.
    """

    project: str
    gates: Sequence[str]
    prompts: bool
    requirements: bool
    secrets: Sequence[Secret]
    install: str
    store: str = ""
    branch: str = "main"
    python: str = "3.12"


class Remark(NamedTuple):
    """A comment on a forge: its name there, and its text."""

    id: str
    text: str


class Thread(Protocol):
    """The comments of one pull request, as far as they are Ferrata's own."""

    def remarks(self) -> list[Remark]:
        """The comments written by whoever this token belongs to."""
        ...

    def add(self, text: str) -> None:
        """A new comment."""
        ...

    def renew(self, remark: Remark, text: str) -> None:
        """The comment's text is another from now on."""
        ...


class Forge(Protocol):
    """One of them."""

    @property
    def name(self) -> str:
        """As `ferrata ci init` takes it."""
        ...

    @property
    def file(self) -> str:
        """The pipeline's file, relative to the repository's root."""
        ...

    def pipeline(self, plan: Plan) -> str:
        """The file's text."""
        ...

    def to_do(self, plan: Plan) -> Sequence[str]:
        """What a person has to set there, in sentences."""
        ...

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """Whether this process runs in its pipeline."""
        ...

    def thread(self, environment: Mapping[str, str]) -> Thread | str:
        """The pull request's comments; or, in a sentence, why there are none to write."""
        ...
