"""Other models on a project's own data, asked over real HTTP, from the plan to the patch and the ledger."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.app import open_app
from ferrata.messages import ChatResponse, Message, Usage
from ferrata.providers import FakeModel, FakeServer
from ferrata.scouting import Request, keep, last_scouted, plan_scout, run_scout
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ferrata.app import App
    from ferrata.messages import ChatRequest
    from ferrata.scouts import ScoutResult

ROWS = 40
PROMPT = """---
name: support
model:
  id: main
inputs:
  question:
    type: string
---
user:
{{question}}
"""
FILE = """# Models of the shop.
project: shop
models:
  main:  # the one in use
    vendor: openai-compatible
    model: costly-1
    url: {costly}
    parameters: {{temperature: 0}}
  cheap: {{vendor: openai-compatible, model: cheap-1, url: "{cheap}"}}
  poor: {{vendor: openai-compatible, model: poor-1, url: "{poor}"}}
  slow: {{vendor: openai-compatible, model: slow-1, url: "{slow}"}}
prices:
  openai-compatible/costly-1: {{input: 10, output: 30}}
  openai-compatible/cheap-1: {{input: 1, output: 3}}
  openai-compatible/poor-1: {{input: 0.5, output: 1}}
  openai-compatible/slow-1: {{input: 10, output: 30}}
evals:
  support:
    target: support.prompty
    data: rows.jsonl
    evaluators: [{{use: exact_match, threshold: 1}}]
    concurrency: 20
gates:
  support:
    eval: support
    baseline: last-pass
    rules:
    - {{metric: exact_match, non_inferiority: 0.2}}
"""


def answering(right: Callable[[int], bool], *, delay: float = 0.0) -> FakeModel:
    """A model that knows the answer to those rows."""

    def answer(request: ChatRequest) -> ChatResponse:
        number = int(request.messages[-1].text.rpartition(" ")[2])
        text = f"answer {number}" if right(number) else "no idea"
        return ChatResponse("1", "fake", Message("assistant", text), usage=Usage(100, 10))

    return FakeModel(answer, delay=delay)


@pytest.fixture
def servers() -> Iterator[dict[str, FakeServer]]:
    with ExitStack() as stack:
        yield {
            "costly": stack.enter_context(FakeServer(answering(lambda n: n % 10 != 0, delay=0.02))),
            "cheap": stack.enter_context(FakeServer(answering(lambda n: n % 10 != 1, delay=0.02))),
            "poor": stack.enter_context(FakeServer(answering(lambda n: n % 2 == 0, delay=0.02))),
            "slow": stack.enter_context(FakeServer(answering(lambda n: n % 10 != 0, delay=0.1))),
        }


@pytest.fixture
def shop(tmp_path: Path, servers: dict[str, FakeServer]) -> Path:
    (tmp_path / "ferrata.yaml").write_text(FILE.format(**{name: one.url for name, one in servers.items()}))
    (tmp_path / "support.prompty").write_text(PROMPT)
    rows = [{"question": f"what of {n}", "ground_truth": f"answer {n}"} for n in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def scouted(app: App, **asked: Any) -> ScoutResult:
    request = Request(**asked)
    return run_scout(app, plan_scout(app, "support", request), request)


def outcomes(result: ScoutResult) -> dict[str, Any]:
    return {one.id.partition("/")[2]: one for one in result.outcomes}


def test_a_plan_says_who_why_and_for_how_much_and_asks_nobody(shop: Path, servers: dict[str, FakeServer]) -> None:
    with open_app(shop) as app:
        plan = plan_scout(app, "support", Request())
    assert [one.candidate.id for one in plan.models] == [
        f"openai-compatible/{n}-1" for n in ("costly", "poor", "cheap", "slow")
    ]
    assert plan.guessed
    assert all(one.calls == ROWS for one in plan.models)
    assert "declared in the project as 'cheap'" in plan.models[2].candidate.reasons
    assert not any(one.received for one in servers.values())
    assert not (shop / ".ferrata").exists()


def test_the_right_model_is_on_the_front_and_the_wrong_one_is_not(shop: Path) -> None:
    with open_app(shop) as app:
        result = scouted(app)
        found = outcomes(result)
        assert result.recommended == "openai-compatible/cheap-1"
        assert found["cheap-1"].verdict == "pass"
        assert found["cheap-1"].shown() == "not shown to differ"
        assert found["poor-1"].verdict == "fail"
        assert found["poor-1"].shown() == "worse"
        assert found["slow-1"].dominated_by
        assert "openai-compatible/cheap-1" in found["costly-1"].dominated_by
        assert not found["cheap-1"].dominated_by
        # 100 tokens in at $10 and 10 out at $30 a million.
        assert found["costly-1"].measured.per_1000 == pytest.approx(1.3)
        assert found["cheap-1"].measured.per_1000 == pytest.approx(0.13)
        assert 0.02 <= found["costly-1"].measured.p50 < 0.1 <= found["slow-1"].measured.p50
        assert result.cost == pytest.approx(ROWS * (0.0013 + 0.00013 + 0.00006 + 0.0013))
        records = list(app.ledger.records(action="scout.run"))
        assert records[0].payload["recommended"] == "openai-compatible/cheap-1"
        assert set(records[0].payload["front"]) == set(result.front)
        (compared,) = app.ledger.records(action="comparison.made")
        assert (compared.payload["kind"], compared.payload["chosen"]) == ("model", "openai-compatible/cheap-1")
        assert last_scouted(app, "support") == records[0].at


def test_the_patch_changes_the_one_entry_and_git_applies_it(shop: Path) -> None:
    before = load_settings(shop).file
    with open_app(shop) as app:
        folder, result = keep(app, scouted(app))
    assert sorted(path.name for path in folder.iterdir()) == ["proposal.patch", "report.md", "result.json"]
    for command in result.commands[:2]:
        subprocess.run(command.split(), cwd=shop, check=True)
    after = load_settings(shop).file
    assert after.models["main"] == before.models["cheap"]
    assert after.model_copy(update={"models": before.models}) == before
    text = (shop / "ferrata.yaml").read_text()
    assert "# Models of the shop." in text
    assert "# the one in use" in text
    assert json.loads((folder / "result.json").read_text())["recommended"] == "openai-compatible/cheap-1"
    assert "| `openai-compatible/costly-1` (incumbent) |" in (folder / "report.md").read_text()


def test_answers_are_asked_for_once(shop: Path, servers: dict[str, FakeServer]) -> None:
    with open_app(shop) as app:
        first = scouted(app)
        asked = {name: len(one.received) for name, one in servers.items()}
        plan = plan_scout(app, "support", Request())
        assert (plan.guessed, plan.cost, [one.calls for one in plan.models]) == (False, 0.0, [0, 0, 0, 0])
        again = scouted(app)
    assert {name: len(one.received) for name, one in servers.items()} == asked == dict.fromkeys(servers, ROWS)
    assert again.cost is None
    for name, one in outcomes(again).items():
        assert one.measured.per_1000 == pytest.approx(outcomes(first)[name].measured.per_1000)
        assert one.measured.p50 == pytest.approx(outcomes(first)[name].measured.p50)
