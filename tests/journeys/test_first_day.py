"""A team's first day with Ferrata, through the real command line, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/support-bot"


def test_first_day(tmp_path, database_url):
    project = tmp_path / "support-bot"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".ferrata", "__pycache__"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FERRATA_", "GIT_"))}
    environment["FERRATA_ACTOR"] = "ann"
    if database_url.startswith("postgres"):
        environment["FERRATA_STORE"] = database_url

    def ferrata(*words, typed="", status=0):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "ferrata", *words],
            cwd=project,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Warning" not in done.stderr
        return done.stdout

    # Where do we stand?
    first = ferrata("assess")
    assert first.startswith("support-bot: Level 1, initial: ")
    assert "No answers yet, so nothing is claimed" in first
    assert (project / ".ferrata/report.html").is_file()
    assert (project / ".ferrata/ferrata.db").is_file() == ("FERRATA_STORE" not in environment)

    # What a scan cannot see, two people say: one by one, and by a file.
    asked = ferrata("answer", "--next", "2", typed="4\nwritten down\nhttps://wiki.example/policy\nd\n\n")
    assert "2 answers kept." in asked
    (project / "answers.yaml").write_text("answers: {models.pinned: {bob: {value: 1, note: always}}}\n")
    assert ferrata("answer", "--file", "answers.yaml") == "1 answer taken from answers.yaml\n"

    # One thing is mended, one is claimed without being so.
    bot = project / "bot.py"
    bot.write_text(
        bot.read_text().replace('"gpt-4o"', 'os.environ["MODEL"]').replace("import json\n", "import json\nimport os\n")
    )
    second = json.loads(ferrata("assess", "--json", "--fail-on-drop"))
    assert second["answered"] == 2

    found = json.loads(ferrata("compare", "--json"))
    better = {change["practice"] for change in found["changes"] if change["after"] == "met"}
    assert better
    assert found["score"][1] == second["score"] >= found["score"][0]

    steps = json.loads(ferrata("roadmap", "--to", "2", "--json"))
    assert steps
    assert not better & {step["practice"] for step in steps}

    ferrata("assess", "--output", "report.html", "--fail-under", "4", status=1)
    page = (project / "report.html").read_text()
    assert "https://wiki.example/policy" in page
    assert "bob" in page

    # Everything is in the ledger, and the ledger holds.
    assert ferrata("ledger", "verify").startswith("6 records verified, head 6:")
    actions = [json.loads(line)["action"] for line in ferrata("ledger", "export").splitlines()]
    assert actions == ["assessment.made", *["answer.given"] * 3, *["assessment.made"] * 2]
    assert len(ferrata("history").splitlines()) == 3
