"""Documents become passages with headings and lines; nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.datasets.passages import document_files, passages_of
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_passages_have_their_heading_and_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# Returns\n\n" + "Shoes may be returned. " * 5 + "\nWithin 30 days.\n\n## Late\n\ntoo short\n")
    (passage,) = passages_of(path)
    assert (passage.first, passage.last) == (2, 5)
    assert passage.text == "Returns\n\n" + ("Shoes may be returned. " * 5) + "\nWithin 30 days."


def test_long_documents_are_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    words = [f"word{i}" for i in range(3000)]
    paragraphs = [" ".join(words[i : i + 60]) for i in range(0, 1500, 60)]
    path.write_text("\n\n".join(paragraphs) + "\n\n" + " ".join(words[1500:]))
    passages = passages_of(path)
    assert len(passages) > 10
    assert max(len(one.text) for one in passages) <= 1_600
    joined = "".join("".join(one.text.split()) for one in passages)
    assert joined == "".join(words)


def test_folders_give_their_texts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("a.md", "b.txt", "c.py", ".git/x.md"):
        (tmp_path / name).write_text("x")
    assert [one.name for one in document_files([tmp_path, tmp_path / "c.py"])] == ["a.md", "b.txt", "c.py"]
    with pytest.raises(NotFound, match="no document to read"):
        document_files([tmp_path / "empty"])
    with pytest.raises(NotFound, match="no such document"):
        document_files([tmp_path / "gone"])
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot read"):
        passages_of(tmp_path / "b.txt")
