"""The three dialects of `.prompty` files: each has a reader and a writer."""

from ferrata.prompts.dialects.read import parse_prompt, read_prompt

__all__ = ["parse_prompt", "read_prompt"]
