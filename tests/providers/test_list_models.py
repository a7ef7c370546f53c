from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ferrata.clock import FrozenClock
from ferrata.errors import ModelBadResponse, ModelDenied, UsageError
from ferrata.providers import FakeServer, HttpClient, Surroundings, list_models
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


def listed(run, declared: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    async def work(http: HttpClient) -> list[str]:
        around = Surroundings(http=http, clock=FrozenClock(datetime.now(UTC)), environment=environment.get)
        return await list_models(ModelSettings.model_validate({"model": "any", **declared}), around)

    return run(work)


def test_what_a_vendor_offers(run, server: FakeServer) -> None:
    server.answer(200, b'{"data": [{"id": "models/b"}, {"id": "a"}, {"id": "a"}, {}]}')
    declared = {"vendor": "openai-compatible", "key": "${env:FERRATA_KEY}"}
    assert listed(run, declared, {"FERRATA_MODEL_URL": server.url, "FERRATA_KEY": "k"}) == ["a", "b"]
    (received,) = server.received
    assert (received.method, received.path, received.headers["authorization"]) == ("GET", "/v1/models", "Bearer k")


def test_lists_that_there_are_not(run, server: FakeServer) -> None:
    with pytest.raises(UsageError, match="Amazon Bedrock has no list of models"):
        listed(run, {"vendor": "bedrock"}, {})
    with pytest.raises(ModelDenied, match="'OPENAI_API_KEY' is not set"):
        listed(run, {"vendor": "openai"}, {})
    server.fail("html")
    with pytest.raises(ModelBadResponse, match="ollama's list of models answered with a web page"):
        listed(run, {"vendor": "ollama", "url": server.url}, {})
