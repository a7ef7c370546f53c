"""The file that a pack is: a zip of `pack.json`, `signature.json` and `bodies/SHA256`.

It is written the same for the same content, and read with suspicion: nothing but these names, each once, no more bytes than
may be, and every body under its own digest. Nothing is written to the disk or run. Knows nothing of versions.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import NotFound, UsageError
from ferrata.store import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MOST_BYTES", "Archive", "read_archive", "write_archive"]

MOST_BYTES = 256 * 1024 * 1024
"""The largest pack, packed or unpacked."""
_MOST_ENTRIES = 20_000
_MOST_INDEX = 4 * 1024 * 1024
_FIRST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can say
_END = struct.Struct("<4s4H2LH")
_BODY = re.compile(r"bodies/[0-9a-f]{64}")
_HINT = "ask whoever sent it for the file again"


class Archive(NamedTuple):
    """What is in a pack's file: the two documents as bytes, and the bodies by digest."""

    pack: bytes
    signature: bytes
    bodies: Mapping[str, bytes]


def write_archive(archive: Archive) -> bytes:
    """The bytes of a pack's file.

    Raises:
        UsageError: it would be too large.
    """
    entries = {"pack.json": archive.pack, "signature.json": archive.signature}
    entries |= {f"bodies/{digest}": body for digest, body in sorted(archive.bodies.items())}
    if sum(map(len, entries.values())) > MOST_BYTES or len(entries) > _MOST_ENTRIES:
        raise UsageError("the pack would be too large", hint=f"at most {MOST_BYTES // 1024 // 1024} MiB; make several")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, body in entries.items():
            info = zipfile.ZipInfo(name, _FIRST)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, body, compresslevel=6)
    return out.getvalue()


def read_archive(path: Path) -> Archive:
    """Read a pack's file.

    Raises:
        NotFound: there is no such file.
        UsageError: it is no pack, cut off or altered; nothing was written.
    """
    try:
        if not path.is_file():
            raise NotFound(f"no such file: {str(path)!r}")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}") from None
    try:
        entries = _entries(data)
    except _Refusal as refusal:
        raise UsageError(f"{str(path)!r} is refused: {refusal}", hint=_HINT) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error, OverflowError, OSError):
        raise UsageError(f"{str(path)!r} is refused: the archive is damaged", hint=_HINT) from None
    bodies = {name.removeprefix("bodies/"): body for name, body in entries.items() if name.startswith("bodies/")}
    return Archive(entries["pack.json"], entries["signature.json"], bodies)


class _Refusal(Exception):
    """Why an archive is not read."""


def _entries(data: bytes) -> dict[str, bytes]:
    _check_end(data)
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for info in file.infolist():
            name = info.filename
            # The name as the archive holds it: zipfile cuts names at a NUL.
            if info.orig_filename != name or not (name in ("pack.json", "signature.json") or _BODY.fullmatch(name)):
                raise _Refusal(f"it holds {info.orig_filename!r}, which is no part of a pack")
            if name in found:
                raise _Refusal(f"it holds {name!r} twice")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 0x1:
                raise _Refusal(f"{name!r} is packed in a way that packs are not")
            with file.open(info) as entry:
                body = entry.read(left + 1)
            left -= len(body)
            if left < 0 or info.file_size > MOST_BYTES:
                raise _Refusal(f"unpacked it is larger than {MOST_BYTES // 1024 // 1024} MiB")
            if _BODY.fullmatch(name) and sha256_of(body) != name.removeprefix("bodies/"):
                raise _Refusal(f"{name!r} is another body: its digest is {sha256_of(body)}")
            found[name] = body
    for name in ("pack.json", "signature.json"):
        if name not in found:
            raise _Refusal(f"it has no {name}")
    return found


def _check_end(data: bytes) -> None:
    """Check the archive's own index before it is read: its size could be anything."""
    if len(data) > MOST_BYTES:
        raise _Refusal(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
    if not data.startswith(b"PK\x03\x04"):
        raise _Refusal("it is no pack")
    if len(data) < _END.size or data[-_END.size :][:4] != b"PK\x05\x06":
        raise _Refusal("it is cut off, or something was added to it")
    _, _, _, here, entries, size, offset, comment = _END.unpack(data[-_END.size :])
    if here != entries or entries > _MOST_ENTRIES or size > _MOST_INDEX:
        raise _Refusal(f"it holds more than {_MOST_ENTRIES:,} files")
    if offset + size + _END.size != len(data) or comment:
        raise _Refusal("it is cut off, or something was added to it")
