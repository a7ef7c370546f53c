"""Images that go into flows and come out: Prompt Flow's dictionaries and texts into `Image`s, and back.

    {"data:image/png;path": "a.png"}   {"data:image/png;base64": "..."}   {"data:image/png;url": "https://..."}
    {"type": "image_url", "image_url": {"url": ...}}   {"type": "image_file", "image_file": {"path": ...}}

The second line is the form of flows with `message_format: openai-vision`, which write texts as parts too. An image by URL is
fetched at once, as in Prompt Flow, and remembers its URL. Knows no model.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit
from uuid import uuid4

from ferrata.flows.contracts.multimedia import Image, PFBytes, Text
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.flows.types import InputSpec

__all__ = [
    "create_image",
    "images_as_data",
    "images_as_files",
    "load_images",
    "load_inputs",
    "place_images",
]

_KEY = re.compile(r"data:image/(.*);(path|base64|url)")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_PREFIX = re.compile(r"data:image/(.*);base64")
_SHOWN = 80


class _Source(NamedTuple):
    """Where an image is: `path`, `base64` or `url`; its type, if known."""

    kind: str
    value: Any
    mime: str | None = None


def create_image(value: Any, folder: Path | None = None) -> PFBytes:
    """The image that a value stands for: an image, one of the dictionaries, or a text: base64, URL or path.

    Args:
        value: what stands for it.
        folder: what relative paths start from; the working directory if None.

    Raises:
        FlowError: `InvalidImageInput`: it stands for none, or the image cannot be had.
    """
    if isinstance(value, PFBytes):
        return value
    if isinstance(value, str):
        if not value:
            raise _invalid("The image input should not be empty.")
        return _read(_of_text(value), folder)
    if isinstance(value, Mapping):
        source = _of_basic(cast("Mapping[str, Any]", value)) or _of_vision(cast("Mapping[str, Any]", value))
        if source is None:
            raise _invalid(
                "Invalid image input format. The image input should be a dictionary like: "
                "{data:image/<image_type>;[path|base64|url]: <image_data>}."
            )
        return _read(source, folder)
    raise _invalid(f"Unsupported image input type: {type(value)}. The image inputs should be a string or a dictionary.")


def load_images(value: Any, folder: Path | None = None, *, vision: bool = False) -> Any:
    """A value with the dictionaries in it, however deep, as images; what is none stays.

    Args:
        value: anything.
        folder: what relative paths start from.
        vision: the flow has the `message_format` openai-vision: its forms count, and parts that are texts are `Text`s.

    Raises:
        FlowError: `InvalidImageInput`: an image cannot be had.
    """
    if isinstance(value, list):
        return [load_images(item, folder, vision=vision) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    about = cast("dict[str, Any]", value)
    source = _of_vision(about) if vision else _of_basic(about)
    if source is not None:
        return _read(source, folder)
    if vision and _is_text(about):
        return Text.deserialize(about)
    return {key: load_images(item, folder, vision=vision) for key, item in about.items()}


def load_inputs(
    specs: Mapping[str, InputSpec], inputs: Mapping[str, Any], folder: Path | None = None, *, vision: bool = False
) -> dict[str, Any]:
    """A flow's inputs with images in place of what stands for them; raises `FlowError`: `LoadMultimediaDataError`."""
    found = dict(inputs)
    for name, spec in specs.items():
        if name not in found:
            continue
        try:
            if spec.type == "image":
                value = found[name]
                many = isinstance(value, list)  # of an aggregation node: one for each line
                found[name] = (
                    [create_image(item, folder) for item in cast("list[Any]", value)]
                    if many
                    else create_image(value, folder)
                )
            elif spec.type in ("list", "object"):
                found[name] = load_images(found[name], folder, vision=vision)
        except FlowError as error:
            message = f"Failed to load image for input '{name}': ({error.codes[-1]}) {error.message}"
            raise FlowError(("LoadMultimediaDataError", *error.codes), message, hint=error.hint) from error
    return found


