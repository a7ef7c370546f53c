"""Whatever can be evaluated, by name: a prompt on a model, a flow, a model alone, a function in Python, a URL.

    prompts/support.prompty    prompt/support@production    flows/support    flow.dag.yaml
    model:fast                 src/bot.py:answer            package.module:answer     https://host/score

Knows no dataset and no evaluator.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBusy, ModelError, NotFound, UsageError
from ferrata.evals import Produced
from ferrata.runs import Threads
from ferrata.telemetry import add_usage, hear_busy, open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ferrata.evals import Target
    from ferrata.flows import LoadedFlow
    from ferrata.messages import ChatRequest, ChatResponse
    from ferrata.prompts import Prompt
    from ferrata.providers import ChatModel, HttpClient, Models, Price

__all__ = [
    "Around",
    "FlowTarget",
    "FunctionTarget",
    "ModelTarget",
    "PromptTarget",
    "UrlTarget",
    "load_function",
    "target_of",
    "values_of",
]

_CODE = re.compile(r"(?P<place>[^:]+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_][\w.]*)\Z")
_THREADS = 256


def digest_of(*parts: Any) -> str:
    """One digest over several values."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def values_of(output: Any) -> dict[str, Any]:
    """An output by names, the answer itself under `response`."""
    if not isinstance(output, Mapping):
        return {"response": output}
    values = dict(cast("Mapping[str, Any]", output))
    if "response" not in values:
        usual = next((name for name in ("answer", "output", "output_text", "result") if name in values), None)
        if usual is None and len(values) == 1:
            usual = next(iter(values))
        if usual is not None:
            values["response"] = values[usual]
    return values


@dataclass
class Asking:
    """Asks a model in a span, and counts what it took."""

    model: ChatModel
    price: Price | None = None

    async def ask(self, request: ChatRequest) -> ChatResponse:
        """The answer; raises as `ChatModel.chat`."""
        about: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": self.model.name}
        about["inputs"] = {"messages": [{"role": m.role, "content": m.text} for m in request.messages]}
        with open_span(f"chat {self.model.name}", "llm", about) as span:
            response = await self.model.chat(request)
            cost = None
            if response.usage is not None and self.price is not None:
                cost = 0.0 if response.cached else self.price.cost(response.usage)
            span.attributes |= {"gen_ai.response.model": response.model, "output": response.text}
            add_usage(response.usage, cost)
            return response


def _made(response: ChatResponse, answer: Any) -> Produced:
    values = values_of(answer)
    calls = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in response.message.tool_calls]
    if calls:
        values["tool_calls"] = calls
    if response.finish != "stop":
        values["finish"] = response.finish
    values.setdefault("response", response.text)
    return Produced(values)


