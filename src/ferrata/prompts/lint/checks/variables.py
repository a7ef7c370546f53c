"""Inputs that are declared and not used, or used and not declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.prompts.dialects import close_to
from ferrata.prompts.lint.types import Hit
from ferrata.prompts.types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.prompts.lint.facts import Facts

__all__ = ["check_variables"]


def check_variables(facts: Facts) -> Iterator[Hit]:
    """Unused and undefined variables, and inputs that nothing shows a value for."""
    known = facts.inputs
    for one in facts.prompt.inputs:
        if one.name not in facts.variables:
            where = "declared" if one.declared else "in the sample"
            yield Hit("variables.unused", one.line, f"{one.name!r} is {where}, but the template does not use it")
    unused = [name for name in known if name not in facts.variables]
    for name, line in facts.variables.items():
        if name in known:
            continue
        meant = close_to(name, unused)
        fix = f"did you mean {meant!r}? " if meant else ""
        yield Hit(
            "variables.undefined", line, f"{name!r} is used, but not declared", f"{fix}Declare it under `inputs`."
        )
    shown = facts.prompt.sample
    if facts.prompt.inputs and not shown:
        bare = [one for one in facts.prompt.inputs if one.default is REQUIRED and one.example is REQUIRED]
        if bare and not any(one.is_history for one in bare):
            names = ", ".join(repr(one.name) for one in bare)
            yield Hit("variables.no-sample", bare[0].line, f"nothing shows what {names} may look like")
