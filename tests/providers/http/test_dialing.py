from __future__ import annotations

import asyncio
import ipaddress
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving import LIMITS, Seen, Visit, answer, asked, get, serving, settled

from ferrata.errors import ModelBadResponse, ModelTimeout, ModelUnavailable
from ferrata.providers import HttpClient, Timeouts
from ferrata.providers.http import dialing, pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server on this machine, and trusted for the time of the test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "trusted.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    dialing.tls_context.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


@pytest.fixture(autouse=True)
def fresh():
    yield
    dialing.tls_context.cache_clear()


async def echo(visit: Visit) -> None:
    while True:
        _, body = await visit.request()
        await visit.send(answer(body or b"ok"))


def test_secure_calls_share_a_connection(certificate: ssl.SSLContext) -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        for number in range(3):
            body = {"text": "x" * 500_000 * number}
            found = await http.post(seen.url, body, {}, timeouts=LIMITS, who="test")
            assert found.body == b'{"text":"%s"}' % (b"x" * 500_000 * number)
        assert await asyncio.gather(*(get(http, seen) for _ in range(20))) == [b"ok"] * 20

    _, seen = asked(echo, work, tls=certificate)
    assert 2 <= seen.opened <= 20


def test_giving_up_ends_a_secure_connection(certificate: ssl.SSLContext) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"half")[:-2])
        with suppress(ConnectionError):
            await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        task = asyncio.ensure_future(get(http, seen))
        assert await settled(lambda: len(seen.requests) == 1)
        task.cancel()
        assert await settled(lambda: seen.gone == 1)
        with pytest.raises(asyncio.CancelledError):
            await task

    asked(script, work, tls=certificate)


def test_a_certificate_that_nobody_vouches_for(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    async def work(http: HttpClient, seen: Seen) -> None:
        with pytest.raises(ModelUnavailable, match="certificate"):
            await get(http, seen)

    assert asked(echo, work, tls=certificate)[1].requests == []


def test_a_connection_that_does_not_come(certificate: ssl.SSLContext) -> None:
    async def silent(visit: Visit) -> None:
        await visit.until_gone()
        visit.seen.gone += 1

    async def work(http: HttpClient, seen: Seen) -> None:
        seen.url = seen.url.replace("http:", "https:")
        with pytest.raises(ModelTimeout, match=r"no connection to 'https://.*' within 0.1 s"):
            await get(http, seen, Timeouts(total=5, connect=0.1))
        with pytest.raises(ModelTimeout, match=r"no answer within 0.1 s"):
            await get(http, seen, Timeouts(total=0.1, connect=5))
        assert await settled(lambda: seen.gone == 2)

    asked(silent, work)


def test_plain_calls_read_no_certificates() -> None:
    code = "import asyncio\nfrom ferrata.providers import HttpClient\nfrom ferrata.providers.http import dialing\n"
    code += "async def main():\n async with HttpClient() as http: http.prepare('http://127.0.0.1/v1')\n"
    code += "asyncio.run(main())\nprint(dialing.tls_context.cache_info().misses)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "0\n"


@asynccontextmanager
async def proxy(reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> AsyncGenerator[Seen]:
    """Gives a reply to CONNECT, and hands on what comes after it; answers other requests itself."""

    async def script(visit: Visit) -> None:
        head, _ = await visit.request()
        if not head.startswith("CONNECT"):
            await visit.send(answer(b"from the proxy"))
            return
        await visit.send(reply)
        if b" 200 " not in reply:
            return
        host, port = head.split(" ")[1].rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(hand_on(visit.reader, writer), hand_on(reader, visit.writer))

    async with serving(script) as seen:
        yield seen


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's addresses count as another's, for which proxies are asked."""
    monkeypatch.setattr(pool, "is_loopback", lambda _host: False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("outside")
def test_a_plain_call_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with proxy() as between, HttpClient() as http:
            place = between.url.split("/")[2]
            monkeypatch.setenv("HTTP_PROXY", f"http://me:pw@{place}")
            found = await http.get("http://acme.example:81/v1?a=b", {}, timeouts=LIMITS, who="test")
            assert found.body == b"from the proxy"
            head = between.requests[0][0]
            assert head.startswith("GET http://acme.example:81/v1?a=b HTTP/1.1\r\nhost: acme.example:81\r\n")
            assert "proxy-authorization: Basic bWU6cHc=\r\n" in head

    asyncio.run(work())


@pytest.mark.usefixtures("outside")
def test_a_secure_call_through_a_proxy(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        async with proxy() as between:
            place = between.url.split("/")[2]
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:pw@{place}")
            for _ in range(3):
                found = await http.post(seen.url, {"a": 1}, {"authorization": "Bearer k"}, timeouts=LIMITS, who="test")
                assert found.body == b'{"a":1}'
            assert (between.opened, seen.opened, len(seen.requests)) == (1, 1, 3)
            assert "proxy-authorization" not in seen.requests[0][0]
            target = seen.url.split("/")[2]
            login = "proxy-authorization: Basic bWU6cHc=\r\n"
            assert between.requests[0][0] == f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{login}\r\n"
            await http.aclose()
            assert await settled(lambda: between.open_now == 0)

    asked(echo, work, tls=certificate)


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "407 Proxy Authentication"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "502 Bad"),
        (b"", "ended the connection"),
        (b"SSH-2.0-x\r\n\r\n", "not answer as a proxy"),
        (b"x" * 20_000, "not answer as a proxy"),
    ],
)
def test_a_proxy_that_refuses(reply: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with proxy(reply) as between, HttpClient() as http:
            monkeypatch.setenv("ALL_PROXY", between.url)
            with pytest.raises(ModelUnavailable, match=words):
                await http.get("https://acme.example/v1", {}, timeouts=LIMITS, who="test")
            assert await settled(lambda: between.open_now == 0)

    asyncio.run(work())


@pytest.mark.usefixtures("outside")
def test_a_tunnel_to_what_speaks_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(http: HttpClient, seen: Seen) -> None:
        async with proxy() as between:
            monkeypatch.setenv("https_proxy", between.url)
            with pytest.raises((ModelUnavailable, ModelBadResponse)):
                await http.get(seen.url.replace("http:", "https:"), {}, timeouts=LIMITS, who="test")
            assert await settled(lambda: between.open_now == 0)

    async def script(visit: Visit) -> None:
        await visit.reader.read(10)
        await visit.send(b"HTTP/1.1 400 Bad request\r\n\r\n")

    asked(script, work)
