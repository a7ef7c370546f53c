"""A project's settings: `ferrata.yaml` and the environment, with `${env:NAME}` and `${file:path}` references.

A reference is a whole value; what it stands for is read when it is needed and never stored. The file may be a stranger's:
it chooses no path outside the project, no database and no variable but Ferrata's own. Knows nothing of rooms.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ferrata.documents import Document, validate
from ferrata.errors import InvalidDocument, Mistake, NotFound, UsageError
from ferrata.messages import OWN_PARAMETERS
from ferrata.redaction import tell_variables
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = [
    "FILE_NAME",
    "MaturitySettings",
    "ModelLimits",
    "ModelParameters",
    "ModelSettings",
    "PriceSettings",
    "ProjectFile",
    "Settings",
    "load_settings",
    "resolve_reference",
]

FILE_NAME = "ferrata.yaml"
STATE_FOLDER = ".ferrata"
_REFERENCE = re.compile(r"^\$\{(env|file):([^}]+)\}\Z")
_STORE = re.compile(r"^\$\{env:(FERRATA_[A-Za-z0-9_]+)\}\Z")
_MOST_BYTES = 1_000_000  # a project file is a page


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters on one line")
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class MaturitySettings(Document):
    """The section `maturity`: paths are relative to the project's folder and stay inside it.

    Attributes:
        model: a maturity model of your own, extending or replacing the built-in one.
        answers: a file of answers, as `ferrata answer --export` writes it.
        rules: folders with scanner rules of your own.
        exclude: globs of paths that the scan passes over.
    """

    model: str | None = None
    answers: str | None = None
    rules: list[str] = []
    exclude: list[str] = []


def _further(name: str) -> str:
    if name in OWN_PARAMETERS:
        raise ValueError("is what the request itself says, and no further parameter; leave it out")
    return name


Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PriceSettings(Document):
    """What a model costs this project, in US dollars per million tokens.

    Attributes:
        input: of what the model reads.
        output: of what it writes, reasoning included.
        cached_input: of input read from the provider's cache; as `input` where it is missing.
        cache_write: of input written to it; as `input` where it is missing.
    """

    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None
    cache_write: Dollars | None = None


class ModelParameters(Document):
    """What each request to a model says, where the request itself does not.

    Attributes:
        max_tokens: at most so many tokens of output, reasoning included.
        temperature: 0 to 2.
        top_p: 0 to 1.
        stop: texts at which generation ends.
        seed: for the same answer again, as far as the vendor keeps that.
        frequency_penalty: -2 to 2.
        presence_penalty: -2 to 2.
        top_logprobs: with log probabilities, those of the so many likeliest tokens as well; 0 to 20.
        reasoning_effort: `low`, `medium`, `high`, as the model knows them.
        user: an opaque id for the vendor's abuse detection.
        extra: further parameters of the wire format, passed on under their own names.
    """

    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: list[str] = []
    seed: int | None = None
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    reasoning_effort: str | None = None
    user: str | None = None
    extra: dict[Annotated[str, AfterValidator(_further)], Any] = {}


class ModelLimits(Document):
    """How much is asked of a model in a minute; what is more waits.

    Attributes:
        requests_per_minute: at most so many.
        tokens_per_minute: at most so many, input and output; estimated first, corrected by the vendor's count.
    """

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)


def _reference(text: str) -> str:
    if not re.match(r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}\Z", text):
        raise ValueError("must name a variable, as ${env:OPENAI_API_KEY}: a key does not belong in a file")
    tell_variables([text[len("${env:") : -1]])
    return text


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port over 65535, half an IPv6 address
        fits = False
    if not fits:
        raise ValueError("must be an address of http or https, as https://models.example.com/v1")
    return text


def _date_as_text(value: object) -> object:
    """YAML takes a version that is a date for a date."""
    return value.isoformat() if isinstance(value, date) else value


class ModelSettings(Document):
    """One entry of the section `models`; `VENDOR/MODEL` alone stands for an entry with these two.

    Attributes:
        vendor: whose API it is, or `local` or `fake`.
        model: the vendor's name for it; give one that is pinned.
        url: of the API, where it is not the vendor's own.
        key: the variable with the key, as `${env:OPENAI_API_KEY}`; the vendor's usual one where it is missing. A key for a
            URL that is not the vendor's own is read only from a variable whose name begins with `FERRATA_`: a stranger's file
            must not send your keys elsewhere.
        wire: the wire format, where the vendor speaks several: `openai-chat`, `openai-responses`, `anthropic-messages`.
        api_version: where the vendor asks for one.
        parameters: of each request.
        timeout: seconds for one answer.
        first_token: seconds until a stream begins.
        retries: how often a failure that may pass is tried again.
        limits: requests and tokens in a minute.
        cache: whose answers are remembered: `deterministic` ones (temperature 0, or a seed), `always`, `never`.
        budget: US dollars that one run of Ferrata may spend on it.
    """

    vendor: str
    model: str
    url: Annotated[str, AfterValidator(_http_url)] | None = None
    key: Annotated[str, AfterValidator(_reference)] | None = None
    wire: str | None = None
    api_version: Annotated[str, BeforeValidator(_date_as_text)] | None = None
    parameters: ModelParameters = ModelParameters()
    timeout: float = Field(default=120.0, gt=0, le=3600)
    first_token: float = Field(default=60.0, gt=0, le=3600)
    retries: int = Field(default=2, ge=0, le=10)
    limits: ModelLimits = ModelLimits()
    cache: Literal["never", "deterministic", "always"] = "never"
    budget: float | None = Field(default=None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        vendor, slash, model = value.partition("/")
        if not (vendor and slash and model):
            raise ValueError("must be VENDOR/MODEL, as openai/gpt-4o-mini-2024-07-18, or a mapping with these two")
        return {"vendor": vendor, "model": model}


def _secrets_apart(about: dict[str, Any]) -> dict[str, Any]:
    """A connection's settings, once every secret among them is a reference."""
    if not isinstance(about.get("type"), str):
        raise ValueError("must have a `type`, as open_ai or azure_open_ai")
    secrets = about.get("secrets")
    held = [one for one in [about.get("api_key")] if one is not None]
    held += list(cast("dict[str, Any]", secrets).values()) if isinstance(secrets, dict) else []
    matches = [_REFERENCE.match(one.strip()) for one in held if isinstance(one, str)]
    if len(matches) < len(held) or not all(matches):
        raise ValueError("must refer to its secrets, as ${env:OPENAI_API_KEY}: a key does not belong in a file")
    tell_variables([match[2].strip() for match in matches if match is not None and match[1] == "env"])
    return about


