"""Several pairs after one option, as Prompt Flow's command line has them. Knows no command."""

from __future__ import annotations

import click

__all__ = ["CommandOfPairs"]

# Options after which several pairs may follow, as Prompt Flow's command line has them.
_OF_PAIRS = ("--column-mapping", "--connections", "--environment-variables", "--init", "--set")


class CommandOfPairs(click.Command):
    """Takes `--init a=1 b=2` for `--init a=1 --init b=2`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it, with the option before each pair."""
        spread: list[str] = []
        option = ""
        for i, word in enumerate(args):
            if option and "=" in word and not word.startswith("-") and args[i - 1] != option:
                spread.append(option)
            if word.startswith("-") or "=" not in word:
                option = word if word in _OF_PAIRS else ""
            spread.append(word)
        return super().parse_args(ctx, spread)
