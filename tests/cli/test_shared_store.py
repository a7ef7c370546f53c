"""Projects that share a database, and databases that are shared with other programs."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from ferrata.app import open_app
from ferrata.errors import StoreUnavailable
from ferrata.maturity import Answer
from ferrata.store import Store


@pytest.fixture
def pair(tmp_path, database_url, monkeypatch):
    """The folders of two projects in one database, which is not in either."""
    monkeypatch.setenv("FERRATA_STORE", database_url)
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        folder.mkdir()
        (folder / "bot.py").write_text("import openai\nopenai.OpenAI().chat.completions.create(model='gpt-4o')\n")
    return folders


def evidence(assessment):
    return {p.id for p in assessment.practices if p.records}, {p.id for p in assessment.practices if p.answers}


def test_what_one_project_has_is_no_evidence_for_another(pair, ferrata):
    one, two = pair
    with open_app(one) as app:
        app.maturity.give_answers([Answer("safety.policy", "ann", 1.0)])
        app.ledger.append("limits.set", subjects=["endpoint/a"])
        records, answers = evidence(app.maturity.assess())
        assert records != set()
        assert answers == {"safety.policy"}
    with open_app(two) as app:
        assert app.maturity.answers() == []
        assert app.maturity.history() == []
        assert evidence(app.maturity.assess()) == (set(), set())
        assert len(app.maturity.history()) == 1
    listed = ferrata("ledger", "list", "--project", two).out.splitlines()
    assert [line.split("\t")[2:5] for line in listed] == [["two", "ann", "assessment.made"]]
    assert ferrata("ledger", "list", "--project", two, "--of", "one").out.count("\n") == 3
    assert ferrata("ledger", "list", "--project", two, "--all").out.count("\n") == 4
    assert ferrata("ledger", "verify", "--project", two).out.startswith("4 records verified")
    assert ferrata("compare", "--project", two).err.startswith("ferrata: no assessment 'previous' of 'two'")


def test_a_record_without_a_project_counts_for_each(pair):
    one, two = pair
    with open_app(one) as app:
        app.ledger.append("limits.set")
        with app.store.write() as connection:  # as it would be in a ledger from before projects were told apart
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
            else:
                connection.exec_driver_sql("ALTER TABLE ledger DISABLE TRIGGER USER")
            connection.exec_driver_sql("UPDATE ledger SET project = NULL")
    for folder in (one, two):
        with open_app(folder) as app:
            assert evidence(app.maturity.assess(save=False))[0] != set()


@pytest.mark.parametrize("name", ["ledger", "assessment", "answer"])
def test_a_table_of_another_program_is_left_alone(pair, database_url, ferrata, name):
    with Store.open(database_url) as other, other.write() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} (songs INTEGER)")
    with open_app(pair[0]) as app, pytest.raises(StoreUnavailable, match="nothing was written") as raised:
        app.maturity.history()
    assert name in raised.value.message
    with Store.open(database_url) as other, other.read() as connection:
        assert inspect(connection).get_table_names() == [name]
        assert [column["name"] for column in inspect(connection).get_columns(name)] == ["songs"]
    assert ferrata("history", "--project", pair[0]).status == 3
    assert ferrata("assess", pair[0]).status == 3


def test_what_is_kept_is_read_in_a_folder_that_cannot_be_written(open_path, read_only, ferrata):
    (open_path / "bot.py").write_text("import openai\nopenai.OpenAI().chat.completions.create(model='gpt-4o')\n")
    for _ in range(2):
        assert ferrata("assess", open_path).status == 0
    state = open_path / ".ferrata"
    commands = (["history"], ["compare"], ["ledger", "list"], ["ledger", "show", "1"], ["ledger", "verify"])
    writable = [ferrata(*command, "--project", open_path) for command in commands]
    assert [(ran.status, ran.err) for ran in writable] == [(0, "")] * len(commands)
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    with read_only(open_path, state):
        assert [ferrata(*command, "--project", open_path) for command in commands] == writable
        refused = ferrata("answer", "--project", open_path, "safety.policy", "--value", "1")
    assert (refused.status, refused.out) == (3, "")
    assert "readonly" in refused.err
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before
