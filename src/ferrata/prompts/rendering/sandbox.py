"""Jinja2 so far as a prompt needs it: data in, text out.

Jinja's own sandbox keeps a template from what is unsafe. This one lets a template have what is named: filters and methods by
list, plain data, its own macros and loops. Nothing else exists for it, so that what is published as an escape finds nothing
to reach for; and all of it is measured (`limits`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from jinja2 import StrictUndefined, TemplateAssertionError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, pass_context

from ferrata.prompts.rendering.filters import METHODS, bounded_filters, check_method, check_operator, text_of
from ferrata.prompts.rendering.limits import MOST_CHARACTERS, Forbidden, Meter, TooMuch, weigh
from ferrata.prompts.rendering.marks import ROLE, Rendered, RoleWord, mark, place
from ferrata.prompts.rendering.values import History, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.compiler import Frame

__all__ = ["Sandbox"]

_LOOP: Final = frozenset(
    ("index", "index0", "first", "last", "length", "revindex", "revindex0", "depth", "depth0", "previtem", "nextitem")
    + ("cycle", "changed")
)
_CYCLER: Final = frozenset(("next", "current", "reset"))
_REFUSED: Final = (
    (nodes.Include, "include"),
    (nodes.Import, "import"),
    (nodes.FromImport, "import"),
    (nodes.Extends, "extends"),
    (nodes.FilterBlock, "filter"),
)
_MOST_RANGE: Final = 100_000


class _Context(Context):
    """A rendering's variables, and its meter."""

    meter: Meter


class _Generator(CodeGenerator):
    """Writes the template's code: what makes a value is looked at."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concatenate(context, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self.write("environment.weighed(context, ")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self.write("environment.weighed(context, ")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx != "load":
            super().visit_Tuple(node, frame)
            return
        self.write("environment.weighed(context, ")
        super().visit_Tuple(node, frame)
        self.write(")")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment that prompts' templates are compiled and rendered in."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))
    code_generator_class = _Generator
    context_class = _Context

    def __init__(self, *, trim_blocks: bool, lenient: bool = False) -> None:
        super().__init__(
            undefined=Undefined if lenient else StrictUndefined,
            autoescape=False,
            trim_blocks=trim_blocks,
            keep_trailing_newline=True,
            finalize=_print,
            optimized=False,
            cache_size=0,
        )
        self.filters = bounded_filters()
        self.globals = {"range": _range, "namespace": Namespace, "cycler": Cycler, "joiner": Joiner}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        found = super()._parse(source, name, filename)
        for kind, word in _REFUSED:
            for node in found.find_all(kind):
                raise TemplateAssertionError(f"a prompt has no {{% {word} %}}", node.lineno)
        for loop in list(found.find_all(nodes.For)):
            line = loop.iter.lineno
            loop.iter = nodes.Filter(loop.iter, "ferrata_turns", [], [], None, None, lineno=line, environment=self)
        return found

    @staticmethod
    def concat(parts: Iterable[str]) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Join what a block printed."""
        found = list(parts)
        if sum(map(len, found)) > MOST_CHARACTERS:
            raise TooMuch(f"makes a text of more than {MOST_CHARACTERS:,} characters")
        return "".join(found)

    def concatenate(self, context: _Context, parts: tuple[Any, ...]) -> str:
        """`a ~ b`."""
        context.meter.step()
        return self.concat(text_of(part) for part in parts)

    def weighed(self, context: _Context, value: Any) -> Any:
        """A list, tuple or mapping that the template writes down."""
        context.meter.step(1 + weigh(value) // 100)
        return value

    def wrap_str_format(self, value: Any) -> None:
        """Jinja would wrap `str.format` so that it is safe; a prompt has the filter `format`, and no need of it."""
        if getattr(value, "__name__", "") in ("format", "format_map") and isinstance(value.__self__, str):
            raise Forbidden(f"reaches for {value.__name__!r} of a text; write `|format`")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may have this attribute: by list, for each kind of value."""
        if attr.startswith("_"):
            return False
        if isinstance(obj, LoopContext):
            return attr in _LOOP
        if isinstance(obj, Cycler):
            return attr in _CYCLER
        if isinstance(obj, Namespace):
            return True
        return any(isinstance(obj, kind) and attr in names for kind, names in METHODS.items())

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call this."""
        if isinstance(obj, Macro | LoopContext | Joiner) or any(obj is known for known in self.globals.values()):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, LoopContext):
            return name in ("cycle", "changed")
        if isinstance(owner, Cycler):
            return name in ("next", "reset")
        return any(isinstance(owner, kind) and name in names for kind, names in METHODS.items())

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls."""
        if isinstance(__obj, Undefined):
            return __obj()  # says what is undefined
        if not __self.is_safe_callable(__obj):
            raise Forbidden(f"calls {_named(__obj)}")
        given = (*args, *kwargs.values())
        __context.meter.step(1 + (weigh(given) // 100 if given else 0))
        if isinstance(__obj, Macro | LoopContext):
            return Rendered(__context.call(__obj, *args, **kwargs))
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str):
            check_method(owner, __obj.__name__, args)
        return __context.call(__obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Do an operation that can make something large."""
        context.meter.step()
        check_operator(operator, left, right)
        return self.binop_table[operator](left, right)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """What a template gets for an attribute that it may not have: the end."""
        raise Forbidden(f"reaches for {attribute!r} of a {type(obj).__name__}")


def _named(obj: Any) -> str:
    return f"a {type(obj).__name__}, which is nothing to call" if not callable(obj) else "what it may not call"


def _range(*numbers: Any) -> range:
    """`range`, of no more numbers than a template may walk."""
    found = range(*numbers)
    try:
        length = len(found)
    except OverflowError:
        length = _MOST_RANGE + 1
    if length > _MOST_RANGE:
        raise TooMuch(f"counts over {_MOST_RANGE:,} numbers")
    return found


@pass_context
def _print(context: _Context, value: Any) -> str:
    """What `{{ value }}` prints, between marks."""
    meter = context.meter
    meter.step()
    kind: type[Any] = cast("type[Any]", type(value))
    if kind is str:
        text: str = value
    elif kind is Rendered:
        meter.print(len(value))
        return value
    elif kind is RoleWord:
        return f"{ROLE}{value}{ROLE}"
    elif kind is History or kind is Picture:
        return place(meter, value)
    else:
        text = text_of(value)
    meter.print(len(text))
    return mark(text)
