from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from hashlib import blake2b
from pathlib import Path

import pytest
import yaml

from ferrata.app import open_app
from ferrata.maturity import Assessment

BASE = {
    "id": "ours",
    "version": "1",
    "extends": "ferrata",
    "practices": [
        {
            "id": "models.owned-thing",
            "level": 1,
            "axis": "operational",
            "statement": "We own the thing.",
            "question": "Do you?",
            "answers": [{"value": 0, "text": "no"}, {"value": 1, "text": "yes"}],
            "why": "because",
            "how": {"without": "own it"},
            "effort": 1,
            "references": [{"title": "t", "url": "https://example.org/"}],
            "supports": {},
        }
    ],
}


def own_model(folder, **changes):
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump({**BASE, **changes}))
    return path


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_summary_names_level_and_report(project, ferrata):
    ran = ferrata("assess", project)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("support-bot: Level 1, initial: ")
    assert ran.out.endswith(f"\nReport: {project}/.ferrata/report.html\n")
    assert "<h1" in (project / ".ferrata/report.html").read_text()


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "support-bot: Level 1"),
        ("html", "<!doctype html>"),
        ("md", "## GenAIOps maturity: level 1"),
        ("json", '{\n  "format": "ferrata.assessment/1"'),
        ("sarif", '{\n  "$schema"'),
        ("svg", "<svg "),
    ],
)
def test_every_format_by_the_files_ending(assessed, tmp_path, ferrata, form, start):
    path = tmp_path / "new" / f"report.{form if form != 'text' else 'TXT'}"
    ran = ferrata("assess", assessed, "--no-save", "-o", path)
    assert ran == (0, "", f"written: {path}\n")
    assert path.read_text().startswith(start)


def test_a_format_on_standard_output(assessed, tmp_path, ferrata):
    ran = ferrata("assess", assessed, "--no-save", "--format", "markdown")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("## GenAIOps maturity: level 1")


def test_json_is_the_assessment(assessed, ferrata):
    found = Assessment.model_validate_json(ferrata("assess", assessed, "--no-save", "--json").out)
    assert (found.project, found.level, found.llm_use) == ("support-bot", 1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "pdf"], "no report format 'pdf'"),
        (["-o", "report.pdf"], "no report format 'pdf'"),
        (["-o", "report"], "no ending names the format of 'report'"),
        (["--json", "--format", "html"], "--json and --format html are two formats"),
        (["--baseline", "a.json"], "--baseline is of use with --fail-on-drop only"),
        (["--fail-on-drop", "--baseline", "nowhere.json"], "no such file: 'nowhere.json'"),
        (["--answers", "nowhere.yaml"], "no such file: 'nowhere.yaml'"),
        (["--model", "nowhere.yaml"], "no such file: 'nowhere.yaml'"),
        (["-o", "/dev/null/report.html"], "cannot write '/dev/null/report.html': "),
    ],
)
def test_a_wrong_request_is_status_2(fresh, ferrata, words, said):
    ran = ferrata("assess", fresh, *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"ferrata: {said}")
    # All but the file that cannot be written is known before the work is done.
    assert (fresh / ".ferrata/ferrata.db").exists() == ("/dev/null/report.html" in words)


@pytest.mark.parametrize("words", [["--format", "html"], ["--fail-on-drop", "--fail-under", "1", "-v"]])
def test_no_save_writes_nothing(fresh, project, ferrata, words):
    before = files_of(project)
    assert ferrata("assess", project, "--no-save", *words).status == 0
    assert files_of(project) == before


def test_no_save_makes_no_state(tmp_path, ferrata):
    (tmp_path / "a.txt").write_text("")
    assert ferrata("assess", tmp_path, "--no-save", "--fail-on-drop").status == 0
    assert files_of(tmp_path).keys() == {"a.txt"}


def test_answers_of_a_file_count_as_claims(assessed, tmp_path, ferrata):
    path = tmp_path / "answers.yaml"
    path.write_text("answers: {models.pinned: {ann: {value: 1, link: 'https://x.example/'}}}\n")
    found = json.loads(ferrata("assess", assessed, "--no-save", "--json", "--answers", path).out)
    assert found["answered"] == 1
    assert [(c["practice"], c["kind"]) for c in found["contradictions"]] == [("models.pinned", "claimed_but_against")]


