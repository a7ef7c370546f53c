"""Signing keys for packs: Ed25519, one a user, in the user's configuration folder and never in a project.

Knows nothing of what is signed.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ferrata.errors import NotFound, UsageError

__all__ = ["PublicKey", "check_signature", "key_file", "make_key", "parse_key", "public_key", "sign"]

PublicKey = str
"""`ed25519:` and 64 hexadecimal digits."""

_KEY = re.compile(r"ed25519:[0-9a-f]{64}")
_SECRET = re.compile(r"ed25519-secret:([0-9a-f]{64})\n?")


def key_file() -> Path:
    """Where the user's key lies: `ferrata/pack-key` in `XDG_CONFIG_HOME`, or in `~/.config`."""
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "ferrata" / "pack-key"


def parse_key(text: str) -> PublicKey:
    """The key itself, if it is a public key.

    Raises:
        UsageError: it is not.
    """
    if not _KEY.fullmatch(text):
        shown = "a secret key" if text.startswith("ed25519-secret:") else repr(text)
        raise UsageError(
            f"not a public key: {shown}", hint="write ed25519: and 64 digits, as `ferrata pack key` prints it"
        )
    return text


def make_key(project: Path) -> PublicKey:
    """Make the user's key, readable by the user alone; its public half.

    Args:
        project: a folder that the key must not lie in.

    Raises:
        UsageError: there is a key already, the folder lies in the project, or it cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = key_file()
    if path.resolve().is_relative_to(project.resolve()):
        raise UsageError(f"{str(path)!r} lies in the project", hint="set XDG_CONFIG_HOME to a folder outside it")
    secret = Ed25519PrivateKey.generate().private_bytes_raw()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"ed25519-secret:{secret.hex()}\n")
    except FileExistsError:
        raise UsageError(
            f"there is a key already: {str(path)!r}", hint="use it, or move it away: packs signed with it stay valid"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from None
    return public_key()


def public_key() -> PublicKey:
    """The public half of the user's key.

    Raises:
        NotFound: there is no key yet.
        UsageError: others can read it, or it is no key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return f"ed25519:{Ed25519PrivateKey.from_private_bytes(_secret()).public_key().public_bytes_raw().hex()}"


def sign(message: bytes) -> str:
    """The signature of a message with the user's key, as hexadecimal digits.

    Raises:
        NotFound: there is no key yet.
        UsageError: others can read it, or it is no key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_secret()).sign(message).hex()


def check_signature(key: PublicKey, signature: str, message: bytes) -> bool:
    """Whether a signature is that of a key over a message; what is no key or signature is none."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not _KEY.fullmatch(key) or not re.fullmatch(r"[0-9a-f]{128}", signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.partition(":")[2])).verify(
            bytes.fromhex(signature), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _secret() -> bytes:
    path = key_file()
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(200)
    except FileNotFoundError:
        raise NotFound(
            "there is no key to sign packs with yet", hint="make one with `ferrata pack key --new`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the key {str(path)!r}: {error}") from None
    if mode & 0o077:
        raise UsageError(f"others can read the key {str(path)!r}", hint=f"chmod 600 {path}")
    match = _SECRET.fullmatch(text)
    if match is None:
        raise UsageError(f"{str(path)!r} holds no key", hint="move it away, and make one with `ferrata pack key --new`")
    return bytes.fromhex(match[1])
