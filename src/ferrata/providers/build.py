"""A declared model into one that can be asked: vendor, wire format, key, timeouts, and the wrappers around it.

Where prices, the cache and the sink come from is `app`'s business.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError, ModelDenied, NotFound, UsageError
from ferrata.providers.base import Dialect
from ferrata.providers.http import Timeouts
from ferrata.providers.parameters import Parameters
from ferrata.providers.remote import Access, RemoteEmbeddings, RemoteModel
from ferrata.providers.vendors import Vendor, read_vendor
from ferrata.providers.wires import client_wires
from ferrata.redaction import tell_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ferrata.clock import Clock
    from ferrata.providers.base import ChatModel, EmbeddingModel, Price, Profile
    from ferrata.providers.http import HttpClient
    from ferrata.providers.wrappers import AnswerFile, Call
    from ferrata.settings import ModelSettings

__all__ = [
    "Surroundings",
    "access_of",
    "build_bare",
    "build_chat",
    "build_embeddings",
    "check_vendors",
    "key_variables",
]


@dataclass(frozen=True)
class Surroundings:
    """What a model needs beside its own settings.

    Attributes:
        http: keeps the connections.
        clock: tells when a call was made.
        environment: a variable's value, or None.
        price: of a vendor's model, where it is known.
        profile: what a vendor's model can do, where that is known.
        sink: is told of every call.
        answers: opens the file of remembered answers.
        closing: what is to be closed at the end, filled by those who opened it.
    """

    http: HttpClient
    clock: Clock
    environment: Callable[[str], str | None]
    price: Callable[[str, str], Price | None] = lambda _vendor, _model: None
    profile: Callable[[str, str], Profile | None] = lambda _vendor, _model: None
    sink: Callable[[Call], object] | None = None
    answers: Callable[[], AnswerFile] | None = None
    closing: list[Callable[[], None]] = field(default_factory=list["Callable[[], None]"])


def check_vendors(models: Mapping[str, ModelSettings]) -> list[tuple[str, str, str]]:
    """What is wrong with the vendors and wire formats of declared models: model, key and problem of each mistake."""
    found: list[tuple[str, str, str]] = []
    for name, declared in models.items():
        if declared.vendor in ("local", "fake"):
            continue
        try:
            vendor = read_vendor(declared.vendor)
        except NotFound as error:
            found.append((name, "vendor", f"{error.message}; {error.hint}"))
            continue
        if declared.wire is not None and declared.wire not in vendor.wires:
            spoken = " and ".join(vendor.wires)
            problem = f"{vendor.title} does not speak the wire format {declared.wire!r}; it speaks {spoken}"
            found.append((name, "wire", problem))
    return found


def build_chat(declared: ModelSettings, around: Surroundings) -> ChatModel:
    """The chat model that settings declare, with all that is to stand around it.

    From the outside in: parameters, recording, the profile, the answer cache, the budget, the deadline, retries, limits, the vendor.

    Raises:
        NotFound: there is no such vendor, or no such local model.
        UsageError: the vendor lacks a URL, does not speak the wire format, or the URL is not one for the vendor's key.
    """
    model = build_bare(declared, around)
    limits = declared.limits
    if limits.requests_per_minute or limits.tokens_per_minute:
        from ferrata.providers.wrappers import Limit

        model = Limit(model, requests=limits.requests_per_minute, tokens=limits.tokens_per_minute)
    if declared.retries:
        from ferrata.providers.wrappers import Deadline, Retry

        model = Retry(model, declared.retries)
        model = Deadline(model, declared.timeout * (declared.retries + 1))
    price = around.price(declared.vendor, declared.model) if declared.vendor not in ("local", "fake") else None
    if declared.budget is not None:
        from ferrata.providers.wrappers import Budget

        model = Budget(model, price, declared.budget)
    if declared.cache != "never" and around.answers is not None:
        from ferrata.providers.wrappers import Cache

        salt = f"{declared.url} {declared.wire} {declared.api_version}"
        answers = around.answers()
        around.closing.append(answers.close)
        model = Cache(model, answers, always=declared.cache == "always", salt=salt)
    if (profile := _profile(declared, around)) is not None:
        from ferrata.providers.wrappers import CapabilityCheck

        model = CapabilityCheck(model, profile)
    if around.sink is not None:
        from ferrata.providers.wrappers import Recording

        model = Recording(model, around.sink, clock=around.clock, price=price)
    return Parameters(model, declared.parameters)


def build_embeddings(declared: ModelSettings, around: Surroundings) -> EmbeddingModel:
    """The embedding model that settings declare; raises as `build_chat` does."""
    if declared.vendor == "local":
        from ferrata.providers.local import LocalEmbeddings

        return LocalEmbeddings()
    if declared.vendor == "fake":
        from ferrata.providers.fake import FakeEmbeddings

        return FakeEmbeddings()
    vendor = read_vendor(declared.vendor)
    if vendor.embeddings is None:
        raise UsageError(f"{vendor.title} has no embeddings", hint="choose another vendor, or `local`")
    return RemoteEmbeddings(
        f"{declared.vendor}/{declared.model}",
        declared.model,
        access=access_of(declared, vendor, around.environment),
        http=around.http,
        timeouts=_timeouts(declared),
        path=vendor.embeddings,
    )


def build_bare(declared: ModelSettings, around: Surroundings) -> ChatModel:
    """The chat model alone, with nothing around it and none of the declared parameters; raises as `build_chat` does."""
    if declared.vendor == "fake":
        from ferrata.providers.fake import FakeModel

        return FakeModel(name=f"fake/{declared.model}")
    if declared.vendor == "local":
        from ferrata.providers.local import LocalModel, find_weights

        local = LocalModel(find_weights(declared.model), http=around.http, timeouts=_timeouts(declared))
        around.closing.append(local.close)
        return local
    vendor = read_vendor(declared.vendor)
    wire = declared.wire or next(iter(vendor.wires))
    if wire not in vendor.wires:
        raise UsageError(
            f"{vendor.title} does not speak the wire format {wire!r}", hint=f"it speaks {' and '.join(vendor.wires)}"
        )
    quirks = vendor.quirks
    return RemoteModel(
        f"{declared.vendor}/{declared.model}",
        declared.model,
        wire=client_wires()[wire],
        access=access_of(declared, vendor, around.environment),
        http=around.http,
        dialect=Dialect(
            vendor.title,
            max_tokens=quirks.max_tokens,
            seed=quirks.seed,
            system_role=quirks.system_role,
            stream_usage=quirks.stream_usage,
            refuses=frozenset(quirks.refuses),
        ),
        timeouts=_timeouts(declared),
        path=vendor.wires[wire],
    )


def _profile(declared: ModelSettings, around: Surroundings) -> Profile | None:
    """What is known of the model; nothing where its name is not the maker's."""
    if declared.vendor == "fake" or (declared.vendor != "local" and read_vendor(declared.vendor).own_names):
        return None
    return around.profile(declared.vendor, declared.model)