def test_a_model_that_extends_is_what_the_report_shows(assessed, tmp_path, ferrata):
    model = own_model(tmp_path)
    found = json.loads(ferrata("assess", assessed, "--no-save", "--json", "--model", model).out)
    assert found["model"]["id"] == "ours"
    assert "models.owned-thing" in {p["id"] for p in found["practices"]}
    assert "We own the thing." in ferrata("assess", assessed, "--no-save", "--format", "html", "--model", model).out


def test_a_model_that_replaces_has_its_own_dimensions(assessed, tmp_path, ferrata):
    practice = BASE["practices"][0]
    model = own_model(
        tmp_path,
        extends=None,
        dimensions=[{"id": "only", "title": "The only one", "about": "all"}],
        bands=[{"level": n, "name": f"n{n}", "least": n - 1, "about": "b"} for n in (1, 2, 3, 4)],
        practices=[{**practice, "id": f"only.p{n}", "level": n} for n in (1, 2, 3, 4)],
    )
    ran = ferrata("assess", assessed, "--no-save", "--model", model)
    assert ran.out.startswith("support-bot: Level 1, n1: 0 of 4 points by evidence")
    assert "The only one" in ran.out
    steps = json.loads(ferrata("roadmap", assessed, "--model", model, "--json").out)
    assert [step["practice"] for step in steps] == ["only.p1", "only.p2", "only.p3", "only.p4"]


def test_fail_under(assessed, ferrata):
    assert ferrata("assess", assessed, "--no-save", "--fail-under", "1").status == 0
    ran = ferrata("assess", assessed, "--no-save", "--fail-under", "2")
    assert (ran.status, ran.err) == (1, "ferrata: level 1 is below 2\n")
    assert ran.out.startswith("support-bot: Level 1")


def test_without_llm_use_there_is_nothing_to_measure(tmp_path, ferrata):
    (tmp_path / "a.py").write_text("print(1)\n")
    ran = ferrata("assess", tmp_path, "--no-save", "--fail-under", "4", "--fail-on-drop")
    assert ran.status == 0
    assert ran.err == "ferrata: no LLM use found, so there is nothing to measure and no gate to fail\n"
    assert ran.out.startswith(f"{tmp_path.name}: No LLM use found: no level\n")


def test_fail_on_drop_compares_with_the_last_assessment(project, ferrata):
    assert ferrata("assess", project, "--fail-on-drop").status == 0
    with sqlite3.connect(project / ".ferrata/ferrata.db") as db:
        (text,) = db.execute("SELECT document FROM assessment ORDER BY seq DESC").fetchone()
        last = json.loads(text)
        db.execute("UPDATE assessment SET document = ? WHERE id = ?", (json.dumps({**last, "score": 20}), last["id"]))
    db.close()
    ran = ferrata("assess", project, "--fail-on-drop")
    assert ran.status == 1
    assert ran.err == f"ferrata: dropped from level 1, score 20, to level 1, score {last['score']}\n"


def test_fail_on_drop_compares_with_a_baseline(fresh, tmp_path, ferrata):
    assert (
        ferrata("assess", fresh, "--no-save", "--fail-on-drop").err
        == "ferrata: no earlier assessment to compare with\n"
    )
    baseline = tmp_path / "base.json"
    ferrata("assess", fresh, "--no-save", "-o", baseline)
    words = ("assess", fresh, "--no-save", "--fail-on-drop", "--baseline", baseline)
    assert (ferrata(*words).status, ferrata(*words).err) == (0, "")
    earlier = json.loads(baseline.read_text())
    earlier |= {"level": 3, "model": {**earlier["model"], "digest": "other"}}
    baseline.write_text(json.dumps(earlier))
    ran = ferrata(*words)
    assert ran.status == 1
    assert "made by another maturity model" in ran.err
    assert "dropped from level 3" in ran.err


