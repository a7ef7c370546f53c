"""The built-in judges that ask one question with one prompt, as data: what they need, their scale, when a row is none for them.

Names and inputs are those that azure-ai-evaluation made usual. The prompt of each lies in `prompts/NAME.prompty`. Knows no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ferrata.errors import NotFound
from ferrata.evals.judges.answers import Scale
from ferrata.prompts import read_prompt

if TYPE_CHECKING:
    from ferrata.prompts import Prompt

__all__ = ["SPECS", "JudgeSpec", "prompt_of", "judge_prompt_path"]

_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """A judge without its prompt and its model.

    Attributes:
        name: also of its measure and of its prompt.
        summary: what the score says, in a line.
        inputs: the ways to ask it: names of inputs, separated by spaces.
        shown: variables of the prompt that must not be empty.
        takes: further inputs, separated by spaces.
        scale: of the answer.
        threshold: at least this passes.
        agent: the response is shown with its tool calls and their results, not as what is said alone.
        only_with: the row is skipped where it has no tool `calls`, or no `results` of them.
        version: of what is done with the inputs; the prompt's text speaks for itself.
    """

    name: str
    summary: str
    inputs: tuple[str, ...]
    shown: str
    takes: str = ""
    scale: Scale = Scale(1, 5)
    threshold: float = 3
    agent: bool = False
    only_with: Literal["", "calls", "results"] = ""
    version: str = "1"

    @property
    def ways(self) -> tuple[frozenset[str], ...]:
        """The ways to ask it."""
        return tuple(frozenset(way.split()) for way in self.inputs)


_YES_NO: Final = Scale(0, 1)
_ASKED = ("query response", "conversation")


def _agent(name: str, summary: str, inputs: str, **more: object) -> JudgeSpec:
    known: dict[str, object] = {
        "takes": "tool_definitions",
        "scale": _YES_NO,
        "threshold": 1,
        "agent": True,
        "shown": "query response",
    }
    return JudgeSpec(name, summary, (inputs,), **(known | more))  # pyright: ignore[reportArgumentType]


_ALL: Final = (
    JudgeSpec(
        "groundedness",
        "what the response says follows from the context",
        ("response context", "query response tool_definitions", "conversation"),
        "response context",
        takes="query",
    ),
    JudgeSpec("relevance", "the response answers what was asked", _ASKED, "query response"),
    JudgeSpec("coherence", "the response hangs together and can be followed", _ASKED, "query response"),
    JudgeSpec("fluency", "the response is well written", ("response", "conversation"), "response"),
    JudgeSpec(
        "similarity",
        "the response says the same as the ground truth",
        ("query response ground_truth",),
        "query response ground_truth",
    ),
    JudgeSpec(
        "retrieval",
        "the context holds what the query needs, the best of it first",
        ("query context", "conversation"),
        "query context",
    ),
    JudgeSpec(
        "response_completeness",
        "the response has all that the ground truth has",
        ("response ground_truth",),
        "response ground_truth",
    ),
    JudgeSpec(
        "intent_resolution",
        "the response understands what the user wants, and serves it",
        ("query response",),
        "query response",
        takes="tool_definitions",
        agent=True,
    ),
    _agent("task_adherence", "the response does the task within its instructions", "query response"),
    _agent("task_completion", "what the user asked for is done at the end", "query response"),
    JudgeSpec(
        "tool_call_accuracy",
        "the tool calls are those that the query needs, with the right arguments",
        ("query tool_definitions tool_calls", "query tool_definitions response"),
        "query tool_definitions tool_calls",
        agent=True,
        only_with="calls",
    ),
    _agent(
        "tool_selection",
        "the right tools were called, and no needless ones",
        "query response tool_definitions",
        takes="tool_calls",
        shown="query tool_definitions tool_calls",
        only_with="calls",
    ),
    _agent(
        "tool_input_accuracy",
        "the arguments of the tool calls are right, and come from what is known",
        "query response tool_definitions",
        takes="tool_calls",
        shown="query tool_definitions tool_calls",
        only_with="calls",
    ),
    _agent(
        "tool_output_utilization",
        "the answer uses what the tools gave, and as they gave it",
        "query response",
        shown="query response tool_results",
        only_with="results",
    ),
    _agent(
        "tool_call_success",
        "every tool call ended without an error",
        "response",
        shown="tool_results",
        only_with="results",
    ),
)

SPECS: Final = {spec.name: spec for spec in _ALL}


def judge_prompt_path(name: str) -> Path:
    """The file of a built-in prompt.

    Raises:
        NotFound: there is none of that name.
    """
    path = _FOLDER / f"{name}.prompty"
    if not name.isidentifier() or not path.is_file():
        known = ", ".join(sorted(file.stem for file in _FOLDER.glob("*.prompty")))
        raise NotFound(f"no judge's prompt {name!r}", hint=f"there are {known}")
    return path


@cache
def prompt_of(name: str) -> Prompt:
    """A built-in prompt; raises as `judge_prompt_path`."""
    return read_prompt(judge_prompt_path(name))
