"""What the text of a prompt holds: a role, a scope, rules of safety, an output format, ... and whether a text is a prompt.

Heuristics over words, English first. Knows nothing of files.
"""

from __future__ import annotations

import re

__all__ = ["NOT_PROMPT", "OTHER_SCRIPT", "gives_role", "reads_like_prompt", "traits_of"]


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
        r"\b(?:only|solely|exclusively) (?:answer|respond|reply|discuss|help|talk|assist|handle)\w*\b(?! (?:with|in|using|by)\b)|\b(?:answer|respond|reply|discuss|help)\w*(?: (?!in\b|with\b|as\b|based\b)\w+){0,3} (?:only|solely|exclusively)\b(?! (?:with|in|using|by|as|valid|json|the json)\b)|\b(?:do not|don't|never|must not|should not|cannot|can't) (?!answer[^.\n]{0,60}\b(?:based (?:only |solely )?on|without|(?:from|using) (?:only )?(?:your|memory|prior|general|internal)))(?:answer|discuss|engage|talk about|respond to|help with|assist with|provide (?:\w+ ){0,2}(?:advice|opinions))",
        r"\b(?:out(?:side)?(?: of)?|beyond|within|in) (?:\w+ ){0,3}(?:scope|domain|expertise|remit)\b|\bout-of-scope|\boff-?topic|(?:\bun|\bnot |n't )related (?:to|questions|topics|requests)|\bunrelated\b|\b(?:stick|limited|restrict(?:ed)?|confine\w*|limit)\b(?: \w+){0,3} to\b|\bboundar(?:y|ies)\b|(?:^|\n)\W*(?:scope|limitations|constraints)\b",
        r"\bnur fragen|\bbeantworte nur|\bausschließlich|\b(?:solo|únicamente|solamente) (?:responde|debes|puedes|preguntas)|\bresponde (?:solo|únicamente)|\buniquement\b|\bhors sujet|\b(?:apenas|somente) (?:responda|sobre|perguntas)|\bтолько на вопросы|\bотвечай только|仅回答|只回答|只能|仅限|只(?:记录|输出|处理|关注|允许)|不要(?:回答|添加|包含|讨论)|忽略|无关|範囲外|のみ(?:回答|答)|만 (?:답|대답)|관련(?:이 없| 없)",
    ),
    "safety": _any(
        rf"{_BAN}[^.\n。]{{0,90}}{_RISK}",
        rf"{_RISK}[^.\n。]{{0,60}}{_BAN}",
        r"(?:^|\n)\W*(?:safety|security|guardrails?|responsible ai|content policy)(?: \w+){0,2}\W*\n",
    ),
    "refusal": _any(
        r"\b(?:state|say|tell \w+) (?:that )?the answer is not|\b(?:don't|do not) (?:provide an answer|provide the answer|give an answer|make up|invent|fabricate|speculate|guess)",
        r"\bdo(?:n't| not) know\b|\bnot sure\b|\bunsure\b|\buncertain\b|\bcan(?:not|'t| not) (?:answer|help|assist|find|be (?:found|determined|answered)|provide|comply|determine|do that)|\bpolitely|\bdecline|\brefuse\b|\b(?:not enough|insufficient|lacks?|(?<!provide )(?<!give )(?<!share )(?<!include )(?<!add )(?<!reveal )no) (?:relevant )?(?:information|context|data|evidence)\b",
        r"\bif (?:the |a |an |any |there |it |you )?(?:\w+ ){0,4}(?:does not|doesn't|do not|don't|is not|isn't|are not|aren't|is no|are no|is unclear|is ambiguous|is missing|cannot|can't)\b"
        r".{0,100}?\b(?:say|state|tell|reply|respond|answer|ask|declin|apologi[sz]|inform|admit|explain that|return|output|write|mention|indicate|note|let)\w*\b.{0,60}?(?:\bknow|clarif|sorry|cannot|can't|unable|not (?:available|found|sure|have|enough|possible|in|provided|relevant|specified|mentioned|applicable|supported|allowed|contain)|n't (?:have|find|contain|mention|enough|provided|answer)|\bnone\b|n/a|nothing to|\bno (?:information|answer|results?|data|match\w*|relevant|such|suitable|\w+ (?:found|available))|\binsufficient|\bmore (?:details?|information|context)|\bmissing\b)",
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


def gives_role(text: str) -> bool:
    """Whether a text addresses a model with a role, as in "You are ..."."""
    return bool(_TRAITS["role"].search(text))


def traits_of(text: str) -> frozenset[str]:
    """What a prompt's text holds: role, audience, scope, safety, refusal, output, examples, grounding, citations, delimiters, variables."""
    text = text[:40_000]
    return frozenset(name for name, pattern in _TRAITS.items() if pattern.search(text))


_INSTRUCTS = _any(
    r"\byou (?:must|should|will|can|may|need|have)\b|\byour (?:task|job|goal|role|answer|response|output|reply|mission)\b|\brespond\b|\b(?:answer|reply to) (?:the|each|this|user|in|with|only)|\bgiven (?:the|a|an|this|following|some|two)\b|\bbased on (?:the|this|these)\b|\bsummari[sz]e|\bextract\b"
    r"|\btranslate\b|\bclassify|\brewrite|\bgenerate (?:a|an|the|\d|concise|only)|\banaly[sz]e\b|\bwrite (?:a|an|the|\w+ (?:a|an))\b|\buse (?:the following|only)|\breturn (?:only|a|an|the|your|json|\{)|\boutput (?:only|format|a|the)|\bstep[- ]by[- ]step|\bdo not\b|\bdon't\b|\bnever\b|\bplease\b|\bact as\b|\bfollowing (?:\w+ )?(?:text|question|context|document|article|conversation|rules|format|json)"
)
OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
NOT_PROMPT = re.compile(
    r"\s*(?:(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|WITH RECURSIVE|WITH \w+ AS)\b|<!DOCTYPE|<html|<div|<svg|<\?xml|https?://\S+\s*$|#!/|import |package |usage:|\\x1b|\\033|\\e\[)",
    re.IGNORECASE,
)
_ASKS_USER = re.compile(
    r"\[y/n\]|\(y/n\)|\byes/no\b|\bpress (?:enter|any key)|\benter (?:your|the|a|an)\b|\bare you sure\b|\btype ['\"]?\w+['\"]? to\b",
    re.IGNORECASE,
)

# An error or a hint for the developer who called: "You tried to access x, but this is no longer supported."
_TELLS_DEVELOPER = re.compile(
    r"\W*(?:you (?:tried|attempted|are (?:trying|using|missing)|have not|haven't|must (?:set|install|pass|call|configure)|need to (?:set|install|pass|call|configure)|should (?:set|install|pass))|unable to|failed to|could not|cannot|please (?:set|install|provide|specify|pass|configure|run|make sure))\b"
    r"(?=.*(?:\b(?:pip|npm|pnpm|yarn|brew) (?:install|add)\b|environment variables?|\b(?:deprecated|no longer supported|not supported|is not (?:set|installed|initialized))\b|\bapi[_ ]?key|\bkeyword argument|\bimport error))",
    re.IGNORECASE | re.DOTALL,
)


def reads_like_prompt(text: str) -> bool:
    """Whether a text instructs a model, rather than asking a person, querying a database or labelling a field."""
    if NOT_PROMPT.match(text) or (len(text) < 160 and _ASKS_USER.search(text)):
        return False
    if len(text) < 1200 and _TELLS_DEVELOPER.match(text):
        return False
    if _TRAITS["role"].search(text):
        return True
    if len(OTHER_SCRIPT.findall(text[:600])) > 15:
        return True
    instructs = len(_INSTRUCTS.findall(text[:4000]))
    return instructs > 1 or (instructs == 1 and (len(text) >= 200 or bool(_TRAITS["variables"].search(text))))


# ------------------------------------------------------------------------------------------------------------- files
