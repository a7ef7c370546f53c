"""Finds prompts: files that are one, and literals in code that are used as one; and says what a prompt's text holds.

Heuristic by nature: English first, other languages by their commonest phrases. Knows nothing of rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ast_grep_py import SgRoot

from ferrata.maturity.scan.paths import CODE, grammar_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ast_grep_py import SgNode

    from ferrata.maturity.scan.types import Source

__all__ = ["PROMPT_LITERALS", "Prompt", "find_prompts", "traits_of"]

# A code file without any of these holds no prompt that can be recognised.
PROMPT_LITERALS: tuple[str, ...] = (
    *("rompt", "PROMPT", "nstruction", "INSTRUCTION", "preamble", "PREAMBLE", "persona", "PERSONA", "backstory"),
    *(
        "SystemMessage",
        "systemMessage",
        "system_message",
        "SYSTEM_MESSAGE",
        "SYSTEM_MSG",
        "system_msg",
        "SystemChatMessage",
        "system_content",
    ),
    *(
        '"system"',
        "'system'",
        "`system`",
        "system=",
        "system =",
        "system:",
        "System:",
        "Role.System",
        "Role.SYSTEM",
        "RoleSystem",
        ".system(",
    ),
    *('"developer"', "'developer'", "RoleDeveloper", "Role.Developer"),
)


class Prompt(NamedTuple):
    """A prompt of a file.

    Attributes:
        index: line in the source's text, from 0.
        origin: `file` where the file is a prompt (or a configuration value is), `code` for a literal in code.
        chars: length of the text.
        traits: what the text holds (`traits_of`).
    """

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]
    origin: Literal["file", "code"]
    chars: int
    traits: frozenset[str]


def find_prompts(source: Source) -> Iterator[Prompt]:
    """The prompts that a source holds, in the order of the text."""
    if source.language not in CODE:
        yield from _file_prompts(source)
    elif source.language in _LITERALS and any(text in source.text for text in PROMPT_LITERALS):
        yield from _code_prompts(source)


# ---------------------------------------------------------------------------------------------------- what a text holds


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE | re.DOTALL)


_RISK = (
    r"(?:harm|illegal|unlawful|hate|hateful|violen|self-harm|suicid|sexual|sexist|racist|explicit content|offensive|discriminat|toxic|abusive|unethical|unsafe|dangerous|malicious|inappropriate"
    r"|stereotyp|bias|personal(?:ly identifiable)? (?:data|info|details)|\bpii\b|confidential|sensitive (?:data|info|topic|content)|private (?:data|info)|privacy|copyright|jailbreak|prompt injection|inject"
    r"|(?:these|your|the|this|any|internal|hidden|system) (?:system )?(?:instructions|rules|prompt)|credential|password|secret|api key|(?:medical|legal|financial|investment) (?:advice|diagnos)"
    r"|schädlich|rechtswidrig|personenbezogen|dañin|ofensiv|ilegal|datos personales|nuisible|illégal|données personnelles|prejudicial|dados pessoais"
    r"|有害|违法|敏感|隐私|暴力|色情|歧视|政治|個人情報|違法|유해|불법|개인정보|вредн|незаконн|персональн)"
)
_BAN = (
    r"(?:\bnot\b|n't|\bnever|\bavoid|\brefus|\bdeclin|\bwithout\b|\bno\b|\bignore|\bredact|\bmask|\breject|\bfree of\b|\brefrain|\bprohibit|\bforbidden|\bkein|\bnicht|\bniemals|\bno debes|\bnunca|\bevita"
    r"|\bpas\b|\bjamais|\bnão|不要|不得|禁止|严禁|拒绝|避免|不能|しない|ない|하지|않|마세요|\bне\b|нельзя)"
)

_TRAITS: dict[str, re.Pattern[str]] = {
    "role": _any(
        r"\byou(?:'re| are)(?: now)? (?!given|provided|asked|allowed|not\b|to\b|being|presented|about\b|free\b|going\b|encouraged|able|welcome|using\b|unsure|uncertain|unable|done\b|sure\b|here\b)\S",
        r"\b(?:act|behave|serve|acting|respond) as (?:an?|the|my|if you)\b|\byour (?:role|job|task|goal|mission|purpose|responsibility|objective) (?:is|will be)\b|\byou (?:act|work|serve) as\b|(?:^|\n)\W*(?:role|persona|identity)\b[^\n]{0,30}[:\n]",
        r"\bdu bist\b|\bsie sind (?:ein|der|die)\b|\beres (?:un|el|la)\b|\bactúa como\b|\b(?:tu es|vous êtes) (?:un|le|la|l')|\bvocê é\b|\bsei (?:un|il|l')|\bagisci come\b|\bje bent\b|\bjesteś\b|\bbạn là\b|\b(?:kamu|anda) adalah\b",
        r"\bты\b\s*[—–-]|\bвы\b\s*[—–-]|\bты (?:опытн|профессион|эксперт|помощник)|你是|您是|你现在是|作为一[名个位]|你的(?:任务|职责|角色)|あなたは|당신은|너는",
    ),
    "audience": _any(
        r"\baudience\b|\breading level\b|\b(?:tone|voice|writing style)\b|\bnon-?technical|\blay(?:person|man|people)|\bfor (?:beginners|children|kids|developers|employees|customers|patients|students|teachers|clinicians|engineers)\b",
        r"\b(?:help|assist|support|guid|advis)\w* (?:\w+ ){0,4}(?:customers?|employees|developers|students|patients|clients|citizens|farmers|engineers|shoppers|visitors|travell?ers)\b|\b(?:friendly|professional|polite|empathetic|courteous|casual)(?:,? \w+){0,3} (?:tone|manner|way|style)",
        r"\bzielgruppe|\btonfall|\btono\b|\bton (?:amical|professionnel)|\btom (?:amig|profiss)|语气|受众|口吻|トーン|口調|말투|어조|\bтон\b",
    ),
    "scope": _any(
        r"\b(?:only|solely|exclusively) (?:answer|respond|reply|discuss|help|talk|assist|handle)\w*\b(?! (?:with|in|using|by)\b)|\b(?:answer|respond|reply|discuss|help)\w*(?: (?!in\b|with\b|as\b)\w+){0,3} (?:only|solely|exclusively)\b(?! (?:with|in|using|by|as|valid|json|the json)\b)|\b(?:do not|don't|never|must not|should not|cannot|can't) (?:answer|discuss|engage|talk about|respond to|help with|assist with|provide (?:\w+ ){0,2}(?:advice|opinions))",
        r"\b(?:out(?:side)?(?: of)?|beyond|within|in) (?:\w+ ){0,3}(?:scope|domain|expertise|remit)\b|\bout-of-scope|\boff-?topic|(?:\bun|\bnot |n't )related (?:to|questions|topics|requests)|\bunrelated\b|\b(?:stick|limited|restrict(?:ed)?|confine\w*|limit)\b(?: \w+){0,3} to\b|\bboundar(?:y|ies)\b|(?:^|\n)\W*(?:scope|limitations|constraints)\b",
        r"\bnur fragen|\bbeantworte nur|\bausschließlich|\b(?:solo|únicamente|solamente) (?:responde|debes|puedes|preguntas)|\bresponde (?:solo|únicamente)|\buniquement\b|\bhors sujet|\b(?:apenas|somente) (?:responda|sobre|perguntas)|\bтолько на вопросы|\bотвечай только|仅回答|只回答|只能|仅限|只(?:记录|输出|处理|关注|允许)|不要(?:回答|添加|包含|讨论)|忽略|无关|範囲外|のみ(?:回答|答)|만 (?:답|대답)|관련(?:이 없| 없)",
    ),
    "safety": _any(
        rf"{_BAN}[^.\n。]{{0,90}}{_RISK}",
        rf"{_RISK}[^.\n。]{{0,60}}{_BAN}",
        r"(?:^|\n)\W*(?:safety|security|guardrails?|responsible ai|content policy)(?: \w+){0,2}\W*\n",
    ),
    "refusal": _any(
        r"\bdo(?:n't| not) know\b|\bnot sure\b|\bunsure\b|\buncertain\b|\bcan(?:not|'t| not) (?:answer|help|assist|find|be (?:found|determined|answered)|provide|comply|determine|do that)|\bpolitely|\bdecline|\brefus(?:e|al)\b|\b(?:not enough|insufficient|lacks?|no) (?:relevant )?(?:information|context|data|evidence)\b",
        r"\bif (?:the |a |an |any |there |it |you )?(?:\w+ ){0,4}(?:does not|doesn't|do not|don't|is not|isn't|are not|aren't|is no|are no|is unclear|is ambiguous|is missing|cannot|can't)\b",
        r"\b(?:ask|request) (?:\w+ ){0,3}(?:clarif|follow-up question)|\bclarifying question|\b(?:escalate|hand ?over|hand off|refer|redirect|transfer|direct)\b(?: \w+){0,4} to (?:a |an |the |our )?(?:human|person|agent|support|professional|doctor|lawyer|expert|representative|colleague)|\b(?:return|output|respond with|reply|say|use) (?:\w+ )?[\"'`]?(?:null|none|unknown|n/a|an empty|not found|no_|i cannot)",
        r"\bweiß(?:t)? (?:es )?nicht|\bnicht (?:weißt|beantworten|sicher)|\bno (?:sabes|lo sé|sé|encuentras|puedes responder)|\bne (?:sais|savez|peux|pouvez) pas|\bnão (?:sabe|sei|souber|encontr)|\bnon (?:lo so|sai|sei sicuro)|\bне знае|\bне знаю|\bне можешь ответить|不知道|不确定|无法|未找到|拒绝|(?:如果|若|当)[^。\n]{0,20}(?:没有|不存在|不足|缺少|不明确)|没有(?:相关|足够)|わからない|分からない|答えられ|모르|답변할 수 없|없다고",
    ),
    "output": _any(
        r"\bjson\b|\bmarkdown\b|\byaml\b|\bxml\b|\bcsv\b|\bbullet|\bnumbered list|\bplain text\b|\bschema\b|\b(?:output|response|answer|reply|return|result)s? (?:format|structure|must|should)\b|\b(?:output|return|respond with) only|\bformat(?:ted|ting)?\b|\b(?:return|output|print) (?:only|just|a|an|the|your|exactly|nothing)\b",
        r"\b(?:at most|no more than|up to|under|less than|fewer than|maximum(?: of)?|exactly|within|about|around|\d+\s?[-–]) ?\d+ (?:\w+ )?(?:word|sentence|paragraph|character|bullet|line|token|item)|\b(?:one|two|three|a single|\d+)[- ](?:or (?:two|three) )?(?:sentence|paragraph|word|line)s?\b|\bconcise|\bbrief(?:ly)?\b|\bshort (?:answer|response|sentence|repl)",
        r"\b(?:respond|reply|answer|write|speak|output)\w*(?: \w+){0,3} in (?:the )?(?:same language|english|german|french|spanish|chinese|japanese|korean|italian|portuguese|vietnamese|user's language|language)|\bantworte (?:nur|immer|kurz|auf|im)|\b(?:auf deutsch|en español|en français|em português|in italiano)\b|\bformato\b|\bformat de\b|\bкратко|\bформат|\bна русском",
        r"格式|输出|返回|用中文|中文回|以json|每条|每行|一行|开头|字以内|不超过|简洁|直接(?:回复|返回|给出)|出力|箇条書き|文字以内|形式|日本語で|출력|형식|한국어로",
    ),
    "examples": _any(
        r"(?:^|\n)\W*(?:few-?shot )?(?:examples?|sample|demonstration)s?\b(?: \w+){0,4}\s*(?:\d+|[a-c])?\W*(?:\n|:|$)",
        r"<examples?\b|\bfew-?shot|\bexamples? (?:\d+\b|input|output|of (?:good|bad|correct|valid|the expected|a good|how))|\bhere (?:are|is) (?:some|a few|an|two|three|several|\d+) (?:\w+ )?examples?|\bfor example[:,]?\s*\n|\b(?:input|user|question|q)\s*:[^\n]+\n\s*(?:output|assistant|answer|a)\s*:[^\n]+\n.{0,20}(?:input|user|question|q)\s*:",
        r"\b(?:beispiele?|ejemplos?|exemples?|exemplos?|esempi(?:o)?|примеры?|voorbeelden?)\s*\d*\s*:|示例|例子[:：]|举例|例[:：]|예시|예[:：]",
    ),
    "grounding": _any(
        r"\b(?:only|solely|exclusively|strictly|based|rely\w*|using|use|from|according to|ground\w*|refer\w*|supported by|given|with)\b(?: (?:on|upon|the|in|only|to|by|this|these|your|a|of))*(?: (?:provided|given|following|retrieved|supplied|above|below|attached|relevant|pieces|of|search|text|listed|company|internal|available)){0,5} (?:context|sources?|documents?|passages?|excerpts?|snippets?|search results|facts|knowledge base|references|articles?|chunks?|information (?:provided|below|above|given)|transcript)\b",
        r"\b(?:outside|prior|external|own|general|training) knowledge\b|\bknowledge base\b.{0,60}\b(?:only|exclusively)|\b(?:not|n't) (?:in|found in|contained in|present in|part of) the (?:provided )?(?:context|sources?|documents?|text)|(?:^|\n)\W*(?:context|sources|documents|retrieved \w+|search results)\W*\n?\s*[:>]?\s*\{",
        r"\b(?:anhand|basierend auf|auf (?:der )?(?:basis|grundlage))\b.{0,40}(?:kontext|quellen|dokument)|\b(?:basándote|basado|basada|según)\b.{0,30}(?:contexto|documento|fuente)|\b(?:basant|selon|partir)\b.{0,30}(?:contexte|document|source)|\bcom base\b.{0,20}(?:contexto|documento)|(?:根据|基于|依据|参考).{0,15}(?:上下文|资料|文档|片段|知识库|内容|信息|材料)|на основе.{0,20}(?:контекст|документ|источник)|コンテキスト|(?:참고|제공된).{0,6}(?:문서|자료|정보|컨텍스트)",
    ),
    "citations": _any(
        r"\bcit(?:e|es|ed|ing|ations?)\b|\bfootnote|\b(?:include|list|mention|reference|name|provide|add|give|attach|quote)\w*(?: \w+){0,4} (?:source|sources|source name|document id|doc id|references)\b|\[(?:doc|source|ref)\w*\.?\w*\]|\bsquare brackets\b.{0,60}\b(?:source|reference|file)",
        r"\bzitier|\bquellenangabe|\bquellen? (?:an|nenn)|\bcita(?:r|ndo)? (?:la|las|tu|tus|los) fuente|\bcitez|\bcite as fontes|\bссыл\w+ на источник|(?:引用|标注|注明|列出|给出).{0,8}(?:来源|出处|片段|编号)|出典|출처",
    ),
    "delimiters": _any(
        r"```|\"\"\"|'''|<<<|>>>|====|####?#?\s|\n---+\n|~~~|\[inst\]|\btriple (?:backtick|quote)|\bdelimit",
        r"</?(?:context|documents?|user_?\w*|questions?|inputs?|query|sources?|data|articles?|text|emails?|instructions?|examples?|rules?|task|untrusted\w*|chat_?history|conversation|message|transcript|code|content|role|output\w*|schema)>",
    ),
    "variables": re.compile(
        r"(?<![{\w])\{\{?\s*[A-Za-z_$@#/][\w.$'\"()\[\]-]*(?:\s*[|!:][^{}\n]*)?\s*\}?\}|\$\{|\{%|\{\{|<%=|%\(\w+\)s|%[sdv]\b"
    ),
}


def traits_of(text: str) -> frozenset[str]:
    """What a prompt's text holds: role, audience, scope, safety, refusal, output, examples, grounding, citations, delimiters, variables."""
    text = text[:40_000]
    return frozenset(name for name, pattern in _TRAITS.items() if pattern.search(text))


