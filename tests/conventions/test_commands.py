"""Every `ferrata ...` and `make ...` that is named anywhere exists, with its options."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
import yaml

import ferrata
from ferrata.cli.main import cli
from ferrata.maturity import built_in_model

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(ferrata.__file__).parent
ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
# Where a command ends within a line of shell.
END = {"|", "||", "&&", ";", ">", ">>", "<", "2>", "&", "#", ")"}


class Named(NamedTuple):
    """A command as it is named somewhere; `whole` where it is complete, and not only spoken of."""

    place: str
    words: tuple[str, ...]
    whole: bool


def words_of(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        return list(lexer)
    except ValueError:
        return line.split()


def commands_in(line: str) -> Iterator[list[str]]:
    """The arguments of each `ferrata` in a line of shell."""
    words = words_of(line)
    for i, word in enumerate(words):
        if word == "ferrata" or word.endswith("/ferrata"):
            before = words[i - 1] if i else ""
            runs = i == 0 or before in END | {"$", "run:", "script:", "-"} or "=" in before
            if runs or (before == "-m" and i > 1):
                yield until_end(words[i + 1 :])


def until_end(words: list[str]) -> list[str]:
    ends = [i for i, word in enumerate(words) if word in END or set(word) <= set("|&;<>")]
    return words[: ends[0]] if ends else words


def spans_in(text: str) -> Iterator[list[str]]:
    """The arguments of each `ferrata ...` between back-ticks; `a|b` stands for either."""
    for match in SPAN.finditer(text):
        words = match[1].split()
        if len(words) < 2 or words[0].rpartition("/")[2] != "ferrata" or "|" in words:
            continue
        many = next((word for word in words[1:] if "|" in word and not word.isupper()), None)
        for choice in many.split("|") if many else [""]:
            yield [choice if word == many else word for word in words[1:]]


def in_pages() -> Iterator[Named]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        place = page.relative_to(ROOT).as_posix()
        for match in FENCE.finditer(text):
            if match["language"] in ("console", "sh"):
                lines = match["text"].replace("\\\n", " ").splitlines()
            elif match["language"] == "yaml":
                lines = [line for value in scalars(yaml.safe_load(match["text"])) for line in value.splitlines()]
            else:
                continue
            for line in lines:
                shell = line.removeprefix("$ ")
                if match["language"] != "console" or line.startswith("$ "):
                    yield from (Named(place, tuple(words), True) for words in commands_in(shell))
        yield from (Named(place, tuple(words), False) for words in spans_in(FENCE.sub("", text)))


def scalars(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    elif isinstance(value, str):
        yield value


def in_practices() -> Iterator[Named]:
    for practice in built_in_model().practices:
        how = practice.how
        if how.ferrata:
            yield from (Named(practice.id, tuple(words), False) for words in commands_in(how.ferrata.strip("`")))
        yield from (Named(practice.id, tuple(words), False) for words in spans_in(how.without))


def in_source() -> Iterator[Named]:
    """Hints, help texts and docstrings."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                place = path.relative_to(ROOT).as_posix()
                yield from (Named(f"{place}:{node.lineno}", tuple(words), False) for words in spans_in(node.value))


def mistakes_of(words: tuple[str, ...], *, whole: bool) -> list[str]:
    """What is wrong with the arguments of `ferrata`."""
    command: click.Command = cli
    context = click.Context(cli, info_name="ferrata", **cli.context_settings)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        if rest[0] == "..." or rest[0].isupper():
            return []
        found = command.get_command(context, rest[0])
        if found is None:
            return [f"no command {rest[0]!r}"]
        context = click.Context(found, info_name=rest.pop(0), parent=context, **found.context_settings)
        command = found
    known = {name for p in command.get_params(context) for name in (*p.opts, *p.secondary_opts)}
    unknown = [word for word in rest if word.startswith("-") and not word[1:].isdigit()]
    unknown = [word for word in unknown if word.partition("=")[0].rstrip(".,") not in known]
    if unknown or not whole or isinstance(command, click.Group):
        return [f"no option {word!r} of {context.command_path!r}" for word in unknown]
    try:
        command.make_context(context.info_name, rest, parent=context.parent)
    except click.exceptions.Exit:
        return []
    except click.UsageError as error:
        return [error.format_message()]
    return []


def test_commands_are_named_at_all() -> None:
    assert {named.place for named in in_pages()} >= {"README.md", "docs/ci.md", "docs/ledger.md"}
    assert any(named.words[:2] == ("ledger", "verify") for named in in_practices())
    assert any(named.words[:2] == ("ledger", "list") for named in in_source())


@pytest.mark.parametrize("where", [in_pages, in_practices, in_source])
def test_every_command_that_is_named_exists(where) -> None:
    mistakes = {
        f"{named.place}: ferrata {' '.join(named.words)}: {mistake}"
        for named in where()
        for mistake in mistakes_of(named.words, whole=named.whole)
    }
    assert mistakes == set()


@pytest.mark.parametrize(
    ("line", "mistakes"),
    [
        ("assess --fail-under 2 .", 0),
        ("assess --fail-under 5 .", 1),
        ("assess --fail-undr 2", 1),
        ("asses", 1),
        ("ledger verify --expect 1:2", 0),
        ("ledger verifi", 1),
        ("answer --export", 1),
        ("compare -1 -2", 0),
        ("maturity", 0),
    ],
)
def test_the_check_of_commands_sees_what_is_wrong(line: str, mistakes: int) -> None:
    assert len(mistakes_of(tuple(line.split()), whole=True)) == mistakes


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ferrata assess --json > x.json", [["assess", "--json"]]),
        ("pip install ferrata", []),
        ("~/venv/bin/ferrata assess x && ferrata history", [["assess", "x"], ["history"]]),
        ("A=b ferrata history", [["history"]]),
        ("python -m ferrata assess", [["assess"]]),
        ("ferrata assess # the first", [["assess"]]),
        ("cd ferrata", []),
    ],
)
def test_the_search_for_commands_finds_them(line: str, found: list[list[str]]) -> None:
    assert list(commands_in(line)) == found


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for name in re.findall(r"^([a-z][\w-]*):(?!=)", text, re.MULTILINE)}


def test_make_help_lists_every_target() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in said.splitlines()} == targets()
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets()


def test_every_make_target_that_is_named_exists() -> None:
    named: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named |= {name for match in SPAN.finditer(text) for name in re.findall(r"^make ([a-z ]+)$", match[1])}
        for match in FENCE.finditer(text):
            if match["language"] in ("console", "sh"):
                named |= set(re.findall(r"^(?:\$ )?make ([a-z ]+?)(?= *(?:#|$))", match["text"], re.MULTILINE))
    assert {name for words in named for name in words.split()} - targets() == set()
