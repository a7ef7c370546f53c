"""Reads the built-in model, or an organisation's own file that extends or replaces it.

Knows nothing of scores.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ferrata import __version__
from ferrata.caches import digest_of_texts
from ferrata.documents import Document, validate
from ferrata.errors import InvalidDocument, Mistake
from ferrata.maturity.model.types import MaturityModel, Practice
from ferrata.yamls import line_of, read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.caches import UserCache

__all__ = ["built_in_model", "digest_of", "load_model"]

DATA = Path(__file__).parents[1] / "data"


class _PracticeFile(Document):
    practices: list[Practice]


@cache
def built_in_model() -> MaturityModel:
    """The model that Ferrata ships."""
    head_path = DATA / "model.yaml"
    head = _read(head_path, MaturityModel)
    practices = [p for path in _in_order(head) for p in _read(path, _PracticeFile).practices]
    model = head.model_copy(update={"practices": practices})
    _check(model, file=str(head_path), text=read_text(head_path))
    return model


@lru_cache(maxsize=1)
def _remembered_model(memory: UserCache) -> MaturityModel:
    """The built-in model, remembered by its content, because parsing YAML takes long."""
    files = [DATA / "model.yaml", *sorted((DATA / "practices").glob("*.yaml"))]
    name = f"model-{digest_of_texts([__version__, *map(read_text, files)])}.json"
    data = memory.find(name)
    if data is not None:
        with suppress(ValueError):
            return MaturityModel.model_validate_json(data)
    model = built_in_model()
    memory.keep(name, model.model_dump_json().encode())
    return model


def load_model(path: Path | None, *, memory: UserCache | None = None) -> MaturityModel:
    """The model of `path`, on top of the built-in one where it says `extends: ferrata`; the built-in one for None.

    Args:
        path: the model's file.
        memory: remembers the built-in model.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: the file is wrong; every mistake with file, line and key.
    """
    if path is None:
        return _built_in(memory)
    text = read_text(path)
    own = validate(read_yaml(text, file=str(path)), MaturityModel, file=str(path), text=text)
    model = _extend(_built_in(memory), own, file=str(path), text=text) if own.extends else own
    _check(model, file=str(path), text=text)
    return model


def digest_of(model: MaturityModel) -> str:
    """A sha256 over the model's content; two models with the same digest measure the same."""
    return hashlib.sha256(model.model_dump_json().encode()).hexdigest()


def _built_in(memory: UserCache | None) -> MaturityModel:
    return built_in_model() if memory is None else _remembered_model(memory)


def _in_order(head: MaturityModel) -> list[Path]:
    return [DATA / "practices" / f"{dimension.id}.yaml" for dimension in head.dimensions]


def _read(path: Path, kind: type[Any]) -> Any:
    text = read_text(path)
    return validate(read_yaml(text, file=str(path)), kind, file=str(path), text=text)


def _extend(base: MaturityModel, own: MaturityModel, *, file: str, text: str) -> MaturityModel:
    known = {p.id for p in base.practices}
    unknown = [
        Mistake(file, line_of(text, ["drop", i]), f"drop.{i}", f"no practice {name!r} in the built-in model")
        for i, name in enumerate(own.drop)
        if name not in known
    ]
    if unknown:
        raise InvalidDocument(unknown)
    changed = {p.id: p for p in own.practices}
    kept = [changed.pop(p.id, p) for p in base.practices if p.id not in own.drop]
    given = own.model_fields_set
    return base.model_copy(
        update={
            "id": own.id,
            "version": f"{own.version} (on {base.id} {base.version})",
            "scoring": own.scoring if "scoring" in given else base.scoring,
            "dimensions": own.dimensions or base.dimensions,
            "bands": own.bands or base.bands,
            "practices": kept + list(changed.values()),
        }
    )


def _check(model: MaturityModel, *, file: str, text: str) -> None:
    mistakes = [
        Mistake(file, line_of(text, where), ".".join(map(str, where)), what) for where, what in _problems(model)
    ]
    if mistakes:
        raise InvalidDocument(mistakes)


_Problem: TypeAlias = "tuple[list[str | int], str]"


def _problems(model: MaturityModel) -> Iterator[_Problem]:
    yield from _head_problems(model)
    dimensions = {d.id for d in model.dimensions}
    seen: set[str] = set()
    for i, practice in enumerate(model.practices):
        for key, problem in _practice_problems(practice, model, dimensions):
            yield ["practices", i, key], f"{practice.id}: {problem}"
        if practice.id in seen:
            yield ["practices", i, "id"], f"{practice.id}: declared twice"
        seen.add(practice.id)
    if cycle := _cycle(model):
        yield ["practices"], f"practices need each other in a circle: {' -> '.join(cycle)}"


def _head_problems(model: MaturityModel) -> Iterator[_Problem]:
    if not model.dimensions:
        yield ["dimensions"], "a model that does not extend `ferrata` must declare its dimensions"
    least = [b.least for b in model.bands]
    if [b.level for b in model.bands] != [1, 2, 3, 4] or least[0] != 0 or sorted(set(least)) != least:
        yield ["bands"], "four bands are needed, levels 1 to 4 in order, with `least` rising from 0"
    for dimension in model.dimensions:
        for level in (1, 2, 3, 4):
            if not model.of(dimension.id, level):
                yield ["dimensions"], f"{dimension.id}: no practice at level {level}"


def _practice_problems(practice: Practice, model: MaturityModel, dimensions: set[str]) -> Iterator[tuple[str, str]]:
    if practice.dimension not in dimensions:
        yield "id", f"no dimension {practice.dimension!r} (there are {', '.join(sorted(dimensions))})"
    values = [option.value for option in practice.answers]
    if values != sorted({*values}) or values[0] != 0 or values[-1] != 1:
        yield "answers", "the answers' values must rise from 0 to 1"
    for need in practice.needs:
        needed = model.practice(need)
        if needed is None:
            yield "needs", f"needs {need!r}, which is no practice"
        elif needed.level > practice.level or need == practice.id:
            yield "needs", f"needs {need!r}, which is at a higher level or itself"


def _cycle(model: MaturityModel) -> list[str]:
    needs = {p.id: p.needs for p in model.practices}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for need in needs.get(name, []):
            if found := walk(need, [*path, name]):
                return found
        done.add(name)
        return []

    for name in needs:
        if found := walk(name, []):
            return found
    return []
