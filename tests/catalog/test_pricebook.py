from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import genai_prices
import pytest
from genai_prices.data import providers

from ferrata.catalog import load_book
from ferrata.catalog.pricebook import REFRESHED, PriceBook, book_from, save_book
from ferrata.messages import Usage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
USAGES = [Usage(1000, 500), Usage(300_000, 2000, 100_000), Usage(1_200_000, 10, 200_000, 50_000), Usage(0, 0)]
# What genai-prices counts besides tokens of text; a usage of ours has none of it.
COUNTED = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok"}


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return book_from(providers, "genai-prices/test")


def theirs(
    model: genai_prices.types.ModelInfo, provider: genai_prices.types.Provider, usage: Usage, at: datetime
) -> float:
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(model.calc_price(counted, provider, genai_request_timestamp=at).total_price)


@pytest.mark.parametrize("at", [NOW, NOW - timedelta(days=400), NOW.replace(hour=19)], ids=str)
def test_every_model_costs_what_genai_prices_says(book: PriceBook, at: datetime) -> None:
    compared = 0
    for provider in providers:
        for model, entry in zip(provider.models, book.entries(provider.id), strict=True):
            price = book.price(provider.id, entry, at)
            listed = {key for key, value in vars(model.get_prices(at)).items() if value is not None}
            if price is None or not {"input_mtok", "output_mtok"} <= listed or "output_reasoning_mtok" in listed:
                continue
            for usage in USAGES:
                assert price.cost(usage) == pytest.approx(theirs(model, provider, usage, at), rel=1e-9), (
                    provider.id,
                    entry.id,
                )
                compared += 1
    assert compared > 7000


def test_names_mean_what_genai_prices_says(book: PriceBook) -> None:
    for provider in providers:
        names = {model.id for model in provider.models} | {f"{model.id}-2026-01-01" for model in provider.models}
        for name in sorted(names | {"gpt-4o", "claude-sonnet-4-6", "GPT-4o-Mini"}):
            found = book.find(provider.id, name)
            meant = provider._match_model(name.lower(), all_providers=providers)
            assert (found[1].id if found else None) == (meant.id if meant else None), (provider.id, name)


def test_a_host_is_looked_up_at_the_maker_where_it_has_no_price_of_its_own(book: PriceBook) -> None:
    found = book.find("azure", "gpt-4o")
    assert found is not None and (found[0], found[1].id) == ("openai", "gpt-4o")
    assert book.find("nobody", "gpt-4o") is None
    assert book.find("openai", "no-such-model") is None


def test_the_price_is_the_one_of_the_moment() -> None:
    raw = [{"since": None, "hours": None, "rates": [["input", 1.0, []]], "request": 0.0}]
    raw.append({"since": "2026-11-01", "hours": None, "rates": [["input", 2.0, []]], "request": 0.0})
    raw.append({"since": None, "hours": ["16:30:00", "00:30:00"], "rates": [["input", 0.5, []]], "request": 0.0})
    model = ["m", None, False, ["equals", "m"], raw]
    book = PriceBook("test/1", {"p": {"name": "P", "fallback": [], "models": [model]}})

    def rate(at: datetime) -> tuple[float, str | None]:
        price = book.price_of("p", "m", at)
        assert price is not None and price.input is not None
        return price.input.base, price.since.isoformat() if price.since else None

    assert rate(datetime(2026, 10, 31, 12, tzinfo=UTC)) == (1.0, None)
    assert rate(datetime(2026, 11, 1, tzinfo=UTC).replace(hour=1)) == (2.0, "2026-11-01")
    assert rate(datetime(2026, 11, 5, 23, tzinfo=UTC)) == (0.5, None)
    assert rate(datetime(2026, 11, 6, 0, 29, tzinfo=UTC)) == (0.5, None)


def test_the_list_is_kept_for_the_next_time_and_read_from_there(tmp_path: Path) -> None:
    first = load_book(tmp_path)
    (kept,) = tmp_path.iterdir()
    content = json.loads(kept.read_text())
    content["version"] = "kept"
    kept.write_text(json.dumps(content))
    again = load_book(tmp_path)
    assert (first.version.partition("/")[0], again.version) == ("genai-prices", "kept")
    assert first.data == again.data


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"format": 0}'])
def test_a_broken_cache_is_as_none(tmp_path: Path, broken: str) -> None:
    load_book(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text(broken)
    assert load_book(tmp_path).find("openai", "gpt-4o") is not None
    assert json.loads(kept.read_text())["version"].startswith("genai-prices/")


def test_without_a_cache_folder_the_list_is_read_anyway(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert load_book(blocked / "cache").version == load_book(None).version


def test_a_fetched_list_comes_first_until_a_newer_package_is_installed(tmp_path: Path) -> None:
    book = load_book(tmp_path)
    save_book(PriceBook("fetched", book.data), tmp_path / REFRESHED)
    assert load_book(tmp_path).version == "fetched"
    content = json.loads((tmp_path / REFRESHED).read_text())
    (tmp_path / REFRESHED).write_text(json.dumps({**content, "installed": "0.0.1"}))
    assert load_book(tmp_path).version == book.version
