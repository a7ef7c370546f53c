"""Models of Azure's OpenAI service: chat and completion, with promptflow-tools' signatures."""

from typing import Any

from ferrata.flows.calling import ask_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection
from ferrata.flows.contracts.types import PromptTemplate
from ferrata.flows.promptflow._core.tool import ToolProvider, tool

__all__ = ["AzureOpenAI", "chat", "completion"]


class AzureOpenAI(ToolProvider):
    """The tools of one connection."""

    def __init__(self, connection: AzureOpenAIConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def completion(
        self,
        prompt: PromptTemplate,
        deployment_name: str,
        suffix: str | None = None,
        max_tokens: int = 16,
        temperature: float = 1.0,
        top_p: float = 1.0,
        n: int = 1,
        stream: bool = False,
        logprobs: int | None = None,
        echo: bool = False,
        stop: list[str] | None = None,
        presence_penalty: float | None = None,
        frequency_penalty: float | None = None,
        best_of: int = 1,
        logit_bias: dict[str, float] | None = None,
        user: str = "",
        **kwargs: Any,
    ) -> Any:
        """The text that continues a prompt."""
        parameters: dict[str, Any] = {
            "suffix": suffix,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "n": n,
            "stream": stream,
            "logprobs": logprobs,
            "echo": echo,
            "stop": stop,
            "presence_penalty": presence_penalty,
            "frequency_penalty": frequency_penalty,
            "best_of": best_of,
            "logit_bias": logit_bias,
            "user": user,
        }
        return ask_now(self.connection, prompt, deployment_name, kwargs, parameters, api="completion")

    @tool
    def chat(
        self,
        prompt: PromptTemplate,
        deployment_name: str,
        temperature: float = 1.0,
        top_p: float = 1.0,
        n: int = 1,
        stream: bool = False,
        stop: list[str] | None = None,
        max_tokens: int | None = None,
        presence_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: dict[str, float] | None = None,
        user: str = "",
        function_call: object = None,
        functions: list[Any] | None = None,
        tool_choice: object = None,
        tools: list[Any] | None = None,
        response_format: object = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """The answer to a chat prompt; the whole message where tools or functions are given."""
        parameters: dict[str, Any] = {
            "temperature": temperature,
            "top_p": top_p,
            "n": n,
            "stream": stream,
            "stop": stop,
            "max_tokens": max_tokens,
            "presence_penalty": presence_penalty,
            "frequency_penalty": frequency_penalty,
            "logit_bias": logit_bias,
            "user": user,
            "function_call": function_call,
            "functions": functions,
            "tool_choice": tool_choice,
            "tools": tools,
            "response_format": response_format,
            "seed": seed,
        }
        return ask_now(self.connection, prompt, deployment_name, kwargs, parameters, lists=True)


@tool
def completion(
    connection: AzureOpenAIConnection,
    prompt: PromptTemplate,
    deployment_name: str,
    suffix: str | None = None,
    max_tokens: int = 16,
    temperature: float = 1.0,
    top_p: float = 1.0,
    n: int = 1,
    stream: bool = False,
    logprobs: int | None = None,
    echo: bool = False,
    stop: list[str] | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    best_of: int = 1,
    logit_bias: dict[str, float] | None = None,
    user: str = "",
    **kwargs: Any,
) -> Any:
    """The text that continues a prompt."""
    return AzureOpenAI(connection).completion(
        prompt=prompt,
        deployment_name=deployment_name,
        suffix=suffix,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        n=n,
        stream=stream,
        logprobs=logprobs,
        echo=echo,
        stop=stop,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
        best_of=best_of,
        logit_bias=logit_bias,
        user=user,
        **kwargs,
    )


@tool
def chat(
    connection: AzureOpenAIConnection,
    prompt: PromptTemplate,
    deployment_name: str,
    temperature: float = 1.0,
    top_p: float = 1.0,
    n: int = 1,
    stream: bool = False,
    stop: list[str] | None = None,
    max_tokens: int | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    logit_bias: dict[str, float] | None = None,
    user: str = "",
    function_call: object = None,
    functions: list[Any] | None = None,
    tool_choice: object = None,
    tools: list[Any] | None = None,
    response_format: object = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Any:
    """The answer to a chat prompt; the whole message where tools or functions are given."""
    return AzureOpenAI(connection).chat(
        prompt=prompt,
        deployment_name=deployment_name,
        temperature=temperature,
        top_p=top_p,
        n=n,
        stream=stream,
        stop=stop,
        max_tokens=max_tokens,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
        logit_bias=logit_bias,
        user=user,
        function_call=function_call,
        functions=functions,
        tool_choice=tool_choice,
        tools=tools,
        response_format=response_format,
        seed=seed,
        **kwargs,
    )