_INSTRUCTS = _any(
    r"\byou (?:must|should|will|can|may|need|have)\b|\byour (?:task|job|goal|role|answer|response|output|reply|mission)\b|\brespond\b|\b(?:answer|reply to) (?:the|each|this|user|in|with|only)|\bgiven (?:the|a|an|this|following|some|two)\b|\bbased on (?:the|this|these)\b|\bsummari[sz]e|\bextract\b"
    r"|\btranslate\b|\bclassify|\brewrite|\bgenerate (?:a|an|the|\d|concise|only)|\banaly[sz]e\b|\bwrite (?:a|an|the|\w+ (?:a|an))\b|\buse (?:the following|only)|\breturn (?:only|a|an|the|your|json|\{)|\boutput (?:only|format|a|the)|\bstep[- ]by[- ]step|\bdo not\b|\bdon't\b|\bnever\b|\bplease\b|\bact as\b|\bfollowing (?:\w+ )?(?:text|question|context|document|article|conversation|rules|format|json)"
)
_OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_NOT_PROMPT = re.compile(
    r"\s*(?:(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|WITH RECURSIVE|WITH \w+ AS)\b|<!DOCTYPE|<html|<div|<svg|<\?xml|https?://\S+\s*$|#!/|import |package |usage:|\\x1b|\\033|\\e\[)",
    re.IGNORECASE,
)
_ASKS_USER = re.compile(
    r"\[y/n\]|\(y/n\)|\byes/no\b|\bpress (?:enter|any key)|\benter (?:your|the|a|an)\b|\bare you sure\b|\btype ['\"]?\w+['\"]? to\b",
    re.IGNORECASE,
)


