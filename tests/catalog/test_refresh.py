from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from ferrata.catalog import Catalog, OfferedModel, keep_offer, load_book, offered_models, read_offers, refresh_prices
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIST = [
    {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [
            {
                "id": "gpt-7",
                "match": {"or": [{"equals": "gpt-7"}, {"starts_with": "gpt-7-2026"}]},
                "context_window": 2_000_000,
                "prices": {"input_mtok": 1.5, "output_mtok": {"base": 6, "tiers": [{"start": 200_000, "price": 9}]}},
            }
        ],
    }
]


@contextmanager
def serving(body: bytes, status: int = 200) -> Iterator[str]:
    """An address on this machine that gives `body`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/data.json"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_fetched_prices_are_used_from_then_on(tmp_path: Path) -> None:
    with serving(json.dumps(LIST).encode()) as url:
        book = refresh_prices(tmp_path, NOW, url=url)
    assert book.version.startswith("genai-prices/2026-11-23+")
    again = load_book(tmp_path)
    assert (again.version, again.data) == (book.version, book.data)
    price = Catalog(again, NOW).price_of("openai", "gpt-7-2026-12-01")
    assert price is not None and price.input is not None and price.output is not None
    assert (price.input.base, price.output.at(200_001), price.version) == (1.5, 9.0, book.version)


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"<html>sign in</html>", 200, "is no list of prices"),
        (b"", 200, "is no list of prices"),
        (b'{"a": 1}', 200, "is no list of prices"),
        (b'[{"id": 1}]', 200, "is no list of prices"),
        (b"[]", 200, "an empty list of prices"),
        (json.dumps(LIST).encode(), 503, "cannot be fetched"),
        (json.dumps(LIST).encode()[:60], 200, "is no list of prices"),
    ],
)
def test_what_is_no_list_of_prices_changes_nothing(tmp_path: Path, body: bytes, status: int, problem: str) -> None:
    with serving(body, status) as url, pytest.raises(UsageError, match=problem) as caught:
        refresh_prices(tmp_path, NOW, url=url)
    assert caught.value.hint == "the prices at hand stay in use"
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be fetched from http://127.0.0.1:9/"):
        refresh_prices(tmp_path, NOW, url="http://127.0.0.1:9/")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving(json.dumps(LIST).encode()) as url, pytest.raises(UsageError, match="cannot write"):
        refresh_prices(tmp_path / "file" / "cache", NOW, url=url)


def test_a_providers_own_list_is_read() -> None:
    answer = {"data": [{"id": "gpt-8", "shutdown_date": "2027-05-01"}, {"id": "models/gemini-9", "object": "model"}]}
    assert offered_models(answer) == [OfferedModel("gemini-9"), OfferedModel("gpt-8", date(2027, 5, 1))]


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"data": 1}, {"data": [1]}, {"data": [{"id": ""}]}, {"data": [{"id": "a\x1b"}]}]
)
def test_what_is_no_list_of_models_is_refused(answer: object) -> None:
    with pytest.raises(UsageError):
        offered_models(answer)


def test_an_offer_is_kept_and_comes_before_the_shipped_dates(tmp_path: Path) -> None:
    models = [OfferedModel("gpt-5.5", date(2027, 5, 1)), OfferedModel("brand-new")]
    keep_offer(tmp_path, "openai", models, NOW)
    keep_offer(tmp_path, "aws", [], NOW)
    offers = read_offers(tmp_path)
    assert (set(offers), offers["openai"].models) == ({"openai", "bedrock"}, tuple(models))
    catalog = Catalog(load_book(None), NOW, offers=offers)
    card = catalog.card("gpt-5.5")
    assert (card.stage, card.retires, card.offered) == ("deprecated", date(2027, 5, 1), True)
    assert "the provider's own list, asked on 2026-11-23" in card.sources
    assert catalog.card("openai/brand-new").stage == "unknown"
    assert catalog.card("gpt-5.4").offered is False
    assert catalog.card("claude-haiku-4-5").offered is None


@pytest.mark.parametrize("broken", ["", "[]", "3", '{"openai": 1}', '{"openai": {"at": "x", "models": [1]}}'])
def test_a_broken_file_of_offers_is_as_none(tmp_path: Path, broken: str) -> None:
    (tmp_path / "offers.json").write_text(broken)
    assert read_offers(tmp_path) == {}
