"""New prompts are worked examples: they render, have no findings and can be tested."""

from __future__ import annotations

import pytest

from ferrata.errors import UsageError
from ferrata.prompts import DIALECTS, lint_text, make_cases, new_prompt, parse_prompt, render_prompt, techniques

WANTED = {
    *("zero-shot", "few-shot", "cue", "delimiters", "decomposition", "chain-of-thought", "grounding", "out"),
    *("output-schema", "repetition", "self-check"),
}


def test_every_technique_is_there() -> None:
    assert set(techniques()) == WANTED


@pytest.mark.parametrize("technique", [None, *techniques()])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_scaffolds_run_as_they_are(technique: str | None, dialect: str) -> None:
    text = new_prompt("support", technique=technique, dialect=dialect)  # pyright: ignore[reportArgumentType]
    prompt = parse_prompt(text)
    assert (prompt.name, prompt.dialect) == ("support", dialect)
    messages = render_prompt(prompt)
    assert (messages[0].role, messages[-1].role) == ("system", "user")
    assert lint_text(text) == []
    assert {case.kind for case in make_cases(prompt)} == {"benign", "boundary", "adversarial"}


def test_the_techniques_do_what_they_say() -> None:
    made = {name: render_prompt(parse_prompt(new_prompt("x", technique=name))) for name in techniques()}
    assert [m.role for m in made["few-shot"]].count("assistant") == 3
    assert made["cue"][-1].text.endswith("- The customer wants")
    assert '<article id="returns">' in made["grounding"][-1].text
    assert "step by step" in made["chain-of-thought"][0].text
    assert "Before you answer" in made["self-check"][0].text
    assert made["repetition"][-1].text.rindex("Translate") > made["repetition"][-1].text.rindex("</description>")
    assert parse_prompt(new_prompt("x", technique="output-schema")).output is not None


def test_a_model_can_be_named() -> None:
    assert parse_prompt(new_prompt("x", model="gpt-4o-mini-2024-07-18")).model.name == "gpt-4o-mini-2024-07-18"


def test_an_unknown_technique_is_named_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match="no such technique: 'fewshot'") as error:
        new_prompt("x", technique="fewshot")
    assert error.value.hint == "did you mean 'few-shot'?"
