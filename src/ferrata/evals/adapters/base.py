"""What adapters to other packages have in common: to find a class when it is asked for, make it, and keep it from telling anybody.

Knows no package.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import os
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ferrata.errors import FerrataError, NotFound, UsageError
from ferrata.evals.evaluators.custom.code import stable_text
from ferrata.evals.evaluators.custom.making import Inputs, OwnJudging
from ferrata.evals.evaluators.custom.results import scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ferrata.evals.types import Evaluator, Measure, Score

__all__ = ["Adapter", "as_texts", "renamed"]


class Adapter:
    """The way to the evaluators of a package.

    Class attributes:
        prefix: before the colon of `PREFIX:NAME`.
        package: as it is imported.
        pip: what `pip install` takes.
        modules: where its classes are looked for, the best first.
        quiet: settings of the environment that keep it from sending anything of its own; a user's own settings stand.
    """

    prefix: ClassVar[str]
    package: ClassVar[str]
    pip: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    quiet: ClassVar[Mapping[str, str]] = {}

    def owns(self, thing: Any) -> bool:
        """Whether a class or an instance is the package's, or is based on a class of it."""
        kind: type[Any] = cast("type[Any]", thing if isinstance(thing, type) else type(thing))
        return any(f"{base.__module__}.".startswith(f"{self.package}.") for base in kind.__mro__)

    def find(self, name: str) -> Any:
        """A class of the package.

        Raises:
            UsageError: the package is not installed, or does not load.
            NotFound: it has no such class.
        """
        self.be_quiet()
        known: list[str] = []
        for place in self.modules:
            module = self._load(place)
            found = getattr(module, name, None) if module else None
            if isinstance(found, type):
                return cast("type[Any]", found)
            known += [key for key in dir(module) if key[0].isupper()] if module else []
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {self.prefix}:{near[0]}?" if near else ""
        raise NotFound(f"{self.pip} {self._version()} has no evaluator {name!r}", hint=hint)

    def adapt(self, thing: Any, alias: str, threshold: float | None, init: Mapping[str, Any]) -> Evaluator:
        """The evaluator of a class or an instance of the package.

        Raises:
            UsageError: it cannot be made with these arguments.
        """
        self.be_quiet()
        if isinstance(thing, type):
            thing = self._make(cast("type[Any]", thing), alias, threshold, init)
        elif init:
            raise UsageError(f"evaluator {alias!r} is made already", hint="give its settings where it is made")
        return self.wrap(thing, alias, threshold)

    def wrap(self, made: Any, alias: str, threshold: float | None) -> Evaluator:
        """The evaluator of an instance; a subclass says how."""
        raise TypeError(f"{type(self).__name__} does not say how it wraps {made!r}, {alias!r}, {threshold!r}")

    def prepared(self, kind: type[Any], given: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the class takes them; a subclass may make them of plain data."""
        return given

    def be_quiet(self) -> None:
        """Switch off what the package would send of its own accord."""
        for name, value in self.quiet.items():
            os.environ.setdefault(name, value)

    def judging(
        self,
        made: Any,
        measure: Measure,
        inputs: Inputs,
        call: Callable[..., Any],
        *,
        read: Callable[[Any, Sequence[Measure]], list[Score]] = scores_of,
    ) -> Evaluator:
        """An evaluator that calls; its digest is of the package's version, the class and the instance's settings."""
        kind = cast("type[Any]", type(made))
        about = [
            self.pip,
            self._version(),
            f"{kind.__module__}.{kind.__qualname__}",
            repr(measure),
            stable_text(vars(made)),
        ]
        digest = sha256(json.dumps(about).encode()).hexdigest()
        return OwnJudging(
            call,
            name=f"{self.prefix}:{kind.__name__}",
            inputs=inputs,
            measures=[measure],
            digest=digest,
            read=read,
        )

    def _load(self, place: str) -> Any:
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name and f"{place}.".startswith(f"{error.name}."):
                if self._version():
                    return None  # another version, without this module
                raise UsageError(f"{self.pip} is not installed", hint=f"pip install {self.pip}") from error
            raise UsageError(
                f"{self.pip} {self._version()} does not load: {error}", hint=f"pip install {error.name}"
            ) from error
        except ImportError as error:
            raise UsageError(f"{self.pip} {self._version()} does not load: {error}") from error

    def _version(self) -> str:
        try:
            return version(self.pip)
        except PackageNotFoundError:
            return ""

    def _make(self, kind: type[Any], alias: str, threshold: float | None, init: Mapping[str, Any]) -> Any:
        taken = inspect.signature(kind).parameters
        given = dict(init)
        if threshold is not None and "threshold" in taken:
            given.setdefault("threshold", threshold)
        try:
            return kind(**self.prepared(kind, given))
        except FerrataError:
            raise
        except Exception as error:
            raise UsageError(
                f"evaluator {alias!r}: {kind.__name__}({', '.join(sorted(given))}) could not be made: "
                f"{type(error).__name__}: {error}",
                hint=f"it takes {', '.join(taken) or 'nothing'}",
            ) from error


def renamed(names: Iterable[str], ours: Mapping[str, str]) -> frozenset[str]:
    """Inputs by our names; what has none keeps its own."""
    return frozenset(ours.get(name, name) for name in names)


def as_texts(value: Any) -> Any:
    """A context as a list of texts; None stays None."""
    if value is None:
        return None
    items = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, default=str) for item in items]
