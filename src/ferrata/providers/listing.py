"""Which models a vendor says that it offers, by its `/models`.

Knows nothing of what is known of them otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.providers.build import access_of
from ferrata.providers.http import Timeouts
from ferrata.providers.remote import checked
from ferrata.providers.vendors import read_vendor
from ferrata.providers.wires.access import items_at, text_at

if TYPE_CHECKING:
    from ferrata.providers.build import Surroundings
    from ferrata.settings import ModelSettings

__all__ = ["fetch_models", "list_models"]


async def fetch_models(declared: ModelSettings, around: Surroundings) -> dict[str, object]:
    """A vendor's answer to the question for its models, as it came: `{"data": [{"id": ...}]}`.

    Args:
        declared: says which vendor, where and with which key; the model in it does not matter.
        around: the connections and the environment.

    Raises:
        NotFound: there is no such vendor.
        UsageError: it has no list, or no address.
        ModelError: it does not answer.
    """
    vendor = read_vendor(declared.vendor)
    if vendor.models is None:
        raise UsageError(f"{vendor.title} has no list of models", hint="see its documentation")
    who = f"{declared.vendor}'s list of models"
    access = access_of(declared, vendor, around.environment)
    headers, key = access.credentials(who)
    url = access.url + vendor.models + access.query
    answer = await around.http.get(url, headers, timeouts=Timeouts(total=30), who=who)
    return checked(answer, who=who, key=key)


async def list_models(declared: ModelSettings, around: Surroundings) -> list[str]:
    """The names of the models that a vendor offers to this key, sorted; arguments and errors as of `fetch_models`."""
    found = items_at(await fetch_models(declared, around), "data")
    # Google puts the kind of thing before the name.
    return sorted({text_at(model, "id").removeprefix("models/") for model in found} - {""})
