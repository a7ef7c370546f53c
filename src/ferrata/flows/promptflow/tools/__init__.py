"""`promptflow.tools`: the tools of the package promptflow-tools."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.promptflow.tools.aoai import AzureOpenAI
    from ferrata.flows.promptflow.tools.openai import OpenAI
    from ferrata.flows.promptflow.tools.serpapi import SerpAPI
else:
    __getattr__ = door(__name__, aoai=["AzureOpenAI"], openai=["OpenAI"], serpapi=["SerpAPI"])

__all__ = ["AzureOpenAI", "OpenAI", "SerpAPI"]
