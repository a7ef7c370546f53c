"""Pipelines as texts: templates whose marks are `[[ ]]` and `[% %]`, as `{{ }}` and `${{ }}` are the forges' own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata import __version__
from ferrata.settings import STATE_FOLDER

if TYPE_CHECKING:
    from jinja2 import Environment

    from ferrata.forges.base import Plan

__all__ = ["lay_out"]

_FORMATS = ("md", "xml", "sarif", "html", "json")


def lay_out(template: str, plan: Plan, **more: str) -> str:
    """The text of a pipeline; the plan's values have no character with a meaning in YAML or a shell."""
    folder = "" if plan.project == "." else f"/{plan.project}"
    state = f"{folder}/{STATE_FOLDER}".removeprefix("/")
    return (
        _environment()
        .get_template(template)
        .render(plan=plan, folder=folder, state=state, version=__version__, formats=_FORMATS, **more)
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701 - it writes YAML
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
