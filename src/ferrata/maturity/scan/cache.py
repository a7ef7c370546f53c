"""Remembers the facts of files by their content, and contents by path, size and time, so that a second scan reads little.

A cache that cannot be used is no cache; it is never an error. Knows nothing of rules but their digest.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

from ferrata.maturity.scan.types import NOTHING, FileFacts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ferrata.listing import Entry

__all__ = ["Cache", "content_key"]

# A file that changed this recently may change again within the same tick of the file system's clock.
# How long a scan waits for another one to let go of the cache.
WAIT_SECONDS = 5.0
_RACY_NS = 2_000_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (rules TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, key TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, facts TEXT, used INTEGER) WITHOUT ROWID;
"""


def _text(facts: FileFacts) -> str:
    return json.dumps(facts.to_json(), ensure_ascii=False, separators=(",", ":"))


_EMPTY = _text(NOTHING)


def content_key(path: str, data: bytes) -> str:
    """The digest of a path and a content: facts depend on both."""
    return blake2b(
        data, digest_size=16, key=blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    ).hexdigest()


class Cache:
    """The facts of earlier scans under one rule set; of another rule set's, nothing is kept.

    Args:
        path: the database file; None remembers nothing.
        rules: the digest of the rule set and of the program that reads.
        write: False changes nothing in it.
    """

    def __init__(self, path: Path | None, rules: str, *, write: bool = True) -> None:
        self._db: sqlite3.Connection | None = None
        self._files: dict[str, tuple[int, int, str]] = {}
        self._facts: dict[str, str] = {}
        if path is not None:
            with suppress(OSError, sqlite3.Error):
                if write:
                    self._db = self._open(path, rules)
                else:
                    self._read(path, rules)

    def _read(self, path: Path, rules: str) -> None:
        """What is remembered, without a change to the file or its folder."""
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as db:
            if db.execute("SELECT rules FROM meta").fetchall() == [(rules,)]:
                self._load(db)

    def _open(self, path: Path, rules: str) -> sqlite3.Connection | None:
        db = sqlite3.connect(path, timeout=WAIT_SECONDS)
        try:
            db.executescript(_SCHEMA)
            if db.execute("SELECT rules FROM meta").fetchall() != [(rules,)]:
                db.executescript("DELETE FROM meta; DELETE FROM file; DELETE FROM fact;")
                db.execute("INSERT INTO meta VALUES (?)", (rules,))
                db.commit()
            self._load(db)
        except sqlite3.DatabaseError as error:
            db.close()
            if not isinstance(error, sqlite3.OperationalError):  # it is broken, not merely in use
                path.unlink(missing_ok=True)
            return None
        return db

    def _load(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT path, size, mtime_ns, key FROM file")
        self._files = {os.fsdecode(path): (size, mtime_ns, key) for path, size, mtime_ns, key in rows}
        self._facts = dict(db.execute("SELECT key, facts FROM fact"))

    def known(self, entry: Entry) -> FileFacts | None:
        """The facts of a file that has not changed, by size and time; None where it must be read."""
        size, mtime_ns, key = self._files.get(entry.path, (-1, -1, ""))
        if (size, mtime_ns) != (entry.size, entry.mtime_ns):
            return None
        return self.by_key(key) if key else NOTHING

    @property
    def empty(self) -> bool:
        """Whether nothing is remembered."""
        return not self._facts

    def by_key(self, key: str) -> FileFacts | None:
        """The facts of a content."""
        text = self._facts.get(key)
        if text == _EMPTY:
            return NOTHING
        return FileFacts.from_json(json.loads(text)) if text else None

    def store(self, found: Iterable[tuple[Entry, str, FileFacts]], *, gone: Iterable[str] = ()) -> None:
        """Remember what a scan read; forget the paths that are `gone`."""
        if self._db is None:
            return
        now = time.time_ns()
        files: list[tuple[bytes, int, int, str]] = []
        facts: list[tuple[str, str, int]] = []
        for entry, key, value in found:
            files.append(
                (os.fsencode(entry.path), entry.size, entry.mtime_ns if now - entry.mtime_ns > _RACY_NS else -1, key)
            )
            facts.append((key, _text(value), now // 1_000_000_000))
        with suppress(sqlite3.Error, UnicodeError):
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", files)
                self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", facts)
                self._db.executemany("DELETE FROM file WHERE path = ?", ((os.fsencode(path),) for path in gone))
                self._prune()

    def _prune(self) -> None:
        """Facts that no path has any more are kept for branches that come back, but not without end."""
        assert self._db is not None  # noqa: S101 - called with an open database
        files = len(self._files) + 1000
        if self._db.execute("SELECT count(*) FROM fact").fetchone()[0] > 4 * files:
            self._db.execute("DELETE FROM fact WHERE key NOT IN (SELECT key FROM file)")

    def paths(self) -> frozenset[str]:
        """The paths that the last scan had."""
        return frozenset(self._files)

    def close(self) -> None:
        """Let go of the database."""
        if self._db is not None:
            self._db.close()
