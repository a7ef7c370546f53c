"""The three dialects of `.prompty` files: each is read and written."""

from ferrata.prompts.dialects.read import parse_prompt, read_prompt
from ferrata.prompts.dialects.words import close_to
from ferrata.prompts.dialects.write import Converted, convert_prompt

__all__ = ["Converted", "close_to", "convert_prompt", "parse_prompt", "read_prompt"]
