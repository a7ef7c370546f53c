import os
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from ferrata.maturity.scan import engine
from ferrata.maturity.scan.engine import scan_repository
from ferrata.maturity.scan.packs import load_rules

TODAY = date(2026, 11, 23)
RULES = """
rules:
  - id: uses-openai
    llm: true
    message: imports openai
    literals: [openai]
    match: {code: {python: ["import openai", "from openai import $$$NAMES"]}}
    examples: {positive: [{path: a.py, text: "import openai"}], negative: [{path: a.py, text: "import os"}]}
  - id: has-dockerfile
    shows: {deployment.reproducible: 0.7}
    message: a Dockerfile
    match: {paths: ["**/Dockerfile"]}
    examples: {positive: [{path: Dockerfile}], negative: [{path: a.py}]}
  - id: greets
    shows: {monitoring.logged: -0.5}
    message: "greets {WHO}"
    where: [product]
    literals: [greet]
    match: {code: {python: ["greet($WHO)"]}}
    examples: {positive: [{path: a.py, text: "greet(x)"}], negative: [{path: a.py, text: "x"}]}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yaml").write_text(RULES)
    return load_rules([folder])


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "repo"
    for path, text in {
        "app/bot.py": "import openai\n\ngreet(user)\n",
        "tests/test_bot.py": "import openai\ngreet(test)\n",
        "Dockerfile": "FROM python:3.12\n",
        "README.md": "uses openai\n",
    }.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def seen(result):
    return [(f.rule, f.polarity, f.file, f.line, f.message) for f in result.findings]


EXPECTED = [
    ("has-dockerfile", "for", "Dockerfile", 1, "a Dockerfile"),
    ("greets", "against", "app/bot.py", 3, "greets user"),
]


def test_a_scan_sees_the_product_only(tree, rules):
    result = scan_repository(tree, rules, on=TODAY)
    assert result.llm_use
    assert result.llm_sites == ("app/bot.py:1",)
    assert seen(result) == EXPECTED
    assert (result.files, result.read, result.cached) == (4, 4, 0)


def test_no_llm_use_no_findings(tree, rules):
    (tree / "app/bot.py").write_text("greet(user)\n")
    result = scan_repository(tree, rules, on=TODAY)
    assert not result.llm_use
    assert result.findings == ()


def test_a_repository_of_examples_is_its_own_product(tree, rules):
    (tree / "app/bot.py").unlink()
    (tree / "examples").mkdir()
    (tree / "examples/chat.py").write_text("import openai\ngreet(user)\n")
    result = scan_repository(tree, rules, on=TODAY)
    assert result.llm_sites == ("examples/chat.py:1",)
    assert ("greets", "against", "examples/chat.py", 2, "greets user") in seen(result)


def test_one_example_in_a_product_without_llm_is_no_use(tree, rules):
    (tree / "app/bot.py").write_text("greet(user)\n")
    (tree / "app/more.py").write_text("x = 1\n")
    (tree / "examples").mkdir()
    (tree / "examples/chat.py").write_text("import openai\n")
    assert not scan_repository(tree, rules, on=TODAY).llm_use


def test_excluded_paths_are_passed_over(tree, rules):
    assert not scan_repository(tree, rules, on=TODAY, exclude=["app/**"]).llm_use


def age(tree):
    """Make files older than the file system clock's tick, as files of a checkout are."""
    for file in tree.rglob("*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))


def test_a_second_scan_reads_nothing_and_says_the_same(tree, rules, tmp_path):
    age(tree)
    cache = tmp_path / "scan.db"
    first = scan_repository(tree, rules, on=TODAY, cache=cache)
    second = scan_repository(tree, rules, on=TODAY, cache=cache)
    assert (first.cached, second.cached) == (0, 4)
    assert seen(second) == seen(first) == EXPECTED


def test_a_name_that_is_no_text_is_remembered_too(tree, rules, tmp_path):
    (tree / os.fsdecode(b"app/bad\xff.py")).write_text("greet(y)\n")
    age(tree)
    cache = tmp_path / "scan.db"
    first = scan_repository(tree, rules, on=TODAY, cache=cache)
    second = scan_repository(tree, rules, on=TODAY, cache=cache)
    assert second.cached == 5
    assert seen(second) == seen(first)


def test_the_same_content_at_another_time_is_not_read_again(tree, rules, tmp_path):
    age(tree)
    cache = tmp_path / "scan.db"
    scan_repository(tree, rules, on=TODAY, cache=cache)
    os.utime(tree / "app/bot.py", (1_600_000_000, 1_600_000_000))
    again = scan_repository(tree, rules, on=TODAY, cache=cache)
    assert again.cached == 4
    assert seen(again) == EXPECTED


def test_changed_files_are_read_again_even_within_one_tick(tree, rules, tmp_path):
    cache = tmp_path / "scan.db"
    scan_repository(tree, rules, on=TODAY, cache=cache)
    info = (tree / "app/bot.py").stat()
    (tree / "app/bot.py").write_text("import openai\n\ngreet(them)\n")
    os.utime(tree / "app/bot.py", ns=(info.st_atime_ns, info.st_mtime_ns))
    assert "greets them" in [f.message for f in scan_repository(tree, rules, on=TODAY, cache=cache).findings]


def test_a_removed_file_is_forgotten(tree, rules, tmp_path):
    age(tree)
    cache = tmp_path / "scan.db"
    scan_repository(tree, rules, on=TODAY, cache=cache)
    (tree / "app/bot.py").unlink()
    assert not scan_repository(tree, rules, on=TODAY, cache=cache).llm_use


def test_other_rules_read_again(tree, rules, tmp_path):
    age(tree)
    cache = tmp_path / "scan.db"
    scan_repository(tree, rules, on=TODAY, cache=cache)
    (tmp_path / "more").mkdir()
    (tmp_path / "more/rules.yaml").write_text(RULES.replace("greets {WHO}", "waves at {WHO}"))
    result = scan_repository(tree, load_rules([tmp_path / "more"]), on=TODAY, cache=cache)
    assert result.cached == 0
    assert "waves at user" in [f.message for f in result.findings]


@pytest.mark.parametrize("junk", [b"not a database at all, but long enough to be read as one" * 10, b""])
def test_a_broken_cache_is_no_error(tree, rules, tmp_path, junk):
    cache = tmp_path / "scan.db"
    cache.write_bytes(junk)
    assert seen(scan_repository(tree, rules, on=TODAY, cache=cache)) == EXPECTED


def test_a_cache_that_somebody_holds_is_no_error(tree, rules, tmp_path, monkeypatch):
    cache = tmp_path / "scan.db"
    scan_repository(tree, rules, on=TODAY, cache=cache)
    holder = sqlite3.connect(cache, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("ferrata.maturity.scan.cache.WAIT_SECONDS", 0.1)
    assert seen(scan_repository(tree, rules, on=TODAY, cache=cache)) == EXPECTED
    holder.close()


def test_a_cache_that_may_only_be_read_stays_as_it_is(tree, rules, tmp_path):
    age(tree)
    cache = tmp_path / "cache/scan.db"
    cache.parent.mkdir()
    assert scan_repository(tree, rules, on=TODAY, cache=cache, keep=False).cached == 0
    assert list(cache.parent.iterdir()) == []
    scan_repository(tree, rules, on=TODAY, cache=cache)
    (tree / "app/new.py").write_text("greet(me)\n")
    before = cache.read_bytes()
    result = scan_repository(tree, rules, on=TODAY, cache=cache, keep=False)
    assert (result.cached, result.read) == (4, 5)
    assert seen(result)[:2] == EXPECTED[:2]
    assert (cache.read_bytes(), list(cache.parent.iterdir())) == (before, [cache])


def test_a_folder_that_cannot_hold_a_cache_is_no_error(tree, rules, tmp_path):
    (tmp_path / "file").write_text("")
    assert seen(scan_repository(tree, rules, on=TODAY, cache=tmp_path / "file" / "scan.db")) == EXPECTED


def test_many_files_are_read_by_several_processes(tree, rules):
    for i in range(700):
        (tree / f"app/m{i}.py").write_text(f"import openai\ngreet(n{i})\n")
    alone = scan_repository(tree, rules, on=TODAY, workers=1)
    together = scan_repository(tree, rules, on=TODAY, workers=2)
    assert seen(alone) == seen(together)
    assert together.read == 704


def test_bad_files_cost_only_themselves(tree, rules):
    (tree / "app/binary.py").write_bytes(b"\0\1\2" * 100)
    (tree / "app/huge.py").write_bytes(b"x = 1\n" * 400_000)
    (tree / "app/broken.py").write_text("def (((:\n  import openai\n")
    (tree / "app/latin.py").write_bytes(b"# caf\xe9\ngreet(x)\n")
    (tree / "app/deep.py").write_text("openai = " + "(" * 50_000 + ")" * 50_000)
    (tree / os.fsdecode(b"app/bad\xff.py")).write_text("greet(y)\n")
    result = scan_repository(tree, rules, on=TODAY)
    assert {s.file: s.reason for s in result.skipped} == {
        "app/binary.py": "binary",
        "app/huge.py": "enormous (2,400,000 bytes; at most 1,500,000 of python are read)",
    }
    assert {f.message for f in result.findings if f.rule == "greets"} == {"greets user", "greets x", "greets y"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_files_are_named(tree, rules):
    (tree / "app/locked.py").write_text("x")
    (tree / "app/locked.py").chmod(0)
    assert ("app/locked.py", "cannot be read: Permission denied") in scan_repository(tree, rules, on=TODAY).skipped


def test_a_parser_that_dies_costs_one_file(tree, rules, monkeypatch):
    for i in range(400):
        (tree / f"app/m{i}.py").write_text("x = 1\n")
    (tree / "app/m77.py").write_text("kill the reader\n")
    monkeypatch.setattr(engine, "_read_batch", _die_on_word)
    result = scan_repository(tree, rules, on=TODAY, workers=2)
    assert [s for s in result.skipped] == [("app/m77.py", "the parser died on it")]
    assert seen(result) == EXPECTED


def _die_on_word(root, entries, _original=engine._read_batch):
    for entry in entries:
        if b"kill the reader" in Path(root, entry.path).read_bytes():
            os.kill(os.getpid(), 9)
    return _original(root, entries)


def test_nothing_of_the_repository_is_imported(tree, rules):
    (tree / "app/bot.py").write_text(
        "import openai\nopen('was-run', 'w')\nopenai.OpenAI().chat.completions.create(model='gpt-4o', messages=[])\n"
    )
    (tree / "conftest.py").write_text("open('was-run', 'w')\n")
    (tree / "sitecustomize.py").write_text("open('was-run', 'w')\n")
    code = (
        "import sys; from pathlib import Path; from datetime import date; from ferrata.maturity import built_in_rules, load_rules, scan_repository; "
        "print(scan_repository(Path('.'), load_rules([built_in_rules()]), on=date(2026, 11, 23)).llm_use)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tree, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    assert not (tree / "was-run").exists()
