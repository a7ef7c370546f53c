"""Releases behind an endpoint: split, named in headers and spans, rolled back at once, and kept off where they cannot be loaded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from test_calls import ask, served

from ferrata.app import open_app
from ferrata.catalog import Published, RouteSettings, Routing
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from serving_here import Served

    from ferrata.releases import Kept

ENDPOINT = "endpoints:\n  chat: {model: one, sticky: user, retries: 0}\n"


@pytest.fixture
def at(tmp_path: Path) -> Generator[Served]:
    with (
        FakeServer(FakeModel(["from one"])) as one,
        FakeServer(FakeModel(["from two"])) as two,
        served(tmp_path, one, two, ENDPOINT) as found,
    ):
        yield found


def release(root: Path, model: str) -> Kept:
    with open_app(root) as app:
        return app.releases.create(app.settings, "bot", f"model:{model}", waived="a test")[0]


def act(root: Path, do: Callable[[Any], object]) -> None:
    with open_app(root) as app:
        do(app.acts("chat"))


def said(at: Served, user: str = "ann", **more: Any) -> str:
    status, answer, _ = ask(at, user=user, **more)
    assert status == 200, answer
    return answer["choices"][0]["message"]["content"]


def wait_until(done: Callable[[], bool], seconds: float = 10) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() < began + seconds, "it did not come"
        time.sleep(0.002)
    return time.monotonic() - began


def test_a_release_comes_by_canary_and_is_rolled_back_at_once(at: Served, tmp_path: Path) -> None:
    assert said(at) == "from one"
    kept = release(tmp_path, "two")
    act(tmp_path, lambda acts: acts.deploy(kept, shares=(50, 100)))
    users = [f"user-{number}" for number in range(40)]
    wait_until(lambda: any(said(at, user) == "from two" for user in users))
    split = {user: said(at, user) for user in users}
    assert 8 <= list(split.values()).count("from two") <= 32
    assert {user: said(at, user) for user in users} == split, "nobody flips between releases"
    chosen = next(user for user in users if split[user] == "from two")
    _, _, headers = ask(at, user=chosen)
    assert headers["x-ferrata-release"] == f"release/bot@1 sha256:{kept.digest}"
    assert at.spans[-1]["attributes"]["ferrata.release"] == f"release/bot@1 sha256:{kept.digest}"
    _, _, headers = ask(at, user=next(user for user in users if split[user] == "from one"))
    assert "x-ferrata-release" not in headers
    act(tmp_path, lambda acts: acts.promote())
    wait_until(lambda: all(said(at, user) == "from two" for user in users))
    act(tmp_path, lambda acts: acts.rollback(why="worse"))
    wait_until(lambda: said(at) == "from one", 2)
    assert {said(at, user) for user in users} == {"from one"}


def test_a_stream_names_its_release_too(at: Served, tmp_path: Path) -> None:
    kept = release(tmp_path, "two")
    act(tmp_path, lambda acts: acts.deploy(kept, "blue-green"))
    wait_until(lambda: ask(at, headers={"x-ferrata-route": "bot-1"})[0] == 200)
    assert said(at) == "from one", "only those that ask for it get it"
    _, text, headers = ask(at, stream=True, headers={"x-ferrata-route": "bot-1"})
    assert headers["x-ferrata-release"].startswith("release/bot@1 sha256:")
    assert "two" in text


def publish(root: Path, *routes: RouteSettings) -> None:
    with open_app(root) as app:
        tables = Published(app.store, "p")
        with app.store.write() as connection:
            tables.publish_in(
                connection, tables.current("chat"), Routing(routes=list(routes)), at="", actor="ann", act="x", why=""
            )


def test_a_release_that_cannot_be_loaded_leaves_its_calls_to_the_others(at: Served, tmp_path: Path) -> None:
    publish(tmp_path, RouteSettings(model="one", weight=1), RouteSettings(release="release/gone@7", weight=99))

    def told() -> bool:
        with open_app(tmp_path) as app:
            return any("release/gone" in one.problems for one in app.published.followers(since=""))

    wait_until(told)
    assert {said(at, f"user-{number}") for number in range(10)} == {"from one"}
    publish(tmp_path, RouteSettings(release="release/gone@7"))
    wait_until(lambda: ask(at)[0] == 503)
    _, answer, _ = ask(at)
    assert answer["error"]["code"] == "endpoint_unavailable"
    publish(tmp_path)
    wait_until(lambda: ask(at)[0] == 200)


def test_a_rollback_reaches_a_process_within_a_tenth_of_a_second(at: Served, tmp_path: Path) -> None:
    kept = release(tmp_path, "two")
    taken: list[float] = []
    with open_app(tmp_path) as app:
        acts = app.acts("chat")
        for _ in range(10):
            acts.deploy(kept, shares=(100,))
            wait_until(lambda: said(at) == "from two")
            acts.rollback()
            taken.append(wait_until(lambda: said(at) == "from one"))
    # Seen within 50 ms, and some to read the table and to swap; a busy machine may take longer now and then.
    assert sorted(taken)[5] < 0.1, taken


def test_copies_of_calls_go_to_a_shadow_and_nobody_gets_their_answers(at: Served, tmp_path: Path) -> None:
    kept = release(tmp_path, "two")
    act(tmp_path, lambda acts: acts.deploy(kept, "shadow", shares=(100,)))
    wait_until(lambda: ask(at, headers={"x-ferrata-route": "bot-1"})[0] == 200)
    for number in range(5):
        assert said(at, f"user-{number}", stream=False) == "from one"
    assert ask(at, stream=True)[0] == 200

    def copies() -> list[dict[str, Any]]:
        return [span for span in at.spans if span["attributes"]["ferrata.endpoint"] == "chat~shadow"]

    wait_until(lambda: len(copies()) >= 6)
    by_id = {span["span_id"]: span for span in at.spans}
    for span in copies():
        about = span["attributes"]
        assert about["ferrata.shadow"] == "release/bot@1"
        assert about["ferrata.release"].startswith("release/bot@1 sha256:")
        assert about["ferrata.status"] == 200
        assert "spent" not in span, "a copy uses no budget"
        assert by_id[span["parent_id"]]["trace_id"] == span["trace_id"]
    act(tmp_path, lambda acts: acts.rollback())
    wait_until(lambda: ask(at, headers={"x-ferrata-route": "bot-1"})[0] == 404)
    before = len(copies())
    assert said(at) == "from one"
    assert len(copies()) == before
