"""Whether an answer is, or holds, JSON, XML or HTML. Knows no assertion.

A JSON schema is checked by the package `jsonschema`, without fetching what a schema refers to; XML with a document type is refused,
because its entities could grow without end.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast
from xml.etree import ElementTree

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["holds_html", "is_html", "json_in", "parse_json", "schema_problem", "xml_in", "xml_lacks"]

_MOST_STARTS: Final = 2_000
_VOID: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
_ELEMENTS: Final = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|div|span|p|a|img|h[1-6]|ul|ol|li|table|tr|td|th|form|input|button|script|style|link|meta|br|hr)\b)",
    re.IGNORECASE,
)
_OPENS: Final = re.compile(r"<[a-zA-Z][\w-]*(?:\s[^<>]*)?>")
_CLOSES: Final = re.compile(r"</[a-zA-Z][\w-]*\s*>")
_SIGNS: Final = (
    re.compile(r"<[a-zA-Z][\w-]*(?:\s[^<>]*)?/>"),
    re.compile(r"&(?:[a-zA-Z]+|#\d+|#x[\da-fA-F]+);"),
    re.compile(r"<!--"),
    re.compile(r"""\s[a-zA-Z-]+\s*=\s*["'][^"'<>]*["']"""),
)


def parse_json(text: str) -> Any:
    """The value of a text that is JSON and nothing else.

    Raises:
        ValueError: it is not.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def json_in(text: str) -> Iterator[Any]:
    """The JSON objects in a text, the outermost ones."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    end, tried = 0, 0
    for match in re.finditer(r"\{", text):
        if match.start() < end:
            continue
        tried += 1
        if tried > _MOST_STARTS:
            return
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        yield value


def schema_problem(value: Any, schema: Any) -> str:
    """The first thing in which a value is not as a JSON schema says; empty if nothing.

    Raises:
        UsageError: the schema is none, or the package for it is not installed.
    """
    try:
        checker, references = import_module("jsonschema"), import_module("referencing")
    except ImportError:
        raise UsageError("a JSON schema is checked by the package jsonschema", hint="pip install jsonschema") from None
    if isinstance(schema, bool):
        return "" if schema else "the schema allows nothing"
    if not isinstance(schema, dict):
        raise UsageError(f"the JSON schema must be an object, not {type(cast('object', schema)).__name__}")
    kind = checker.validators.validator_for(schema, default=checker.Draft202012Validator)
    try:
        kind.check_schema(schema)
        error = next(kind(schema, registry=references.Registry()).iter_errors(value), None)
    except (checker.exceptions.SchemaError, references.exceptions.Unresolvable) as error:
        raise UsageError(f"the JSON schema is wrong: {str(error).splitlines()[0]}") from None
    if error is None:
        return ""
    return f"{error.json_path}: {str(error.message)[:160]}"


def xml_in(text: str, *, whole: bool) -> ElementTree.Element | None:
    """The document that a text is, or the first element in it; None where there is none.

    Args:
        text: the answer.
        whole: all of the text must be the document.
    """
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        return None
    if whole:
        return _parsed(text.strip())
    for tried, match in enumerate(re.finditer(r"<([A-Za-z_][\w.-]*)[^<>]*?(/?)>", text)):
        if tried >= 50:
            return None
        found = _parsed(match[0]) if match[2] else None
        end = -1 if match[2] else text.rfind(f"</{match[1]}>")
        if end >= match.end():
            found = _parsed(text[match.start() : end + len(match[1]) + 3])
        if found is not None:
            return found
    return None


def _parsed(text: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None


def xml_lacks(root: ElementTree.Element, paths: Sequence[str]) -> str:
    """The first of the dotted paths from the root, as `a.b.c`, that a document lacks; empty if none."""
    for path in paths:
        first, *rest = path.split(".")
        if root.tag != first or (rest and root.find("/".join(rest)) is None):
            return path
    return ""


def holds_html(text: str) -> bool:
    """Whether there is HTML in a text: a usual element, a pair of tags, or two weaker signs."""
    opens, closes = _OPENS.search(text) is not None, _CLOSES.search(text) is not None
    if _ELEMENTS.search(text) or (opens and closes):
        return True
    return opens + closes + sum(sign.search(text) is not None for sign in _SIGNS) >= 2


def is_html(text: str) -> bool:
    """Whether a text is HTML from its first tag to its last, each closed, with a usual element among them."""
    text = text.strip()
    if (
        not text.startswith("<")
        or not text.endswith(">")
        or text.lower().startswith("<?xml")
        or not _ELEMENTS.search(text)
    ):
        return False
    reader = _Tags()
    reader.feed(text)
    reader.close()
    return reader.seen and not reader.open and not reader.loose


class _Tags(HTMLParser):
    """Which elements are open, and whether text stands outside of all."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen = self.loose = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen = True
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen = True

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.loose = True

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.open:
            self.loose = True
