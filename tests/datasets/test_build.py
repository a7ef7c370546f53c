"""Datasets from traces, feedback and files: what is taken, what is dropped and why, what is masked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.datasets import BuildPlan, build_dataset, likeness_of, open_file, save_built
from ferrata.datasets.feedback import feedback_of
from ferrata.datasets.select import diverse, sample
from ferrata.datasets.traces import read_traces
from ferrata.errors import NotFound, UsageError
from ferrata.messages import Usage
from ferrata.telemetry import JsonlSink, add_usage, emit_to, open_span

if TYPE_CHECKING:
    from pathlib import Path


def record(path: Path, *questions: str, fail: str = "") -> Path:
    """Spans of a flow that retrieves and asks a model, as this project writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = JsonlSink(path)
    with emit_to(sink):
        for question in questions:
            try:
                with open_span("support", "flow", {"inputs": {"question": question, "lang": "en"}}) as span:
                    with open_span("search", "retrieval", {"output": ["30 days"]}):
                        pass
                    with open_span("chat m", "llm", {"gen_ai.request.model": "m", "inputs": {"x": 1}, "output": "!"}):
                        add_usage(Usage(10, 5), None)
                    if question == fail:
                        raise ValueError("no answer")
                    span.attributes["output"] = {"answer": f"answer to {question}", "score": 1}
            except ValueError:
                pass
    sink.close()
    return path


def rows(plan: BuildPlan) -> list[dict[str, Any]]:
    return build_dataset(plan).rows


def test_a_flows_traces_become_rows(tmp_path: Path) -> None:
    path = record(tmp_path / "spans.jsonl", "How long may I return?", "Where is it?", fail="Where is it?")
    found = rows(BuildPlan("traces", (path,)))
    first = found[0]
    assert {key: first[key] for key in first if key not in ("id", "at", "seconds")} == {
        "query": "How long may I return?",
        "response": "answer to How long may I return?",
        "context": ["30 days"],
        "inputs": {"lang": "en"},
        "status": "ok",
        "model": "m",
        "name": "support",
        "tokens": 15,
    }
    assert (found[1]["status"], found[1]["error"], found[1]["response"]) == ("error", "ValueError: no answer", "")
    assert [row["query"] for row in rows(BuildPlan("traces", (path,), status="error"))] == ["Where is it?"]
    assert len(rows(BuildPlan("traces", (path,), kind="retrieval"))) == 2
    assert build_dataset(BuildPlan("traces", (path,), kind="tool", min_tokens=5)).dropped == {"no span of the kind": 2}


def test_folders_of_runs_are_searched(tmp_path: Path) -> None:
    record(tmp_path / "runs" / "a" / "spans.jsonl", "one question")
    record(tmp_path / "runs" / "b" / "spans.jsonl", "another thing")
    assert len(rows(BuildPlan("traces", (tmp_path / "runs",)))) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no spans to read"):
        rows(BuildPlan("traces", (tmp_path / "empty",)))


def otlp(trace: str, name: str, attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    def value(found: Any) -> dict[str, Any]:
        return {"intValue": str(found)} if isinstance(found, int) else {"stringValue": found}

    pairs = [{"key": key, "value": value(found)} for key, found in attributes.items()]
    times = {"startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000002000000000"}
    span = {"traceId": trace, "spanId": "1", "name": name, "attributes": pairs, **times, **more}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Wie lange?"}]}])
ANSWER = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "30 Tage"}]}])


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "chat", "gen_ai.input.messages": MESSAGES, "gen_ai.output.messages": ANSWER},
        {"openinference.span.kind": "LLM", "input.value": "Wie lange?", "output.value": "30 Tage"},
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "s",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "Wie lange?",
            "gen_ai.completion.0.content": "30 Tage",
        },
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Wie lange?",
            "llm.output_messages.0.message.content": "30 Tage",
        },
    ],
)
@pytest.mark.parametrize("parent", ["", "77"])
def test_otlp_of_several_conventions_is_read(tmp_path: Path, attributes: dict[str, Any], parent: str) -> None:
    path = tmp_path / "export.json"
    more = {"gen_ai.response.model": "m-1", "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2}
    path.write_text(json.dumps(otlp("AB" * 16, "chat", attributes | more, parentSpanId=parent)))
    (row,) = rows(BuildPlan("traces", (path,)))
    keys = ("id", "query", "response", "model", "tokens", "at", "seconds")
    expected = ["ab" * 16, "Wie lange?", "30 Tage", "m-1", 9, "2023-11-14T22:13:20+00:00", 2.0]
    assert [row[key] for key in keys] == expected


def test_what_is_no_span_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    lines = ["no", "{}", json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "x"}, 7]}]}]})]
    path.write_text("\n".join([*lines, json.dumps(otlp("aa", "f", {"input.value": "q"}, status={"code": 2}))]))
    reading = read_traces([path])
    assert (reading.broken_count, reading.spans) == (4, 1)
    assert reading.traces["aa"].error == "failed"
    (tmp_path / "bad.json").write_text("{")
    assert read_traces([tmp_path / "bad.json"]).traces == {}


