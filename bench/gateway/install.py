"""Other gateways, each in a folder of its own, from the public registries; and what version of each is there."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from gateway.processes import Failed, need, note

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["folder_of", "forwarder_version", "install", "nginx_version", "version_of"]

_PIP = {"litellm": "litellm[proxy]", "mlflow": "mlflow[genai]"}
_NPM = {"portkey": "@portkey-ai/gateway"}
# Portkey 1.15 cannot stream with later versions of this, though it allows them: its own issue 1389
_OVERRIDES = {"portkey": {"@hono/node-server": "1.14.1"}}


def folder_of(peers: Path, name: str) -> Path:
    """Where one is, or would be."""
    return peers / name


def install(peers: Path, name: str, *, newest: bool = False) -> None:
    """Install one, which takes minutes; what is there stays as it is, but where `newest` asks for an upgrade.

    Raises:
        Failed: pip or npm did.
    """
    if version_of(peers, name) and not newest:
        return
    folder = folder_of(peers, name)
    folder.mkdir(parents=True, exist_ok=True)
    note(f"installing {name} in {folder}")
    if name in _PIP:
        if not (folder / "bin/python").exists():
            _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--upgrade", _PIP[name]])
    else:
        about = {"private": True, "dependencies": {_NPM[name]: "latest"}, "overrides": _OVERRIDES[name]}
        (folder / "package.json").write_text(json.dumps(about))
        _run([need("npm"), "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-package-lock"])


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Failed(f"`{' '.join(command)}` failed:\n{ran.stderr[-3000:]}")


def version_of(peers: Path, name: str) -> str | None:
    """What is installed of one; None: nothing."""
    folder = folder_of(peers, name)
    if name in _NPM:
        about = folder / "node_modules" / _NPM[name] / "package.json"
        return json.loads(about.read_text())["version"] if about.exists() else None
    found = sorted(folder.glob(f"lib/python3*/site-packages/{name}-*.dist-info"))
    return found[-1].name.removesuffix(".dist-info").rpartition("-")[2] if found else None


def nginx_version() -> str:
    """Of the program on the PATH."""
    said = subprocess.run([need("nginx"), "-v"], capture_output=True, text=True, check=False)
    return (said.stderr or said.stdout).strip().rpartition("/")[2]


def forwarder_version() -> str | None:
    """Of uvicorn, where it and uvloop are in the environment that this runs in."""
    try:
        return f"uvicorn {version('uvicorn')}, uvloop {version('uvloop')}"
    except PackageNotFoundError:
        return None
