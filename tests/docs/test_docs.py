"""What the pages say is true: every code block runs, every link leads somewhere, the references are not stale.

The blocks of a page are run in their order in one copy of the example project, which is a git repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import yaml
from blocks import Block, anchors_of, blocks_of, commands_of, links_of, shows

from ferrata.datasets import read_description
from ferrata.documents import read_document
from ferrata.evals import import_promptfoo, read_rubric
from ferrata.flows import read_flow, read_run_file
from ferrata.maturity import check_examples, load_model, load_rules, read_answers
from ferrata.maturity.scan.workflows import is_workflow, read_steps
from ferrata.settings import ProjectFile

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs/design").glob("*.md"))
GENERATED = sorted((ROOT / "docs/reference").glob("*.md"))
LANGUAGES = {"console", "sh", "python", "yaml", "toml", "text"}
TODAY = date(2026, 11, 23)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


class Session:
    """A page's copy of the example project, and the environment that its blocks run in."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "support-bot"
        shutil.copytree(
            ROOT / "examples/support-bot",
            self.project,
            ignore=shutil.ignore_patterns(".ferrata", "__pycache__"),
        )
        programs = Path(sys.executable).parent
        self.environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(self.project),
            "FERRATA_ACTOR": "ann",
            "COLUMNS": "200",
            "LC_ALL": "C.UTF-8",
            **{f"GIT_{who}_{what}": "ann@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
            self.run(["git", *words], shell=False)

    def run(self, command: str | list[str], *, shell: bool = True) -> tuple[int, str]:
        done = subprocess.run(
            command,
            shell=shell,
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout

    def write(self, block: Block) -> Path:
        assert block.file is not None
        path = self.project / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return path

    def console(self, block: Block) -> Iterator[str]:
        for command in commands_of(block.text):
            status, output = self.run(command.text)
            if status != command.status:
                yield f"$ {command.text}\nexits with {status}, not {command.status}:\n{output}"
            elif command.output.strip() and not shows(command.output, output):
                yield f"$ {command.text}\nprints:\n{output}\nand not:\n{command.output}"

    def python(self, block: Block) -> Iterator[str]:
        if block.file is not None:
            self.write(block)
            if block.file.startswith("flows/"):  # the blocks that run the flow run it
                return
        status, output = self.run([sys.executable, "-c", block.text], shell=False)
        if status != 0:
            yield output

    def yaml(self, block: Block) -> Iterator[str]:
        file = block.file
        if file is None:
            yield "a yaml block begins with `# PATH`"
            return
        if is_workflow(file):
            yield from workflow_mistakes(file, block.text)
            return
        path = self.write(block)
        if file == "ferrata.yaml":
            read_document(path, ProjectFile)
        elif file.startswith("maturity/rules/"):
            yield from check_examples(load_rules([path.parent]), on=TODAY)
        elif file == "maturity/model.yaml":
            load_model(path)
        elif file.startswith("flows/"):
            read_flow(path)
        elif file.endswith(".dataset.yaml"):
            read_description(path)
        elif file.startswith("runs/"):
            assert not read_run_file(path).notices
        elif file.startswith("rubrics/"):
            read_rubric(path)
        elif file == "maturity/answers.yaml":
            read_answers(path, load_model(None))
        elif file == "promptfooconfig.yaml":
            assert import_promptfoo(path).data
        else:
            yield f"nobody knows how to check {file}"


def workflow_mistakes(file: str, text: str) -> Iterator[str]:
    """A vendor's workflow cannot run here; it is read as the scanner reads it."""
    assert isinstance(yaml.safe_load(text), dict)
    steps = [step for step in read_steps(file, text) if "ferrata assess" in step.run]
    if not steps:
        yield "no step runs `ferrata assess`"
    for step in steps:
        if "--fail-" in step.run and not step.can_fail:
            yield f"line {step.line}: the gate cannot fail the build"


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks_of(read(p))], ids=name_of)
def test_every_block_runs(page: Path, tmp_path: Path) -> None:
    session = Session(tmp_path)
    problems: list[str] = []
    for block in blocks_of(read(page)):
        assert block.language in LANGUAGES, f"{name_of(page)}:{block.line}: no such language {block.language!r}"
        found: list[str] = []
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language not in ("sh", "text"):
            found = list(getattr(session, block.language)(block))
        problems += [f"{name_of(page)}:{block.line}: {problem}" for problem in found]
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", *GENERATED], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken: list[str] = []
    for target in links_of(read(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / unquote(path)).resolve() if path else page
        if not file.exists() or not file.is_relative_to(ROOT):
            broken.append(f"{target}: no such file")
        elif anchor and anchor not in anchors_of(read(file)):
            broken.append(f"{target}: no such heading")
    assert not broken


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    todo = list(reached)
    while todo:
        page = todo.pop()
        for target in links_of(read(page)):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists() and file not in reached:
                reached.add(file)
                todo.append(file)
    assert {name_of(page) for page in {*PAGES, *GENERATED, ROOT / "CHANGELOG.md"} - reached} == set()


def test_the_references_are_not_stale() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_picture_is_small_enough_to_load() -> None:
    picture = ROOT / "docs/images/report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a b", "a   b\n", True),
        ("a ... c", "a b c", True),
        ("a ... c", "a b d", False),
        ("...\nc", "a\nb\nc\n", True),
        ("...\nc\n...", "a\nb\nc\nd\n", True),
        ("...\nc", "a\nc\nd\n", False),
        ("a", "a\nb\n", False),
        ("level 1 (2)", "level 1 (3)", False),
    ],
)
def test_outputs_are_compared(expected: str, actual: str, *, same: bool) -> None:
    assert shows(expected, actual) is same


def test_commands_know_their_exit_status() -> None:
    (first, second) = commands_of("$ ferrata assess\nout\n$ ferrata assess --fail-under 4  # exits with 1\n")
    assert (first.text, first.status, first.output) == ("ferrata assess", 0, "out\n")
    assert (second.text, second.status) == ("ferrata assess --fail-under 4", 1)
