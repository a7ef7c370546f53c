"""Finds credentials by the shapes that vendors give theirs, and blanks them.

A false alarm costs more than a miss: what looks like a placeholder, a sequence, a word or a checksum is let go. No value is
ever returned. Knows nothing of whether a key still works.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SECRET_LITERALS", "SecretHit", "find_secrets", "redact"]


@dataclass(frozen=True)
class SecretHit:
    """A credential: what kind, and its line in the text, from 0. Never its value."""

    kind: str
    index: int


class _Span(NamedTuple):
    kind: str
    start: int
    end: int


class _Shape(NamedTuple):
    """How a vendor's credentials look.

    Attributes:
        kind: the vendor.
        literals: one of them is in every such credential.
        pattern: its group `body`, or the whole match, is the random part.
        entropy: bits a character that the random part must have.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    entropy: float = 3.3


_BEFORE = r"(?<![A-Za-z0-9_-])"
_AFTER = r"(?![A-Za-z0-9_-])"


def _shape(kind: str, literals: str, pattern: str, entropy: float = 3.3) -> _Shape:
    return _Shape(kind, tuple(literals.split()), re.compile(_BEFORE + pattern + _AFTER, re.ASCII), entropy)


_SHAPES = (
    _shape("anthropic", "sk-ant-", r"sk-ant-[a-z]{3,6}\d\d-(?P<body>[\w-]{80,120})"),
    _shape("openai", "T3BlbkFJ", r"sk-(?:(?:proj|svcacct|admin|None)-)?(?P<body>[\w-]{20,100}T3BlbkFJ[\w-]{20,100})"),
    _shape("openai", "sk-", r"sk-(?P<body>[A-Za-z0-9]{48})", 4.0),
    _shape("openrouter", "sk-or-v1-", r"sk-or-v1-(?P<body>[0-9a-f]{64})"),
    _shape(
        "langfuse",
        "sk-lf-",
        r"sk-lf-(?P<body>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})",
        3.0,
    ),
    _shape("langsmith", "lsv2_", r"lsv2_(?:pt|sk)_(?P<body>[0-9a-f]{32}_[0-9a-f]{10})"),
    _shape(
        "azure",
        "JQQJ9",
        r"(?P<body>[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9][A-L][A-Za-z0-9]{16}[A-Za-z][A-Za-z0-9]{7})(?:[A-Za-z0-9]{2}==)?",
    ),
    _shape("azure-storage", "AccountKey=", r"AccountKey=(?P<body>[A-Za-z0-9+/]{86}==)"),
    _shape("google", "AIza", r"AIza(?P<body>[\w-]{35})", 3.6),
    _shape("github", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_(?P<body>[A-Za-z0-9]{36})", 3.6),
    _shape("github", "github_pat_", r"github_pat_(?P<body>[A-Za-z0-9]{22}_[A-Za-z0-9]{59})", 3.6),
    _shape("huggingface", "hf_", r"hf_(?P<body>[A-Za-z]{34})", 3.8),
    _shape("groq", "gsk_", r"gsk_(?P<body>[A-Za-z0-9]{52})", 3.8),
    _shape("replicate", "r8_", r"r8_(?P<body>[A-Za-z0-9]{37})", 3.6),
    _shape("xai", "xai-", r"xai-(?P<body>[A-Za-z0-9]{80})", 3.8),
    _shape("perplexity", "pplx-", r"pplx-(?P<body>[A-Za-z0-9]{48})", 3.8),
    _shape("nvidia", "nvapi-", r"nvapi-(?P<body>[\w-]{64})", 3.8),
    _shape(
        "slack",
        "xoxb- xoxa- xoxp- xoxr- xoxs-",
        r"xox[abprs]-\d{9,14}-\d{9,14}-(?:\d{9,14}-)?(?P<body>[A-Za-z0-9]{24,32})",
    ),
    _shape("stripe", "sk_live_ rk_live_", r"[sr]k_live_(?P<body>[A-Za-z0-9]{24,120})"),
)
_AWS_ID = re.compile(_BEFORE + r"A[KS]IA(?P<body>[A-Z2-7]{16})" + _AFTER)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
_AWS_REACH = 400
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<of>[A-Z]{0,10} ?)PRIVATE KEY-----(?P<body>(?:[A-Za-z0-9+/=\s\"',+]|\\[nr]){60,8000}?)-----END "
)
# What the name of an assignment may end in; the rest of the name is read backwards from here.
_NAME_ENDS = ("api_key", "api-key", "apikey", "apiKey", "ApiKey", "Apikey", "API_KEY", "API-KEY", "APIKEY") + tuple(
    form for word in ("secret", "token", "password") for form in (word, word.capitalize(), word.upper())
)
_ASSIGNED = re.compile(
    rf"(?:{'|'.join(_NAME_ENDS)})[\"'`\]]{{0,2}}[ \t]{{0,8}}(?::=|=>|[:=])[ \t]{{0,8}}(?P<quote>[\"'`]?)(?P<value>[A-Za-z0-9+/_=~-]{{20,128}})(?P<after>.?)"
)
_NAME_BEFORE = re.compile(r"[\w.-]*$")
_ENV_LINE_BEFORE = re.compile(r"^[ \t]*(?:-[ \t]+|export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+)?[\"']?[\w.-]*$")
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|change-?_?me|your|xxx|fake|test|todo|redacted|insert|replace|mock|foobar|s3cr3t|secret|"
    r"password|notreal|not-a-|my[-_]|invalid|random|demo|[-_]here|[-_]key[-_]|[-_]token[-_]|\.\.\.|\*\*\*|qwerty|asdf|ignore|deadbeef|lorem|0000",
    re.I,
)
_REPEATED = re.compile(r"(.)\1{4}|(..)\2{3}|(.{3,8})\3{2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_HARMLESS_NAME = re.compile(
    r"sha\d*(?:$|[_.-])|digest|hash|checksum|integrity|commit|md5|etag|revision|fingerprint|nonce|public|publishable|csrf|xsrf|cursor|"
    r"page|next_?token|continuation|(?:pad|eos|bos|unk|sep|cls|mask|stop)_?token|test|fake|mock|dummy|example|sample|encrypted|sealed|"
    r"mixpanel|posthog|segment_?write|amplitude|sentry_dsn|plausible|gtag|analytics|docsearch|algolia_search",
    re.I,
)
_FIREBASE = re.compile(
    r"authDomain|firebase|messagingSenderId|mobilesdk_app_id|maps\.googleapis|GMSServices|youtube", re.I
)
_OPENAI_NEAR = re.compile(r"azure|openai|aoai|cognitive", re.I)
_WORDS = re.compile(r"[a-z]{8,}|(?:[A-Z][a-z]{3,}){2}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_URL_USER = re.compile(r"(?<=://)[^\s/@\"'<>`\[\]]{1,256}(?=@)")
# What people write beside a value that other scanners are to let go.
_ALLOWED = re.compile(r"gitleaks:allow|allowlist[ _]secret|trufflehog:ignore|nosecret|noqa: ?S10[5-7]|NOSONAR")
_REDACTED = "[redacted]"
# The published key of the storage emulator.
_EMULATOR_KEY = "Eby8vdM02x" + "NOcqFlqUwJPLlm"

SECRET_LITERALS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [literal for shape in _SHAPES for literal in shape.literals] + ["AKIA", "ASIA", "PRIVATE KEY-----", *_NAME_ENDS]
    )
)


def find_secrets(text: str) -> Iterator[SecretHit]:
    """The credentials in `text`, in its order; each value is given once, as the most specific kind."""
    position, index = 0, 0
    for span in _spans(text):
        index += text.count("\n", position, span.start)
        position = span.start
        yield SecretHit(span.kind, index)


def redact(text: str) -> str:
    """The text with every credential, and whoever a URL logs in as, replaced by `[redacted]`; in it nothing is found any more."""
    text = _URL_USER.sub(_REDACTED, text)
    while spans := _spans(text):
        for span in reversed(spans):
            text = text[: span.start] + _REDACTED + text[span.end :]
    return text


def _spans(text: str) -> list[_Span]:
    """The credentials, without overlaps: the specific ones win over the generic."""
    found: list[_Span] = []
    for shape in _SHAPES:
        if any(literal in text for literal in shape.literals):
            found += _shaped(shape, text)
    if "AKIA" in text or "ASIA" in text:
        found += _aws(text)
    if "PRIVATE KEY-----" in text:
        found += _private_keys(text)
    if any(end in text for end in _NAME_ENDS):
        found += _assigned(text)
    kept: list[_Span] = []
    if _ALLOWED.search(text):
        found = [span for span in found if not _ALLOWED.search(text, span.end, _line_end(text, span.end))]
    for span in sorted(found, key=lambda span: (span.start, span.kind == "generic")):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif kept[-1].kind == "generic":
            kept[-1] = span
    return kept


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _shaped(shape: _Shape, text: str) -> Iterator[_Span]:
    for match in shape.pattern.finditer(text):
        body = match["body"]
        if _entropy(body) < shape.entropy or _is_placeholder(body):
            continue
        if shape.kind == "google" and _FIREBASE.search(text, max(0, match.start() - 600), match.end() + 600):
            continue  # web keys are public by design
        if shape.kind == "azure-storage" and body.startswith(_EMULATOR_KEY):
            continue
        yield _Span(shape.kind, match.start(), match.end())


def _aws(text: str) -> Iterator[_Span]:
    """Key ids with a secret near them; the span is the secret's, as the id alone is none."""
    for match in _AWS_ID.finditer(text):
        if _is_placeholder(match["body"]) or _entropy(match["body"]) < 2.8:
            continue
        start, end = max(0, match.start() - _AWS_REACH), match.end() + _AWS_REACH
        for secret in _AWS_SECRET.finditer(text, start, end):
            if (
                _is_random(secret[0])
                and not _is_placeholder(secret[0])
                and re.search("secret", text[start : min(end, len(text))], re.I)
            ):
                yield _Span("aws", secret.start(), secret.end())
                break


def _private_keys(text: str) -> Iterator[_Span]:
    for match in _PRIVATE_KEY.finditer(text):
        body = re.sub(r"\\[nr]|[\s\"',]", "", match["body"])
        if (
            match["of"].strip() != "ENCRYPTED"
            and len(body) >= 60
            and _entropy(body) >= 4.0
            and not _REPEATED.search(body.replace("A", ""))
        ):
            yield _Span("private-key", match.start(), match.end())


def _assigned(text: str) -> Iterator[_Span]:
    """Random literals that are assigned to a name that ends in key, secret, token or password."""
    for match in _ASSIGNED.finditer(text):
        value = match["value"]
        line_start = text.rfind("\n", max(0, match.start() - 200), match.start()) + 1
        before = text[max(line_start, match.start() - 200) : match.start()]
        if _is_within_word(before[-1:], match[0]):
            continue
        name = (_NAME_BEFORE.search(before[-64:]) or match)[0] + match[0][:10]
        if match["quote"]:
            if match["after"] != match["quote"]:
                continue
        elif match["after"].strip(" \t\r,;#") or not _ENV_LINE_BEFORE.match(before):
            continue
        if (
            value.startswith(("AIza", "phc_", "pk_live_", "pk_test_"))
            or _HARMLESS_NAME.search(name)
            or _UUID.search(value)
            or _is_placeholder(value)
        ):
            continue
        near = text[max(0, match.start() - 200) : match.end("value")]
        if _is_random(value):
            key = "key" in name.lower() and _is_azure_key(value)
            yield _Span(
                "azure-openai" if key and _OPENAI_NEAR.search(near) else "generic",
                match.start("value"),
                match.end("value"),
            )


def _is_within_word(before: str, name: str) -> bool:
    """Whether the name's end goes on from a word (`tiktoken`), rather than begin one (`my_token`, `myToken`)."""
    return before.isalpha() and not (name[0].isupper() and before.islower())


def _is_azure_key(value: str) -> bool:
    return (len(value) == 32 and _HEX.fullmatch(value) is not None) or len(value) == 84


def _is_random(value: str) -> bool:
    """Whether a value looks drawn at random: hexadecimal digits, or all of digits, small and capital letters, and no words."""
    digits = sum(c.isdigit() for c in value)
    if _HEX.fullmatch(value):
        return len(value) >= 32 and 4 <= digits < len(value) - 3 and _entropy(value) >= 3.0
    upper, lower = sum(c.isupper() for c in value), sum(c.islower() for c in value)
    if min(upper, lower) < 3 or digits < 2 or sum(value.count(c) for c in "-_/.") > len(value) // 6:
        return False
    return (
        _entropy(value) >= min(4.3, 0.87 * math.log2(len(value)))
        and not _WORDS.search(value)
        and not _decodes_to_text(value)
    )


def _is_placeholder(body: str) -> bool:
    return (
        _PLACEHOLDER.search(body) is not None
        or _REPEATED.search(body) is not None
        or any(map(_has_sequence, (body, body[::2], body[1::2])))
    )


def _has_sequence(body: str, length: int = 5) -> bool:
    """Whether `length` characters in a row count up or down."""
    codes = [ord(c) for c in body.lower()]
    for step in (1, -1):
        run = 1
        for one, two in zip(codes, codes[1:], strict=False):
            run = run + 1 if two - one == step else 1
            if run >= length:
                return True
    return False


def _decodes_to_text(value: str) -> bool:
    """Whether it is base64 of printable text, as in the manifests of a cluster: encoded, but mostly words."""
    if len(value) % 4:
        return False
    try:
        decoded = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return False
    return all(32 <= byte < 127 or byte in (9, 10, 13) for byte in decoded)


def _entropy(text: str) -> float:
    """Shannon's entropy in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0
