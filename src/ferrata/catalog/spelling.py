"""The ways one model is spelled: prefixes of vendors, hosts and routers, Bedrock and Vertex ids, fine-tunes.

    gpt-4o   openai/gpt-4o   openai:gpt-4o   azure/gpt-4o   openrouter/openai/gpt-4o:free
    ft:gpt-4o-mini-2024-07-18:org::id   models/gemini-1.5-pro
    us.anthropic.claude-3-sonnet-20240229-v1:0   claude-3-5-sonnet@20240620

Knows nothing of which models exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PREFIX", "VARIANT", "ModelName"]

_DIRECT = ("openai text-completion-openai openai-chat openai-responses anthropic google google-gla gemini mistral mistralai cohere "
           "cohere_chat deepseek deepseek-ai xai x-ai meta-llama meta qwen voyage ai21 models")  # fmt: skip
_HOSTED = {
    "azure": "azure azure_ai azure_text azure-openai azureopenai azure_openai",
    "bedrock": "bedrock bedrock_converse amazon-bedrock amazon_bedrock converse",
    "vertex": "vertex_ai vertexai vertex google-vertex google-vertexai google_vertexai google_genai_vertex publishers",
    "other": ("openrouter groq together together_ai fireworks fireworks_ai ollama ollama_chat huggingface hf github github_copilot "
              "replicate deepinfra perplexity cerebras sambanova nvidia nvidia_nim databricks watsonx lmstudio vllm litellm "
              "litellm_proxy hosted_vllm portkey vercel heroku accounts"),
}  # fmt: skip
_HOST_OF = {word: host for host, words in _HOSTED.items() for word in words.split()}
_WORDS = sorted([*_DIRECT.split(), *_HOST_OF], key=len, reverse=True)
_BEDROCK = re.compile(
    r"(?:arn:aws[\w:./-]{0,80}/)?(?:(?:us-gov|us|eu|apac|jp|au|ca|sa|me|global)\.)?"
    r"(?P<maker>anthropic|amazon|cohere|meta|mistral|ai21|deepseek|qwen|openai)\."
    r"(?P<name>[a-z0-9.-]{1,80}?)(?P<version>-v[0-9](?::[0-9])?|-[0-9]:[0-9])?(?::[0-9]{1,4}k)?"
)
_AT = re.compile(r"(?P<name>[a-z0-9.-]{1,80}?)(?:-v2)?@(?P<version>[0-9]{8}|[0-9]{3}|latest|default)")

PREFIX = rf"(?:(?:{'|'.join(map(re.escape, _WORDS))})[/:](?:google/models/)?)"
"""Source of a regular expression: one known prefix, as in `openai/` or `google-gla:`."""
_TUNED = re.compile(r"ft:(?P<base>[a-z0-9.-]{1,60})(?::[\w.-]{0,64}){1,3}", re.ASCII)
VARIANT = r"(?::(?:free|beta|nitro|floor|online|extended|thinking|exacto))"
"""Source of a regular expression: what a router hangs on a name, as in `:free`."""

_PREFIX = re.compile(PREFIX)
_VARIANT = re.compile(VARIANT + r"$")
_LONGEST = 200


@dataclass(frozen=True)
class ModelName:
    """A model's name, taken apart.

    Attributes:
        base: the vendor's own spelling, lower case: `claude-3-5-sonnet-20240620`.
        host: who serves it where that is not the vendor: `azure`, `bedrock`, `vertex`, `other`; else None.
        tuned: it is a fine-tuned model on top of `base`.
        exact: the spelling itself fixes the version, as Bedrock's `-v1:0` does.
    """

    base: str
    host: str | None = None
    tuned: bool = False
    exact: bool = False

    @classmethod
    def parse(cls, text: str) -> ModelName | None:
        """Take `text` apart; None if it is empty, too long or has no form of a name."""
        rest = text.lower()
        if not rest or len(rest) > _LONGEST or not rest.isascii():
            return None
        host: str | None = None
        for _ in range(3):
            prefix = _PREFIX.match(rest)
            if prefix is None:
                break
            host = host or _HOST_OF.get(re.split("[/:]", prefix[0], maxsplit=1)[0])
            rest = rest[prefix.end() :]
        rest = _VARIANT.sub("", rest)
        if tuned := _TUNED.fullmatch(rest):
            return cls(tuned["base"], host, tuned=True, exact=True)
        if bedrock := _BEDROCK.fullmatch(rest):
            return cls._of_bedrock(bedrock)
        if at := _AT.fullmatch(rest):
            version = at["version"]
            base = at["name"] if version == "default" else f"{at['name']}-{version}"
            return cls(base, "vertex", exact=version.isdigit())
        return cls(rest, host)

    @classmethod
    def _of_bedrock(cls, match: re.Match[str]) -> ModelName:
        maker, base, version = match["maker"], match["name"], match["version"] or ""
        if maker == "anthropic" and base in {"claude", "claude-instant"}:  # `claude-v2:1` is Claude 2.1
            base += version.replace("v", "").replace(":", ".")
        elif maker == "amazon":
            base = f"amazon.{base}{version.split(':')[0]}"
        elif maker != "anthropic":
            base = f"deepseek-{base}" if maker == "deepseek" and not base.startswith(maker) else base
            base += version.split(":")[0] if version.startswith("-v") else ""
        return cls(base, "bedrock", exact=bool(version))
