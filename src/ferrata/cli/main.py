"""`ferrata`: the group of commands. A command's module is imported when the command is run, so that help is quick."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any

import click

from ferrata import __version__
from ferrata.cli.collector import slow_collector
from ferrata.cli.lazy import LazyGroup
from ferrata.cli.words import printable
from ferrata.errors import FerrataError, ModelError, UsageError

__all__ = ["cli", "main"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "assess": ("assess", "assess", "Measure a repository's GenAIOps maturity from evidence."),
    "answer": ("answer", "answer", "Answer the questions that a scan cannot."),
    "roadmap": ("roadmap", "roadmap", "What to do next, and what it gains."),
    "history": ("history", "history", "The assessments made so far."),
    "compare": ("history", "compare", "Which practices came and went between two assessments, and why."),
    "maturity": ("maturity", "maturity", "The maturity model: dimensions, practices, rules."),
    "models": ("models", "models", "Models to choose from, on facts: abilities, prices, life cycles."),
    "asset": ("asset", "asset", "Versions of prompts, models, flows and all else, with aliases."),
    "rollback": ("deploy", "rollback", "Go back: an endpoint's routes, or where an alias points."),
    "pack": ("pack", "pack", "Signed archives of assets with their evidence, to share between teams."),
    "prompt": ("prompt", "prompt", "Prompts: render, check, test, compare, convert and run them."),
    "data": ("data", "data", "Datasets: check, version and convert them, build them from traces."),
    "flow": ("flow", "flow", "Flows: run, test and serve them; Prompt Flow's as they are."),
    "eval": ("eval", "eval_group", "Evaluations: targets over data, scored row by row."),
    "review": ("review", "review", "Let people label outputs: blind, by two or more, settled and exported."),
    "gate": ("gate", "gate", "Gates: rules over an evaluation; pass, fail or inconclusive."),
    "gateway": ("gateway", "gateway", "Answer calls to the project's endpoints, on a port."),
    "up": ("gateway", "up", "Start what the project has to serve."),
    "ci": ("ci", "ci", "Pipelines of GitHub, Azure DevOps and GitLab: write one, and comment in it."),
    "judge": ("judge", "judge_group", "Judges: how far models that score agree with people."),
    "scout": ("scout", "scout", "Keep up with models: try others on your own data, and get the change as a patch."),
    "key": ("key", "key", "Virtual keys: who may call the gateway's endpoints, and how much of them."),
    "endpoint": ("endpoint", "endpoint_group", "Endpoints: what is declared, and how they do."),
    "release": ("release", "release", "Releases: all that gives an answer, in one bundle that never changes."),
    "deploy": ("deploy", "deploy", "Begin to move calls of an endpoint to a release."),
    "status": ("deploy", "status", "Where an endpoint's calls go, its rollout, and which gateways follow."),
    "promote": ("deploy", "promote", "Give the candidate of an endpoint all calls."),
    "pause": ("deploy", "pause", "Keep the shares of a rollout as they are."),
    "resume": ("deploy", "resume", "Let a paused rollout go on."),
    "freeze": ("deploy", "freeze", "Let nothing change an endpoint's routes but a rollback."),
    "thaw": ("deploy", "thaw", "Let an endpoint's routes be changed again."),
    "trace": ("trace", "trace_group", "Calls of endpoints, one by one: what they took, and where they failed."),
    "ledger": ("ledger", "ledger", "The log of every operational act."),
}


class _Commands(LazyGroup):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would make it exit status 1, which says that a gate was not passed
            _forget_output()
            return 0


@click.group(
    cls=_Commands,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="ferrata", message="%(prog)s %(version)s")
def cli() -> None:
    """Measures a team's GenAIOps maturity from evidence.

    Exit status: 0 done; 1 below what was asked for, or a broken ledger; 2 a mistake in the request or in a file;
    3 the store or a model cannot be used.
    """


def main() -> None:
    """Run the command line; errors are printed without a traceback."""
    slow_collector()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    status: Any = 0
    try:
        status = cli.main(prog_name="ferrata", standalone_mode=False)
        if sys.stdout is not None:  # it is None where the process was started without one
            sys.stdout.flush()
    except click.exceptions.Abort:
        _fail("interrupted", "", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FerrataError as error:
        _fail(error.message, error.hint, _status_of(error))
    except BrokenPipeError:
        _forget_output()
        sys.exit(status if isinstance(status, int) else 0)
    except (OSError, UnicodeEncodeError) as error:
        _fail_of_system(error)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _fail_of_system(error: OSError | UnicodeEncodeError) -> None:
    """Say what the system could not do; what is no matter of the user's is raised again."""
    if isinstance(error, UnicodeEncodeError):
        if error.reason != "surrogates not allowed":
            raise error
        # Bytes of the command line that are no UTF-8 can name a file, and are of use for nothing else.
        _fail(f"not UTF-8: {_short(error.object)!r}", "write the words of the command in UTF-8", 2)
    elif error.errno == errno.ENAMETOOLONG:
        _fail(f"the path is too long: {_short(str(error.filename))!r}", "", 2)
    elif error.errno in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EBADF):
        _forget_output()
        _fail(f"cannot write the output: {error.strerror}", "", 2)
    else:
        raise error


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _status_of(error: FerrataError) -> int:
    if isinstance(error, ModelError) or error.status == 503:
        return 3
    return 2 if isinstance(error, UsageError) or error.status in (404, 422) else 1


def _forget_output() -> None:
    """Whoever read the output is gone: what is left of it goes nowhere, also at the end of the process."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, hint: str, status: int) -> None:
    click.echo(f"ferrata: {printable(message)}", err=True)
    if hint:
        click.echo(f"hint: {printable(hint)}", err=True)
    sys.exit(status)
