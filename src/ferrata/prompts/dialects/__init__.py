"""The three dialects of `.prompty` files: each has a reader and a writer."""

from ferrata.prompts.dialects.read import parse_prompt, read_prompt
from ferrata.prompts.dialects.words import close_to

__all__ = ["close_to", "parse_prompt", "read_prompt"]
