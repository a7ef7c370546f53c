from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.providers import FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran

CODE = 'from openai import OpenAI\n\nOpenAI().chat.completions.create(model="{}", messages=[])\n'


@pytest.fixture
def using(tmp_path: Path) -> Callable[[str], Path]:
    """A project that calls a model."""

    def make(model: str) -> Path:
        (tmp_path / "app.py").write_text(CODE.format(model))
        return tmp_path

    return make


def records(project: Path) -> list[dict[str, object]]:
    with open_app(project) as app:
        found = app.ledger.records(action="model.lifecycle_checked") if app.has_store else []
        return [dict(record.payload) for record in found]


def test_the_models_in_use_are_listed_with_what_is_wrong(
    ferrata: Callable[..., Ran], using: Callable[[str], Path]
) -> None:
    project = using("gpt-4")
    ran = ferrata("models", "check", "--project", project)
    assert ran.status == 0
    head, row = ran.out.splitlines()
    assert head.split() == ["model", "what", "retires", "days", "left", "instead", "where"]
    cells = row.split()
    assert (cells[0], cells[1:3], cells[3], cells[5:]) == (
        "gpt-4",
        ["retired,", "floating"],
        "2026-10-23",
        ["gpt-5.6-sol", "app.py:3"],
    )
    assert int(cells[4]) < 0


def test_the_check_is_noted_in_the_ledger(ferrata: Callable[..., Ran], using: Callable[[str], Path]) -> None:
    project = using("gpt-4")
    ferrata("models", "check", "--project", project, "--no-save")
    assert records(project) == []
    ferrata("models", "check", "--project", project)
    (payload,) = records(project)
    assert isinstance(payload["days_left"], int) and payload["days_left"] < 0
    assert {**payload, "days_left": 0} == {"open_findings": 1, "models": 1, "floating": 1, "days_left": 0}


def test_a_ledger_that_cannot_be_written_costs_the_record_only(
    ferrata: Callable[..., Ran], using: Callable[[str], Path]
) -> None:
    project = using("gpt-4")
    (project / ".ferrata").symlink_to(project)
    ran = ferrata("models", "check", "--fail-within", 0, "--project", project)
    assert ran.status == 1
    assert ran.out.splitlines()[1].startswith("gpt-4 ")
    assert ran.err.startswith("not noted in the ledger: local state is not kept: ")


def test_a_gate_fails_on_what_is_retired_or_will_be(ferrata: Callable[..., Ran], using: Callable[[str], Path]) -> None:
    assert ferrata("models", "check", "--fail-within", 0, "--project", using("claude-opus-4-6")).status == 0
    ran = ferrata("models", "check", "--fail-within", 0, "--project", using("gpt-4"))
    assert (ran.status, ran.err) == (1, "retired, or within 0 days: gpt-4\n")
    found = json.loads(ferrata("models", "check", "--json", "--project", using("gpt-5.1")).out)
    days = found[0]["days_left"]
    assert ferrata("models", "check", "--fail-within", max(days, 0), "--project", using("gpt-5.1")).status == 1


def test_the_check_is_data_as_well(ferrata: Callable[..., Ran], using: Callable[[str], Path]) -> None:
    (model,) = json.loads(ferrata("models", "check", "--json", "--project", using("gpt-4")).out)
    assert (model["model"], model["stage"], model["replacement"]) == ("gpt-4", "retired", "gpt-5.6-sol")
    assert model["uses"] == [{"model": "gpt-4", "file": "app.py", "line": 3}]