def place_images(value: Any, folder: Path) -> Any:
    """A value whose images by relative path start from `folder`, as those of a file of data do."""
    if isinstance(value, list):
        return [place_images(item, folder) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    about = cast("dict[str, Any]", value)
    key = next(iter(about), "")
    if (source := _of_basic(about)) is not None:
        return {key: str(folder / str(source.value))} if source.kind == "path" else about
    if (source := _of_vision(about)) is not None and source.kind == "path":
        return {"type": "image_file", "image_file": {"path": str(folder / str(source.value))}}
    return {name: place_images(item, folder) for name, item in about.items()}


def images_as_data(value: Any, *, vision: bool = False) -> Any:
    """A value with its images as dictionaries that hold them in base 64; texts with annotations as parts."""

    def encode(image: PFBytes) -> dict[str, Any]:
        if vision:
            return {"type": "image_url", "image_url": {"url": image.to_base64(with_type=True)}}
        return {f"data:{_mime(image)};base64": image.to_base64()}

    return _encoded(value, encode, vision=vision)


def images_as_files(
    value: Any, folder: Path, *, inside: str = "", vision: bool = False, name: Callable[[], str] = lambda: str(uuid4())
) -> Any:
    """A value with its images as dictionaries that name files, which are written; an image by URL stays one by URL.

    Args:
        value: anything.
        folder: what the names are relative to.
        inside: the folder in it that takes the files.
        vision: the forms of the `message_format` openai-vision.
        name: makes a file's name, without its ending.
    """

    def encode(image: PFBytes) -> dict[str, Any]:
        if image.source_url:
            url = image.source_url
            return {"type": "image_url", "image_url": {"url": url}} if vision else {f"data:{_mime(image)};url": url}
        ending = _mime(image).rpartition("/")[2]
        file = name() + ("" if ending == "*" else f".{ending}")
        (folder / inside).mkdir(parents=True, exist_ok=True)
        (folder / inside / file).write_bytes(image)
        path = (Path(inside) / file).as_posix()
        return {"type": "image_file", "image_file": {"path": path}} if vision else {f"data:{_mime(image)};path": path}

    return _encoded(value, encode, vision=vision)


def _encoded(value: Any, encode: Callable[[PFBytes], Any], *, vision: bool) -> Any:
    if isinstance(value, PFBytes):
        return encode(value)
    if vision and isinstance(value, Text):
        return value.serialize()
    if isinstance(value, list | tuple):
        return [_encoded(item, encode, vision=vision) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _encoded(item, encode, vision=vision) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _of_basic(about: Mapping[str, Any]) -> _Source | None:
    key = next(iter(about), None)
    match = _KEY.fullmatch(key) if len(about) == 1 and isinstance(key, str) else None
    if match is None:
        return None
    value = about[str(key)]
    if match[2] == "base64" and not _is_base64(value):
        raise _invalid(f"Invalid base64 image: {str(value)[:_SHOWN]}.")
    return _Source(match[2], value, f"image/{match[1]}")


def _of_vision(about: Mapping[str, Any]) -> _Source | None:
    kind = about.get("type")
    inner = about.get(kind) if isinstance(kind, str) and len(about) == 2 else None
    if not isinstance(inner, dict):
        return None
    where = cast("dict[str, Any]", inner)
    if kind == "image_file" and "path" in where:
        return _Source("path", where["path"])
    if kind != "image_url" or "url" not in where:
        return None
    url = str(where["url"])
    if _is_base64(url):
        return _Source("base64", url)
    if _is_url(url):
        return _Source("url", url)
    raise _invalid(f"Invalid image url: {url[:_SHOWN]}. Should be a valid url or base64 string.")


def _of_text(value: str) -> _Source:
    if _is_base64(value):
        return _Source("base64", value)
    return _Source("url" if _is_url(value) else "path", value)


def _is_text(about: Mapping[str, Any]) -> bool:
    if len(about) != 2 or about.get("type") != "text" or "text" not in about:
        return False
    text = about["text"]
    return isinstance(text, str) or (
        isinstance(text, dict) and isinstance(cast("dict[str, Any]", text).get("value"), str)
    )


def _is_base64(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    pieces = value.split(",")
    if len(pieces) == 2:
        return _PREFIX.match(pieces[0]) is not None and _BASE64.fullmatch(pieces[1]) is not None
    return len(pieces) == 1 and _BASE64.fullmatch(value) is not None


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


def _read(source: _Source, folder: Path | None) -> Image:
    if source.kind == "base64":
        text = str(source.value)
        try:
            return Image(base64.b64decode(text.rpartition(",")[2]), source.mime)
        except (binascii.Error, ValueError) as error:
            raise _invalid(f"Invalid base64 image: {error}.") from error
    if source.kind == "url":
        from ferrata.flows.fetching import fetch

        return Image(fetch(str(source.value)), source.mime, str(source.value))
    path = Path(str(source.value))
    try:
        return Image(((folder or Path()) / path).read_bytes(), source.mime)
    except (OSError, ValueError) as error:
        raise FlowError(
            ("InvalidImageInput", type(error).__name__),
            f"Cannot read the image {str(path)[:_SHOWN]!r}: {getattr(error, 'strerror', None) or error}",
            hint="give a path relative to the flow's folder, or for data to the data's file",
        ) from error


def _mime(image: PFBytes) -> str:
    return image._mime_type  # pyright: ignore[reportPrivateUsage] - Prompt Flow's name, which user code reads


def _invalid(message: str) -> FlowError:
    return FlowError("InvalidImageInput", message)
