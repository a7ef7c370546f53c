"""Guards: what looks at the texts that go to a model and come from it, and may stop a call.

A guard that computes answers at once and costs no task; one that has to ask somebody is awaited. A guard that fails
stops the call: what could not be looked at does not go through. Knows no wire format, and never repeats a text.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ferrata.errors import FerrataError, NotFound
from ferrata.gateway.guarded import GuardedOutput, GuardFailed, OutputWatch
from ferrata.plugins import plugin_manager
from ferrata.safety import Blocklist

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from ferrata.catalog import GuardSettings
    from ferrata.messages import ChatResponse
    from ferrata.safety import Watch

__all__ = [
    "Blocked",
    "BlocklistGuard",
    "Finding",
    "Guard",
    "Guards",
    "build_guards",
]


class Blocked(FerrataError):
    """A guard stopped the call. Names the guard, and never what it found.

    Attributes:
        guard: its name.
        reason: its word for why, for the record of the call; not for the client.
    """

    code = "content_blocked"
    status = 400

    def __init__(self, guard: str, reason: str = "") -> None:
        super().__init__(
            f"the guard {guard!r} stopped the request", hint="ask without it, or ask who runs the endpoint"
        )
        self.guard = guard
        self.reason = reason


class Finding(NamedTuple):
    """That something was found: why, in a word of the guard's own, without the text."""

    reason: str = ""


class Guard(Protocol):
    """One guard. Its methods may be coroutine functions."""

    @property
    def name(self) -> str:
        """Under which spans and errors show it."""
        ...

    def on_input(self, texts: Sequence[str]) -> Finding | None | Awaitable[Finding | None]:
        """Whether the texts of a request must not go to a model."""
        ...

    def output(self) -> OutputWatch | None:
        """A fresh watch for one answer; None where it does not look at answers."""
        ...


class BlocklistGuard:
    """The guard `blocklist`: phrases that are not let through.

    Raises:
        UsageError: a phrase that cannot be looked for.
    """

    name = "blocklist"

    def __init__(self, phrases: Sequence[str]) -> None:
        self._list = Blocklist(phrases)

    def on_input(self, texts: Sequence[str]) -> Finding | None:
        """Whether a phrase is in them; the reason is its number, from 1."""
        for text in texts:
            if (found := self._list.find(text)) is not None:
                return Finding(f"phrase {found.phrase + 1}")
        return None

    def output(self) -> Watch:
        """A fresh watch for one answer."""
        return self._list.watch()


class Guards:
    """The guards of an endpoint, one after the other."""

    def __init__(self, *, at_input: Sequence[Guard] = (), at_output: Sequence[Guard] = ()) -> None:
        self._at_input = tuple(at_input)
        self._at_output = tuple(at_output)
        self._plain = all(type(guard) is BlocklistGuard for guard in at_output)

    def lets(self, response: ChatResponse) -> bool:
        """Whether no guard objects to a whole answer, where that is known at once; False: let `output` look at it."""
        if not self._plain or response.message.tool_calls:
            return False
        texts = (response.text,)
        return all(guard.on_input(texts) is None for guard in self._at_output)

    @property
    def looks_at_input(self) -> bool:
        """Whether any looks at requests: only then are their texts needed."""
        return bool(self._at_input)

    @property
    def looks_at_output(self) -> bool:
        """Whether any looks at answers: only then must an answer be read."""
        return bool(self._at_output)

    def on_input(self, texts: Sequence[str]) -> Awaitable[None] | None:
        """Ask all of them about a request.

        Returns:
            None where all have agreed; else what must be awaited, and raises the same.

        Raises:
            Blocked: one found something.
            GuardFailed: one failed.
        """
        for i, guard in enumerate(self._at_input):
            try:
                found = guard.on_input(texts)
            except Exception as error:
                raise GuardFailed(guard.name) from error
            if found is not None:
                if inspect.isawaitable(found):
                    return self._rest_on_input(i, found, texts)
                raise Blocked(guard.name, found.reason)
        return None

    async def _rest_on_input(self, at: int, found: Any, texts: Sequence[str]) -> None:
        for guard in self._at_input[at:]:
            try:
                found = guard.on_input(texts) if found is None else found
                answer = await found if inspect.isawaitable(found) else found
            except Exception as error:
                raise GuardFailed(guard.name) from error
            if answer is not None:
                raise Blocked(guard.name, answer.reason)
            found = None

    def output(self) -> GuardedOutput | None:
        """What looks at one answer; None where no guard does.

        Raises:
            GuardFailed: one failed.
        """
        watches = list[tuple[str, OutputWatch]]()
        for guard in self._at_output:
            try:
                watch = guard.output()
            except Exception as error:
                raise GuardFailed(guard.name) from error
            if watch is not None:
                watches.append((guard.name, watch))
        return GuardedOutput(watches, self.output) if watches else None


def build_guards(settings: GuardSettings, known: Mapping[str, Guard] | None = None) -> Guards:
    """The guards of an endpoint as it declares them: its phrases, then those of plugins by their names.

    Args:
        settings: the section `guard` of the endpoint.
        known: guards by name; those of all plugins (hook `guards`) if None.

    Raises:
        NotFound: no plugin has a guard of that name.
        UsageError: a phrase that cannot be looked for.
    """
    if known is None and settings.use:
        found = cast("list[Mapping[str, Guard]]", plugin_manager().hook.guards())
        known = {name: guard for one in found for name, guard in one.items()}
    guards: list[Guard] = [BlocklistGuard(settings.blocklist)] if settings.blocklist else []
    for name in settings.use:
        if name not in (known or {}):
            there = ", ".join(sorted(known or {}))
            raise NotFound(
                f"no plugin has a guard {name!r}", hint=f"there is {there}" if there else "install the plugin"
            )
        guards.append((known or {})[name])
    return Guards(
        at_input=guards if "input" in settings.points else (), at_output=guards if "output" in settings.points else ()
    )
