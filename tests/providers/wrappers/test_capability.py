from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from asking import ask, read

from ferrata.errors import ModelRequestInvalid
from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool
from ferrata.providers import CapabilityCheck, FakeModel

if TYPE_CHECKING:
    from ferrata.providers import Profile


@dataclass(frozen=True)
class Known:
    tools: bool | None = None
    images: bool | None = None
    json_schema: bool | None = None
    logprobs: bool | None = None
    seed: bool | None = None
    temperature: bool | None = None
    reasoning: bool | None = None
    context: int | None = None


PICTURE = ChatRequest([Message("user", (Text("What is this?"), Image("https://example.com/a.png")))])
SCHEMA = OutputSchema({"type": "object"})
CASES = [
    ("tools", ask(tools=(Tool("f"),)), "'tools'", "leave 'tools' out"),
    ("images", PICTURE, "'image'", "--capability images"),
    ("json_schema", ask(output=SCHEMA), "'json_schema'", "ask for plain JSON"),
    ("logprobs", ask(top_logprobs=0), "'top_logprobs'", "leave 'top_logprobs' out"),
    ("seed", ask(seed=0), "'seed'", "leave 'seed' out"),
    ("temperature", ask(temperature=0.0), "'temperature' but 1, not 0", "leave it out"),
    ("reasoning", ask(reasoning_effort="low"), "'reasoning_effort'", "leave 'reasoning_effort' out"),
]


def asked(profile: Profile, request: ChatRequest) -> FakeModel:
    model = FakeModel(["ok"], name="acme/small")
    asyncio.run(CapabilityCheck(model, profile).chat(request))
    return model


@pytest.mark.parametrize(("ability", "request_", "parameter", "way_out"), CASES, ids=[case[0] for case in CASES])
def test_what_a_model_cannot_do_is_said_before_it_is_asked(
    ability: str, request_: ChatRequest, parameter: str, way_out: str
) -> None:
    for known in (None, True):
        assert asked(Known(**{ability: known}), request_).requests == [request_]
    model = FakeModel(["ok"], name="acme/small")
    checked = CapabilityCheck(model, Known(**{ability: False}))
    for call in (checked.chat(request_), read(checked, request_)):
        with pytest.raises(ModelRequestInvalid) as error:
            asyncio.run(call)
        assert error.value.message.startswith("acme/small ")
        assert parameter in error.value.message
        assert way_out in error.value.hint
    assert model.requests == []


@pytest.mark.parametrize(
    "request_",
    [ask(), ask(temperature=1), ask(reasoning_effort="none"), ask(output=OutputSchema()), ask(max_tokens=100)],
)
def test_nothing_is_refused_that_is_not_asked_for(request_: ChatRequest) -> None:
    nothing = Known(*[False] * 7, context=100)
    assert asked(nothing, request_).requests == [request_]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ask(max_tokens=101), "less than 'max_tokens' of 101"),
        (ask("word" * 201), "the messages have 804 characters"),
    ],
)
def test_what_cannot_fit(request_: ChatRequest, said: str) -> None:
    with pytest.raises(ModelRequestInvalid, match="has a context of 100 tokens") as error:
        asked(Known(context=100), request_)
    assert said in error.value.message


def test_what_may_fit_goes_through() -> None:
    assert asked(Known(context=100), ask("word" * 200)).requests
    assert asked(Known(context=100), ask(" " * 5000 + "word")).requests, "blanks may be few tokens"
