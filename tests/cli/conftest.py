from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ferrata.app import open_app
from ferrata.cli import main
from ferrata.maturity import RuleSet, built_in_rules, load_rules
from ferrata.maturity.scan.extract import Extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ferrata.caches import UserCache

EXAMPLE = Path(__file__).parents[2] / "examples/support-bot"


class Ran(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def rules_of_ferrata() -> RuleSet:
    return load_rules([built_in_rules()])


@pytest.fixture(scope="session")
def extractor_of_ferrata(rules_of_ferrata: RuleSet) -> Extractor:
    return Extractor(rules_of_ferrata)


@pytest.fixture(autouse=True)
def rules_are_read_once(
    rules_of_ferrata: RuleSet, extractor_of_ferrata: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the built-in rules takes a second or two and preparing them another, which every command would spend."""

    def load(folders: Iterable[Path], *, own: Iterable[Path] = (), memory: UserCache | None = None) -> RuleSet:
        wanted, owned = list(folders), list(own)
        if wanted == [built_in_rules()] and not owned:
            return rules_of_ferrata
        return load_rules(wanted, own=owned, memory=memory)

    def prepare(rules: RuleSet) -> Extractor:
        return prepared if rules is rules_of_ferrata else Extractor(rules)

    prepared = extractor_of_ferrata
    monkeypatch.setattr("ferrata.maturity.assessor.load_rules", load)
    monkeypatch.setattr("ferrata.maturity.scan.engine._new_extractor", prepare)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("FERRATA_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FERRATA_ACTOR", "ann")


@pytest.fixture(scope="session")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example project, assessed once; for tests that only read, and to copy."""
    folder = tmp_path_factory.mktemp("assessed") / "support-bot"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".ferrata", "__pycache__"))
    with open_app(folder) as app:
        app.maturity.assess()
    return folder


@pytest.fixture
def project(assessed: Path, tmp_path: Path) -> Path:
    """A copy of the project with its one assessment."""
    return Path(shutil.copytree(assessed, tmp_path / "support-bot"))


@pytest.fixture
def fresh(project: Path) -> Path:
    """The project without a database; so the next command makes it anew."""
    for path in (project / ".ferrata").glob("ferrata.db*"):
        path.unlink()
    return project


@pytest.fixture
def ferrata(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command as the shell would: exit status, standard output, standard error."""

    def run(*words: object, typed: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["ferrata", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(ended.value.code or 0, *capsys.readouterr())  # pyright: ignore[reportArgumentType]

    return run
