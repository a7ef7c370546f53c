"""Testing criteria of OpenAI's Evals as assertions, evaluators and judge prompts. Runs none of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.evals.importing.prompt_files import Turn, make_prompt, message_text, plain_variables
from ferrata.evals.importing.types import as_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.evals.importing.types import Imported

__all__ = ["Graders", "read_graders", "row_assertions"]

_ANSWER: Final = re.compile(r"\{\{\s*sample\.output_text\s*\}\}\Z")
_ITEM: Final = re.compile(r"\{\{\s*item\.([\w.-]+)\s*\}\}")
_ONE_ITEM: Final = re.compile(r"\{\{\s*item\.(\w+)\s*\}\}\Z")
_TEMPLATE: Final = re.compile(r"\{\{\s*(item|sample)\.([\w.-]+)\s*\}\}")
_CHECKS: Final = {"eq": "equals", "ne": "not-equals", "like": "contains", "ilike": "icontains"}
_MEASURES: Final[Mapping[str, dict[str, Any]]] = {
    "bleu": {"use": "bleu_score"},
    "gleu": {"use": "gleu_score"},
    "meteor": {"use": "meteor_score"},
    **{
        f"rouge_{n}": {"use": "rouge_score", "options": {"rouge_type": f"rouge{n.upper()}"}}
        for n in ("1", "2", "3", "4", "5", "l")
    },
}


@dataclass
class Graders:
    """What criteria become.

    Attributes:
        assertions: with templates of an item in them, for each row.
        evaluators: entries of an evaluation.
    """

    assertions: list[dict[str, Any]] = field(default_factory=list["dict[str, Any]"])
    evaluators: list[dict[str, Any]] = field(default_factory=list["dict[str, Any]"])


def read_graders(found: Imported, value: Mapping[str, Any], name: str) -> Graders:
    """The criteria of an eval; prompts of judges and code are put into `found`, and what is left is noted there."""
    graders = Graders()
    for one in cast("list[Any]", value.get("testing_criteria") or []):
        if isinstance(one, dict):
            _read(found, cast("dict[str, Any]", one), graders, name)
    return graders


def _read(found: Imported, one: dict[str, Any], graders: Graders, name: str) -> None:
    kind, label = str(one.get("type")), str(one.get("name") or one.get("type"))
    what = f"criterion {label!r} of {name!r}"
    if kind == "string_check":
        check = _CHECKS.get(str(one.get("operation")))
        if check is None or not _ANSWER.match(str(one.get("input", ""))):
            found.leave(
                what,
                f"it checks {one.get('input')!r} by {one.get('operation')!r}; only the answer's text is checked here",
            )
            return
        graders.assertions.append({"type": check, "value": str(one.get("reference", "")), "metric": label})
    elif kind == "text_similarity":
        _similarity(found, one, graders, what, label)
    elif kind in ("label_model", "score_model"):
        graders.evaluators.append(_judge(found, one, name, label))
    elif kind == "python":
        file = f"{name}-{as_name(label)}.py.txt"
        found.code[file] = str(one.get("source", ""))
        found.leave(
            what, f"it is code, which is not run; read it in evals/imported/{file} and make it an evaluator of yours"
        )
    else:
        found.leave(what, f"criteria of kind {kind!r} are not known here")


def _similarity(found: Imported, one: dict[str, Any], graders: Graders, what: str, label: str) -> None:
    measure, threshold = str(one.get("evaluation_metric")), one.get("pass_threshold")
    reference = _ONE_ITEM.match(str(one.get("reference", "")))
    if not _ANSWER.match(str(one.get("input", ""))) or reference is None:
        found.leave(what, "it does not compare the answer's text with one column of the data")
        return
    about = _MEASURES.get(measure)
    if about is None:
        found.leave(what, f"the measure {measure!r} is not computed here; `similarity` or `f1_score` may serve")
        return
    found.change(what, f"{measure!r} is computed by {about['use']!r}, whose numbers may differ a little from OpenAI's")
    entry = {**about, "name": as_name(label).replace("-", "_")} | (
        {"threshold": threshold} if threshold is not None else {}
    )
    graders.evaluators.append(
        {**entry, "map": {"response": "${target.response}", "ground_truth": f"${{data.{reference[1]}}}"}}
    )


def _judge(found: Imported, one: dict[str, Any], name: str, label: str) -> dict[str, Any]:
    """A judge: a prompt with the grader's messages, and how its answer is read."""
    prompt = f"{name}-{as_name(label)}"
    what = f"criterion {label!r} of {name!r}"
    turns = [
        Turn(str(message.get("role", "user")), message_text(found, what, message.get("content", "")))
        for message in cast("list[dict[str, Any]]", one.get("input") or [])
    ]
    labels = [str(text) for text in cast("list[Any]", one.get("labels") or [])]
    output: dict[str, Any] = {"name": "score", "kind": "float"}
    if one.get("type") == "label_model":
        output = {"name": "label", "kind": "string", "enumValues": labels}
    model = str(one.get("model") or "")
    settings = cast("dict[str, Any]", one.get("sampling_params") or {})
    found.prompts.append(
        make_prompt(
            found,
            prompt,
            turns,
            syntax="variables",
            model=f"openai:{model}" if model else "",
            options=settings,
            outputs=[output],
        )
    )
    takes: dict[str, str] = {}
    for turn in turns:
        for variable in plain_variables(turn.text):
            takes[variable] = "${target.response}" if variable.startswith("output_") else f"${{data.{variable}}}"
            if variable.startswith("output_") and variable != "output_text":
                found.change(what, f"`sample.{variable}` is the answer as it is")
    entry: dict[str, Any] = {"use": f"prompts/{prompt}.prompty", "name": as_name(label).replace("-", "_")}
    if labels:
        said = "\n".join(_TEMPLATE.sub(_in_words, turn.text) for turn in turns)
        found.change(
            what, f"asked in our own words around the grader's instructions; its prompt is prompts/{prompt}.prompty"
        )
        options = {"labels": labels, "passing": one.get("passing_labels") or [], "instructions": said}
        return {**entry, "use": "label", "options": options}
    if one.get("range"):
        low, high = (float(end) for end in one["range"])
        if low.is_integer() and high.is_integer():
            entry["options"] = {"low": int(low), "high": int(high)}
        else:
            found.change(
                what, f"scores from 1 to 5 in the place of {low:g} to {high:g}: only whole numbers are asked for"
            )
    if one.get("pass_threshold") is not None:
        entry["threshold"] = one["pass_threshold"]
    return {**entry, "map": takes}


def _in_words(template: re.Match[str]) -> str:
    """What stands in an instruction for a value of the row."""
    return "the response" if template[1] == "sample" else f"the {template[2]}"


def row_assertions(found: Imported, assertions: list[dict[str, Any]], item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The assertions with a row's values in the place of `{{item.x}}`."""

    def fill(match: re.Match[str]) -> str:
        value: Any = item
        for part in match[1].split("."):
            if not isinstance(value, dict) or part not in value:
                found.change(f"template {match[0]!r}", "some rows have no such column; it stays as it is there")
                return match[0]
            value = cast("dict[str, Any]", value)[part]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return [{**one, "value": _ITEM.sub(fill, one["value"])} for one in assertions]