def test_time_and_feedback_select(tmp_path: Path) -> None:
    path = record(tmp_path / "spans.jsonl", "red shoes size", "blue hat price", "green bag order")
    ids = [row["id"] for row in rows(BuildPlan("traces", (path,)))]
    said = [
        {"trace_id": ids[0].upper(), "thumb": "down", "correction": " Size 40. "},
        {"trace_id": ids[1], "score": 0.9},
        {"trace_id": "gone", "score": 0},
        {"trace_id": ids[2]},
    ]
    feedback = tmp_path / "feedback.jsonl"
    feedback.write_text("".join(json.dumps(one) + "\n" for one in said))
    built = build_dataset(BuildPlan("feedback", (path,), feedback=feedback))
    assert [(row["query"], row.get("ground_truth"), row["score"]) for row in built.rows] == [
        ("red shoes size", "Size 40.", 0.0),
        ("blue hat price", None, 0.9),
    ]
    assert built.dropped == {"feedback without its trace": 1, "feedback that says nothing": 1, "no feedback": 1}
    low = build_dataset(BuildPlan("traces", (path,), feedback=feedback, max_score=0.5))
    assert [row["query"] for row in low.rows] == ["red shoes size"]
    assert {"a higher score", "no score"} <= low.dropped.keys()
    future = datetime(2999, 1, 1, tzinfo=UTC)
    assert rows(BuildPlan("traces", (path,), since=future)) == []
    assert len(rows(BuildPlan("traces", (path,), until=future))) == 3


def test_feedback_in_the_trace_itself_counts(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "spans.jsonl")
    with emit_to(sink), open_span("flow", "flow", {"input": {"q": "x y"}, "output": "a"}):
        with open_span("promptflow-feedback", "function", {"feedback": '{"thumb": "up", "comment": "ok"}'}):
            pass
    sink.close()
    (row,) = rows(BuildPlan("feedback", (tmp_path / "spans.jsonl",)))
    assert (row["score"], row["comment"]) == (1.0, "ok")


@pytest.mark.parametrize(
    ("said", "score"),
    [
        (True, 1.0),
        ({"rating": "4"}, 4.0),
        ({"thumb": "👎"}, 0.0),
        ("maybe", None),
        ({"score": "bad word"}, None),
        ({}, None),
    ],
)
def test_scores_and_thumbs(said: object, score: float | None) -> None:
    found = feedback_of(said)
    assert (found.score if found else None) == score


def test_personal_data_is_masked_and_near_copies_are_dropped(tmp_path: Path) -> None:
    mails = [f"My address is {name}@example.com, why was my order not delivered yesterday?" for name in "ab"]
    path = record(tmp_path / "spans.jsonl", *mails, "What do red shoes cost?")
    built = build_dataset(BuildPlan("traces", (path,)))
    assert [row["query"] for row in built.rows] == [
        "My address is <EMAIL_1>, why was my order not delivered yesterday?",
        "What do red shoes cost?",
    ]
    assert "<EMAIL_1>" in built.rows[0]["response"]
    assert built.masked == {"email": 4}
    assert built.dropped == {"duplicate": 1}
    assert len(rows(BuildPlan("traces", (path,), similarity=None, mask=False))) == 3


def test_files_are_put_together_and_saved_with_their_provenance(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("query,ground_truth\nred shoes,1\nblue hats,2\n")
    (tmp_path / "in" / "b.jsonl").write_text('{"query": "Red shoes!"}\nbroken\n')
    built = build_dataset(BuildPlan("files", (tmp_path / "in",)), made_by="ann")
    assert [row["query"] for row in built.rows] == ["red shoes", "blue hats"]
    assert built.broken == [f"{tmp_path}/in/b.jsonl:2: not valid JSON: Expecting value at column 1"]
    out = tmp_path / "out.jsonl"
    save_built(out, built)
    provenance = open_file(out).provenance
    assert (provenance.origin, provenance.made_by) == ("file", "ann")
    assert [(source.path.rpartition("/")[2], source.count, len(source.sha256)) for source in provenance.sources] == [
        ("a.csv", 2, 64),
        ("b.jsonl", 1, 64),
    ]
    assert [step["step"] for step in provenance.steps] == ["read", "mask", "deduplicate"]
    assert provenance.steps[2]["dropped"] == {"duplicate": 1}
    with pytest.raises(UsageError, match="is there already"):
        save_built(out, built)
    built.rows = []
    with pytest.raises(UsageError, match="no row is left: 1 duplicate"):
        save_built(tmp_path / "none.jsonl", built)


def test_samples_are_stratified_and_repeatable() -> None:
    found = [{"id": i, "label": "rare" if i % 50 == 0 else "often"} for i in range(200)]
    chosen = sample(found, 20, by="label")
    assert (len(chosen), sum(row["label"] == "rare" for row in chosen)) == (20, 1)
    assert sample(found[::-1], 20, by="label")[::-1] == chosen
    assert sample(found, 20, seed=1, by="label") != chosen
    assert sample(found, 500) == found
    assert [row["id"] for row in chosen] == sorted(row["id"] for row in chosen)


def test_diverse_rows_are_less_alike_than_rows_by_chance() -> None:
    heads = "order shoe mail price size".split()
    found = [
        {"id": i, "q": f"{heads[min(i // 90, 4)]} question about {heads[min(i // 90, 4)]} number {i}"}
        for i in range(370)
    ]

    def closest(chosen: list[dict[str, Any]]) -> float:
        texts = [row["q"] for row in chosen]
        return max(likeness_of(a, b) for i, a in enumerate(texts) for b in texts[:i])

    far = diverse(found, 5, lambda row: row["q"])
    assert len({row["q"].split()[0] for row in far}) == 5
    assert closest(far) < closest(sample(found, 20))


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ({"origin": "files", "status": "ok"}, "rows of files have no status"),
        ({"origin": "traces", "count": 0}, "0 rows cannot be kept"),
        ({"origin": "traces", "similarity": 0.1}, "a similarity of 0.1"),
        ({"origin": "feedback", "max_score": 1}, "no feedback to take scores from"),
    ],
)
def test_plans_that_do_not_fit(plan: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        build_dataset(BuildPlan(paths=(), **plan))
