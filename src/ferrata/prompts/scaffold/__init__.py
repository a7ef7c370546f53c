"""New prompts: the framework's parts, and a worked example of each technique."""

from ferrata.prompts.scaffold.new import Technique, new_prompt, techniques

__all__ = ["Technique", "new_prompt", "techniques"]
