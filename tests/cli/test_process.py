"""What only a process of its own shows: exit statuses, closed pipes, signals, encodings, speed of help."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from terminals import typed_on_a_terminal

FERRATA = [sys.executable, "-m", "ferrata"]


def run(*words, **options):
    return subprocess.run([*FERRATA, *map(str, words)], capture_output=True, text=True, check=False, **options)


def started(*words):
    """A process in a session of its own, so that a signal reaches it and its children only."""
    return subprocess.Popen(
        [*FERRATA, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["asses"], 2),
        (["assess", "--nope"], 2),
        (["assess", "nowhere"], 2),
    ],
)
def test_exit_statuses_without_a_traceback(words, status):
    done = run(*words)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert (done.stdout != "") == (status == 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["asset", "list", "--project", "a" * 5_000], "the path is too long: 'aaa"),
        (["assess", "a" * 5_000], "aaa"),
        (["asset", "list", "--kind", b"\xff"], "no kind of an asset: "),
        (["ledger", "list", "--action", b"\xff"], "not UTF-8: "),
    ],
)
def test_words_that_the_system_cannot_use(words, said, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    assert run("asset", "register", "file/a", tmp_path / "a.txt", "--project", tmp_path).returncode == 0
    done = subprocess.run([*FERRATA, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    first = done.stderr.splitlines()[0]
    assert done.returncode == 2
    assert said in first
    assert len(first) < 200
    assert "Traceback" not in done.stderr


def test_help_loads_nothing_heavy():
    code = """
import sys
from ferrata.cli.main import _COMMANDS, cli
import click
for name in _COMMANDS:
    cli.get_command(click.Context(cli), name).get_help(click.Context(cli))
heavy = {"sqlalchemy", "pydantic", "yaml", "rich", "ast_grep_py", "jinja2", "pluggy"} & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ["prompt", "diff", "a.prompty", "b.prompty"],
        ["asset", "gc", "--dry-run"],
        ["asset", "diff", "prompt/a@1", "prompt/a@2"],
    ],
)
def test_a_project_file_that_was_read_before_takes_no_validation_library(tmp_path, words):
    (tmp_path / "ferrata.yaml").write_text("project: shop\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.prompty").write_text(f"---\nname: {name}\n---\nsystem:\nSay {name}.\n")
        assert run("asset", "register", "prompt/a", tmp_path / f"{name}.prompty", "--project", tmp_path).returncode == 0
    command = [FERRATA[0], "-X", "importtime", *FERRATA[1:], *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "ferrata.errors" in loaded
    assert not {"pydantic", "sqlalchemy"} & loaded


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["assess", "--no-save", "--verbose"], 0),
        (["assess", "--json"], 0),
        (["assess", "--verbose", "--fail-under", "4"], 1),
        (["ledger", "export", "--project"], 0),
    ],
)
def test_a_reader_that_is_gone_fails_no_gate(assessed, words, status):
    reader, writer = os.pipe()
    os.close(reader)
    words = [*words, assessed] if words[-1] == "--project" else [words[0], assessed, *words[1:]]
    done = subprocess.run([*FERRATA, *map(str, words)], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == status
    assert "Error" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["history", "--project"], ["assess", "--no-save"]])
def test_a_full_disk_behind_standard_output(assessed, words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*FERRATA, *words, assessed], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"ferrata: cannot write the output: {os.strerror(errno.ENOSPC)}\n")


def test_no_standard_output_at_all(assessed):
    words = " ".join([*FERRATA, "assess", "--json", "--no-save", str(assessed)])
    done = subprocess.run(["sh", "-c", f"{words} >&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_knows_ascii_only(project):
    (project / "café\u202e.py").write_bytes((project / "bot.py").read_bytes())
    bare = {name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME")} | {
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii",
    }
    done = subprocess.run([*FERRATA, "assess", project, "-v"], capture_output=True, env=bare, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"caf\\xe9\\u202e.py" in done.stdout


def test_no_git_no_home_no_user(project):
    (project / ".git").mkdir()
    done = run(
        "assess", project, "--format", "json", env={"PATH": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scan"]["commit"] is None


def many_files(folder):
    for i in range(40):
        (folder / f"m{i}.py").write_text(f"from openai import OpenAI\nx = {i}\n" + "def f(x):\n    return [x]\n" * 2000)
    return folder


def test_an_interrupted_assessment_keeps_nothing_half(fresh):
    ferrata = started("assess", many_files(fresh))
    time.sleep(0.7)
    os.killpg(ferrata.pid, signal.SIGINT)
    _, said = ferrata.communicate(timeout=60)
    # 0 where it was over already; Python itself dies of the signal where that comes in the middle of some imports.
    assert (ferrata.returncode, said.strip()) in (
        (130, "ferrata: interrupted"),
        (-signal.SIGINT, "ferrata: interrupted"),
        (0, ""),
    )


def test_killed_and_run_again(fresh):
    many_files(fresh)
    for seconds in (0.3, 0.9):
        ferrata = started("assess", fresh)
        time.sleep(seconds)
        os.killpg(ferrata.pid, signal.SIGKILL)
        ferrata.communicate()
    assert run("assess", fresh).returncode == 0
    rows = json.loads(run("history", "--project", fresh, "--json").stdout)
    verified = json.loads(run("ledger", "verify", "--project", fresh, "--json").stdout)
    assert verified["verified"]
    assert verified["count"] == len(rows) >= 1


def test_two_at_once_are_both_kept(fresh):
    pair = [started("assess", fresh, "--format", "svg") for _ in range(2)]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in pair]
    assert ends == [(None, "", 0)] * 2
    assert [row["seq"] for row in json.loads(run("history", "--project", fresh, "--json").stdout)] == [2, 1]
    assert run("ledger", "verify", "--project", fresh).stdout.startswith("2 records verified")


def test_answering_on_a_terminal_and_leaving_with_control_c(fresh):
    words = ["answer", "--project", str(fresh), "models.pinned"]
    status, screen = typed_on_a_terminal(
        words, [(b"answer> ", b"2\n"), (b"note (may be empty)> ", b"so far\n"), (b"(may be empty)> ", b"\x03")]
    )
    assert status == 0
    assert "[1/1] models.pinned (level 2)" in screen
    assert "1 answer kept." in screen
    status, screen = typed_on_a_terminal(words, [(b"answer> ", b"\x03")])
    assert status == 0
    assert "so far you say: 40%  so far" in screen
    assert "0 answers kept." in screen


def test_a_terminal_gets_colours_but_no_name_of_a_file_does(project):
    (project / "\x1b[35mpurple.py").write_bytes((project / "bot.py").read_bytes())
    status, screen = typed_on_a_terminal(["assess", str(project), "-v"], [])
    assert status == 0
    assert "\x1b[1m" in screen
    assert "\x1b[35mpurple" not in screen
    assert "\\u001b[35mpurple.py" in screen.replace("\n", "")


def test_the_collector_looks_rarely_while_a_command_loads():
    code = """
import gc, sys
from ferrata.cli import main
sys.argv = ["ferrata", "--version"]
try:
    main()
finally:
    print(gc.isenabled(), gc.get_threshold()[0] > 10_000)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"
