"""The written pipelines, run: their steps by bash in a project, with the variables that the forge would set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from forge_server import comments_served, environment_of

import ferrata
from ferrata.cli.main import cli
from ferrata.forges import FORGES

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[2] / "examples/support-bot"
PROJECT = """\
evals:
  support:
    target: shop.py:answer
    data: data.jsonl
    evaluators: [exact_match]
gates:
  support:
    eval: support
    rules: [{metric: exact_match, at_least: LIMIT}]
"""
CODE = 'def answer(question):\n    return "yes" if int(question) % 10 else "no"\n'
# 54 of 60 rows are right.
LIMITS = {"pass": 0.7, "fail": 0.99, "inconclusive": 0.9}
STATUS = {"pass": 0, "fail": 1, "inconclusive": 3}
PROMPT = "---\nname: ask\nmodel: {api: chat}\ninputs: {question: {type: string}}\n---\nsystem:\nAnswer.\n\nuser:\n{{question}}\n"

# With QUICKLY, an assessment only says what it was asked for and writes the file.
COMMAND = """\
#!/bin/sh
if [ "$1" = assess ] && [ -n "$QUICKLY" ]; then
  test -f "$2/bot.py" && echo "$@" >> "{log}" && touch "$4"
else
  exec "{python}" -m ferrata "$@"
fi
"""


class Step(NamedTuple):
    name: str
    script: str
    folder: str = "."


class Ran(NamedTuple):
    status: int
    output: str


def steps_of(forge: str, text: str) -> Iterator[Step]:
    """What a shell runs, without the installation."""
    found: Any = yaml.safe_load(text)
    if forge == "gitlab":
        for name, job in found.items():
            for part in ("script", "after_script"):
                for script in [] if name.startswith(".") else job.get(part, []):
                    yield Step(
                        name.removeprefix("ferrata-").replace("-", " ") if part == "script" else "comment", script
                    )
        return
    jobs = found["jobs"]["ferrata"] if forge == "github" else found["jobs"][0]
    for step in jobs["steps"]:
        script = step.get("run") or step.get("bash")
        name = str(step.get("name") or step.get("displayName")).lower()
        if script and name != "install":
            yield Step(name, script, step.get("working-directory") or step.get("workingDirectory") or ".")


def git(folder: Path, *words: str) -> None:
    who = {f"GIT_{who}_{what}": "ann@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **who}, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of a repository with the branch that is merged into, as a forge checks it out."""
    folder = tmp_path_factory.mktemp("steps")
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns(".ferrata", "__pycache__"))
    (source / "shop.py").write_text(CODE)
    (source / "ask.prompty").write_text(PROMPT)
    rows = [{"question": str(n), "ground_truth": "yes"} for n in range(60)]
    (source / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (source / "ferrata.yaml").write_text(PROJECT)
    git(source, "init", "-q", "-b", "main")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "Begin")
    git(folder, "clone", "-q", "--bare", str(source), "origin.git")
    git(folder, "clone", "-q", str(folder / "origin.git"), "checkout")
    return folder / "checkout"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With Ferrata's caches: the rules are read once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def environment(tmp_path: Path, home: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    command = programs / "ferrata"
    command.write_text(COMMAND.format(python=sys.executable, log=tmp_path / "assessed"))
    command.chmod(0o755)
    reports = {name: str(tmp_path) for name in ("RUNNER_TEMP", "AGENT_TEMPDIRECTORY")}
    return {
        **reports,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(Path(ferrata.__file__).parents[1]),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "LC_ALL": "C.UTF-8",
    }


def run_steps(forge: str, project: Path, environment: dict[str, str], verdict: str) -> dict[str, Ran]:
    (project / "ferrata.yaml").write_text(PROJECT.replace("LIMIT", str(LIMITS[verdict])))
    cli(["ci", "init", forge, "--project", str(project)], standalone_mode=False)
    found: dict[str, Ran] = {}
    for step in steps_of(forge, (project / FORGES[forge].file).read_text(encoding="utf-8")):
        done = subprocess.run(
            ["bash", "-e", "-c", step.script],
            cwd=project / step.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        found[step.name] = Ran(done.returncode, done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("forge", "verdict"), [("github", "fail"), ("gitlab", "inconclusive"), ("azure", "pass")])
def test_the_steps_run_report_and_stop_the_build_as_the_gate_says(
    forge: str, verdict: str, checkout: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    project = tmp_path / "project"
    shutil.copytree(checkout, project, symlinks=True)
    with comments_served() as there:
        environment |= environment_of(forge, there.url)
        environment |= {"CI_PROJECT_DIR": str(project), "QUICKLY": "" if forge == "github" else "1"}
        ran = run_steps(forge, project, environment, verdict)
        assert {name: one.status for name, one in ran.items()} == {
            "maturity": 0,
            "prompts": 0,
            "gate support": STATUS[verdict],
            "comment": 0,
        }, ran
        (comment,) = there.texts.values()
    reports = project / ".ferrata-reports" if forge == "gitlab" else tmp_path / "ferrata"
    assert comment == (reports / "gate-support.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- ferrata gate: support -->\n")
    assert json.loads((reports / "gate-support.json").read_text(encoding="utf-8"))["verdict"] == verdict
    names = {path.name for path in reports.iterdir()}
    assert names == {"maturity.html", "maturity.sarif", "prompts.sarif"} | {
        f"gate-support.{form}" for form in ("md", "xml", "sarif", "html", "json")
    }
    if forge != "github":
        base, page, last = [line.split() for line in (tmp_path / "assessed").read_text().splitlines()]
        assert last == [
            "assess",
            ".",
            "--output",
            str(reports / "maturity.sarif"),
            "--fail-on-drop",
            "--baseline",
            base[3],
        ]
        assert base[1].endswith("/tree") and page[3] == str(reports / "maturity.html")
    if forge == "github":
        assert "no earlier assessment" not in ran["maturity"].output
        assert "::error file=ferrata.yaml,line=9,title=gate support%3A fail::exact_match" in ran["gate support"].output
        assert (tmp_path / "summary.md").read_text(encoding="utf-8") == comment + "\n"
