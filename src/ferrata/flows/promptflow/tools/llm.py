"""A model by whichever connection."""

from typing import Any

from ferrata.flows.calling import ask_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection
from ferrata.flows.contracts.types import PromptTemplate
from ferrata.flows.promptflow._core.tool import tool

__all__ = ["llm"]


@tool(streaming_option_parameter="stream")
def llm(
    connection: Any,
    prompt: PromptTemplate,
    api: str = "chat",
    deployment_name: str = "",
    model: str = "",
    temperature: float = 1.0,
    top_p: float = 1.0,
    stream: bool = False,
    stop: list[str] | None = None,
    max_tokens: int | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    logit_bias: dict[str, float] | None = None,
    tool_choice: object = None,
    tools: list[Any] | None = None,
    response_format: object = None,
    seed: int | None = None,
    suffix: str | None = None,
    logprobs: int | None = None,
    echo: bool = False,
    best_of: int = 1,
    **kwargs: Any,
) -> Any:
    """The answer to a prompt.

    Raises:
        InvalidConnectionType: the connection is of a kind that asks no model.
        WrappedOpenAIError: the model did not answer.
    """
    parameters: dict[str, Any] = {
        "temperature": temperature,
        "top_p": top_p,
        "stream": stream,
        "stop": stop,
        "max_tokens": max_tokens,
        "presence_penalty": presence_penalty,
        "frequency_penalty": frequency_penalty,
        "logit_bias": logit_bias,
    }
    if api == "completion":
        parameters |= {"suffix": suffix, "logprobs": logprobs, "echo": echo, "best_of": best_of}
    else:
        parameters |= {"tool_choice": tool_choice, "tools": tools, "response_format": response_format, "seed": seed}
    azure = isinstance(connection, AzureOpenAIConnection)
    if azure and api != "completion":
        parameters["n"] = 1
    return ask_now(connection, prompt, deployment_name if azure else model, kwargs, parameters, api=api, lists=azure)
