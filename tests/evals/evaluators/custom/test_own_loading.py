"""Evaluators in files of a project."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.evals import Score
from ferrata.evals.evaluators.custom import load_evaluator

if TYPE_CHECKING:
    from pathlib import Path

MINE = """
from dataclasses import dataclass
import ferrata as fr
from words import POLITE

@fr.evaluator(threshold=0.5)
def tone(response: str) -> float:
    return float(any(word in response for word in POLITE))

@dataclass
class Length:
    most: int = 3

    def __call__(self, response: str) -> bool:
        return len(response) <= self.most

LIMIT = 3
"""


def project(folder: Path, **files: str) -> Path:
    for name, text in {"evals__mine": MINE, "evals__words": "POLITE = ['please']\n", **files}.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def score(evaluator: Any, response: str) -> Score:
    return evaluator.score({"response": response})[0]


def test_a_file_and_a_name(tmp_path: Path) -> None:
    tone = load_evaluator("evals/mine.py:tone", project(tmp_path))
    assert score(tone, "yes please") == Score("tone", 1.0, True, 0.5)
    short = load_evaluator("evals/mine.py:Length", tmp_path, alias="short", threshold=1, most=4)
    assert score(short, "four") == Score("short", 1.0, True, 1.0)


def test_a_module_and_a_name(tmp_path: Path) -> None:
    text = (
        "from acme.inner import most\nclass Length:\n    def __call__(self, response): return len(response) <= most\n"
    )
    files = {"acme____init__": "", "acme__checks": text, "acme__inner": "most = 2\n"}
    length = load_evaluator("acme.checks:Length", project(tmp_path, **files))
    assert score(length, "abc") == Score("Length", 0.0, False)
    joined = load_evaluator("posixpath:basename", tmp_path, alias="installed")
    assert joined.needs == {"p"}


def test_two_projects_same_named_modules_do_not_meet(tmp_path: Path) -> None:
    one = project(tmp_path / "one")
    two = project(tmp_path / "two", evals__words="POLITE = ['merci']\n")
    path_before, modules_before = list(sys.path), set(sys.modules)
    polite = load_evaluator("evals/mine.py:tone", one)
    poli = load_evaluator("evals/mine.py:tone", two)
    again = load_evaluator("evals/mine.py:tone", one)
    assert [score(evaluator, "merci").value for evaluator in (polite, poli, again)] == [0.0, 1.0, 0.0]
    assert polite.digest == again.digest != poli.digest
    assert sys.path == path_before
    assert "words" not in sys.modules
    assert all(name.startswith("_ferrata_own_") for name in set(sys.modules) - modules_before)


def test_a_loaded_module_of_the_same_name_stays_for_others(tmp_path: Path) -> None:
    import wordllama_absent as before  # made by the fixture below

    text = "from wordllama_absent import WHOSE\ndef whose(response): return WHOSE\n"
    project(tmp_path, evals__whose=text, evals__wordllama_absent="WHOSE = 'mine'\n")
    assert score(load_evaluator("evals/whose.py:whose", tmp_path), "").label == "mine"
    assert sys.modules["wordllama_absent"] is before


@pytest.fixture(autouse=True)
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody else's module of a name that the project has as well."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "wordllama_absent.py").write_text("WHOSE = 'theirs'\n")
    monkeypatch.syspath_prepend(site)
    yield
    sys.modules.pop("wordllama_absent", None)


def test_the_digest_covers_what_the_file_imports_of_the_project(tmp_path: Path) -> None:
    before = load_evaluator("evals/mine.py:tone", project(tmp_path)).digest
    assert load_evaluator("evals/mine.py:tone", tmp_path).digest == before
    # Longer than it was: Python tells files apart by their size and the second in which they were written.
    (tmp_path / "evals/words.py").write_text("POLITE = ['thanks', 'many thanks']\n")
    tone = load_evaluator("evals/mine.py:tone", tmp_path)
    assert (score(tone, "thanks").value, tone.digest == before) == (1.0, False)


def test_the_digest_is_the_same_in_another_process(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nfrom ferrata.evals.evaluators.custom import load_evaluator\n"
        f"print(load_evaluator('evals/mine.py:Length', Path({str(tmp_path)!r}), most=4).digest)"
    )
    project(tmp_path)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == load_evaluator("evals/mine.py:Length", tmp_path, most=4).digest


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("evals/none.py:tone", "no file 'evals/none.py' in ", "write evals/FILE.py:NAME or PACKAGE.MODULE:NAME"),
        ("evals/mine.py:tome", "evals/mine.py has no 'tome'", "did you mean 'tone'?"),
        ("evals/mine.py:zzz", "evals/mine.py has no 'zzz'", "it has tone, Length"),
        ("evals/words.py:zzz", "evals/words.py has no 'zzz'", "it has no function and no class"),
        ("acme.none:tone", "no module 'acme.none' in ", "write evals/FILE.py:NAME or PACKAGE.MODULE:NAME"),
    ],
)
def test_what_is_not_there(tmp_path: Path, spec: str, message: str, hint: str) -> None:
    with pytest.raises(NotFound) as refused:
        load_evaluator(spec, project(tmp_path))
    assert refused.value.message.startswith(message)
    assert refused.value.hint == hint


@pytest.mark.parametrize("spec", ["tone", "evals/mine.py", "evals/mine.py:", "evals/mine:tone", "evals/mine.py:a b"])
def test_what_names_no_code(tmp_path: Path, spec: str) -> None:
    with pytest.raises(UsageError, match="not a place in code"):
        load_evaluator(spec, project(tmp_path))


def test_what_cannot_be_called(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="evaluator 'LIMIT' is 3, which cannot be called"):
        load_evaluator("evals/mine.py:LIMIT", project(tmp_path))


@pytest.mark.parametrize(
    ("text", "mistake", "hint"),
    [
        ("x = 1\ny = {}['k']\n", "evals/bad.py:2: KeyError: 'k'", ""),
        ("x = 1\ndef (:\n", "evals/bad.py:2: SyntaxError: invalid syntax (bad.py, line 2)", ""),
        (
            "import nosuch_ferrata\n",
            "evals/bad.py:1: ModuleNotFoundError: No module named 'nosuch_ferrata'",
            "install nosuch_ferrata in the environment that Ferrata runs in",
        ),
        ("\n\nraise SystemExit(3)\n", "evals/bad.py:3: SystemExit: 3", ""),
        ("import deeper\n", "evals/bad.py:1: ZeroDivisionError: division by zero", ""),
    ],
)
def test_code_that_raises_is_told_with_its_place(tmp_path: Path, text: str, mistake: str, hint: str) -> None:
    project(tmp_path, evals__bad=text, evals__deeper="\n1 / 0\n")
    modules_before = set(sys.modules)
    with pytest.raises(InvalidDocument) as refused:
        load_evaluator("evals/bad.py:tone", tmp_path)
    assert (refused.value.message, refused.value.hint) == (mistake, hint)
    assert set(sys.modules) == modules_before
