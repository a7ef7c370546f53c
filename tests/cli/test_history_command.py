from __future__ import annotations

import json

import pytest


@pytest.fixture
def three(project, ferrata):
    """Three assessments: as it was; with the model's name pinned; and with an answer."""
    bot = project / "bot.py"
    bot.write_text(bot.read_text().replace('"gpt-4o"', '"gpt-4o-2024-08-06"'))
    assert ferrata("assess", project).status == 0
    ferrata("answer", "--project", project, "safety.policy", "--value", "1", "--link", "https://x.example/")
    assert ferrata("assess", project).status == 0
    return project


def test_history_lists_the_newest_first(three, ferrata):
    rows = json.loads(ferrata("history", "--project", three, "--json").out)
    assert [row["seq"] for row in rows] == [3, 2, 1]
    lines = ferrata("history", "--project", three, "--limit", "2").out.splitlines()
    assert [line.split()[0] for line in lines] == [row["id"][:12] for row in rows[:2]]
    assert lines[0].endswith(f"level 1     score {rows[0]['score']}")


def test_nothing_yet(fresh, ferrata):
    said = "no assessments yet; make one with `ferrata assess`\n"
    assert ferrata("history", "--project", fresh) == (0, "", said)
    assert json.loads(ferrata("history", "--project", fresh, "--json").out) == []
    ran = ferrata("compare", "--project", fresh)
    assert (ran.status, ran.err) == (
        2,
        "ferrata: no assessment 'previous': there is none yet\nhint: make one with `ferrata assess`\n",
    )
    assert not (fresh / ".ferrata/ferrata.db").exists()


def test_one_cannot_be_compared(project, ferrata):
    ran = ferrata("compare", "--project", project)
    assert (ran.status, ran.err.splitlines()[0]) == (
        2,
        "ferrata: no assessment 'previous' of 'support-bot': there is only one",
    )


def test_compare_takes_ids_places_and_files(three, tmp_path, ferrata):
    third, second, first = (row["id"] for row in json.loads(ferrata("history", "--project", three, "--json").out))
    path = tmp_path / "first.json"

    def pair(*words):
        ran = ferrata("compare", "--project", three, "--json", *words)
        assert ran.status == 0, ran.err
        found = json.loads(ran.out)
        return found["a"], found["b"]

    assert pair() == pair("previous", "latest") == pair("-2", "-1") == pair("--", "-2") == (second, third)
    assert pair("-3") == pair(first) == pair(first[:8].upper(), third[:8]) == (first, third)
    assert ferrata("assess", three, "--no-save", "-o", path).status == 0
    assert pair("-3", path)[0] == first


def test_compare_says_what_changed_and_why(three, ferrata):
    lines = ferrata("compare", "--project", three, "-3", "-1").out.splitlines()
    assert " -> " in lines[0]
    assert lines[1].startswith("level 1 -> level 1, score ")
    change = lines.index("+ models.pinned: against -> met")
    why = [line for line in lines[change + 1 : change + 3] if line.startswith("    ")]
    assert (
        why[0] == "    no longer against: bot.py:31 gpt-4o is an alias that the provider may point to another version"
    )
    assert why[1].startswith("    now for: bot.py:31 gpt-4o-2024-08-06")
    assert ferrata("compare", "--project", three, "-1", "-1").out.splitlines()[-1] == "no practice changed its status"


@pytest.mark.parametrize("name", ["", "-9", "-0", "-\u00b2", f"-{'9' * 5000}", "zzz", "--jsn", "latest2", "%"])
def test_a_name_of_none_is_status_2(project, ferrata, name):
    ran = ferrata("compare", "--project", project, "--", name, "latest")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"ferrata: no assessment {name!r} of 'support-bot': there is only one\n")


def test_a_beginning_of_several_ids(three, ferrata, monkeypatch):
    import sqlite3

    with sqlite3.connect(three / ".ferrata/ferrata.db") as db:
        db.execute("UPDATE assessment SET id = 'abc' || id")
    db.close()
    ran = ferrata("compare", "--project", three, "ab")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "ferrata: 3 assessments have an id that begins with 'ab'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "at: missing"),
        ("[", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ("", "must be a mapping, not nothing"),
    ],
)
def test_a_file_that_is_no_assessment(project, tmp_path, ferrata, text, said):
    path = tmp_path / "a.json"
    path.write_text(text)
    ran = ferrata("compare", "--project", project, path)
    assert ran.status == 2
    assert ran.err.startswith(f"ferrata: {path}:")
    assert said in ran.err


def test_a_roadmap_has_an_order_and_an_end(project, ferrata):
    ran = ferrata("roadmap", project)
    lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert lines[0].startswith("1. ")
    assert lines[-1].startswith("5 steps of ")
    assert ferrata("roadmap", project, "--next", "1").out.splitlines()[-1].startswith("1 step of ")
    whole = json.loads(ferrata("roadmap", project, "--json", "--to", "2").out)
    assert [step["order"] for step in whole] == list(range(1, len(whole) + 1))
    assert ferrata("roadmap", project, "--to", "1").out == "level 1 is reached\n"


def test_a_roadmap_keeps_nothing(fresh, ferrata):
    assert ferrata("roadmap", fresh).status == 0
    assert not (fresh / ".ferrata/ferrata.db").exists()


def test_a_roadmap_without_llm_use(tmp_path, ferrata):
    ran = ferrata("roadmap", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("ferrata: no LLM use found, so there is nothing to climb\n")
    assert list(tmp_path.iterdir()) == []
