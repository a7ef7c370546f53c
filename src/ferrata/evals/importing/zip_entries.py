"""Entries of a ZIP file, also those packed by Zstandard, which Python reads itself from 3.14 on. Knows no format of a source."""

from __future__ import annotations

import struct
import zipfile
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ferrata.errors import InvalidDocument, Mistake, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ZipEntries"]

_ZSTANDARD: Final = 93
_LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_MOST_BYTES: Final = 500_000_000


class ZipEntries:
    """The entries of a file. Use it in a `with` block.

    Raises:
        InvalidDocument: it is no ZIP file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise InvalidDocument([Mistake(str(path), 1, "", f"is no ZIP file: {error}")]) from None
        self.names = self._zip.namelist()

    def __enter__(self) -> ZipEntries:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """The bytes of an entry.

        Raises:
            InvalidDocument: it is damaged, or larger than 500 MB.
            UsageError: nothing here can unpack it.
        """
        info = self._zip.getinfo(name)
        if info.file_size > _MOST_BYTES:
            raise self._wrong(name, "is larger than 500 MB")
        try:
            if info.compress_type != _ZSTANDARD:
                return self._zip.read(info)
            data = _unpack(self._packed(info), info.file_size)
        except (OSError, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, ValueError) as error:
            raise self._wrong(name, f"cannot be unpacked: {error}") from None
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise self._wrong(name, "is damaged")
        return data

    def _packed(self, info: zipfile.ZipInfo) -> bytes:
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            fields = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            file.seek(fields[9] + fields[10], 1)  # past the name and what is added to it
            return file.read(info.compress_size)

    def _wrong(self, name: str, problem: str) -> InvalidDocument:
        return InvalidDocument([Mistake(str(self._path), 1, name, problem)])


def _unpack(packed: bytes, size: int) -> bytes:
    """What Zstandard packed, at most `size` bytes, by whichever package is there."""
    for name in ("compression.zstd", "backports.zstd"):
        module = _module(name)
        if module is not None:
            try:
                data: bytes = module.ZstdDecompressor().decompress(packed, max_length=size + 1)
            except module.ZstdError as error:
                raise ValueError(str(error)) from None
            return data
    module = _module("zstandard")
    if module is not None:
        try:
            data = module.ZstdDecompressor().decompressobj().decompress(packed)
        except module.ZstdError as error:
            raise ValueError(str(error)) from None
        return data
    arrow = _module("pyarrow")
    if arrow is not None:
        return bytes(arrow.decompress(packed, decompressed_size=size, codec="zstd", asbytes=True))
    raise UsageError(
        "the file is packed by Zstandard, and nothing here can unpack it",
        hint="pip install zstandard, or convert the log to JSON: inspect log convert --to json",
    )


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None
