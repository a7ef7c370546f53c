"""`promptflow.contracts`: types of values."""

from ferrata.flows.contracts.multimedia import Image, PFBytes, Text
from ferrata.flows.contracts.types import AssistantDefinition, AttrDict, FilePath, PromptTemplate, Secret

__all__ = ["AssistantDefinition", "AttrDict", "FilePath", "Image", "PFBytes", "PromptTemplate", "Secret", "Text"]
