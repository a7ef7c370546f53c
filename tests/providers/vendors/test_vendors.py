from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from asking import ask

from ferrata.clock import FrozenClock
from ferrata.errors import InvalidDocument, ModelDenied, ModelRequestInvalid, NotFound, UsageError
from ferrata.plugins import hookimpl, plugin_manager
from ferrata.providers import (
    FakeServer,
    HttpClient,
    Models,
    Surroundings,
    access_of,
    build_chat,
    build_embeddings,
    read_vendor,
    vendor_names,
)
from ferrata.providers.base import features_of
from ferrata.providers.vendors import read as reading
from ferrata.providers.wires import client_wires
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.messages import Usage

EXPECTED = """anthropic azure-openai azure-openai-deployments bedrock deepseek fireworks google groq lm-studio mistral ollama
openai openai-compatible openrouter together vllm""".split()
CLOCK = FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))


def settings(vendor: str, model: str = "m", **more: object) -> ModelSettings:
    return ModelSettings.model_validate({"vendor": vendor, "model": model, **more})


def around(http: HttpClient, more: dict[str, str] | None = None, **what: object) -> Surroundings:
    return Surroundings(http=http, clock=CLOCK, environment=(more or {}).get, **what)  # pyright: ignore[reportArgumentType]


def test_the_vendors() -> None:
    assert vendor_names() == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_declared_of_a_vendor_holds_together(name: str) -> None:
    vendor = read_vendor(name)
    assert set(vendor.wires) <= set(client_wires())
    every = {"tools", "tool_choice", "max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "name"}
    every |= {"presence_penalty", "reasoning_effort", "user", "logprobs", "json_object", "json_schema", "images"}
    assert set(vendor.quirks.refuses) <= every
    if vendor.url and vendor.url.startswith("https:"):
        places = dict.fromkeys(vendor.places, "eu-west-1")
        assert vendor.owns(vendor.url.format(**places))
        assert vendor.key_variable
    assert not vendor.owns("http://" + (vendor.hosts or ["x"])[0].replace("*", "a"))
    assert vendor.source.startswith("https://")


def test_names_of_features_are_those_that_requests_have() -> None:
    assert features_of(ask(seed=0, top_logprobs=0, temperature=0.0)) == {"seed", "logprobs", "temperature"}


# What a call to each vendor looks like: its URL, and the header with the key.
CALLS = {
    "openai": ("https://api.openai.com/v1/chat/completions", "authorization", "Bearer k"),
    "anthropic": ("https://api.anthropic.com/v1/messages", "x-api-key", "k"),
    "google": ("https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "authorization", "Bearer k"),
    "azure-openai": ("https://acme.openai.azure.com/openai/v1/chat/completions", "api-key", "k"),
    "azure-openai-deployments": (
        "https://acme.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
        "api-key",
        "k",
    ),
    "bedrock": (
        "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions",
        "authorization",
        "Bearer k",
    ),
    "deepseek": ("https://api.deepseek.com/chat/completions", "authorization", "Bearer k"),
}


@pytest.mark.parametrize("name", CALLS)
def test_where_a_call_goes(name: str) -> None:
    vendor = read_vendor(name)
    environment = {
        vendor.key_variable: "k",
        "AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com/",
        "AWS_REGION": "eu-west-1",
    }
    declared = settings(name)
    access = access_of(declared, vendor, environment.get)  # pyright: ignore[reportArgumentType]
    wire, path = next(iter(vendor.wires.items()))
    url = access.url + (path or client_wires()[wire].path).format(model="m") + access.query
    headers, key = access.credentials("x")
    assert (url, headers[CALLS[name][1]], key) == (CALLS[name][0], CALLS[name][2], "k")
    if name == "anthropic":
        assert headers["anthropic-version"] == "2023-06-01"


def test_a_call_with_everything_around_it(run, tmp_path: Path) -> None:
    from ferrata.providers import AnswerFile

    class Flat:
        version = "test"

        def cost(self, usage: Usage) -> float:
            return 0.1

    calls = []
    with FakeServer() as server:
        environment = {"FERRATA_KEY": "k"}
        declared = settings(
            "openai-compatible",
            url=server.url,
            key="${env:FERRATA_KEY}",
            parameters={"temperature": 0, "max_tokens": 3, "stop": ["END"], "extra": {"top_k": 1}},
            limits={"requests_per_minute": 100, "tokens_per_minute": 10_000},
            cache="deterministic",
            budget=0.25,
        )

        async def work(http: HttpClient) -> None:
            surroundings = around(
                http,
                environment,
                price=lambda *_: Flat(),
                sink=calls.append,
                answers=lambda: AnswerFile(tmp_path / "a.db"),
            )
            model = build_chat(declared, surroundings)
            assert model.name == "openai-compatible/m"
            for _ in range(2):
                assert (await model.chat(ask())).text == "How long is"
            assert (await model.chat(ask(max_tokens=1))).text == "How"
            surroundings.closing[0]()

        run(work)
        assert [c.cost for c in calls] == [0.1, 0, 0.1]
        assert server.received[0].headers["authorization"] == "Bearer k"
        sent = server.received[0].body
        assert {k: sent[k] for k in ("temperature", "max_tokens", "stop", "top_k")} == {
            "temperature": 0, "max_tokens": 3, "stop": ["END"], "top_k": 1
        }  # fmt: skip
        assert [received.body["max_tokens"] for received in server.received] == [3, 1]


def test_a_missing_key_says_which(run) -> None:
    async def work(http: HttpClient) -> None:
        await build_chat(settings("openai"), around(http)).chat(ask())

    with pytest.raises(ModelDenied) as caught:
        run(work)
    assert caught.value.message == "no key for OpenAI: the environment variable 'OPENAI_API_KEY' is not set"
    assert "ferrata models pull smollm2" in caught.value.hint


@pytest.mark.parametrize(
    ("vendor", "url", "key"),
    [
        ("openai", "https://evil.example/v1", "${env:OPENAI_API_KEY}"),
        ("openai", "http://api.openai.com/v1", "${env:OPENAI_API_KEY}"),
        ("openai", "https://api.openai.com.evil.example/v1", "${env:OPENAI_API_KEY}"),
        ("openai", "https://api.openai.com@evil.example/v1", "${env:OPENAI_API_KEY}"),
        ("openai-compatible", "https://evil.example/v1", "${env:AWS_SECRET_ACCESS_KEY}"),
    ],
)
def test_a_strangers_file_sends_no_key_elsewhere(vendor: str, url: str, key: str) -> None:
    variable = key[6:-1]
    with pytest.raises(UsageError, match="whose name begins with FERRATA_|would go to") as caught:
        access_of(settings(vendor, url=url, key=key), read_vendor(vendor), {variable: "secret"}.get)
    assert "secret" not in str(caught.value)
    # Without a key of its own, none is sent.
    access = access_of(settings(vendor, url=url), read_vendor(vendor), {variable: "secret"}.get)
    assert access.credentials("x") == (dict(read_vendor(vendor).headers), "")


def test_a_url_of_the_users_environment_is_the_users() -> None:
    environment = {"OPENAI_BASE_URL": "http://10.0.0.1/v1/", "OPENAI_API_KEY": "k"}
    access = access_of(settings("openai"), read_vendor("openai"), environment.get)
    assert (access.url, access.credentials("x")[1]) == ("http://10.0.0.1/v1", "k")


@pytest.mark.parametrize(
    ("declared", "error", "words"),
    [
        ({"vendor": "opnai"}, NotFound, "no vendor 'opnai'"),
        ({"vendor": "azure-openai"}, UsageError, "Azure OpenAI has no address of its own"),
        ({"vendor": "bedrock"}, UsageError, "needs the region: set 'AWS_REGION'"),
        ({"vendor": "anthropic", "wire": "openai-chat"}, UsageError, "Anthropic does not speak the wire format"),
        ({"vendor": "local", "model": "llama"}, NotFound, "no local model 'llama'"),
        ({"vendor": "openai", "budget": 1}, UsageError, "has a budget and no known price"),
    ],
)
def test_what_settings_lack(run, declared: dict[str, object], error: type[Exception], words: str) -> None:
    async def work(http: HttpClient) -> None:
        build_chat(settings(**{"model": "m", **declared}), around(http))  # pyright: ignore[reportArgumentType]

    with pytest.raises(error, match=words):
        run(work)


def test_embeddings(run, server: FakeServer) -> None:
    async def work(http: HttpClient) -> None:
        declared = settings("vllm", "e", url=server.url)
        found = await build_embeddings(declared, around(http)).embed(["a"])
        assert len(found.vectors[0]) == 8
        with pytest.raises(UsageError, match="Anthropic has no embeddings"):
            build_embeddings(settings("anthropic"), around(http))

    run(work)


def test_models_by_name(run) -> None:
    async def work(http: HttpClient) -> None:
        one = Models({"support": settings("fake", "a")}, around(http))
        assert one.chat().name == one.chat("support").name == "fake/a"
        assert one.chat("support") is one.chat("support")
        assert one.chat("fake/b").name == "fake/b"
        assert one.embeddings().name == "local/wordllama-256"
        assert Models({}, around(http)).chat().name == "local/smollm2"
        several = Models({"a": settings("fake", "a"), "b": settings("fake", "b")}, around(http))
        with pytest.raises(UsageError, match="none is called 'default'"):
            several.chat()
        assert (
            Models({"x": settings("fake", "a"), "default": settings("fake", "d")}, around(http)).chat().name == "fake/d"
        )
        with pytest.raises(NotFound, match="no model 'suport'") as caught:
            one.chat("suport")
        assert caught.value.hint == "did you mean support?"

    run(work)


def test_a_plugin_adds_a_vendor(tmp_path: Path, run) -> None:
    (tmp_path / "acme.yaml").write_text(
        "title: Acme\nurl: https://api.acme.example/v1\nhosts: [api.acme.example]\nkey_variable: ACME_KEY\n"
        "wires: {openai-chat: null}\nsource: https://acme.example\n"
    )
    (tmp_path / "wrong.yaml").write_text("title: Wrong\nwire: {}\n")

    class Plugin:
        @hookimpl
        def vendor_packs(self) -> list[Path]:
            return [tmp_path]

    plugin = Plugin()
    plugin_manager().register(plugin)
    reading._files.cache_clear()
    try:
        assert access_of(settings("acme"), read_vendor("acme"), {"ACME_KEY": "k"}.get).credentials("x")[1] == "k"
        with pytest.raises(InvalidDocument, match="did you mean 'wires'"):
            read_vendor("wrong")
    finally:
        plugin_manager().unregister(plugin)
        reading._files.cache_clear()
        read_vendor.cache_clear()


def test_the_profile_of_a_model_is_asked_for_by_its_vendor(run) -> None:
    class Knows:
        tools = images = json_schema = logprobs = temperature = reasoning = context = None
        seed = False

    names: list[tuple[str, str]] = []

    def profile(vendor: str, model: str) -> Knows:
        names.append((vendor, model))
        return Knows()

    async def work(http: HttpClient) -> None:
        for vendor in ("vllm", "fake", "azure-openai"):
            declared = settings(vendor, parameters={"seed": 1}, retries=0)
            model = build_chat(
                declared, around(http, {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"}, profile=profile)
            )
            if vendor == "vllm":
                with pytest.raises(ModelRequestInvalid, match="vllm/m takes no 'seed'"):
                    await model.chat(ask())

    run(work)
    assert names == [("vllm", "m")], "a deployment's name says nothing of the model"
