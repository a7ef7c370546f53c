"""The filters, methods and operators that a template may use, each measured before it runs.

What is not named here does not exist for a template: `attr`, `format` by methods, and whatever reaches beyond plain data.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, cast

from jinja2.filters import FILTERS
from jinja2.runtime import Undefined
from jinja2.utils import pass_context

from ferrata.prompts.rendering.limits import MOST_CHARACTERS, MOST_NUMBER, Forbidden, TooMuch, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2.runtime import Context

__all__ = ["METHODS", "bounded_filters", "check_method", "check_operator", "text_of"]

_FILTERS: Final = (
    *("abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "filesizeformat"),
    *("first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length", "list"),
    *("lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select"),
    *("selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique"),
    *("upper", "urlencode", "wordcount", "wordwrap"),
)
_TEXT: Final = (
    *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal"),
    *("isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "lower", "lstrip", "partition"),
    *("removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split"),
    *("splitlines", "startswith", "strip", "swapcase", "title", "upper"),
)
# Type -> the methods of its values that a template may call.
METHODS: Final[Mapping[type, frozenset[str]]] = {
    str: frozenset(_TEXT),
    list: frozenset(("count", "index")),
    tuple: frozenset(("count", "index", "grouper", "list")),
    dict: frozenset(("get", "items", "keys", "values")),
}
_PERCENT = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\d*|\*)(?:\.(\d*|\*))?")
_MAP: Final[Any] = FILTERS["map"]
_LONG_LINES: Final = 100_000
_BITS: Final = 4_096


def text_of(value: Any) -> str:
    """A value as text; how much that is, is looked at first.

    Raises:
        TooMuch: it is too much.
        Forbidden: it is no value but a part of the machinery.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list | tuple | dict):
        weigh(value)
        return str(cast("object", value))
    if isinstance(value, Undefined):
        return str(value)
    if hasattr(value, "source"):
        return str(value)
    raise Forbidden(f"prints a {type(value).__name__}, which is no value; `|list` makes a list of what a filter gives")


def bounded_filters() -> dict[str, Callable[..., Any]]:
    """The filters by name."""
    found = {name: _bounded(name, FILTERS[name]) for name in _FILTERS}
    found["ferrata_turns"] = _turns
    return found


@pass_context
def _turns(context: Context, items: Any) -> Iterable[Any]:
    """What a loop walks, each turn counted."""
    step = cast("Any", context).meter.step
    if isinstance(items, Undefined):
        iter(items)  # says what is undefined
    for item in items:
        step()
        yield item


