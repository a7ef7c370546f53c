"""A model that sees images."""

from typing import Any

from ferrata.flows.calling import ask_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection, OpenAIConnection
from ferrata.flows.contracts.tool_errors import InvalidConnectionType
from ferrata.flows.contracts.types import PromptTemplate
from ferrata.flows.promptflow._core.tool import tool

__all__ = ["llm_vision"]


@tool(streaming_option_parameter="stream")
def llm_vision(
    connection: AzureOpenAIConnection | OpenAIConnection,
    prompt: PromptTemplate,
    deployment_name: str = "",
    model: str = "",
    temperature: float = 1.0,
    top_p: float = 1.0,
    stream: bool = False,
    stop: list[str] | None = None,
    max_tokens: int | None = None,
    presence_penalty: float = 0,
    frequency_penalty: float = 0,
    seed: int | None = None,
    detail: str = "auto",
    **kwargs: Any,
) -> Any:
    """The answer to a chat prompt with `![image]({{name}})` in it.

    Raises:
        InvalidConnectionType: the connection is of another kind.
    """
    if not isinstance(connection, AzureOpenAIConnection | OpenAIConnection):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidConnectionType(
            message=f"Not Support connection type '{type(connection).__name__}' for llm. "
            "Connection type should be in [AzureOpenAIConnection, OpenAIConnection]."
        )
    parameters: dict[str, Any] = {
        "temperature": temperature,
        "top_p": top_p,
        "n": 1,
        "stream": stream,
        "stop": stop,
        "max_tokens": max_tokens,
        "presence_penalty": presence_penalty,
        "frequency_penalty": frequency_penalty,
        "seed": seed,
    }
    name = deployment_name if isinstance(connection, AzureOpenAIConnection) else model
    return ask_now(connection, prompt, name, kwargs, parameters, lists=True, images=True, detail=detail)
