"""Reviews as rows of data: what people are shown, to label elsewhere, and what they said. Knows no database and no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.reviews.progress import Decision
    from ferrata.reviews.types import Body, Item, Label, Review

__all__ = ["exported_row", "shown_row"]


def shown_row(item: Item, body: Body) -> dict[str, Any]:
    """What people are shown of an item, with its key: nothing of scores, of what others said, of why it was chosen."""
    found: dict[str, Any] = {"key": item.key, "inputs": dict(body.inputs)}
    for side, output in body.sides(swapped=item.swapped):
        found[f"output_{side.lower()}" if side else "output"] = dict(output)
    return found


def exported_row(review: Review, item: Item, body: Body, decision: Decision) -> dict[str, Any]:
    """A row with the label that holds; None, as `decided_by` is, where people differ and nobody has decided.

    Inputs are columns of their names; one that has the name of a column beside it becomes `inputs.NAME`. Of a pair,
    `response_a` is that of the review's run and `response_b` that of the other, and labels speak of these, whatever side
    they were shown on.
    """

    def value(label: str) -> str | int:
        return review.scale.value_of(review.scale.turned(label) if item.swapped else label)

    said = _outputs(body)
    about: dict[str, Any] = {
        "label": None if decision.settled is None else value(decision.settled),
        "decided_by": decision.by or None,
        "labels": {person: value(label.value) for person, label in decision.labels.items()},
        "chosen_by": item.chosen_by,
        "cause": _cause(decision),
        "comments": {label.person: label.comment for label in _all(decision) if label.comment},
        "run": review.source,
        "row": body.row,
        "repeat": body.repeat,
    }
    taken = {"key", *said, *about}
    inputs = {f"inputs.{name}" if name in taken else name: given for name, given in body.inputs.items()}
    return {"key": item.key, **inputs, **said, **about}


def _outputs(body: Body) -> dict[str, Any]:
    if body.other is None:
        found = dict(body.output)
        if "response" not in found:
            found["response"] = _main(found)
        if "context" not in found and "context" in body.inputs:
            found["context"] = body.inputs["context"]
        return found
    found = {"response_a": _main(body.output), "response_b": _main(body.other)}
    context = body.inputs.get("context", body.output.get("context"))
    return found if context is None else {**found, "context": context}


def _main(output: Mapping[str, Any]) -> Any:
    """What is rated of an output: its `response`, its `answer`, or its only value."""
    for name in ("response", "answer", "output"):
        if output.get(name) is not None:
            return output[name]
    return next(iter(output.values())) if len(output) == 1 else dict(output)


def _all(decision: Decision) -> list[Label]:
    return [*decision.labels.values(), *([decision.final] if decision.final else [])]


def _cause(decision: Decision) -> str:
    """The adjudicator's, or the first that was named with the label that holds, or else none."""
    labels = [decision.final] if decision.final else []
    labels += [label for label in decision.labels.values() if label.value == decision.settled]
    return next((label.cause for label in labels if label.cause), "")