def _bounded(name: str, inner: Any) -> Callable[..., Any]:
    """The filter, with what it is given looked at before it runs. Jinja hands it a context, an environment or neither."""
    wanted = getattr(inner, "jinja_pass_arg", None)
    passes = {"context": "context", "eval_context": "eval_ctx", "environment": "environment"}.get(
        wanted.name if wanted is not None else ""
    )

    @functools.wraps(inner)
    def run(context: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        _look(context.meter, name, value, (*args, *kwargs.values()))
        if name == "join":
            return _join(context, value, *args, **kwargs)
        if name == "sum":
            value = _numbers(context, value, *args, **kwargs)
            return sum(value, *args[1:2])
        if passes is None:
            result = inner(value, *args, **kwargs)
        else:
            first = context if passes == "context" else getattr(context, passes)
            result = inner(first, value, *args, **kwargs)
        if isinstance(result, str) and len(result) > MOST_CHARACTERS:
            raise TooMuch(f"makes a text of more than {MOST_CHARACTERS:,} characters")
        return result

    return pass_context(run)


def _look(meter: Any, name: str, value: Any, args: tuple[Any, ...]) -> None:
    for number in args:
        if isinstance(number, int) and not isinstance(number, bool) and abs(number) > MOST_NUMBER:
            raise TooMuch(f"gives `|{name}` the number {number}; at most {MOST_NUMBER:,} makes sense")
    if callable(value) and not isinstance(value, Undefined):
        raise Forbidden(f"gives `|{name}` a {type(value).__name__}, which is no value")
    if isinstance(value, str):
        meter.step(1 + len(value) // 10_000)
    elif isinstance(value, list | tuple | dict):
        meter.step(1 + weigh(value) // 100)
    else:
        meter.step()
    if name == "replace" and len(args) >= 2:
        check_method(text_of(value), "replace", tuple(text_of(arg) for arg in args[:2]))
    elif name == "format":
        _check_percent(text_of(value), args)
    elif name == "wordwrap" and isinstance(value, str) and len(value) > _LONG_LINES:
        raise TooMuch(f"wraps a text of more than {_LONG_LINES:,} characters")
    elif name in ("indent", "tojson"):
        width = next((len(arg) if isinstance(arg, str) else arg for arg in args if not isinstance(arg, bool)), 4)
        lines = text_of(value).count("\n") + 1 if name == "indent" else weigh(value)
        _check_length(lines * (width if isinstance(width, int) else 4))


def _join(context: Any, value: Any, d: str = "", attribute: Any = None) -> str:
    if attribute is not None:
        value = _MAP(context, value, attribute=attribute)
    parts: list[str] = []
    for item in value:
        context.meter.step()
        parts.append(text_of(item))
    between = text_of(d)
    _check_length(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _numbers(context: Any, value: Any, attribute: Any = None, start: Any = 0) -> list[Any]:
    if attribute is not None:
        value = _MAP(context, value, attribute=attribute)
    found: list[Any] = [*value, start]
    if not all(isinstance(item, int | float) for item in found):
        raise Forbidden("sums what are no numbers")
    return found


def check_method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    """Look at a method's call before it runs.

    Raises:
        TooMuch: its result would be too large.
    """
    if not isinstance(owner, str):
        return
    if name == "replace" and len(args) >= 2 and isinstance(args[0], str) and isinstance(args[1], str):
        times = owner.count(args[0]) if args[0] else len(owner) + 1
        _check_length(len(owner) + times * max(0, len(args[1]) - len(args[0])))
    elif name == "join" and args:
        items = args[0]
        if isinstance(items, list | tuple | dict | str):
            lengths = sum(len(item) for item in cast("Iterable[Any]", items) if isinstance(item, str))
            _check_length(lengths + len(owner) * len(cast("Any", items)))
        else:
            raise Forbidden("joins what is no list; `|join` takes what a filter gives")


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Look at an operation before it is done.

    Raises:
        TooMuch: its result would be too large.
    """
    if operator == "+":
        if isinstance(left, str) and isinstance(right, str):
            _check_length(len(left) + len(right))
        elif isinstance(left, list | tuple):
            weigh([left, right])
    elif operator == "*":
        _check_product(left, right)
    elif operator == "**":
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() * max(right, 1) > _BITS:
            raise TooMuch(f"raises {left.bit_length()} bits to the power of a number as large")
    elif operator == "%" and isinstance(left, str):
        values = cast("tuple[Any, ...]", right) if isinstance(right, tuple) else (right,)
        _check_percent(left, values)


def _check_product(left: Any, right: Any) -> None:
    for one, times in ((left, right), (right, left)):
        if not isinstance(times, int):
            continue
        if isinstance(one, str):
            _check_length(len(one) * times)
        elif isinstance(one, list | tuple):
            if weigh(one) * max(times, 0) > MOST_NUMBER:
                raise TooMuch(f"makes a list of more than {MOST_NUMBER:,} items")
        elif isinstance(one, int) and one.bit_length() + times.bit_length() > _BITS:
            raise TooMuch(f"makes a number of more than {_BITS:,} bits")


def _check_percent(text: str, values: tuple[Any, ...]) -> None:
    if "c" in text and re.search(r"%[^%]*?c", text):
        raise Forbidden("formats a character by its number (%c)")
    for match in _PERCENT.finditer(text):
        for width in match.groups():
            if width == "*" or (width and int(width[:9]) > 1_000):
                raise TooMuch(f"formats with the width {width}")
    for value in values:
        weigh(value)
    _check_length(len(text) + sum(len(value) for value in values if isinstance(value, str)) * (text.count("%") + 1))


def _check_length(length: int) -> None:
    if length > MOST_CHARACTERS:
        raise TooMuch(f"makes a text of {length:,} characters; at most {MOST_CHARACTERS:,} may be made")