ConnectionSettings = Annotated[dict[str, Any], AfterValidator(_secrets_apart)]


class PackSettings(Document):
    """The section `packs`: assets of other teams.

    Attributes:
        trusted: public keys (`ed25519:...`) whose packs may be imported.
    """

    trusted: list[str] = []


class ProjectFile(Document):
    """`ferrata.yaml`.

    Attributes:
        project: the project's name; its folder's name where it is missing.
        store: the variable that holds the database's URL, as `${env:FERRATA_STORE}`; its name begins with `FERRATA_`. The
            URL itself does not belong in a file: it may hold a password, and a stranger's file would choose where data go.
        maturity: how maturity is assessed.
        prices: what the project pays, by `provider/name`, where that is not the price in the list.
        models: the models that the project uses, by names of its own; `default` is the one that is asked where none is named.
        connections: what flows of Prompt Flow's name as a connection: a `type`, as open_ai, and what that type takes; secrets
            are references. A flow may name one of `models` as well.
        packs: whose packs of assets are trusted.
        evals: evaluations, by names of their own; what each may hold, the room of evaluations says.
        gates: rules over evaluations, likewise.
        scout: how often other models are looked for, and for how much; the room of scouts says what it may hold.
        endpoints: what clients of the gateway call; see `catalog.routes`, as for `gateway`.
        gateway: what holds for all endpoints.
    """

    project: Name | None = None
    store: str | None = None
    maturity: MaturitySettings = MaturitySettings()
    prices: dict[Name, PriceSettings] = {}
    models: dict[Name, ModelSettings] = {}
    connections: dict[Name, ConnectionSettings] = {}
    packs: PackSettings = PackSettings()
    evals: dict[Name, Any] = {}
    gates: dict[Name, Any] = {}
    scout: Any = None
    endpoints: dict[Name, Any] = {}
    gateway: Any = None


