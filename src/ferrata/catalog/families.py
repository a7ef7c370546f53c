"""The grammar of model names: families, and the pattern that finds names in source text.

A family is a stem and the parts that may follow it, so `gpt-4o-mini` is a name and `gpt-engineer` is not. What is no
name by this grammar is not guessed at. Knows nothing of dates or of single models.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

from ferrata.catalog.spelling import PREFIX, VARIANT

__all__ = ["MODEL_LITERALS", "Family", "FamilyMatch", "match_family", "model_pattern"]

Pinning = Literal["pinned", "floating", "unversioned"]

_DAY = r"20[2-9][0-9]-[01][0-9]-[0-3][0-9]"
_DAY8 = r"20[2-9][0-9][01][0-9][0-3][0-9]"
_MMDD = r"(?:0[1-9]|1[0-2])[0-3][0-9]"
_YYMM = r"2[3-9](?:0[1-9]|1[0-2])"
_SIZE = r"(?:[0-9]{1,2}x)?[0-9]{1,4}(?:\.[0-9]{1,2})?[bm]|a[0-9]{1,2}b|[0-9]{1,3}e"
_OPEN = (
    rf"{_SIZE}|v[0-9](?:\.[0-9])?|20[2-9][0-9]|2[3-9][0-9]{{2}}|instruct|chat|hf|it|base|text|code|coder|vision|vl|math|turbo|lite|free"
    r"|preview|fp8|fp16|int4|int8|bf16|awq|gptq|gguf|q[2-8](?:_[0-9k](?:_[msl01])?)?|versatile|instant|guard|scout|maverick|thinking"
    r"|reference|tool|use|python|maas|latest"
)


_TAG = r"(?::[a-z0-9._-]{1,40})?"  # as Ollama hangs it on: `llama3:8b-instruct-q4_0`


class Family(NamedTuple):
    """Names that begin alike.

    Attributes:
        vendor: who makes the models.
        literals: lower-case texts, one of which is in every name of the family.
        stem: regular expression of the beginning.
        parts: regular expression of what may follow, each after a hyphen, in any order.
        versions: regular expression of the parts that fix the version.
        pinning: what a name without such a part is.
    """

    vendor: str
    literals: tuple[str, ...]
    stem: str
    parts: str = ""
    versions: str = ""
    pinning: Pinning = "floating"

    @property
    def source(self) -> str:
        """Regular expression of a whole name."""
        either = "|".join(filter(None, (self.versions, self.parts)))
        return f"(?:{self.stem})" + (f"(?:-(?:{either})(?![a-z0-9]))*" if either else "")


class FamilyMatch(NamedTuple):
    """What the spelling alone says of a name."""

    vendor: str
    pinning: Pinning


_GPT = (
    "turbo|instruct|mini|nano|pro|preview|latest|chat|codex|max|spark|audio|realtime|search|transcribe|tts|diarize|vision|16k|32k|image"
    "|sol|terra|luna|cyber|completions|api|deep-research"
)
_GEMINI = (
    "pro|flash|ultra|lite|8b|vision|preview|latest|exp|experimental|image|generation|thinking|live|native|audio|dialog|tts|computer|use"
    "|customtools"
)
_GEMINI_VERSIONS = rf"00[1-9]|(?:0[1-9]|1[0-2])-(?:20[2-9][0-9]|[0-3][0-9])|{_MMDD}"
_CLAUDE_VERSIONS = rf"{_DAY8}"
_SONNET = "(?:opus|sonnet|haiku|fable|mythos)"

FAMILIES = (
    Family("openai", ("gpt-",), r"gpt-oss-(?:safeguard-)?(?:20b|120b)", pinning="unversioned"),
    # Azure's spelling: there the version of the deployment decides, not an alias.
    Family("openai", ("gpt-",), "gpt-35", "turbo|16k|instruct", rf"{_DAY}|{_MMDD}", pinning="unversioned"),
    Family("openai", ("gpt-",), r"gpt-(?:3\.5|4o|4\.[15]|4|5(?:\.[1-9])?|6(?:\.[1-9])?)", _GPT, rf"{_DAY}|{_MMDD}"),
    Family(
        "openai",
        ("gpt-",),
        r"gpt-(?:image|audio|realtime|transcribe|live-transcribe)",
        r"[12](?:\.[0-9])?|mini|preview|latest",
        _DAY,
    ),
    Family("openai", ("gpt-",), r"chatgpt-(?:4o|image)-latest"),
    Family(
        "openai",
        ("o1-", "o3-", "o4-"),
        r"o[134]-(?:mini|pro|preview|deep-research)",
        "deep-research|high|low|medium",
        _DAY,
    ),
    Family("openai", ("o1-", "o3-", "o4-"), rf"o[134]-{_DAY}", pinning="pinned"),
    Family(
        "openai",
        ("-davinci-", "-curie-", "-babbage-", "-ada-", "-cushman-"),
        r"(?:text|code)-(?:(?:search|similarity)-)?(?:davinci|curie|babbage|ada|cushman)-(?:(?:edit|doc|query|code|text)-)?00[1-3]",
        pinning="pinned",
    ),
    Family("openai", ("text-embedding-",), r"text-embedding-(?:ada-002|3-small|3-large)", pinning="pinned"),
    Family("openai", ("davinci-002", "babbage-002"), r"(?:davinci|babbage)-002", pinning="pinned"),
    Family("openai", ("-moderation-",), r"(?:text|omni)-moderation-(?:latest|stable|007|2024-09-26)"),
    Family("openai", ("whisper-1", "tts-1", "dall-e-"), r"whisper-1|tts-1(?:-hd)?|dall-e-[23]", pinning="pinned"),
    Family("openai", (), r"o[134]"),
    Family("openai", ("codex-mini-", "computer-use-"), r"codex-mini-latest|computer-use-preview", versions=_DAY),
    Family(
        "anthropic",
        ("claude-",),
        rf"claude-{_SONNET}-(?:4[.-][6-9]|[5-9](?:[.-][0-9])?)(?![0-9])",
        "latest|thinking",
        pinning="pinned",
    ),
    Family(
        "anthropic", ("claude-",), rf"claude-{_SONNET}-4(?:[.-][0-5])?(?![0-9])", "latest|thinking", _CLAUDE_VERSIONS
    ),
    Family(
        "anthropic",
        ("claude-",),
        rf"claude-(?:3(?:[.-][57])?-{_SONNET}|mythos-preview)",
        "latest|thinking|v2",
        _CLAUDE_VERSIONS,
    ),
    Family("anthropic", ("claude-",), r"claude-(?:instant-)?v?[12]\.[0-9]", pinning="pinned"),
    Family("anthropic", ("claude-",), r"claude-(?:instant-)?v?[12](?:-100k)?|claude-instant"),
    Family(
        "google", ("gemini-",), r"gemini-(?:2\.5|[3-4](?:\.[0-9])?)-(?:pro|flash)", _GEMINI, _GEMINI_VERSIONS, "pinned"
    ),
    Family(
        "google",
        ("gemini-",),
        r"gemini-(?:1\.[05]|2\.0|live-2\.5|robotics-er-1\.[56])-(?:pro|flash|ultra|preview)",
        _GEMINI,
        _GEMINI_VERSIONS,
    ),
    Family(
        "google", ("gemini-",), r"gemini-(?:pro(?:-vision)?|ultra|(?:pro|flash|flash-lite)-latest)", versions="00[1-9]"
    ),
    Family("google", ("gemini-",), r"gemini-exp", versions=_MMDD),
    Family("google", ("gemini-",), r"gemini-embedding", "exp|preview", r"00[1-9]|[2-9]|0[1-9]-[0-3][0-9]"),
    Family(
        "google",
        ("-bison", "-gecko", "-unicorn"),
        r"(?:text|chat|code|codechat)-bison|code-gecko|text-unicorn|textembedding-gecko(?:-multilingual)?",
        "32k|latest",
        "00[1-9]",
    ),
    Family(
        "google",
        ("text-embedding-", "text-multilingual-embedding-"),
        r"text-embedding-00[45]|text-multilingual-embedding-002",
        pinning="pinned",
    ),
    Family("google", ("embedding-001",), "embedding-001", pinning="pinned"),
    Family(
        "google", ("imagen-",), r"imagen-[34]\.0-(?:fast-|ultra-)?generate", "preview", r"00[1-9]|0[1-9]-[0-3][0-9]"
    ),
    Family(
        "google",
        ("gemma-", "gemma2", "gemma3"),
        rf"gemma-?[1-4](?:\.1)?{_TAG}|gemma-[27]b",
        _OPEN,
        pinning="unversioned",
    ),
    Family(
        "mistral",
        ("mistral-", "mixtral-"),
        r"(?:open-)?mixtral-8x(?:7b|22b)|mistral-7b|open-mistral-(?:7b|nemo)|mistral-nemo|mistral-small-24b",
        _OPEN,
        pinning="unversioned",
    ),
    Family(
        "mistral",
        ("mistral-",),
        r"mistral-(?:tiny|small|medium|large|embed|saba|moderation|ocr)",
        "latest|instruct|[1-4](?:[.-][0-9])?",
        _YYMM,
    ),
    Family(
        "mistral",
        ("codestral", "ministral-", "magistral-", "devstral-", "pixtral-", "voxtral-"),
        rf"(?:open-)?codestral-(?:mamba|embed|latest|{_YYMM})|ministral-(?:3b|8b|14b)|magistral-(?:small|medium)|devstral-(?:small|medium|latest|{_YYMM})|pixtral-(?:12b|large)|voxtral-(?:mini|small)",
        "latest|instruct|transcribe",
        _YYMM,
    ),
    Family(
        "cohere",
        ("command-r", "command-a", "command-light", "command-nightly"),
        r"command-(?:r(?:-plus)?|r7b|light|nightly|light-nightly|a-(?:vision|reasoning|translate|plus)|a(?=-[01][0-9]-))",
        "v1|text|arabic",
        r"[01][0-9]-20[2-9][0-9]",
    ),
    Family(
        "cohere",
        ("embed-", "rerank-"),
        r"embed-(?:english|multilingual)(?:-light)?-v[23](?:\.0)?|embed-v4(?:\.0)?|rerank-(?:english|multilingual)-v[23]\.0|rerank-v(?:3\.5|4\.0-fast|4\.0-pro)",
        pinning="pinned",
    ),
    Family(
        "cohere",
        ("c4ai-",),
        r"c4ai-(?:aya-(?:expanse|vision)-(?:8b|32b)|command-r(?:-plus|7b)?)",
        "v01",
        r"[01][0-9]-20[2-9][0-9]",
        "unversioned",
    ),
    Family(
        "meta",
        ("llama-2", "llama-3", "llama-4", "llama2", "llama3", "llama4", "codellama"),
        rf"(?:meta-)?llama-?[2-4](?:[.-][1-3])?(?![0-9]){_TAG}|codellama[:-](?:7b|13b|34b|70b)",
        _OPEN,
        pinning="unversioned",
    ),
    Family("deepseek", ("deepseek-",), r"deepseek-(?:chat|reasoner|flash|v4-(?:flash|pro)|v4\.[1-9]-(?:flash|pro))"),
    Family(
        "deepseek",
        ("deepseek-",),
        rf"deepseek-(?:r1|v[23](?:[.-][125])?|coder|llm|math|vl2?){_TAG}",
        rf"{_OPEN}|exp|terminus|speciale|zero|distill|llama|qwen|qwen2\.5|{_MMDD}",
        pinning="unversioned",
    ),
    Family(
        "xai",
        ("grok-",),
        r"grok-(?:beta|vision-beta|code-fast-1|[1-5](?:\.[0-9]{1,2})?|4-1)",
        "mini|fast|reasoning|non-reasoning|vision|image|multi-agent|latest|beta",
        _MMDD,
    ),
    Family(
        "amazon",
        ("titan-", "nova-"),
        r"amazon[./](?:titan-(?:text|embed|image|tg1|e1t)|nova(?:-2)?-(?:micro|lite|pro|premier|canvas|reel|sonic))",
        r"text|image|large|express|lite|premier|generator|g1|medium|v[0-9](?:\.[0-9])?(?::[0-9])?",
    ),
    Family(
        "ai21",
        ("jamba-",),
        r"jamba-(?:1[.-][5-7]-)?(?:mini|large|instruct)",
        "v1|latest",
        r"20[2-9][0-9]-[01][0-9]|1\.[5-7]",
    ),
    Family(
        "alibaba",
        ("qwen",),
        r"qwen[23]?(?:\.[0-9])?-(?:turbo|plus|max|flash|long|vl-(?:max|plus|flash)|coder-(?:plus|flash))",
        "latest|preview|thinking",
        _DAY,
    ),
    Family(
        "alibaba",
        ("qwen",),
        rf"qwen-?(?:1\.5|2(?:\.5)?|3(?:\.[5-7])?)(?![0-9.]){_TAG}",
        rf"{_OPEN}|next|omni|embedding|reranker",
        pinning="unversioned",
    ),
    Family("alibaba", ("qwq-",), "qwq-32b", "preview", pinning="unversioned"),
    Family(
        "voyage",
        ("voyage-",),
        r"voyage-(?:(?:2|3|3\.5|4)(?:-lite|-large)?|large-2(?:-instruct)?|(?:code|finance|law|multilingual)-[23]|multimodal-3(?:\.5)?|context-3)",
        pinning="pinned",
    ),
)


@cache
def _compiled() -> list[tuple[Family, re.Pattern[str], re.Pattern[str]]]:
    return [
        (family, re.compile(family.source, re.ASCII), re.compile(rf".*-(?:{family.versions})(?![a-z0-9]).*", re.ASCII))
        for family in FAMILIES
    ]


def match_family(name: str) -> FamilyMatch | None:
    """The family of a lower-case name in the vendor's own spelling; None if the grammar does not know it."""
    for family, whole, version in _compiled():
        if whole.fullmatch(name):
            if family.versions and version.fullmatch(name):
                return FamilyMatch(family.vendor, "pinned")
            moving = family.pinning == "pinned" and re.search(r"-(?:latest|preview|exp|experimental)\b", name)
            return FamilyMatch(family.vendor, "floating" if moving else family.pinning)
    return None