def _timeouts(declared: ModelSettings) -> Timeouts:
    return Timeouts(total=declared.timeout, first_byte=min(declared.first_token, declared.timeout))


def access_of(declared: ModelSettings, vendor: Vendor, environment: Callable[[str], str | None]) -> Access:
    """Where a vendor answers for a declared model, and with which key.

    Raises:
        UsageError: the URL is missing, or the key may not go there.
    """
    url, trusted = _url(declared, vendor, environment)
    version = declared.api_version or vendor.api_version or ""
    access = Access(
        url.rstrip("/"),
        header=vendor.auth.header,
        prefix=vendor.auth.prefix,
        headers=vendor.headers,
        query=vendor.query.format(api_version=version),
    )
    variable = _key_variable(declared, vendor)
    if variable is None:
        return access
    if not (trusted or vendor.owns(url) or variable.startswith("FERRATA_")):
        if declared.key is None:
            return access
        raise UsageError(
            f"the key in {variable!r} would go to {url!r}, which is not {vendor.title}'s own address",
            hint="put the key for that address into a variable whose name begins with FERRATA_, and name it as the `key`",
        )

    def key() -> str:
        found = environment(variable)
        if found is None:
            raise ModelDenied(
                f"no key for {vendor.title}: the environment variable {variable!r} is not set",
                hint=f"export {variable}=..., or try without a key: `ferrata models pull smollm2`",
            )
        return found

    tell_variables([variable])
    return replace(access, key=key)


def key_variables(models: Iterable[ModelSettings]) -> list[str]:
    """The environment variables that hold the keys of declared models; of a vendor that nobody knows, none."""
    found: list[str] = []
    for declared in models:
        with suppress(FerrataError):
            vendor = read_vendor(declared.vendor)
            found += [name for name in (_key_variable(declared, vendor),) if name]
    return found


def _key_variable(declared: ModelSettings, vendor: Vendor) -> str | None:
    return declared.key[len("${env:") : -1] if declared.key else vendor.key_variable


def _url(declared: ModelSettings, vendor: Vendor, environment: Callable[[str], str | None]) -> tuple[str, bool]:
    """The URL, and whether it is the vendor's or the user's own rather than the project file's."""
    if declared.url is not None:
        return declared.url, False
    url = (environment(vendor.url_variable) if vendor.url_variable else None) or vendor.url
    if url is None:
        hint = f"export {vendor.url_variable}=https://..., or give it as `url` in ferrata.yaml"
        raise UsageError(f"{vendor.title} has no address of its own: the URL must be given", hint=hint)
    places: dict[str, Any] = {}
    for name, variable in vendor.places.items():
        value = environment(variable)
        if not value or not value.replace("-", "").isalnum():
            raise UsageError(f"{vendor.title} needs the {name}: set {variable!r}", hint=f"export {variable}=...")
        places[name] = value
    return url.format(**places) if places else url, True
