"""YAML 1.2 as Prompt Flow reads it: `yes`, `no`, `on` and `off` are texts, `1e3` is a number, a key stands once.

Does not know what a file means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import yaml

from ferrata.errors import InvalidDocument, Mistake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["line_in", "load_yaml12"]

_MOST_OPENED = 200
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """The safe loader with the scalars of YAML 1.2's core schema and keys that stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands there twice", key.start_mark
                    )
                seen.add(key.value)
        return cast("dict[Any, Any]", super().construct_mapping(node, deep))  # pyright: ignore[reportUnknownMemberType]


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":bool", ":int", ":float"))]
    for first, found in _Base.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).lower()
    return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)


def _number(loader: Any, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load_yaml12(path: Path) -> tuple[Any, str]:
    """The value of a file and its text.

    Raises:
        InvalidDocument: it cannot be read, or is not YAML; says on which line.
    """
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidDocument([Mistake(file, 1, "", f"cannot be read: {reason}")]) from None
    if text.count("[") + text.count("{") + text.count("- ") + text.count("? ") > _MOST_OPENED:
        # Slower, and only for large files: it refuses what is nested too deep for the parser.
        from ferrata.yamls import read_yaml

        read_yaml(text, file=file)
    try:
        return yaml.load(text, Loader=_Loader), text  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidDocument([Mistake(file, mark.line + 1 if mark else 1, "", f"not valid YAML: {problem}")]) from None
    except (ValueError, TypeError) as error:
        raise InvalidDocument([Mistake(file, 1, "", f"not valid YAML: {error}")]) from None


def line_in(text: str, where: Sequence[str | int]) -> int:
    """The line (from 1) of a key path in a YAML text."""
    from ferrata.yamls import line_of

    return line_of(text, where)
