"""Images and annotated texts as values that flow between nodes."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Image", "PFBytes", "Text"]

# How files of the common formats begin; of those with a gap, what follows eight bytes.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)


class PFBytes(bytes):
    """Bytes with a MIME type and, perhaps, the URL that they came from."""

    _hash: str
    _mime_type: str
    _source_url: str | None

    def __new__(cls, value: bytes, *_args: Any, **_kwargs: Any) -> Self:
        """The bytes alone; the rest is `__init__`'s."""
        return super().__new__(cls, value)

    def __init__(self, value: bytes, mime_type: str, source_url: str | None = None) -> None:
        super().__init__()
        self._hash = hashlib.sha1(value, usedforsecurity=False).hexdigest()[:8]
        self._mime_type = mime_type.lower()
        self._source_url = source_url

    def __reduce__(self) -> tuple[type[PFBytes], tuple[bytes, str, str | None]]:
        return type(self), (bytes(self), self._mime_type, self._source_url)

    @property
    def source_url(self) -> str | None:
        """Where it came from; None if not from a URL."""
        return self._source_url

    def to_base64(self, with_type: bool = False) -> str:
        """In base 64; with its type, as a `data:` URL."""
        text = base64.b64encode(self).decode()
        return f"data:{self._mime_type};base64,{text}" if with_type else text


class Image(PFBytes):
    """An image. Its text is `Image(hash)`, by which a rendered prompt says where it stands."""

    def __init__(self, value: bytes, mime_type: str | None = None, source_url: str | None = None) -> None:
        super().__init__(value, mime_type or _guess(value), source_url)

    def __str__(self) -> str:
        return f"Image({self._hash})"

    __repr__ = __str__

    def serialize(self, encoder: Callable[[Image], Any] | None = None) -> Any:
        """What `encoder` makes of it; its text without one."""
        return str(self) if encoder is None else encoder(self)


class Text(str):
    """A text that may have annotations, as assistants give them."""

    _annotations: list[Any] | None

    def __new__(cls, value: str, annotations: list[Any] | None = None) -> Self:
        """A text and its annotations."""
        made = super().__new__(cls, value)
        made._annotations = annotations
        return made

    @classmethod
    def deserialize(cls, data: Mapping[str, Any]) -> Text:
        """From the form of a content part."""
        text = data.get("text", "")
        if isinstance(text, str):
            return cls(text)
        return cls(text.get("value", ""), text.get("annotations", []))

    def serialize(self) -> dict[str, Any]:
        """As a content part."""
        if self._annotations is None:
            return {"type": "text", "text": self}
        return {"type": "text", "text": {"value": self, "annotations": self._annotations}}


def _guess(value: bytes) -> str:
    if value[:4] == b"RIFF" and value[8:12] == b"WEBP":
        return "image/webp"
    if value[4:12] in (b"ftypavif", b"ftypheic"):
        return f"image/{value[8:12].decode()}"
    return next((kind for start, kind in _SIGNATURES if value.startswith(start)), "image/*")
