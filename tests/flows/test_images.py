from __future__ import annotations

import asyncio
import base64
import pickle
import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ferrata.flows import fetching, open_flow
from ferrata.flows.contracts.multimedia import Image, Text
from ferrata.flows.failures import FlowError
from ferrata.flows.images import (
    create_image,
    images_as_data,
    images_as_files,
    load_images,
    load_inputs,
    place_images,
)
from ferrata.flows.types import InputSpec

PNG = b"\x89PNG\r\n\x1a\nabc"
DATA = base64.b64encode(PNG).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(PNG)
    return tmp_path


@pytest.mark.parametrize(
    ("value", "mime"),
    [
        ({"data:image/jpg;path": "a.png"}, "image/jpg"),
        ({"data:image/*;base64": DATA}, "image/*"),
        ({"type": "image_file", "image_file": {"path": "a.png"}}, "image/png"),
        ({"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{DATA}"}}, "image/png"),
        ("a.png", "image/png"),
        (DATA, "image/png"),
        (f"data:image/jpeg;base64,{DATA}", "image/png"),
    ],
)
def test_what_stands_for_an_image(folder: Path, value, mime: str) -> None:
    found = create_image(value, folder)
    assert (bytes(found), found._mime_type) == (PNG, mime)
    assert create_image(found) is found


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "should not be empty"),
        (4, "Unsupported image input type: <class 'int'>"),
        ({"a": "b"}, "Invalid image input format"),
        ({"data:image/png;base64": "%%"}, "Invalid base64 image: %%"),
        ({"type": "image_url", "image_url": {"url": "what?"}}, "Invalid image url: what"),
        ("missing.png", "Cannot read the image 'missing.png': No such file"),
        ("\0", "Cannot read the image"),
    ],
)
def test_what_stands_for_none(folder: Path, value, said: str) -> None:
    with pytest.raises(FlowError, match=said) as caught:
        create_image(value, folder)
    assert caught.value.codes[0] == "InvalidImageInput"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a.png", "http://localhost:1/a", "http://[::1]/", "https://10.1.2.3/x"]
)
def test_no_image_reaches_the_own_network(url: str) -> None:
    with pytest.raises(FlowError, match="Failed to fetch image from URL.*which is not public"):
        create_image({"data:image/png;url": url})
    with pytest.raises(FlowError, match="only http and https"):
        fetching.fetch("file:///etc/passwd")


def test_a_redirect_into_the_own_network_is_not_followed() -> None:
    with pytest.raises(FlowError, match="not public"):
        fetching._Redirects().redirect_request(None, None, 302, "", None, "http://127.0.0.1/")  # pyright: ignore[reportArgumentType]


def test_an_image_by_url_remembers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://example.com/a.png"
    monkeypatch.setattr(fetching, "fetch", lambda asked: PNG if asked == url else b"")
    found = create_image(url)
    assert (bytes(found), found.source_url) == (PNG, url)
    assert images_as_files({"x": found}, Path("nowhere")) == {"x": {"data:image/png;url": url}}
    assert images_as_files(found, Path(), vision=True) == {"type": "image_url", "image_url": {"url": url}}


def test_images_deep_in_a_value(folder: Path) -> None:
    one = {"data:image/png;path": "a.png"}
    part = {"type": "image_file", "image_file": {"path": "a.png"}}
    text = {"type": "text", "text": "hi"}
    found = load_images({"a": [one, "x", {"b": one}], "c": part, "d": text}, folder)
    assert [type(found["a"][0]), type(found["a"][2]["b"])] == [Image, Image]
    assert (found["c"], found["d"]) == (part, text)
    found = load_images([one, part, text], folder, vision=True)
    assert (found[0], type(found[1]), type(found[2])) == (one, Image, Text)


