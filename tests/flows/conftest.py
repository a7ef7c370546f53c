"""Flows in temporary folders."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class MakeFlow(Protocol):
    """Writes a flow's files and gives its folder."""

    def __call__(self, dag: str = "", /, *, name: str = "flow", **files: str) -> Path: ...


@pytest.fixture
def make_flow(tmp_path: Path) -> MakeFlow:
    """Files by name: `answer_py` is `answer.py`, `answer_jinja2` is `answer.jinja2`."""

    def make(dag: str = "", /, *, name: str = "flow", **files: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        if dag:
            (folder / "flow.dag.yaml").write_text(textwrap.dedent(dag), encoding="utf-8")
        for key, text in files.items():
            stem, _, suffix = key.rpartition("_")
            (folder / f"{stem}.{suffix}").write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return make
