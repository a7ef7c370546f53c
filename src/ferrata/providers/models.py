"""A project's models by name, each built when it is first asked for.

Knows nothing of where settings come from.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ferrata.errors import NotFound, UsageError
from ferrata.providers.build import build_chat, build_embeddings
from ferrata.providers.listing import fetch_models
from ferrata.providers.local import WEIGHTS
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.providers.base import ChatModel, EmbeddingModel, Price
    from ferrata.providers.build import Surroundings

__all__ = ["Models"]

_LOCAL = next(iter(WEIGHTS))


class Models:
    """The models of a project, and any other by VENDOR/MODEL. Use it in an `async with` block, which closes connections.

    Args:
        declared: the section `models` of the project's file.
        around: what they need beside their settings.
    """

    def __init__(self, declared: Mapping[str, ModelSettings], around: Surroundings) -> None:
        self._declared = declared
        self._around = around
        self._built: dict[str, ChatModel] = {}

    async def __aenter__(self) -> Models:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.close()
        await self._around.http.aclose()

    def close(self) -> None:
        """Let go of all but connections, which belong to the event loop that opened them: as of the local model in memory."""
        self._built.clear()
        while self._around.closing:
            self._around.closing.pop()()

    def price(self, name: str | None = None) -> Price | None:
        """What a model's tokens cost, where it is known; those of a model on this machine cost nothing that is counted."""
        declared = self.settings(name)
        return self._around.price(declared.vendor, declared.model)

    def settings(self, name: str | None = None) -> ModelSettings:
        """What is declared of a model: by its name in the project, as VENDOR/MODEL, or `local`.

        Without a name it is the one called `default`, the only one, or the local model.

        Raises:
            NotFound: there is none of that name.
            UsageError: there are several, and none is called `default`.
        """
        if name is None:
            if "default" in self._declared or len(self._declared) > 1:
                name = "default"
            else:
                name = next(iter(self._declared), "local")
        if name in self._declared:
            return self._declared[name]
        if name == "default":
            raise UsageError(
                "the project has several models, and none is called 'default'", hint=f"name one: {self._names()}"
            )
        if name == "local":
            return ModelSettings(vendor="local", model=_LOCAL)
        vendor, slash, model = name.partition("/")
        if slash and vendor and model:
            return ModelSettings(vendor=vendor, model=model)
        close = get_close_matches(name, [*self._declared, "local"], n=1)
        hint = f"did you mean {close[0]}?" if close else f"declare it in ferrata.yaml, or name one: {self._names()}"
        raise NotFound(f"no model {name!r}", hint=hint)

    def declared(self, model: str) -> str | None:
        """The project's name for a model: that name itself, or that of the only entry whose vendor calls it so."""
        if model in self._declared:
            return model
        names = [name for name, settings in self._declared.items() if model == settings.model]
        return names[0] if len(names) == 1 else None

    def chat(self, name: str | None = None) -> ChatModel:
        """A chat model; names as for `settings`, errors as of `build_chat`."""
        declared = self.settings(name)
        key = name or f"{declared.vendor}/{declared.model}"
        if key not in self._built:
            self._built[key] = build_chat(declared, self._around)
        return self._built[key]

    def embeddings(self, name: str | None = None) -> EmbeddingModel:
        """An embedding model; the offline one without a name."""
        return build_embeddings(self.settings(name or "local"), self._around)

    async def offer(self, vendor: str) -> dict[str, object]:
        """A vendor's own list of models, as it answers; address and key as the project declares them for a model of it.

        Raises:
            NotFound, UsageError, ModelError: as `fetch_models`; `local` and `fake` have no list.
        """
        own = next((declared for declared in self._declared.values() if declared.vendor == vendor), None)
        return await fetch_models(own or ModelSettings(vendor=vendor, model="any"), self._around)

    def _names(self) -> str:
        return ", ".join([*self._declared, "local", "VENDOR/MODEL"])