@dataclass
class PromptTarget:
    """A prompt on a model."""

    prompt: Prompt
    asking: Asking
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer; a prompt that declares outputs gives them by name. Columns that it does not know are passed over."""
        from ferrata.prompts import answer_of, render_request

        names = self._names
        request = render_request(self.prompt, {name: inputs[name] for name in names if name in inputs})
        response = await self.asking.ask(request)
        answer = response.text if response.message.tool_calls else answer_of(self.prompt, response.text)
        return _made(response, answer)

    @property
    def _names(self) -> frozenset[str]:
        from ferrata.prompts import inputs_of

        if "_known" not in self.__dict__:
            self.__dict__["_known"] = frozenset(one.name for one in inputs_of(self.prompt))
        return cast("frozenset[str]", self.__dict__["_known"])


@dataclass
class ModelTarget:
    """A model alone: the row's `messages`, or its `query` as one message of the user."""

    asking: Asking
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer.

        Raises:
            UsageError: the row has neither.
        """
        from ferrata.messages import ChatRequest, Message

        messages = inputs.get("messages")
        if isinstance(messages, list):
            said = [_message(one) for one in cast("list[Any]", messages)]
        else:
            query = next((inputs[name] for name in ("query", "question", "input", "prompt") if name in inputs), None)
            if query is None:
                raise UsageError(f"a model alone needs a column 'query' or 'messages'; there is {', '.join(inputs)}")
            said = [Message("user", str(query))]
        response = await self.asking.ask(ChatRequest(said))
        return _made(response, response.text)


def _message(one: Any) -> Any:
    from ferrata.messages import Message

    if not isinstance(one, Mapping) or "role" not in one:
        raise UsageError(f"not a message: {one!r:.80}", hint="write {role: user, content: ...}")
    about = cast("Mapping[str, Any]", one)
    return Message(about["role"], str(about.get("content") or ""))


@dataclass
class FlowTarget:
    """A flow, line by line."""

    flow: LoadedFlow
    name: str
    digest: str

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """Its outputs by name.

        Raises:
            FlowError: the line failed.
            ModelBusy: it failed because a model was asked too often.
        """
        from ferrata.flows import FlowError

        refused: list[float | None] = []
        with hear_busy(refused.append, too=True):
            known = self.flow.flow.inputs
            result = await self.flow.line({name: inputs[name] for name in known if name in inputs} if known else inputs)
        if result.error is not None:
            error = result.error
            if refused:
                raise ModelBusy(error["message"], retry_after=refused[-1])
            raise FlowError((error["code"], *error.get("inner", ())), error["message"], hint=error.get("hint", ""))
        return Produced(values_of(result.output))


@dataclass
class FunctionTarget:
    """A function in Python; one that is not async runs in a thread."""

    function: Callable[..., Any]
    name: str
    digest: str
    takes: frozenset[str] | None = None
    threads: Threads = field(default_factory=partial(Threads, _THREADS))

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.function).parameters.values()
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            self.takes = frozenset(p.name for p in parameters if p.kind is not p.VAR_POSITIONAL)

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """What it returns: a text, or a dictionary of outputs; raises what it raises."""
        given = dict(inputs) if self.takes is None else {n: inputs[n] for n in self.takes if n in inputs}
        if inspect.iscoroutinefunction(self.function):
            found = await self.function(**given)
        else:
            found = await self.threads.run(partial(self.function, **given))
            if isinstance(found, Awaitable):
                found = await cast("Awaitable[Any]", found)
        return found if isinstance(found, Produced) else Produced(values_of(found))

    def close(self) -> None:
        """Let threads end; one that does not return is not waited for."""
        self.threads.close()


@dataclass
class UrlTarget:
    """An endpoint: the row's columns as JSON are posted to it, as to `/score`."""

    url: str
    http: HttpClient
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        self.name = self.url
        self.digest = ""  # what is behind it can change at any time

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The answer's JSON by name, or its text.

        Raises:
            ModelError: there is no answer, or not one of status 200.
        """
        from ferrata.providers import Timeouts

        answer = await self.http.post(
            self.url, dict(inputs), dict(self.headers), timeouts=Timeouts(total=3600), who=self.url
        )
        text = answer.body.decode("utf-8", "replace")
        if answer.status == 429:
            asked = answer.header("retry-after") or ""
            raise ModelBusy(f"{self.url} answered 429", retry_after=float(asked) if asked.isdecimal() else None)
        if answer.status != 200:
            raise ModelError(f"{self.url} answered {answer.status}: {text[:200]}")
        try:
            return Produced(values_of(json.loads(text)))
        except ValueError:
            return Produced({"response": text})


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


def load_function(text: str, root: Path) -> tuple[Any, str] | None:
    """What `path.py:name` or `package.module:name` names, and a digest of its file; None where the text is neither.

    The file's folder and the project's are importable while it loads, and stay so: it is the project's own code.

    Raises:
        NotFound: there is no such file, module or name.
        UsageError: it cannot be loaded.
    """
    match = _CODE.match(text)
    if match is None:
        return None
    place, name = match["place"], match["name"]
    try:
        module = _module_of_file(root / place) if place.endswith(".py") else _module_of_name(place, root)
    except (NotFound, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's code raises while it is loaded
        raise UsageError(f"{text}: cannot be loaded: {type(error).__name__}: {error}") from error
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise NotFound(f"{place!r} has no {name!r}")
    file = getattr(module, "__file__", None)
    return found, digest_of(text, Path(file).read_text(encoding="utf-8") if file else "")


def _module_of_file(path: Path) -> Any:
    path = path.resolve()
    if not path.is_file():
        raise NotFound(f"no such file: {str(path)!r}")
    known = f"_ferrata_{sha256(str(path).encode() + path.read_bytes()).hexdigest()[:12]}_{path.stem}"
    if known in sys.modules:
        return sys.modules[known]
    spec = util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"not a Python file: {str(path)!r}")
    module = util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    sys.modules[known] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[known]
        raise
    return module


def _module_of_name(name: str, root: Path) -> Any:
    if str(root.resolve()) not in sys.path:
        sys.path.insert(0, str(root.resolve()))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise NotFound(f"no module {name!r}", hint="name a file, as src/bot.py:answer") from None
        raise
