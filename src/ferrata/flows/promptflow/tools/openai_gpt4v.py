"""A model that sees images, by one kind of connection."""

from typing import Any

from ferrata.flows.contracts.connections import OpenAIConnection
from ferrata.flows.contracts.types import PromptTemplate
from ferrata.flows.promptflow._core.tool import ToolProvider, tool
from ferrata.flows.promptflow.tools.llm_vision import llm_vision

__all__ = ["OpenAI"]


class OpenAI(ToolProvider):
    """The tool of one connection."""

    def __init__(self, connection: OpenAIConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool(streaming_option_parameter="stream")
    def chat(
        self,
        prompt: PromptTemplate,
        model: str = "gpt-4-vision-preview",
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
        """The answer to a chat prompt with `![image]({{name}})` in it."""
        return llm_vision(
            self.connection,
            prompt,
            model=model,
            temperature=temperature,
            top_p=top_p,
            stream=stream,
            stop=stop,
            max_tokens=max_tokens,
            presence_penalty=presence_penalty,
            frequency_penalty=frequency_penalty,
            seed=seed,
            detail=detail,
            **kwargs,
        )
