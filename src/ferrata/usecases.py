"""Use cases of models: which declared model a gate or an evaluation asks, and what its requests are like. Asks nobody."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError, NotFound, UsageError
from ferrata.evals import definition_of, definitions_of
from ferrata.gates import gates_of
from ferrata.scouts import UseCase, Used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.app import App
    from ferrata.evals import EvalSettings
    from ferrata.evaluating import Evaluation
    from ferrata.messages import ChatRequest

__all__ = ["guessed_of", "requests_of", "use_case_of"]

_LOOKED_AT = 20
# Where nobody has measured: characters for each token, and tokens of an answer.
_CHARACTERS, _ANSWER = 4, 300


def use_case_of(app: App, name: str, *, model: str = "") -> UseCase:
    """A use case: a gate of that name, or an evaluation.

    Raises:
        NotFound: there is neither.
        UsageError: its target asks no model that the project declares.
    """
    gate = gates_of(app.settings).get(name)
    if gate is None and name not in definitions_of(app.settings):
        known = ", ".join(dict.fromkeys([*gates_of(app.settings), *definitions_of(app.settings)]))
        there = f"there is {known}" if known else "declare it under `gates` or `evals` in ferrata.yaml"
        raise NotFound(f"no gate and no evaluation {name!r}", hint=there)
    of = gate.eval if gate else name
    chosen = model or _model_of(app, name, definition_of(app.settings, of))
    declared = app.settings.file.models
    if not chosen:
        raise UsageError(f"{name}: its prompt names no model, and none is the default", hint="say it: --model NAME")
    if chosen not in declared:
        hint = "declare it under `models` in ferrata.yaml, so that a change of model is a change of one entry"
        raise UsageError(f"{name}: the model {chosen!r} is not one that the project declares", hint=hint)
    return UseCase(name, gate is not None, of, chosen, declared[chosen])


def _model_of(app: App, name: str, definition: EvalSettings) -> str:
    """The model that a target asks, by its name in the project, or as it is written."""
    target, declared = definition.target or "", app.settings.file.models
    if not target or ":" in target and not target.startswith("model:"):
        raise UsageError(
            f"{name}: its target, {target or 'none'!r}, is no prompt and no flow", hint="name another use case"
        )
    if target.startswith("model:"):
        return target.removeprefix("model:")
    usual = "default" if "default" in declared else next(iter(declared), "") if len(declared) == 1 else ""
    if target.startswith("prompt/") or target.endswith(".prompty"):
        prompt = app.prompt(target)
        return definition.model or app.models.declared(prompt.model.name) or usual or prompt.model.name
    loaded = app.flow(target)
    with ExitStack() as stack:
        if (close := getattr(loaded, "close", None)) is not None:
            stack.callback(close)
        nodes = getattr(loaded.flow, "nodes", None) or ()
        named = {one.connection for one in nodes if one.connection in declared}
    if len(named) == 1:
        return named.pop()
    if not usual or len(declared) > 1:
        raise UsageError(f"{name}: which model the flow {target!r} asks cannot be told", hint="name it: --model NAME")
    return usual


def requests_of(app: App, definition: EvalSettings, evaluation: Evaluation) -> list[ChatRequest]:
    """What the target asks for the first rows, where that can be seen: of a prompt."""
    from ferrata.messages import ChatRequest, Message
    from ferrata.prompts import inputs_of, render_request

    rows = [row.values for _, row in zip(range(_LOOKED_AT), evaluation.plan.rows, strict=False) if not row.problem]
    target, found = definition.target or "", list[ChatRequest]()
    if not (target.endswith(".prompty") or target.startswith("prompt/")):
        return [ChatRequest([Message("user", " ".join(map(str, row.values())))]) for row in rows]
    prompt = app.prompt(target)
    names = {one.name for one in inputs_of(prompt)}
    parameters = app.settings.file.models[definition.model or ""].parameters
    keys = ("temperature", "seed", "top_logprobs", "reasoning_effort", "max_tokens")
    usual = {key: value for key in keys if (value := getattr(parameters, key)) is not None}
    for row in rows:
        mapped = {name: _mapped(of, row) for name, of in definition.inputs.items()}
        given = {name: value for name, value in {**row, **mapped}.items() if name in names}
        with suppress(FerrataError):
            one = render_request(prompt, given)
            found.append(replace(one, **{key: value for key, value in usual.items() if getattr(one, key) is None}))
    return found


def _mapped(of: Any, row: Any) -> Any:
    if isinstance(of, str) and of.startswith("${data.") and of.endswith("}"):
        return row.get(of[len("${data.") : -1])
    return of


def guessed_of(requests: Sequence[ChatRequest]) -> Used:
    """What requests would take, by their length; nobody has measured it."""
    sizes = [sum(len(message.text) for message in one.messages) / _CHARACTERS for one in requests] or [0.0]
    answers = [one.max_tokens or _ANSWER for one in requests] or [_ANSWER]
    return Used(0, sum(sizes) / len(sizes), max(answers), round(max(sizes)) + max(answers))
