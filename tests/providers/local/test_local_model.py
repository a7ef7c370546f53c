"""The real engine. With the real model where somebody has pulled it; loading and failing without it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from asking import ask, read

from ferrata.errors import ModelRequestInvalid, ModelUnavailable, UsageError
from ferrata.messages import Image, Message, OutputSchema
from ferrata.providers import WEIGHTS, HttpClient, LocalEmbeddings, LocalModel, assemble

if TYPE_CHECKING:
    from pathlib import Path

SMOLLM2 = WEIGHTS["smollm2"]
pulled = pytest.mark.skipif(not SMOLLM2.is_pulled(), reason="not pulled: ferrata models pull smollm2")


def test_a_model_that_was_not_pulled(run, tmp_path: Path) -> None:
    async def work(http: HttpClient) -> None:
        await LocalModel(SMOLLM2, http=http, folder=tmp_path).chat(ask())

    with pytest.raises(ModelUnavailable) as caught:
        run(work)
    assert caught.value.message == "the model 'smollm2' is not on this machine"
    assert caught.value.hint == "ferrata models pull smollm2"


def test_a_file_that_is_no_model(run, tmp_path: Path) -> None:
    path = SMOLLM2.path(tmp_path)
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(SMOLLM2.size)

    async def work(http: HttpClient) -> None:
        await LocalModel(SMOLLM2, http=http, folder=tmp_path).chat(ask())

    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        run(work)


def test_without_xllamacpp(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = SMOLLM2.path(tmp_path)
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(SMOLLM2.size)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    async def work(http: HttpClient) -> None:
        await LocalModel(SMOLLM2, http=http, folder=tmp_path).chat(ask())

    with pytest.raises(UsageError, match="needs xllamacpp") as caught:
        run(work)
    assert caught.value.hint == "pip install 'ferrata[local]'"


@pulled
@pytest.mark.slow
def test_the_model_answers(run) -> None:
    async def work(http: HttpClient) -> None:
        model = LocalModel(SMOLLM2, http=http, threads=1)
        try:
            request = ask("Name a colour.", max_tokens=8, temperature=0, seed=1, top_logprobs=2)
            whole, again = await asyncio.gather(model.chat(request), model.chat(request))
            assert whole.text
            assert whole.text == again.text
            assert whole.model == SMOLLM2.title
            assert whole.usage is not None
            assert 0 < whole.usage.output_tokens <= 8
            assert len(whole.logprobs or ()) == whole.usage.output_tokens
            assert [len(token.top) for token in whole.logprobs or ()] == [2] * whole.usage.output_tokens
            pieces = await read(model, ask("Name a colour.", max_tokens=8, temperature=0))
            assert len(pieces) > 2
            assert assemble(pieces).usage is not None
            schema = {
                "type": "object",
                "properties": {"city": {"type": "string", "maxLength": 9}},
                "required": ["city"],
            }
            found = await model.chat(ask("A city, as JSON.", max_tokens=40, output=OutputSchema(schema), temperature=0))
            assert isinstance(json.loads(found.text)["city"], str)
            with pytest.raises(ModelRequestInvalid, match="local/smollm2 knows no 'images'"):
                await model.chat(type(request)((Message("user", (Image("https://example.com/x.png"),)),)))
        finally:
            model.close()

    run(work)


@pulled
@pytest.mark.slow
def test_a_process_that_has_asked_ends(tmp_path: Path) -> None:
    code = "import asyncio\nfrom ferrata.app import open_app\nfrom pathlib import Path\n"
    code += "from ferrata.messages import ChatRequest, Message\nasync def main():\n"
    code += " app = open_app(Path('.'))\n"
    code += " r = await app.chat_model('local').chat(ChatRequest((Message('user', 'Hi'),), max_tokens=3))\n"
    code += " print(r.usage.output_tokens)\nasyncio.run(main())"
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr
    assert time.monotonic() - start < 90


def test_offline_embeddings_tell_meanings_apart_a_little() -> None:
    texts = [
        "How long is the warranty?",
        "What is the warranty period?",
        "I lost my password.",
        "",
        "How long is the warranty?",
    ]
    found = asyncio.run(LocalEmbeddings().embed(texts))
    a, b, c, empty, again = found.vectors

    def cosine(x, y) -> float:
        return sum(p * q for p, q in zip(x, y, strict=True))

    assert {len(v) for v in found.vectors} == {256}
    assert a == again
    assert not any(empty)
    assert cosine(a, a) == pytest.approx(1, abs=1e-5)
    assert cosine(a, b) > 0.5 > 0.2 > cosine(a, c)
    assert found.usage is not None
    assert 15 < found.usage.input_tokens < 40
    assert asyncio.run(LocalEmbeddings().embed([])).vectors == []


def test_embeddings_ask_nobody(tmp_path: Path) -> None:
    """In a process of its own, where opening any connection is an error."""
    code = "import socket, asyncio\ndef no(*a, **k): raise SystemExit('asked the network')\n"
    code += "socket.socket.connect = no\nsocket.create_connection = no\nsocket.getaddrinfo = no\n"
    code += "from ferrata.providers import LocalEmbeddings\n"
    code += "print(len(asyncio.run(LocalEmbeddings().embed(['x'])).vectors[0]))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=100
    )
    assert (done.stdout.strip(), done.returncode) == ("256", 0), done.stderr


def test_embeddings_without_wordllama(monkeypatch: pytest.MonkeyPatch) -> None:
    from ferrata.providers.local import embeddings

    embeddings._load.cache_clear()
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(UsageError, match="need wordllama"):
        asyncio.run(LocalEmbeddings().embed(["x"]))
    embeddings._load.cache_clear()


@pulled
@pytest.mark.slow
def test_the_model_answers_after_its_connection_has_been_idle_for_long(run) -> None:
    """The engine closes a connection that was idle for 5 s."""

    async def work(http: HttpClient) -> None:
        model = LocalModel(SMOLLM2, http=http, threads=1)
        try:
            for pause in (4.9, 5.0, 0.0):
                assert (await model.chat(ask("Name a colour.", max_tokens=2))).text
                await asyncio.sleep(pause)
        finally:
            model.close()

    run(work)
