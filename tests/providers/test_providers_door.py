"""Importing one name of the room loads what that name needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "yaml", "httpx2", "sqlite3", "ferrata.settings", "ferrata.documents", "ferrata.providers.local")


@pytest.mark.parametrize(
    ("names", "loaded"),
    [
        ("HttpClient, Timeouts, RemoteModel, ChatCompletions, Retry, Access, Dialect", []),
        ("FakeServer", ["ferrata.providers.fake"]),
        ("Cache", ["sqlite3"]),
        ("read_vendor", ["ferrata.documents", "pydantic", "yaml"]),
    ],
)
def test_one_name_loads_what_it_needs(names: str, loaded: list[str]) -> None:
    wanted = (*HEAVY, "ferrata.providers.fake", "ferrata.providers.fake.server")
    code = f"import sys\nfrom ferrata.providers import {names}\nprint(*[m for m in {wanted!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(set(said) - {"ferrata.providers.fake.server"}) == loaded
