"""Templates, compiled once a process, and what they name."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Template, TemplateError, TemplateSyntaxError, meta, nodes

from ferrata.errors import InvalidDocument, Mistake
from ferrata.prompts.rendering.limits import MOST_TEMPLATE, Forbidden, Meter, TooMuch
from ferrata.prompts.rendering.mustache import Mustache, MustacheError
from ferrata.prompts.rendering.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.prompts.types import Engine, Prompt

__all__ = ["check_template", "render_text", "variables_of"]


class _Failure(NamedTuple):
    """Why a template cannot be read, and its line."""

    problem: str
    line: int


class _Jinja:
    """A compiled Jinja2 template.

    Attributes:
        names: the variables that it names, with the first line of each.
    """

    def __init__(self, text: str, *, trim: bool) -> None:
        environment = _sandbox(trim)
        # What reads like one of our marks is escaped in values; in a template it has no business.
        tree = environment.parse(text)
        self._template = environment.from_string(tree)
        # A plain one, because each rendering goes through it twice, and the chain of mappings that Jinja makes is slow.
        self._template.globals = dict(self._template.globals)
        names = meta.find_undeclared_variables(tree) - set(environment.globals)
        lines: dict[str, int] = {}
        for node in tree.find_all(nodes.Name):
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
        self._constants = [environment.from_string(part) for part in _constants(tree, environment)]
        self.names = {name: lines.get(name, 1) for name in sorted(names)}

    def render(self, values: Mapping[str, Any], meter: Meter) -> str:
        context: Any = self._template.new_context(dict(values))
        context.meter = meter
        pieces: list[str] = []
        total = 0
        for piece in self._template.root_render_func(context):
            pieces.append(piece)
            total += len(piece)
            if total > 2 * 2_000_000:
                raise TooMuch("makes more than 2,000,000 characters")
        return "".join(pieces)

    def check(self, meter: Meter) -> None:
        """Print what depends on no variable and stands under no condition; what fails there fails with every value."""
        for template in self._constants:
            context: Any = template.new_context({})
            context.meter = meter
            "".join(template.root_render_func(context))

    def line(self, error: BaseException) -> int:
        """The template's line at which an error came up."""
        line, trace = 1, error.__traceback__
        while trace is not None:
            template = trace.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(template, Template) and template in (self._template, *self._constants):
                line = template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


def _constants(tree: nodes.Template, environment: Sandbox) -> Iterator[nodes.Template]:
    """What the template prints in any case of constants alone, each as a template of its own."""
    for output in tree.body:
        for part in output.nodes if isinstance(output, nodes.Output) else ():
            plain = isinstance(part, nodes.TemplateData | nodes.Const | nodes.Name | nodes.Call)
            if not plain and next(part.find_all((nodes.Name, nodes.Call)), None) is None:
                alone = nodes.Output([part], lineno=part.lineno)
                whole = nodes.Template([alone], lineno=part.lineno)
                whole.set_environment(environment)
                yield whole


@cache
def _sandbox(trim: bool) -> Sandbox:
    # Prompt Flow, whose blocks are trimmed, prints nothing for what is not there.
    return Sandbox(trim_blocks=trim, lenient=trim)


@lru_cache(maxsize=512)
def _compiled(engine: Engine, trim: bool, text: str) -> _Jinja | Mustache | _Failure:
    if len(text) > MOST_TEMPLATE:
        return _Failure(f"the template has {len(text):,} characters; at most {MOST_TEMPLATE:,} are read", 1)
    try:
        return Mustache(text) if engine == "mustache" else _Jinja(text, trim=trim)
    except MustacheError as error:
        return _Failure(error.message, error.line)
    except TemplateSyntaxError as error:
        return _Failure(error.message or "no Jinja2", error.lineno)
    except TemplateError as error:
        return _Failure(str(error), 1)
    except (Forbidden, TooMuch) as error:
        return _Failure(f"the template {error}", 1)
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError):
        return _Failure("the template is nested too deep", 1)


def _template(prompt: Prompt) -> _Jinja | Mustache:
    found = _compiled(prompt.engine, prompt.dialect == "promptflow", prompt.body)
    if isinstance(found, _Failure):
        raise _wrong(prompt, found.problem, found.line)
    return found


def check_template(prompt: Prompt) -> None:
    """See that the template can be read, and that no constant in it fails, as `1 / 0`.

    Raises:
        InvalidDocument: it cannot; with the line.
    """
    template = _template(prompt)
    if isinstance(template, _Jinja):
        try:
            template.check(Meter())
        except Exception as error:  # noqa: BLE001 - as in render_text
            raise _wrong(prompt, f"renders with no value: {_problem(error)}", template.line(error)) from None


def variables_of(prompt: Prompt) -> dict[str, int]:
    """The variables that the template names, with the line of the file at which each is named first.

    Raises:
        InvalidDocument: the template cannot be read.
    """
    return {name: line + prompt.body_line - 1 for name, line in _template(prompt).names.items()}


def render_text(prompt: Prompt, values: Mapping[str, Any], meter: Meter) -> str:
    """The template's text, printed values between marks.

    Raises:
        InvalidDocument: the template cannot be read, fails, or does what it may not; with the line.
    """
    template = _template(prompt)
    try:
        return template.render(values, meter)
    except MustacheError as error:
        raise _wrong(prompt, error.message, error.line) from None
    except Exception as error:  # noqa: BLE001 - whatever a template does is the template's mistake
        line = template.line(error) if isinstance(template, _Jinja) else 1
        raise _wrong(prompt, _problem(error), line) from None


def _problem(error: Exception) -> str:
    if isinstance(error, TooMuch | Forbidden):
        return f"the template {error}"
    if isinstance(error, RecursionError):
        return "the template calls itself without end"
    if isinstance(error, MemoryError):
        return "the template takes more memory than there is"
    text = str(error).strip().partition("\n")[0]
    return text or type(error).__name__


def _wrong(prompt: Prompt, problem: str, line: int) -> InvalidDocument:
    hint = ""
    if "is undefined" in problem:
        hint = "give it as an input, or write `{% if NAME is defined %}`"
    place = Mistake(prompt.place, line + prompt.body_line - 1, "", problem)
    return InvalidDocument([place], hint=hint)
