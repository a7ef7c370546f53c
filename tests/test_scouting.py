"""Other models on a project's own data, asked over real HTTP, from the plan to the patch and the ledger."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.app import open_app
from ferrata.errors import ModelDenied, NotFound, UsageError
from ferrata.messages import ChatResponse, Message, Usage
from ferrata.providers import FakeModel, FakeServer
from ferrata.scouting import Interrupted, Request, keep, last_scouted, plan_scout, run_scout
from ferrata.settings import load_settings

if TYPE_CHECKING:
    import asyncio
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
    concurrency: 40
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
        asked = request.messages[-1].text
        if any("Score 1 to 5" in message.text for message in request.messages):
            return ChatResponse("1", "fake", Message("assistant", '{"reason": "so", "score": 3}'), usage=Usage(100, 10))
        number = int(asked.rpartition(" ")[2])
        text = f"answer {number}" if right(number) else "no idea"
        return ChatResponse("1", "fake", Message("assistant", text), usage=Usage(100, 10))

    return FakeModel(answer, delay=delay)


@pytest.fixture
def servers() -> Iterator[dict[str, FakeServer]]:
    with ExitStack() as stack:
        yield {
            "costly": stack.enter_context(FakeServer(answering(lambda n: n % 10 != 0, delay=0.03))),
            "cheap": stack.enter_context(FakeServer(answering(lambda n: n % 10 != 1))),
            "poor": stack.enter_context(FakeServer(answering(lambda n: n % 2 == 0))),
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
        assert found["cheap-1"].measured.p50 < found["costly-1"].measured.p50
        assert found["slow-1"].measured.p95 >= found["slow-1"].measured.p50 >= 0.1
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
        folder, result = keep(app, scouted(app, exclude=("slow",)))
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
        first = scouted(app, exclude=("slow",), rows=12)
        asked = {name: len(one.received) for name, one in servers.items()}
        plan = plan_scout(app, "support", Request(exclude=("slow",), rows=12))
        assert (plan.guessed, plan.cost, [one.calls for one in plan.models]) == (False, 0.0, [0, 0, 0])
        again = scouted(app, exclude=("slow",), rows=12)
    assert (
        {name: len(one.received) for name, one in servers.items()}
        == asked
        == {"costly": 12, "cheap": 12, "poor": 12, "slow": 0}
    )
    assert again.cost is None
    for name, one in outcomes(again).items():
        assert one.measured.per_1000 == pytest.approx(outcomes(first)[name].measured.per_1000)
        assert one.measured.p50 == pytest.approx(outcomes(first)[name].measured.p50)


def put(shop: Path, old: str, new: str) -> None:
    text = (shop / "ferrata.yaml").read_text()
    assert old in text
    (shop / "ferrata.yaml").write_text(text.replace(old, new))


def test_equal_models_are_not_shown_to_differ_and_one_stays(shop: Path, servers: dict[str, FakeServer]) -> None:
    servers["costly"].model, servers["cheap"].model = (
        answering(lambda n, k=k: n % 10 != k, delay=0.02) for k in (0, 1)
    )
    put(shop, "cheap-1: {input: 1, output: 3}", "cheap-1: {input: 10, output: 30}")
    with open_app(shop) as app:
        result = scouted(app, exclude=("poor", "slow"), prefer="quality")
    assert outcomes(result)["cheap-1"].shown() == "not shown to differ"
    # Who is a little faster is a matter of the machine, so that the front is too.
    assert result.recommended == ""
    assert result.why.startswith("Stay: ")


def test_without_a_gate_a_candidate_must_be_shown_to_be_no_worse(shop: Path) -> None:
    put(shop, "gates:\n  support:", "gates:\n  other:")
    with open_app(shop) as app:
        result = scouted(app, exclude=("slow",))
    assert not result.use_case.gate
    # 40 rows cannot show that 4 rows lost and 4 won are within 5 %.
    assert result.recommended == ""
    assert "no candidate on the front was shown" in result.why


def test_a_candidate_that_fails_on_every_row_is_left_out_and_named(shop: Path, servers: dict[str, FakeServer]) -> None:
    servers["poor"].model = FakeModel(lambda _: ModelDenied("no such model"))
    with open_app(shop) as app:
        result = scouted(app, exclude=("slow",), rows=12)
    poor = outcomes(result)["poor-1"]
    assert poor.measured is None
    assert "no such model" in poor.left_out
    assert outcomes(result)["cheap-1"].measured is not None


def test_of_an_incumbent_that_is_gone_nothing_is_compared(shop: Path, servers: dict[str, FakeServer]) -> None:
    servers["costly"].model = FakeModel(lambda _: ModelDenied("switched off"))
    with open_app(shop) as app:
        result = scouted(app, exclude=("slow",), rows=12)
    assert "switched off" in outcomes(result)["costly-1"].left_out
    assert [one.verdict for one in result.outcomes] == [""] * 3
    assert result.recommended == ""
    assert any("gave no scores" in note for note in result.notes)


def test_the_budget_is_held_over_all_models(shop: Path, servers: dict[str, FakeServer]) -> None:
    with open_app(shop) as app:
        plan = plan_scout(app, "support", Request(rows=12))
        costs = [one.cost or 0.0 for one in plan.models]
        with pytest.raises(UsageError, match="does not pay for one candidate"):
            run_scout(app, plan, Request(rows=12, budget=costs[0]))
        assert not any(one.received for one in servers.values())
        result = run_scout(app, plan, Request(rows=12, budget=costs[0] + costs[1] + costs[2]))
    assert not servers["slow"].received
    assert any(one.id.endswith("slow-1") and "of the budget is left" in one.why for one in result.passed_over)


def test_a_run_gets_what_is_left_and_is_left_out_where_that_is_too_little(shop: Path) -> None:
    # Answers are longer than guessed: 100 tokens in and 2,000 out.
    long = ChatResponse("1", "fake", Message("assistant", "no idea"), usage=Usage(100, 2000))
    with FakeServer(FakeModel(lambda _: long)) as wordy, open_app(shop) as app:
        put(shop, app.settings.file.models["cheap"].url or "", wordy.url)
        with open_app(shop) as again:
            plan = plan_scout(again, "support", Request(exclude=("poor", "slow"), rows=12))
            result = run_scout(again, plan, Request(rows=12, budget=plan.cost))
    cheap = outcomes(result)["cheap-1"]
    assert cheap.measured is not None or "budget" in cheap.left_out
    assert (result.cost or 0.0) <= plan.cost


def test_a_model_without_a_price_is_not_asked_under_a_budget(shop: Path, servers: dict[str, FakeServer]) -> None:
    put(shop, "  openai-compatible/poor-1: {input: 0.5, output: 1}\n", "")
    with open_app(shop) as app:
        result = scouted(app, budget=10, exclude=("slow",), rows=12)
    assert not servers["poor"].received
    assert any("no price is known" in one.why for one in result.passed_over)


def test_interrupted_it_recommends_nothing_and_uses_the_answers_again(
    shop: Path, servers: dict[str, FakeServer]
) -> None:
    stops: list[asyncio.Event] = []

    @contextmanager
    def around(stop: asyncio.Event, _folder: object) -> Iterator[None]:
        stops.append(stop)
        yield

    def progress(counts: Any) -> None:
        if len(stops) == 2 and counts.ended == 5:
            stops[-1].set()

    with open_app(shop) as app:
        with pytest.raises(Interrupted, match="was stopped"):
            scouted(app, exclude=("slow",), rows=12, around=around, on_progress=progress)
        assert last_scouted(app, "support") is None
        scouted(app, exclude=("slow",), rows=12)
    assert len(servers["costly"].received) == 12
    assert len(servers["poor"].received) == 12


def test_one_row_shows_nothing(shop: Path) -> None:
    with open_app(shop) as app:
        result = scouted(app, rows=1)
    assert result.recommended == ""
    assert len(result.front) == 4
    assert any("one row" in note for note in result.notes)


def test_it_says_that_latencies_were_measured_at_different_times(shop: Path, servers: dict[str, FakeServer]) -> None:
    servers["poor"].model = FakeModel(lambda _: ModelDenied("switched off"))
    with open_app(shop) as app:
        alone = scouted(app, rows=2, exclude=("slow", "cheap"))
        several = scouted(app, rows=2, exclude=("slow",))
    said = [[note for note in of.notes if "measured at different times" in note] for of in (alone, several)]
    assert [len(notes) for notes in said] == [0, 1]


def test_without_a_key_nobody_is_asked(shop: Path) -> None:
    text = (shop / "ferrata.yaml").read_text()
    begin, end = text.index("  cheap:"), text.index("prices:")
    (shop / "ferrata.yaml").write_text(f"{text[:begin]}  hosted: anthropic/claude-haiku-4-5\n{text[end:]}")
    with open_app(shop) as app:
        plan = plan_scout(app, "support", Request())
        first = plan.passed_over[0]
        assert (first.id, first.why) == ("anthropic/claude-haiku-4-5", "not tried: set ANTHROPIC_API_KEY")
        with pytest.raises(UsageError, match="there is no model to try") as caught:
            run_scout(app, plan, Request())
    assert "set ANTHROPIC_API_KEY" in caught.value.hint


def test_the_judge_stays_who_it_is(shop: Path, servers: dict[str, FakeServer]) -> None:
    """A model that judges as well goes on to judge while another takes its place in front of it."""
    put(
        shop,
        "evaluators: [{use: exact_match, threshold: 1}]",
        "evaluators: [{use: exact_match, threshold: 1}, judge.prompty]\n    judge: main",
    )
    (shop / "judge.prompty").write_text(
        "---\nname: judge\ninputs:\n  response: {type: string}\n---\nuser:\nScore 1 to 5: {{response}} of 7\n"
    )
    with open_app(shop) as app:
        result = scouted(app, exclude=("poor", "slow"), rows=10)
    assert outcomes(result)["cheap-1"].measured is not None
    judged = [one for one in servers["cheap"].received if "Score 1 to 5" in json.dumps(one.body)]
    assert not judged
    assert len(servers["cheap"].received) == 10
    assert len([one for one in servers["costly"].received if "Score 1 to 5" in json.dumps(one.body)]) >= 10


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("target: support.prompty", "target: bot.py:answer", UsageError, "no prompt and no flow"),
        ("id: main", "id: another", UsageError, "not one that the project declares"),
        ("gates:\n  support:", "gates:\n  other:", NotFound, "no gate and no evaluation 'nothing'"),
    ],
)
def test_what_is_no_use_case_is_said(shop: Path, old: str, new: str, error: type[Exception], said: str) -> None:
    for name in ("ferrata.yaml", "support.prompty"):
        path = shop / name
        path.write_text(path.read_text().replace(old, new))
    with open_app(shop) as app, pytest.raises(error, match=said):
        plan_scout(app, "nothing" if error is NotFound else "support", Request())
