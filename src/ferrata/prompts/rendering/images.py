"""Images of a prompt: a URL stays one; a file of the project becomes a data URL."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from ferrata.errors import UsageError
from ferrata.messages import Image
from ferrata.prompts.references import inside

if TYPE_CHECKING:
    from ferrata.prompts.types import Prompt

__all__ = ["image_of"]

MOST_BYTES: Final = 20_000_000
_DATA = re.compile(r"data:(image/[\w.+*-]+);(base64,|base64:|path:|url:)\s*(.*)", re.DOTALL)
_SIGNS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def image_of(prompt: Prompt, source: str) -> Image:
    """The image that a source names: `https://...`, `data:image/...;base64,...`, or a file of the project.

    Prompt Flow's forms `data:image/png;path:FILE`, `;url:URL` and `;base64:...` are read as well.

    Raises:
        UsageError: there is no such image, it lies outside the project, or it is none.
    """
    try:
        return _image(prompt, source.strip())
    except UsageError as error:
        raise UsageError(f"{prompt.place}: {error.message}", hint=error.hint) from None


def _image(prompt: Prompt, source: str) -> Image:
    match = _DATA.match(source)
    if match is not None:
        kind, form, rest = match.groups()
        if form.startswith("base64"):
            return Image(f"data:{kind};base64,{_checked(rest)}")
        source = rest.strip()
    if source.startswith(("https://", "http://")):
        return Image(source)
    return _from_file(prompt, source)


def _checked(text: str) -> str:
    text = "".join(text.split())
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("the data of an image are not base64") from None
    return text


def _from_file(prompt: Prompt, name: str) -> Image:
    shown = name if len(name) <= 100 else name[:97] + "..."
    if not name:
        raise UsageError("an image has no source", hint="give a URL, or a file of the project")
    path, problem = inside(name, folder=prompt.path.parent, root=prompt.root)
    if path is None:
        raise UsageError(f"cannot read an image: {problem}", hint="give a URL, or a file of the project")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"the image {shown!r} has more than {MOST_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the image {shown!r}: {error.strerror}") from None
    kind = next((kind for sign, kind in _SIGNS if data.startswith(sign)), None)
    if kind is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise UsageError(f"{shown!r} is no image", hint="PNG, JPEG, GIF, WebP and BMP are read")
    return Image(f"data:{kind};base64,{base64.b64encode(data).decode()}")
