"""`ferrata eval stats`, `compare` and `plan` over files of any tool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEFORE = [1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1]
AFTER = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1]


def write(path: Path, values: list[Any], *, first: int = 0) -> str:
    rows = [{"id": i, "score": value, "of": i // 3} for i, value in enumerate(values, first)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "a.jsonl", BEFORE), write(tmp_path / "b.jsonl", AFTER)


def test_compare_gives_effect_interval_test_and_power(files: tuple[str, str], ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "compare", *files, "--key", "id", "--score", "score", "--json")
    assert done.status == 0
    (found,) = json.loads(done.out)["metrics"]
    assert (found["metric"], found["n"], found["paired"]) == ("score", 12, True)
    assert found["difference"] == pytest.approx(3 / 12)
    assert found["test"] == "McNemar mid-p"
    # three pairs that differ, all to one side: exact 2 * 0.5 ** 3, less the half of the observed outcome on either side
    assert found["p_value"] == pytest.approx(0.125)
    assert found["interval"][0] < 0.25 < found["interval"][1]
    assert 0 < found["power"] < 1
    assert found["unpaired"]["paired"] is False
    assert found["unpaired"]["n"] == 24
    assert (found["better"], found["worse"], found["only_before"], found["only_after"]) == (3, 0, 0, 0)


def test_the_direction_decides_what_is_better(files: tuple[str, str], ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "compare", *files, "--lower-is-better", "--json")
    (found,) = json.loads(done.out)["metrics"]
    assert (found["better"], found["worse"], found["higher_is_better"]) == (0, 3, False)
    assert [one["key"] for one in found["changed"]] == ["2", "4", "7"]


def test_rows_that_are_not_the_same_are_compared_unpaired_and_it_says_so(
    tmp_path: Path, ferrata: Callable[..., Any]
) -> None:
    names = write(tmp_path / "a.jsonl", BEFORE), write(tmp_path / "b.jsonl", AFTER, first=100)
    done = ferrata("eval", "compare", *names)
    assert done.status == 0
    assert "The runs share no row" in done.out
    assert "12 rows only in" in done.out


def test_stats_gives_intervals_and_counts_what_is_missing(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    name = write(tmp_path / "a.jsonl", [*BEFORE, None, float("nan")])
    (found,) = json.loads(ferrata("eval", "stats", name, "--json").out)["metrics"]
    assert (found["n"], found["missing"], found["method"]) == (12, 2, "Wilson")
    assert found["interval"] == pytest.approx([0.3906, 0.8619], abs=1e-4)
    clustered = ferrata("eval", "stats", name, "--cluster", "of")
    assert "clusters" in clustered.out


def test_plan_says_how_many_rows_it_takes(files: tuple[str, str], ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "plan", *files, "--effect", "0.2", "--json")
    (found,) = json.loads(done.out)["plans"]
    assert (found["design"], found["rows"]) == ("paired", 12)
    assert found["rows_needed"] > 12
    assert 0 < found["power"] < 0.8 < 1
    # Cohen's d of 0.5, two-sided 5 %, power 80 %: 34 pairs (Cohen 1988, table 2.4.1 gives 33 for one sample)
    known = ferrata("eval", "plan", "--sd", "1", "--effect", "0.5", "--json")
    assert json.loads(known.out)["plans"][0]["rows_needed"] == 34


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "{a}", "missing.jsonl"), "no such file: 'missing.jsonl'"),
        (("compare", "{a}", "{b}", "--score", "quality"), "has no score in 'quality'; its columns are id, score, of"),
        (("stats", "{a}", "--key", "name"), "there is no 'name'"),
        (("stats", "{a}", "--bounds", "0", "0.5"), "score"),
        (("stats", "nothing"), "there is no run 'nothing'"),
        (("plan",), "give a pilot, or one of --sd, --discordance and --rate"),
        (("plan", "{a}", "--sd", "1"), "not both"),
        (("plan", "--sd", "1", "--power", "0.01"), "is no more than the error"),
        (("plan", "{a}", "--effect", "5"), "scores of 0 and 1 cannot differ by 5"),
        (("plan", "--discordance", "0.2", "--effect", "0.3"), "more than --discordance says"),
        (("plan", "--sd", "nan", "--effect", "1"), "must be numbers"),
    ],
)
def test_what_is_wrong_is_said(
    files: tuple[str, str], ferrata: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    given = [word.format(a=files[0], b=files[1]) for word in words]
    done = ferrata("eval", *given, "--project", str(tmp_path))
    assert done.status == 2
    assert message in done.err


def test_rows_that_all_differ_by_the_same_tell_nothing_of_how_rows_vary(
    tmp_path: Path, ferrata: Callable[..., Any]
) -> None:
    names = write(tmp_path / "a.jsonl", [0.5] * 20), write(tmp_path / "b.jsonl", [0.7] * 20)
    (found,) = json.loads(ferrata("eval", "compare", *names, "--json").out)["metrics"]
    assert (found["power"], found["smallest_detectable"]) == (None, None)
    assert "nothing varies in the pilot" in ferrata("eval", "plan", *names, "--effect", "0.1").out


def test_a_score_that_is_too_large_to_compute_with_is_named(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "stats", write(tmp_path / "a.jsonl", [1.0, 1e200]))
    assert done.status == 2
    assert "a.jsonl:2: score is 1e+200, too large to compute with" in done.err


def stats_of(tmp_path: Path, ferrata: Callable[..., Any], name: str, text: str, *options: str) -> Any:
    (tmp_path / name).write_bytes(text.encode())
    return ferrata("eval", "stats", str(tmp_path / name), *options)


def test_figures_follow_the_interval_and_the_confidence_is_told_whole(
    tmp_path: Path, ferrata: Callable[..., Any]
) -> None:
    lines = "".join(json.dumps({"id": n, "score": 1234567890 + n % 7}) + "\n" for n in range(40))
    done = stats_of(tmp_path, ferrata, "large.jsonl", lines, "--confidence", "0.999999999999")
    head, row = done.out.splitlines()[:2]
    assert "99.9999999999 % interval" in head
    mean, low, _, high = (word for word in row.split()[1:5])
    assert len({mean, low, high}) == 3
    assert float(low) < float(mean) < float(high)
    assert float(mean) == pytest.approx(1234567892.85, abs=0.1)
    done = ferrata("eval", "compare", str(tmp_path / "large.jsonl"), write(tmp_path / "small.jsonl", [5] * 40))
    assert "1234567892.88" in done.out.splitlines()[1].split()


@pytest.mark.parametrize(
    ("text", "options", "said", "hint"),
    [
        (
            '{"id": 1, "score": 1}\n{"id": 2, "score": 3}\n',
            ("--scale", "binary"),
            ":2: score is 3, and a binary",
            "ordinal",
        ),
        (
            '{"id": 1, "score": 1, "c": 1}\n{"id": 2, "score": 3}\n',
            ("--cluster", "c"),
            ":2: this row has no value in 'c'",
            "--cluster",
        ),
        ('{"id": 1, "score": 1}\n', ("--cluster", "c"), ":1: there is no 'c'; the columns are id, score", "--cluster"),
        ('{"id": 1, "score": NaN}\n', (), "has no score in 'score': it is empty in every row", "--score"),
        ('{"id": 1, "score": "0,5"}\n', (), "score is '0,5', which is no number", "write 0.5"),
        ('{"id": 1, "score": "1_000"}\n', (), "score is '1_000', which is no number", ""),
        ('{"id": 7, "score": 1}\n{"id": 7.0, "score": 0}\n', (), "id '7' stands already at", "--repeat"),
    ],
)
def test_a_row_that_is_wrong_is_named(
    tmp_path: Path, ferrata: Callable[..., Any], text: str, options: tuple[str, ...], said: str, hint: str
) -> None:
    done = stats_of(tmp_path, ferrata, "rows.jsonl", text, *options)
    assert (done.status, done.out) == (2, "")
    assert said in done.err and hint in done.err


def test_a_folder_is_no_run_and_no_file(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "stats", str(tmp_path), "--project", str(tmp_path))
    assert done.status == 2
    assert "is a folder, and neither a run nor a file of scores" in done.err


def test_bytes_that_windows_adds_are_no_part_of_a_name_or_a_score(tmp_path: Path, ferrata: Callable[..., Any]) -> None:
    done = stats_of(tmp_path, ferrata, "w.csv", "\ufeffid,score\r\n1,0.5\r\n2,0.75\r\n3,1\r\n")
    assert done.out.splitlines()[1].split()[:2] == ["score", "0.75"]


def test_a_difference_that_no_number_of_rows_shows_is_said(files: tuple[str, str], ferrata: Callable[..., Any]) -> None:
    done = ferrata("eval", "plan", files[0], "--effect", "1e-9")
    assert "no number of rows to see 1e-09 by: 10 million would not do" in done.out
