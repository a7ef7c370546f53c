"""The pytest plugin: evaluations as tests, and their scores at the end of the session.

    def test_the_bot_is_good_enough(evaluate):
        report = evaluate("flows/support", "data/golden.jsonl", ["f1_score"])
        report.check({"f1_score.f1": 0.7})

    @pytest.mark.eval_rows("data/golden.jsonl")
    def test_each_row(row):
        assert answer(row["question"])

Loads nothing of Ferrata until a test asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.eval_api import EvalReport

__all__ = ["evaluate"]

_reports = pytest.StashKey["list[tuple[str, EvalReport]]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--ferrata-project`: the folder that names are relative to."""
    group = parser.getgroup("ferrata", "evaluations")
    group.addoption(
        "--ferrata-project", default=None, metavar="DIR", help="The project's folder; pytest's root if not given."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "eval_rows(data): run the test once for each row of a dataset, as `row`")
    config.stash[_reports] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test a row for what is marked with `eval_rows`; a row that cannot be read is a test that fails."""
    marker = metafunc.definition.get_closest_marker("eval_rows")
    if marker is None:
        return
    from ferrata.app import open_app
    from ferrata.datasets import read_any

    with open_app(_root(metafunc.config)) as app:
        dataset = app.dataset(str(marker.args[0]))
        rows = list(read_any(dataset.path, dataset.format))
    metafunc.parametrize("row", rows, ids=[str(number) for number in range(len(rows))], indirect=True)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The values of a row of the data that `eval_rows` names, by column."""
    if not hasattr(request, "param"):
        pytest.fail("`row` is for tests that are marked with @pytest.mark.eval_rows(DATA)", pytrace=False)
    if request.param.problem:
        pytest.fail(f"{request.param.place}: {request.param.problem}", pytrace=False)
    return dict(request.param.values)


@pytest.fixture
def evaluate(request: pytest.FixtureRequest) -> Callable[..., EvalReport]:
    """`fr.evaluate` in the project of `--ferrata-project`; its scores are shown at the end."""
    from ferrata.eval_api import evaluate as run

    def evaluated(target: Any, data: Any, evaluators: Any, **settings: Any) -> EvalReport:
        settings.setdefault("project", _root(request.config))
        report = run(target, data, evaluators, **settings)
        request.config.stash[_reports].append((request.node.nodeid, report))
        return report

    return evaluated


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The scores of every evaluation of the session."""
    for name, report in config.stash[_reports]:
        from ferrata.eval_api import score_lines

        terminalreporter.section(f"evaluation of {name}", sep="-")
        for line in score_lines(report):
            terminalreporter.write_line(line)


def _root(config: pytest.Config) -> Path:
    given: str | None = config.getoption("--ferrata-project")
    return Path(given) if given else config.rootpath