def test_a_flows_inputs(folder: Path) -> None:
    specs = {"i": InputSpec("image"), "l": InputSpec("list"), "s": InputSpec("string"), "none": InputSpec("image")}
    one = {"data:image/png;path": "a.png"}
    found = load_inputs(specs, {"i": "a.png", "l": [one], "s": "a.png"}, folder)
    assert (type(found["i"]), type(found["l"][0]), found["s"]) == (Image, Image, "a.png")
    assert [type(image) for image in load_inputs(specs, {"i": [one, one]}, folder)["i"]] == [Image, Image]
    with pytest.raises(FlowError, match=r"Failed to load image for input 'i': \(InvalidImageInput\)") as caught:
        load_inputs(specs, {"i": {}}, folder)
    assert caught.value.codes == ("LoadMultimediaDataError", "InvalidImageInput")


def test_images_as_files_and_as_data(tmp_path: Path) -> None:
    numbers = count(1)
    value = {"a": [Image(PNG), 1], "b": Text("t", [4])}
    found = images_as_files(value, tmp_path, inside="images", name=lambda: str(next(numbers)))
    assert found == {"a": [{"data:image/png;path": "images/1.png"}, 1], "b": "t"}
    assert (tmp_path / "images/1.png").read_bytes() == PNG
    found = images_as_files(Image(b"?"), tmp_path, vision=True, name=lambda: "x")
    assert found == {"type": "image_file", "image_file": {"path": "x"}}
    assert images_as_data(value) == {"a": [{"data:image/png;base64": DATA}, 1], "b": "t"}
    assert images_as_data(value, vision=True) == {
        "a": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}}, 1],
        "b": {"type": "text", "text": {"value": "t", "annotations": [4]}},
    }


def test_images_of_data_start_from_the_datas_file(folder: Path) -> None:
    one = {"data:image/png;path": "a.png"}
    part = {"type": "image_file", "image_file": {"path": "a.png"}}
    data = {"data:image/png;base64": DATA}
    found = place_images({"x": [one, part, data, "a.png"]}, folder)
    assert found["x"] == [
        {"data:image/png;path": str(folder / "a.png")},
        {"type": "image_file", "image_file": {"path": str(folder / "a.png")}},
        data,
        "a.png",
    ]


def test_an_image_is_bytes_with_a_name() -> None:
    image = Image(PNG)
    assert str(image) == repr(image) == f"Image({image._hash})"
    assert (image.serialize(), image.serialize(lambda one: len(one))) == (str(image), len(PNG))
    other = pickle.loads(pickle.dumps(Image(PNG, "image/x", "u")))
    assert (other, other._mime_type, other.source_url) == (PNG, "image/x", "u")
    kinds = {b"\xff\xd8\xff": "jpeg", b"GIF89a": "gif", b"RIFF1234WEBP": "webp", b"BM": "bmp", b"what": "*"}
    assert {start: Image(start)._mime_type for start in kinds} == {s: f"image/{kind}" for s, kind in kinds.items()}
    assert Text.deserialize({"text": {"value": "a", "annotations": [1]}}).serialize()["text"]["annotations"] == [1]


def test_other_rows_go_on_while_a_picture_comes(make_flow, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_flow(
        """
        inputs: {pic: {type: image}}
        outputs: {size: {type: int, reference: "${size.output}"}}
        nodes:
        - name: size
          type: python
          source: {type: code, path: size.py}
          inputs: {pic: "${inputs.pic}"}
        """,
        size_py="""
        from promptflow.core import tool


        @tool
        def size(pic):
            return len(pic)
        """,
    )
    coming, came = threading.Event(), threading.Event()

    def fetch(_url: str) -> bytes:
        coming.set()
        assert came.wait(10)
        return b"1234567"

    monkeypatch.setattr("ferrata.flows.fetching.fetch", fetch)
    loaded = open_flow(folder)

    async def run() -> tuple[Any, Any]:
        slow = asyncio.create_task(loaded.line({"pic": {"data:image/png;url": "https://pictures.example/a.png"}}))
        while not coming.is_set():
            await asyncio.sleep(0.001)
        other = await loaded.line({"pic": {"data:image/png;base64": "AAAA"}})
        came.set()
        late = await loaded.line({"pic": {"data:image/png;url": "https://pictures.example/a.png"}}, timeout=5)
        return (await slow).output, (other.output, late.output)

    assert asyncio.run(run()) == ({"size": 7}, ({"size": 3}, {"size": 7}))
    loaded.close()
