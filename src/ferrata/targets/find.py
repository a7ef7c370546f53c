"""The target of a name. Knows of a project what it is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError
from ferrata.targets.code import digest_of, load_function
from ferrata.targets.kinds import Asking, FlowTarget, FunctionTarget, ModelTarget, PromptTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from ferrata.evals import Target
    from ferrata.flows import LoadedFlow
    from ferrata.prompts import Prompt
    from ferrata.providers import Models

__all__ = ["Around", "target_of"]


@dataclass(frozen=True)
class Around:
    """What of a project targets are made of.

    Attributes:
        root: its folder.
        models: gives its models.
        declared: the names of those that `ferrata.yaml` declares.
        prompt: gives a prompt, by file or version.
        flow: gives a flow, by its folder or file.
    """

    root: Path
    models: Callable[[], Models]
    declared: Collection[str]
    prompt: Callable[[str], Prompt]
    flow: Callable[[str], LoadedFlow]


def target_of(project: Around, name: str, *, model: str | None = None) -> Target:
    """The target of a name; see the module.

    Raises:
        NotFound, UsageError, InvalidDocument, FlowError: there is none, or it is wrong.
    """
    root = project.root
    if name.startswith(("http://", "https://")):
        from ferrata.providers import HttpClient
        from ferrata.targets.urls import UrlTarget

        return UrlTarget(name, HttpClient())
    if name.startswith("model:"):
        chosen = name.removeprefix("model:")
        return ModelTarget(
            _asking(project.models(), chosen), name, digest_of("model", _about_model(project.models(), chosen))
        )
    if name.startswith("prompt/") or name.endswith(".prompty"):
        prompt = project.prompt(name)
        chosen = model or project.models().declared(prompt.model.name)
        about = _about_model(project.models(), chosen)
        content = [
            (root / file).read_text(encoding="utf-8", errors="replace") for file in prompt.files if not prompt.version
        ]
        digest = digest_of("prompt", prompt.text, content, prompt.version, about)
        return PromptTarget(prompt, _asking(project.models(), chosen), name, digest)
    if (found := load_function(name, root)) is not None:
        function, digest = found
        if not callable(function):
            raise UsageError(f"{name}: not a function: {function!r:.80}")
        return FunctionTarget(function, name, digest)
    loaded = project.flow(name)
    from ferrata.flows import digest_of_flow

    return FlowTarget(loaded, name, digest_of("flow", digest_of_flow(loaded.flow), _all_models(project)))


def _asking(models: Models, name: str | None) -> Asking:
    return Asking(models.chat(name), models.price(name))


def _about_model(models: Models, name: str | None) -> Any:
    return models.settings(name).model_dump(mode="json", include={"vendor", "model", "url", "wire", "parameters"})


def _all_models(project: Around) -> Any:
    """Which models a flow asks is for its code to say: any that the project declares may change what it gives."""
    return {name: _about_model(project.models(), name) for name in project.declared}
