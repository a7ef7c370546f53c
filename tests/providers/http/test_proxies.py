from __future__ import annotations

import pytest

from ferrata.errors import ModelRequestInvalid
from ferrata.providers.http.proxies import proxy_for

BOTH = {"http_proxy": "http://plain:3128", "HTTPS_PROXY": "http://u%40x:p@tunnel"}


@pytest.mark.parametrize(
    ("secure", "environment", "found"),
    [
        (False, {}, None),
        (False, BOTH, (False, "plain", 3128, "")),
        (True, BOTH, (False, "tunnel", 80, "Basic dUB4OnA=")),
        (True, {"http_proxy": "http://plain"}, None),
        (True, {"ALL_PROXY": "https://all"}, (True, "all", 443, "")),
        (False, {"all_proxy": "name:81"}, (False, "name", 81, "")),
        (False, {"HTTP_PROXY": "http://p", "http_proxy": "http://small"}, (False, "small", 80, "")),
        (False, {"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, None),
        (False, {"HTTP_PROXY": ""}, None),
    ],
)
def test_the_proxy_that_the_environment_names(secure: bool, environment: dict[str, str], found: object) -> None:
    assert proxy_for(secure=secure, host="api.acme.example", port=443, environment=environment) == found


@pytest.mark.parametrize(
    ("entries", "without"),
    [
        ("*", True),
        ("acme.example", True),
        (".acme.example", True),
        ("*.acme.example", True),
        ("API.Acme.example", True),
        ("x, api.acme.example:443 ,y", True),
        ("https://api.acme.example", True),
        ("api.acme.example:80", False),
        ("cme.example", False),
        (".api.acme.example", False),
        ("other.example", False),
        ("", False),
        (",", False),
        ("10.0.0.0/8", False),
    ],
)
def test_names_that_no_proxy_is_for(entries: str, without: bool) -> None:
    environment = {"https_proxy": "http://p", "no_proxy": entries}
    found = proxy_for(secure=True, host="api.acme.example", port=443, environment=environment)
    assert (found is None) == without


@pytest.mark.parametrize(
    ("host", "entries", "without"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.30", "10.1.2.3", False),
        ("fd00::1", "fd00::/8", True),
        ("fd00::1", "[fd00::1]", True),
        ("fd00::1", "fd00::1", True),
    ],
)
def test_addresses_that_no_proxy_is_for(host: str, entries: str, without: bool) -> None:
    environment = {"ALL_PROXY": "http://p", "NO_PROXY": entries}
    assert (proxy_for(secure=False, host=host, port=80, environment=environment) is None) == without


@pytest.mark.parametrize("url", ["socks5://u:secret@p:1", "http://", "http://p:port"])
def test_a_proxy_of_another_kind_is_an_error(url: str) -> None:
    with pytest.raises(ModelRequestInvalid, match=r"none of http or https") as caught:
        proxy_for(secure=False, host="x", port=80, environment={"http_proxy": url})
    assert "secret" not in caught.value.message
    assert "NO_PROXY" in caught.value.hint