def test_what_is_no_folder(tmp_path, ferrata):
    (tmp_path / "file").write_text("")
    assert ferrata("assess", tmp_path / "none").err == f"ferrata: no such folder: '{tmp_path}/none'\n"
    assert ferrata("assess", tmp_path / "file").err.startswith(f"ferrata: not a folder: '{tmp_path}/file'")
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare"], check=True)
    before = files_of(tmp_path)
    ran = ferrata("assess", tmp_path / "bare")
    assert ran.status == 2
    assert "is a bare git repository: it has no files to read" in ran.err
    for command in ("history", "compare"):
        assert ferrata(command, "--project", tmp_path / "none").status == 2
    assert files_of(tmp_path) == before


HOSTILE = ["a\nb.py", "q\"'<b>.py", "\x1b[31mred.py", "\u202egnp.py", os.fsdecode(b"bad\xff\xfe.py")]


def test_names_that_are_no_text_are_shown_as_escapes(fresh, tmp_path, ferrata):
    project = tmp_path / os.fsdecode(b"na\xffme?#%20")
    fresh.rename(project)
    for name in HOSTILE:
        (project / name).write_bytes((project / "bot.py").read_bytes())
    with open_app(project) as app:
        found = app.maturity.assess()
        for form in ("text", "html", "md", "json", "sarif"):
            text = app.maturity.report_formats()[form](found, app.maturity.model(), app.maturity.trend(found))
            text.encode()
            assert not ({"\x1b", "\u202e"} if form != "json" else {"\x1b"}) & set(text), form
            assert "bad" in text
    roadmap = ferrata("roadmap", project)
    assert (roadmap.status, roadmap.err) == (0, "")
    assert "\\x1b[31mred.py:" in roadmap.out
    assert len(ferrata("history", "--project", project).out.splitlines()) == 1


@pytest.mark.parametrize("kind", ["junk", "another program's"])
def test_a_database_that_is_none_of_ours_costs_the_history_only(fresh, ferrata, kind):
    file = fresh / ".ferrata/ferrata.db"
    if kind == "junk":
        file.write_bytes(b"this is no database at all, not even near")
    else:
        with sqlite3.connect(file) as db:
            db.execute("CREATE TABLE assessment (another_program INTEGER)")
        db.close()
    ran = ferrata("assess", fresh)
    assert ran.status == 3
    assert ran.out.startswith("support-bot: Level 1")
    assert ran.err.startswith("ferrata: no history and no ledger: ")
    assert ferrata("assess", fresh, "--no-save").status == 0
    for command in (["history"], ["compare"], ["answer", "models.pinned", "--value", "1"]):
        ran = ferrata(*command, "--project", fresh)
        assert (ran.status, ran.out) == (3, "")
        assert "hint: name another" in ran.err


def test_a_server_that_is_not_there(fresh, ferrata, monkeypatch):
    monkeypatch.setenv("FERRATA_STORE", "postgresql://u:hidden@127.0.0.1:1/x")
    ran = ferrata("assess", fresh)
    assert ran.status == 3
    assert ran.out.startswith("support-bot: Level 1")
    assert "postgresql://u:***@127.0.0.1:1/x" in ran.err
    assert "hidden" not in ran.err + ran.out
    assert ferrata("history", "--project", fresh).status == 3
    monkeypatch.setenv("FERRATA_STORE", "mysql://x")
    assert ferrata("assess", fresh).status == 2


def test_another_sqlite_file(fresh, tmp_path, ferrata, monkeypatch):
    monkeypatch.setenv("FERRATA_STORE", f"sqlite:///{tmp_path}/elsewhere.db")
    assert ferrata("assess", fresh, "--no-save").status == 0
    assert not (tmp_path / "elsewhere.db").exists()
    assert ferrata("assess", fresh).status == 0
    assert len(ferrata("history", "--project", fresh).out.splitlines()) == 1
    assert not (fresh / ".ferrata/ferrata.db").exists()


