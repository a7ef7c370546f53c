"""Gates that a project declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.gates import changed_gate, gate_of, gates_of
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.settings import Settings

EVAL = "evals:\n  support:\n    data: rows.jsonl\n    evaluators: [f1_score]\n"
GATE = (
    EVAL
    + """gates:
  support:
    eval: support
    baseline: support-1
    rules:
    - {metric: f1_score, non_inferiority: 5%}
    - {metric: f1_score, superiority: true}
    - {metric: f1_score.f1, superiority: 0.1}
    - {metric: f1_score.f1.pass_rate, at_least: 0.9}
"""
)


def project(folder: Path, text: str) -> Settings:
    (folder / "ferrata.yaml").write_text(text)
    return load_settings(folder)


def test_rules_say_what_they_ask(tmp_path: Path) -> None:
    name, gate = gate_of(project(tmp_path, GATE))
    assert name == "support"
    assert [one.rule.text for one in gate.rules] == [
        "f1_score worse than the baseline by less than 5 %",
        "f1_score better than the baseline",
        "f1_score.f1 better than the baseline by more than 0.1",
        "f1_score.f1.pass_rate at least 0.9",
    ]
    assert (gate.alpha, gate.power, gate.correction, gate.inconclusive) == (0.05, 0.8, "holm", "fail")


@pytest.mark.parametrize(
    ("change", "line", "key", "problem"),
    [
        (("eval: support", "eval: other"), 7, "gates.support.eval", "'other' is no evaluation: there is support"),
        (("    baseline: support-1\n", ""), 6, "gates.support", "must have a `baseline`"),
        (("non_inferiority: 5%", "non_inferiority: 0"), 10, "gates.support.rules.0.non_inferiority", "more than 0"),
        (("non_inferiority: 5%", "non_inferiority: true"), 10, "gates.support.rules.0.non_inferiority", "more than 0"),
        (
            ("non_inferiority: 5%", "non_inferiority: 200%"),
            10,
            "gates.support.rules.0.non_inferiority",
            "less than 100",
        ),
        (("non_inferiority: 5%", "non_inferiority: five"), 10, "gates.support.rules.0.non_inferiority", "as 5%"),
        (("non_inferiority: 5%", "non_inferiority: .nan"), 10, "gates.support.rules.0.non_inferiority", "finite"),
        (("non_inferiority: 5%", "at_most: .inf"), 10, "gates.support.rules.0.at_most", "finite"),
        ((", non_inferiority: 5%", ""), 10, "gates.support.rules.0", "exactly one of superiority, non_inferiority"),
        (("5%}", "5%, at_least: 3}"), 10, "gates.support.rules.0", "there is non_inferiority and at_least"),
        (("    eval:", "    alpha: 0\n    eval:"), 7, "gates.support.alpha", "at least 1e-09"),
        (("    eval:", "    rows: 1\n    eval:"), 7, "gates.support.rows", "at least 2"),
        (("    eval:", "    inconclusive: extend\n    eval:"), 6, "gates.support", "with how many `rows`"),
        (("    eval:", "    sequential: true\n    cluster: a\n    eval:"), 6, "gates.support", "independent rows"),
        (("  support:\n    eval", "  ../x:\n    eval"), 6, "gates.../x", "is no name for a gate"),
    ],
)
def test_mistakes_have_file_line_and_key(
    change: tuple[str, str], line: int, key: str, problem: str, tmp_path: Path
) -> None:
    assert change[0] in GATE
    with pytest.raises(InvalidDocument) as raised:
        gates_of(project(tmp_path, GATE.replace(*change)))
    found = [(one.line, one.key) for one in raised.value.mistakes]
    assert (line, key) in found, raised.value.message
    assert problem in raised.value.message


def test_a_gate_without_rules_is_a_mistake_and_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = EVAL + "gates:\n  a:\n    eval: support\n    rules: []\n  b:\n    eval: support\n    rules: []\n"
    with pytest.raises(InvalidDocument) as raised:
        gates_of(project(tmp_path, text))
    assert [one.key for one in raised.value.mistakes] == ["gates.a.rules", "gates.b.rules"]


def test_a_gate_is_named_where_there_are_several(tmp_path: Path) -> None:
    assert gates_of(project(tmp_path, EVAL)) == {}
    with pytest.raises(NotFound, match="no gate is declared"):
        gate_of(load_settings(tmp_path))
    settings = project(tmp_path, GATE + GATE[GATE.index("  support:\n    eval") :].replace("  support:\n", "  b:\n"))
    with pytest.raises(UsageError) as which:
        gate_of(settings)
    assert which.value.hint == "name it: there is support, b"
    with pytest.raises(NotFound) as unknown:
        gate_of(settings, "c")
    assert unknown.value.hint == "there is support, b"


def test_what_the_caller_changes_is_checked_and_changes_the_digest(tmp_path: Path) -> None:
    _, gate = gate_of(project(tmp_path, GATE))
    assert changed_gate(gate, alpha=None).digest() == gate.digest()
    assert changed_gate(gate, alpha=0.1).digest() != gate.digest()
    with pytest.raises(UsageError, match="alpha"):
        changed_gate(gate, alpha=0.9)