def test_models_of_configuration_are_found_too(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("llm:\n  model: claude-sonnet-4-5-20250929\n")
    (model,) = json.loads(ferrata("models", "check", "--json", "--project", tmp_path).out)
    assert (model["model"], model["uses"][0]["file"], model["uses"][0]["line"]) == (
        "claude-sonnet-4-5-20250929",
        "config.yaml",
        2,
    )


def test_a_project_without_models_is_well(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    ran = ferrata("models", "check", "--fail-within", 30, "--project", tmp_path)
    assert (ran.status, ran.out, ran.err) == (0, "", "no model is named in this project\n")
    assert records(tmp_path) == [{"open_findings": 0, "models": 0, "floating": 0}]


def test_a_providers_list_is_taken_in(
    ferrata: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "list.json").write_text(
        '{"data": [{"id": "gpt-5.5", "shutdown_date": "2099-01-31"}, {"id": "gpt-99"}]}'
    )
    ran = ferrata("models", "refresh", "--offer", f"openai={tmp_path / 'list.json'}")
    assert (ran.status, ran.out) == (0, "openai: 2 models\n")
    card = json.loads(ferrata("models", "show", "gpt-5.5", "--json", "--project", tmp_path).out)
    assert (card["retires"], card["stage"], card["offered"]) == ("2099-01-31", "deprecated", True)
    assert ferrata("models", "show", "openai/gpt-99", "--project", tmp_path).status == 0


@pytest.mark.parametrize(
    ("offer", "problem"),
    [
        ("openai", "not PROVIDER=FILE: 'openai'"),
        ("openai=/nowhere.json", "cannot read '/nowhere.json'"),
        ("openai=FILE", "is not JSON"),
        ("openai=DEEP", "is not JSON: maximum recursion depth exceeded"),
    ],
)
def test_what_cannot_be_taken_in_is_said(ferrata: Callable[..., Ran], tmp_path: Path, offer: str, problem: str) -> None:
    (tmp_path / "x").write_text("<html>")
    (tmp_path / "deep").write_text("[" * 100_000)
    offer = offer.replace("FILE", str(tmp_path / "x")).replace("DEEP", str(tmp_path / "deep"))
    ran = ferrata("models", "refresh", "--offer", offer)
    assert ran.status == 2
    assert problem in ran.err


def test_prices_that_cannot_be_fetched_are_said(ferrata: Callable[..., Ran]) -> None:
    ran = ferrata("models", "refresh", "--url", "http://127.0.0.1:9/prices.json")
    assert ran.status == 2
    assert "cannot be fetched from http://127.0.0.1:9/prices.json" in ran.err
    assert "hint: the prices at hand stay in use" in ran.err


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, "[]", "<html>"])
def test_what_is_no_list_of_prices_is_said(ferrata: Callable[..., Ran], body: str) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as served:
        thread = Thread(target=served.serve_forever)
        thread.start()
        try:
            ran = ferrata("models", "refresh", "--url", f"http://127.0.0.1:{served.server_port}/prices.json")
        finally:
            served.shutdown()
            thread.join()
    assert ran.status == 2
    assert "list of prices" in ran.err
    assert "hint: the prices at hand stay in use" in ran.err


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def asking(tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose OpenAI is the fake server, and a key."""
    monkeypatch.setenv("FERRATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FERRATA_KEY", "sk-of-the-test-0123456789")
    project = tmp_path / "project"
    project.mkdir()
    (project / "ferrata.yaml").write_text(
        f"models:\n  a: {{vendor: openai, model: m, url: '{server.url}', key: '${{env:FERRATA_KEY}}'}}\n"
    )
    return project


def test_a_provider_is_asked_what_it_offers(ferrata: Callable[..., Ran], asking: Path, server: FakeServer) -> None:
    server.answer(200, b'{"data": [{"id": "gpt-4o", "shutdown_date": "2026-01-31"}, {"id": "gpt-9"}]}')
    ran = ferrata("models", "refresh", "--provider", "openai", "--project", asking)
    assert (ran.status, ran.out, ran.err) == (0, "openai: 2 models\n", "")
    (received,) = server.received
    assert (received.method, received.path) == ("GET", "/v1/models")
    assert received.headers["authorization"] == "Bearer sk-of-the-test-0123456789"
    card = json.loads(ferrata("models", "show", "openai/gpt-4o", "--json", "--project", asking).out)
    assert (card["offered"], card["retires"]) == (True, "2026-01-31")
    assert json.loads(ferrata("models", "show", "openai/gpt-9", "--json", "--project", asking).out)["offered"] is True


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_no_key_is_in_what_a_refused_question_says(
    ferrata: Callable[..., Ran], asking: Path, server: FakeServer, status: int
) -> None:
    server.answer(status, b'{"error": {"message": "bad key sk-of-the-test-0123456789"}}')
    ran = ferrata("models", "refresh", "--provider", "openai", "--project", asking)
    assert (ran.status, ran.out) == (3, "")
    assert "openai's list of models" in ran.err
    assert "sk-of-the-test" not in ran.err


@pytest.mark.parametrize(
    ("provider", "status", "said"),
    [
        ("bedrock", 2, "Amazon Bedrock has no list of models"),
        ("opnai", 2, "did you mean openai"),
        ("groq", 3, "'GROQ_API_KEY' is not set"),
    ],
)
def test_a_provider_that_cannot_be_asked(
    ferrata: Callable[..., Ran], asking: Path, monkeypatch: pytest.MonkeyPatch, provider: str, status: int, said: str
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    ran = ferrata("models", "refresh", "--provider", provider, "--project", asking)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


def test_what_is_no_list_is_not_kept(ferrata: Callable[..., Ran], asking: Path, server: FakeServer) -> None:
    server.answer(200, b'{"models": []}')
    ran = ferrata("models", "refresh", "--provider", "openai", "--project", asking)
    assert ran.status == 2
    assert "no list of models" in ran.err
    assert not (asking.parent / "cache").exists()