def _reads_like_prompt(text: str) -> bool:
    """Whether a text instructs a model, rather than asking a person, querying a database or labelling a field."""
    if _NOT_PROMPT.match(text) or (len(text) < 160 and _ASKS_USER.search(text)):
        return False
    if _TRAITS["role"].search(text):
        return True
    if len(_OTHER_SCRIPT.findall(text[:600])) > 15:
        return True
    instructs = len(_INSTRUCTS.findall(text[:4000]))
    return instructs > 1 or (instructs == 1 and (len(text) >= 200 or bool(_TRAITS["variables"].search(text))))


# ------------------------------------------------------------------------------------------------------------- files

_FOLDER = re.compile(
    r"(^|/)(?:[\w-]*[-_])?(?:prompts?|prompt[-_]?templates?|system[-_]?(?:messages?|prompts?)|metaprompts?)/",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(^|/)(?:[\w.-]*[-_.])?(?:system|prompts?|system[-_]?(?:prompt|message)s?|metaprompt|instructions)(?:[-_.][\w.-]*)?\.(?:txt|md|ya?ml|json|toml|xml)$|(^|/)[\w-]*prompt\.(?:txt|md|ya?ml|json)$",
    re.IGNORECASE,
)
_SURE_NAME = re.compile(
    r"(^|/)[\w.-]*(?:system[-_]?(?:prompt|message)|prompt)s?(?:[-_.](?:v?\d[\w.]*|[a-z]{2}))?\.(?:txt|md|ya?ml|json|toml)$",
    re.IGNORECASE,
)
# For the people (and coding assistants) who work on the repository: not prompts of the product.
_FOR_DEVELOPERS = re.compile(
    r"(^|/)(?:\.github|\.claude|\.cursor|\.windsurf|\.gemini|\.codex|\.vscode|\.kiro|\.continue|\.roo|\.agents?)/|(^|/)(?:readme|changelog|contributing|license|index|claude|agents|gemini|guide\w*|copilot-instructions)[\w.-]*\.(?:md|txt)$|[\w-]*guide\w*\.md$"
    r"|(^|/)(?:openapi|swagger)[\w.-]*\.(?:json|ya?ml)$|(^|/)chat[_-]?templates?/|chat_template[\w.-]*\.jinja2?$",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"(?m)^\s*(?:#+\s*)?(?:system|user|assistant)\s*:\s*$|<message\s+role\s*=|\{%-?\s*(?:chat|message|macro|set)\s+role|role:\s*[\"']?system",
    re.IGNORECASE,
)
_KEY = r"[\w-]*(?:system[-_]?(?:prompt|message|instructions?)|prompt[-_]?(?:template|text)?|instructions|backstory)"
_BLOCK = re.compile(
    rf"^([ \t]*)(?:- )?[\"']?({_KEY})[\"']?:[ \t]*[|>][-+\d]*[ \t]*\r?\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\r?\n)+)",
    re.MULTILINE | re.IGNORECASE,
)
_LINE = re.compile(
    rf"""^[ \t]*(?:- )?["']?({_KEY})["']?\s*[:=]\s*(?:\"\"\"(.{{40,}}?)\"\"\"|"((?:[^"\\]|\\.){{40,}})"|'((?:[^'\\\n]|\\.){{40,}})'|([A-Z][^\n"'{{}}\[\]#][^\n]{{40,}})$)""",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_JSON = re.compile(rf'(?<!\\)"({_KEY})"\s*:\s*"((?:[^"\\]|\\.){{40,20000}})"', re.IGNORECASE)


def _file_prompts(source: Source) -> Iterator[Prompt]:
    path, text, language = source.path, source.text, source.language
    if _FOR_DEVELOPERS.search(path) or len(text.strip()) < 20:
        return
    folder = bool(_FOLDER.search(path))
    if language == "prompt":
        found = folder or path.lower().endswith(".prompty") or bool(_TURN.search(text)) or _reads_like_prompt(text)
    elif language == "template":
        named = folder or "prompt" in path.rpartition("/")[2].lower()
        found = bool(_TURN.search(text)) or (named and _reads_like_prompt(text))
    elif language in ("markdown", "text"):
        found = (
            (folder or bool(_NAME.search(path)))
            and path.lower().endswith((".txt", ".md", ".xml"))
            and _reads_like_prompt(text)
        )
        if language == "markdown" and found and not _SURE_NAME.search(path):
            found = bool(_TRAITS["role"].search(text[:3000]))  # a page about prompts addresses its reader, not a model
    elif language in ("yaml", "json", "toml"):
        if (
            (folder or _SURE_NAME.search(path))
            and len(text) < 60_000
            and language != "json"
            and (_TURN.search(text) or _BLOCK.search(text) or _LINE.search(text))
        ):
            found = _reads_like_prompt(text)
        else:
            yield from _configured(source)
            return
    else:
        return
    if found:
        yield Prompt(0, "file", len(text), traits_of(text))


def _configured(source: Source) -> Iterator[Prompt]:
    """Prompts that are values of a configuration file."""
    text = source.text
    if len(text) > 100_000 or not re.search(
        r"(?i)prompt|system[-_]?(?:message|instruction)|backstory|instructions", text
    ):
        return
    seen: set[str] = set()
    for pattern in {"yaml": (_BLOCK, _LINE), "json": (_JSON,)}.get(source.language, (_LINE,)):
        for match in pattern.finditer(text):
            value = match[3] if pattern is _BLOCK else next(group for group in match.groups()[1:] if group)
            value = _unescaped(value) if source.language == "json" else value
            named = _named_prompt(match[2] if pattern is _BLOCK else match[1])
            traits = traits_of(value) if named and _reads_like_prompt(value) else frozenset[str]()
            if (
                named == "system" or (source.language == "yaml" and named) or "variables" in traits
            ):  # rows of a dataset are none
                if len(value) >= 40 and traits and value not in seen:
                    seen.add(value)
                    yield Prompt(text.count("\n", 0, match.start(1)), "file", len(value), traits)


# -------------------------------------------------------------------------------------------------------------- code

_LITERALS: dict[str, tuple[str, ...]] = {
    "python": ("string",),
    "typescript": ("string", "template_string"),
    "csharp": ("string_literal", "verbatim_string_literal", "raw_string_literal", "interpolated_string_expression"),
    "java": ("string_literal",),
    "go": ("interpreted_string_literal", "raw_string_literal"),
}
_JOINING = frozenset(
    {"concatenated_string", "binary_operator", "binary_expression", "parenthesized_expression", "expression_list"}
)
_LISTS = frozenset({"list", "array"})
_OBJECTS = frozenset(
    {
        "dictionary",
        "object",
        "argument_list",
        "arguments",
        "initializer_expression",
        "literal_value",
        "composite_literal",
        "object_creation_expression",
    }
)
_FUNCTIONS = frozenset(
    {
        "function_definition",
        "function_declaration",
        "method_declaration",
        "method_definition",
        "arrow_function",
        "local_function_statement",
        "property_declaration",
    }
)

# What may stand between the name and the literal, right before the literal.
_WRAPPER = re.compile(
    r"(?:(?:(?:textwrap|inspect|string|String|strings|fmt|str|html)\.)?(?:dedent|cleandoc|Sprintf|format|Format|TrimSpace|trim|outdent|stripIndent|raw|Field|field|default|default_factory|lambda|Text|TextContent|SystemTextBlock|of|from)\s*[(`=:]?|[(\[]|\bawait|\bnew|,\s*=|\breturn\s*\()\s*$"
)
_ASSIGNED = re.compile(
    r"""([\w$.-]+)(?:\[["'`]?[\w.-]+["'`]?\]|["'`]|\))?\s*(?:\??:\s*[\w\[\], .|<>"']{1,60}?)?\s*(:=|\+?=|=>|:)\s*$"""
)
# One of these stands right before every literal that can be a prompt; most literals end here.
_HINT = re.compile(
    r"rompt|PROMPT|ystem|SYSTEM|eveloper|DEVELOPER|nstruction|INSTRUCTION|ontent|CONTENT|text|Text|emplate|reamble|PREAMBLE|ersona|PERSONA|backstory|_msg|_MSG|(?:return|=>)[\s(\[]*$"
)
_SYSTEM_CALL = re.compile(
    r"\b(?:SystemMessage|SystemChatMessage|SystemMessagePromptTemplate(?:\.from_template|\.fromTemplate)?|SystemMessage\.from|SystemPromptPart|DeveloperChatMessage|AddSystemMessage|AddDeveloperMessage|UseSystemMessage|CreateSystemMessage|ofSystem|NewSystemMessage|DeveloperMessage|ChatRequestSystemMessage|system_message|defaultSystem|SystemPrompt|system_prompt)\s*\(\s*(?:\w+\s*[=:]\s*)?$"
    r"|\b(?:ChatRole|AuthorRole|ChatMessageRole|MessageRole|Role|RoleType)\.?(?:System|SYSTEM|Developer|DEVELOPER)\s*,\s*(?:\w+\s*[=:]\s*)?$|[(\[]\s*[\"'`](?:system|developer)[\"'`]\s*,\s*$|\.system\(\s*$|@SystemMessage\(\s*(?:\w+\s*=\s*)?$"
)
_TEMPLATE_CALL = re.compile(
    r"\b(?:ChatPromptTemplate|PromptTemplate|HumanMessagePromptTemplate|ChatPromptTemplate\.from_template|PromptTemplate\.from_template|PromptTemplate\.fromTemplate|ChatPromptTemplate\.fromTemplate|from_template|fromTemplate|RichPromptTemplate|PromptTemplateConfig|CreateFunctionFromPrompt|InvokePromptAsync)\s*\(\s*(?:template\s*[=:]\s*)?$"
)
_CONTENT = re.compile(r"""\b(?:content|Content|text|Text)["']?\s*[:=]\s*\[?\s*$""")
_ROLE = re.compile(r"""\brole["']?\s*[:=]\s*["'`]?([\w.]+)""", re.IGNORECASE)
_MODEL_USE = re.compile(
    r"openai|anthropic|langchain|llama_?index|\bllms?\b|_llm|llm_|Llm|gpt|claude|gemini|genai|ollama|bedrock|mistral|cohere|groq|litellm|ChatClient|completion|Agent\(|\bagents?\b|semantic_kernel|SemanticKernel|dspy|transformers|generateText|streamText|generateObject|PromptTemplate|fastmcp|FastMCP",
    re.IGNORECASE,
)
_PROMPT_MODULE = re.compile(
    r"(^|/)(?:[\w-]*[-_.])?(?:prompts?|prompt[-_]?templates?|system[-_]?(?:prompts?|messages?)|instructions)(?:/[^/]+|[-_.]?\w*)\.\w+$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TAIL = frozenset(
    "template templates text str string tpl tmpl format base default v header footer prefix suffix content body message msg instructions instruction en zh cn ja jp ko de fr es pt it ru system".split()
)
_NOT_NAMES = frozenset(
    "placeholder label title hint tooltip help error file path dir url uri id key tokens token length len negative choice confirm password login ps shell cli sql name names icon button css class regex pattern endpoint filename image img video audio type".split()
)


def _named_prompt(name: str) -> str:
    """How sure a name says that its value is a prompt: `system` (a system message), `prompt`, `maybe`, or `` for no."""
    words = [word.lower() for word in _WORDS.findall(name.rpartition(".")[2])]
    while (
        words
        and (words[-1].isdigit() or words[-1] in _TAIL)
        and len(words) > 1
        and words[-1] not in ("message", "msg", "instructions", "instruction", "system")
    ):
        words.pop()
    if not words or _NOT_NAMES.intersection(words):
        return ""
    last, before = words[-1], words[:-1]
    if last in (
        "prompt",
        "prompts",
        "metaprompt",
        "message",
        "msg",
        "instruction",
        "instructions",
        "content",
        "preamble",
    ) and {"system", "sys", "developer", "meta"}.intersection(before):
        return "system"
    if "prompt" in words or "prompts" in words:
        tail = words[max(i for i, word in enumerate(words) if word in ("prompt", "prompts")) + 1 :]
        return "prompt" if all(word in _TAIL or word.isdigit() for word in tail) else ""
    return "maybe" if last in ("system", "instruction", "instructions", "preamble", "persona", "backstory") else ""


def _code_prompts(source: Source) -> Iterator[Prompt]:
    text = source.text
    kinds: list[Any] = [{"kind": kind} for kind in _LITERALS[source.language]]
    literals = (
        SgRoot(text, grammar_of(source.path, source.language))
        .root()
        .find_all({"rule": {"any": kinds, "regex": r"(?s).{14,}"}})
    )
    module = bool(_PROMPT_MODULE.search(source.path))
    lines = _line_starts(text)
    done = -1
    for literal in sorted(literals, key=lambda node: node.range().start.index):
        place = literal.range().start
        if place.index < done:
            continue
        top = _whole(literal)
        start = top.range().start
        at = lines[start.line] + start.column
        before = text[max(0, at - 160) : at].rstrip()
        if not _HINT.search(before) and not module:
            continue
        value = _content(top.text())
        if _is_prompt(top, before, value, text=text, module=module):
            done = top.range().end.index
            yield Prompt(start.line, "code", len(value), traits_of(value))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _whole(literal: SgNode) -> SgNode:
    """The expression that a literal is a part of: the whole concatenation or joined list."""
    top = literal
    for _ in range(40):
        parent = top.parent()
        if parent is None:
            return top
        if parent.kind() in _JOINING:
            top = parent
        elif parent.kind() in _LISTS:
            call = parent.parent()
            call = call.parent() if call is not None else None
            if call is None or ".join" not in call.text() or len(call.text()) > 20_000:
                return top
            top = call
        else:
            return top
    return top


_QUOTES = re.compile(r"""(?:\b[rfbuRFBU]{1,2}|[$@]{1,3})?("{3,}|'''|["'`])""")


def _content(text: str) -> str:
    """The text of a literal or of several that are joined, without their quotes."""
    out: list[str] = []
    at = 0
    while match := _QUOTES.search(text, at):
        quote = match[1]
        end = match.end()
        while (end := text.find(quote, end)) != -1 and text[end - 1] == "\\" and len(quote) == 1:
            end += 1
        if end == -1:
            end = len(text)
        out.append(text[match.end() : end])
        at = end + len(quote)
    return _unescaped("".join(out) or text)


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _is_prompt(top: SgNode, before: str, value: str, *, text: str, module: bool) -> bool:
    if not re.search(r"\s", value.strip()) and not _OTHER_SCRIPT.search(value):
        return False
    if _SYSTEM_CALL.search(before):
        return len(value) >= 14 and not _NOT_PROMPT.match(value)
    if _CONTENT.search(before) and _in_system_message(top):
        return len(value) >= 60 or _reads_like_prompt(value)
    if _TEMPLATE_CALL.search(before):
        return _reads_like_prompt(value)
    named = _name_of(top, before)
    if named == "system":
        return (len(value) >= 200 and not _NOT_PROMPT.match(value)) or _reads_like_prompt(value)
    if named == "prompt":
        return (
            len(value) >= 40
            and _reads_like_prompt(value)
            and (module or len(value) >= 200 or bool(_MODEL_USE.search(text)))
        )
    if named == "maybe":
        return len(value) >= 20 and _reads_like_prompt(value) and bool(_MODEL_USE.search(text))
    return named == "other" and module and len(value) >= 150 and bool(_TRAITS["role"].search(value))


def _in_system_message(top: SgNode) -> bool:
    """Whether the message around a literal, the nearest object that names a role, is a system message."""
    node = top.parent()
    for _ in range(8):
        if node is None:
            return False
        if node.kind() in _OBJECTS and (match := _ROLE.search(node.text().replace(top.text(), ""))):
            return match[1].lower().endswith(("system", "developer"))
        node = node.parent()
    return False


def _name_of(top: SgNode, before: str) -> str:
    """What the name says that the literal is given to: as `_named_prompt`, or `other` for any other name."""
    while match := _WRAPPER.search(before, max(0, len(before) - 40)):
        before = before[: match.start()].rstrip()
    if before.endswith("return") or before.endswith("=>"):
        return _named_prompt(_function_name(top))
    match = _ASSIGNED.search(before, max(0, len(before) - 110))
    if match is None:
        return ""
    parent = top.parent()
    if (
        match[2] == ":"
        and parent is not None
        and parent.kind() in ("expression_statement", "block", "module", "switch_case", "ternary_expression")
    ):
        return ""
    return _named_prompt(match[1]) or "other"


def _function_name(top: SgNode) -> str:
    node = top.parent()
    for _ in range(12):
        if node is None:
            return ""
        if node.kind() in _FUNCTIONS:
            named = node.field("name")
            if named is None and (parent := node.parent()) is not None:
                named = parent.field("name") or parent.field("key")
            return named.text() if named is not None else ""
        node = node.parent()
    return ""