def _pattern() -> str:
    tuned = "|".join(family.source for family in FAMILIES if family.vendor == "openai" and family.literals)
    names = "|".join(family.source for family in FAMILIES if family.literals)
    region = r"(?:(?:us-gov|us|eu|apac|jp|au|ca|sa|me|global)\.)?"
    maker = r"(?:anthropic|cohere|meta|mistral|ai21|deepseek|qwen|openai)\."
    version = r"(?:-v[0-9](?::[0-9]{1,2}k?){0,2}|:[0-9]|(?:-v2)?@(?:[0-9]{8}|[0-9]{3}|latest|default))?"
    core = rf"{PREFIX}{{0,3}}(?:ft:(?:{tuned})(?::[\w.-]{{0,64}}){{1,3}}|{region}(?:{maker})?(?:{names}){version}{VARIANT}?)|{PREFIX}{{1,3}}o[134]"
    quote = r"[\"'`]"
    key = rf"(?P<key>model\w{{0,20}}{quote}?\]?[ \t]{{0,4}}[:=][ \t]{{0,4}})(?P<keyed>{quote})"
    bare = r"[:=][ \t]{0,8}|-(?<!\S-)[ \t]{1,4}|--[a-z-]{0,20}model[a-z-]{0,20}[ =]|/models/(?=gemini|text|embedding)"
    end = r"[ \t]{0,8}(?:[,;)\]}#&>\"'`]|\r?$)|:(?:generate|stream|count|embed|batch|predict)"
    tail = rf"(?(keyed)(?=\\?(?P=keyed))|(?(quote)(?=\\?(?P=quote))|(?={end})))"
    shape = r"(?=[a-z][a-z_./:]{0,40}+[-0-9])"  # cheap, and false for most strings
    return rf"(?:{key}|(?P<quote>{quote})|{bare}){shape}(?P<name>{core}|(?(key)o[134]|(?!))){tail}"


@cache
def model_pattern() -> re.Pattern[str]:
    """Finds model names in source text; the name is the group `name`.

    It wants a whole quoted string, or a bare value after `:`, `=`, a list's hyphen or `--model`; so prose, identifiers, paths and
    names of packages do not match. `o1`, `o3` and `o4` alone count only as the value of a key that begins with `model`.

    Compiled when it is first asked for: that takes longer than most commands.
    """
    return re.compile(_pattern(), re.ASCII | re.IGNORECASE | re.MULTILINE)


MODEL_LITERALS: tuple[str, ...] = tuple(
    sorted(
        {
            *(literal for family in FAMILIES for literal in family.literals),
            *(f"{before}{name}" for before in "\"'`/:" for name in ("o1", "o3", "o4")),
        }
    )
)
"""Lower-case texts, one of which is in every text, made lower case, that `MODEL_PATTERN` matches."""