@dataclass(frozen=True)
class Settings:
    """What a run works with.

    Attributes:
        root: the project's folder.
        project: its name.
        store_url: the database that `FERRATA_STORE` or `ferrata.yaml` names; None: SQLite in `state`.
        state: the folder for local state.
        file: what `ferrata.yaml` says.
    """

    root: Path
    project: str
    store_url: str | None
    state: Path
    file: ProjectFile

    def inside(self, path: str, *, key: str, folder: bool = False) -> Path:
        """A path of the project file, which must lie inside the project.

        Args:
            path: as the file gives it.
            key: where it stands in the file, as `maturity.rules.0`.
            folder: it names a folder, not a file.

        Raises:
            InvalidDocument: it leads out of the project's folder, or there is no such file or folder.
        """
        problem = f"{path!r} leads out of the project's folder"
        try:
            found = (self.root / path).resolve()
            if found.is_relative_to(self.root.resolve()):
                # The path as a person would write it, for messages; it is the same file.
                if found.is_dir() if folder else found.is_file():
                    return self.root / path
                problem = f"there is no {'folder' if folder else 'file'} {path!r}"
        except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, links in a circle
            problem = f"{path!r} is no path: {error}"
        where = [int(part) if part.isdecimal() else part for part in key.split(".")]
        raise self.wrong([(where, problem)])

    def wrong(self, problems: Iterable[tuple[Sequence[str | int], str]]) -> InvalidDocument:
        """The error for values of the project file that only a room can judge: the path of each key, and what is wrong."""
        file = self.root / FILE_NAME
        text = read_text(file)
        return InvalidDocument(
            [Mistake(str(file), line_of(text, where), ".".join(map(str, where)), said) for where, said in problems]
        )


def load_settings(root: Path) -> Settings:
    """The settings of the project in `root`; defaults where it has no `ferrata.yaml`.

    Raises:
        NotFound: there is no such folder.
        UsageError: it is no folder, or cannot be read.
        InvalidDocument: the file is wrong; every mistake with line and key.
    """
    _check_folder(root)
    file = _read_file(root / FILE_NAME)
    return Settings(
        root=root,
        project=file.project or _name_of(root.resolve()) or "project",
        store_url=os.environ.get("FERRATA_STORE") or _store_url(file, root),
        state=root / STATE_FOLDER,
        file=file,
    )


def _name_of(folder: Path) -> str:
    """A folder's name; bytes that are no text and characters that cannot be printed are shown as escapes."""
    name = folder.name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _check_folder(root: Path) -> None:
    try:
        mode = root.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"no such folder: {str(root)!r}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {str(root)!r}: {error}", hint="give the folder of a repository") from None
    if not stat.S_ISDIR(mode):
        raise UsageError(f"not a folder: {str(root)!r}", hint="give the folder of a repository")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UsageError(f"cannot read the folder {str(root)!r}", hint="check its permissions")


def _read_file(path: Path) -> ProjectFile:
    if not path.is_file():
        return ProjectFile()
    size = path.stat().st_size
    if size > _MOST_BYTES:
        problem = f"is too large: {size:,} bytes; at most {_MOST_BYTES:,} are read"
        raise InvalidDocument([Mistake(str(path), 1, "", problem)])
    text = read_text(path)
    value = read_yaml(text, file=str(path))
    return ProjectFile() if value is None else validate(value, ProjectFile, file=str(path), text=text)


def _store_url(file: ProjectFile, root: Path) -> str | None:
    if file.store is None:
        return None
    if not _STORE.match(file.store):
        path = root / FILE_NAME
        problem = "must name a variable of Ferrata's, as ${env:FERRATA_STORE}: a URL in a file chooses where data go"
        raise InvalidDocument([Mistake(str(path), line_of(read_text(path), ["store"]), "store", problem)])
    return resolve_reference(file.store, root)


def resolve_reference(value: str, root: Path) -> str:
    """What a whole-value reference stands for; any other text is itself.

    Raises:
        UsageError: the variable is not set, or the file cannot be read or lies outside `root`.
    """
    match = _REFERENCE.match(value)
    if match is None:
        return value
    if match[1] == "env":
        found = os.environ.get(match[2])
        if found is None:
            hint = f"export {match[2]}=... or change {FILE_NAME}"
            raise UsageError(f"the environment variable {match[2]!r} is not set", hint=hint)
        return found
    path = (root / match[2]).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UsageError(f"{value!r} leads out of the project's folder", hint="name a file inside it")
    return read_text(path).strip()