@pytest.mark.parametrize("name", ["report.html", ".gitignore", "ferrata.db", "scan.db", "rules.json", ""])
def test_links_in_the_state_are_not_followed(fresh, tmp_path, ferrata, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    state = fresh / ".ferrata"
    if name:
        (state / name).unlink(missing_ok=True)
        (state / name).symlink_to(outside / "precious")
    else:
        state.rename(tmp_path / "was")
        state.symlink_to(outside)
    ran = ferrata("assess", fresh)
    assert ran.out.startswith("support-bot: Level 1")
    assert "is a symbolic link" in ran.err
    assert ferrata("answer", "models.pinned", "--value", "1", "--project", fresh).status == 3
    assert files_of(outside).keys() == {"precious"}
    assert (outside / "precious").read_text() == "precious"


def test_state_that_came_with_the_repository_is_not_used(project, ferrata):
    for words in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", *words], cwd=project, check=True)
    before = files_of(project / ".ferrata")
    ran = ferrata("assess", project)
    assert ran.status == 3
    assert "is under version control, so it came with the repository" in ran.err
    assert files_of(project / ".ferrata") == before


def test_a_failed_write_costs_the_history_only(project, ferrata, monkeypatch):
    from ferrata.errors import StoreUnavailable
    from ferrata.maturity import MaturityRepo

    def full(*_):
        raise StoreUnavailable("cannot use the database: database or disk is full", hint="make room")

    monkeypatch.setattr(MaturityRepo, "add_assessment", full)
    ran = ferrata("assess", project, "--verbose")
    assert ran.status == 3
    assert "disk is full; make room" in ran.err
    assert "not kept: cannot use the database" in ran.out
    assert ferrata("ledger", "verify", "--project", project).out.startswith("1 record verified")


def test_a_folder_that_may_not_be_written(fresh, ferrata):
    shutil.rmtree(fresh / ".ferrata")
    if os.geteuid() == 0:  # who may write everywhere
        (fresh / ".ferrata").write_text("in the way")
    else:
        fresh.chmod(0o555)
    ran = ferrata("assess", fresh, "--fail-on-drop")
    assert ran.status == 0
    assert ran.out.startswith("support-bot: Level 1")
    assert f"no history and no ledger: cannot write '{fresh}/.ferrata': " in ran.err
    assert ran.err.endswith("; set FERRATA_STORE to a database elsewhere, or keep nothing with --no-save\n")
    fresh.chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
def test_an_app_that_is_closed_holds_no_database(project):
    def held():
        return [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink() and str(project) in os.readlink(fd)]  # noqa: PTH115

    with open_app(project) as app:
        assert len(app.maturity.history()) == 1
        assert held()
    assert not held()
    with open_app(project):
        pass  # closing what was never opened is nothing


def test_caches_lie_with_the_user_and_none_comes_with_the_repository(project, ferrata, cache_of_the_tests, tmp_path):
    name = blake2b(os.fsencode(project.resolve()), digest_size=16).hexdigest()
    assert ferrata("assess", project).status == 0
    own = cache_of_the_tests / f"ferrata/scan-{name}.db"
    assert own.is_file()
    assert names_in(project / ".ferrata") == [".gitignore", "ferrata.db", "report.html"]
    with sqlite3.connect(own) as db:
        db.execute("UPDATE fact SET facts = '[[],[],[],{},\"\"]'")
    db.close()
    elsewhere = tmp_path / "unpacked"
    shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns("ferrata.db*"))
    shutil.copy(own, elsewhere / ".ferrata/scan.db")
    assert ferrata("assess", elsewhere).out.startswith("unpacked: Level 1")
    assert not (elsewhere / ".ferrata/rules.json").exists()
    assert ferrata("assess", project).out.startswith("support-bot: No LLM use found")  # that one is believed


def test_without_saving_the_cache_is_read_and_left_alone(project, ferrata, cache_of_the_tests):
    folder = cache_of_the_tests / "ferrata"
    before = files_of(folder) if folder.is_dir() else {}
    assert json.loads(ferrata("assess", project, "--json", "--no-save").out)["scan"]["cached"] == 0
    assert (files_of(folder) if folder.is_dir() else {}) == before
    assert ferrata("assess", project).status == 0
    before = files_of(folder)
    scan = json.loads(ferrata("assess", project, "--json", "--no-save").out)["scan"]
    assert scan["cached"] == scan["read"] > 0
    assert files_of(folder) == before


def names_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm")))
