"""Personal data and secrets in texts: found by their form and, where they have one, their check digits; masked by placeholders.

Takes time in proportion to the text. Does not know names of people, addresses or anything else that has no form of its own: that
takes a model, and what is said here of a text is never "it has none".
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["PII_KINDS", "Masker", "PiiSpan", "find_pii", "mask_pii"]


class PiiSpan(NamedTuple):
    """A piece of personal data: its kind, and where it is in the text, in characters, the end excluded."""

    kind: str
    start: int
    end: int


_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----|(?<![\w-])(?:"
    r"sk-[A-Za-z0-9_-]{20,200}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{40,255}|AKIA[0-9A-Z]{16}|"
    r"AIza[\w-]{35}|xox[abprs]-[A-Za-z0-9-]{10,200}|glpat-[\w-]{20,100}|hf_[A-Za-z0-9]{30,100}|"
    r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000})"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_CARD = re.compile(r"(?<![\w.-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?){2,6}|\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-. ]\d{3}[-. ]\d{4}"
    r"|0\d{1,5}[ /-]\d{3,9}(?:[ -]\d{2,6}){0,3})(?![\w-]|\.\d)"
)

# Of the countries' standard; what has another length is no IBAN.
_IBAN_LENGTHS = {
    **dict.fromkeys(["NO"], 15),
    **dict.fromkeys(["BE"], 16),
    **dict.fromkeys(["DK", "FI", "NL"], 18),
    **dict.fromkeys(["SI", "MK"], 19),
    **dict.fromkeys(["AT", "BA", "EE", "LT", "LU", "XK"], 20),
    **dict.fromkeys(["CH", "HR", "LI", "LV"], 21),
    **dict.fromkeys(["BG", "DE", "GB", "IE", "ME", "RS"], 22),
    **dict.fromkeys(["AE", "GI", "IL"], 23),
    **dict.fromkeys(["AD", "CZ", "ES", "PK", "RO", "SA", "SE", "SK"], 24),
    **dict.fromkeys(["PT"], 25),
    **dict.fromkeys(["IS", "TR"], 26),
    **dict.fromkeys(["FR", "GR", "IT", "MC", "SM"], 27),
    **dict.fromkeys(["CY", "HU", "PL"], 28),
    **dict.fromkeys(["BR", "UA"], 29),
    **dict.fromkeys(["MT"], 31),
}


def _whole(_text: str, match: re.Match[str]) -> int:
    return match.end()


def _of_email(_text: str, match: re.Match[str]) -> int:
    last = match[0].rpartition(".")[2]
    return match.end() if len(last) > 1 and last.isalpha() and last.isascii() else 0


def _of_card(_text: str, match: re.Match[str]) -> int:
    digits = [int(c) for c in match[0] if c.isdigit()]
    doubled = sum(d - 9 if d > 9 else d for d in (2 * d for d in digits[-2::-2]))
    sound = 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (doubled + sum(digits[-1::-2])) % 10 == 0
    return match.end() if sound else 0


def _of_iban(_text: str, match: re.Match[str]) -> int:
    """Where it ends: a word in capitals may follow it, which the form alone takes in."""
    length, seen = _IBAN_LENGTHS.get(match[0][:2], 0), 0
    for i, c in enumerate(match[0]):
        seen += c != " "
        if seen == length:
            compact = match[0][: i + 1].replace(" ", "")
            number = "".join(str(int(c, 36)) for c in compact[4:] + compact[:4])
            return match.start() + i + 1 if int(number) % 97 == 1 else 0
    return 0


def _of_ip(text: str, match: re.Match[str]) -> int:
    before = text[max(0, match.start() - 9) : match.start()].lower()
    if before.rstrip().endswith(("version", "release")) or match[0] in ("::", "0.0.0.0", "127.0.0.1", "::1"):  # noqa: S104 - compared, not bound
        return 0
    try:
        ipaddress.ip_address(match[0])
    except ValueError:
        return 0
    return match.end()


def _of_phone(_text: str, match: re.Match[str]) -> int:
    return match.end() if 8 <= sum(c.isdigit() for c in match[0]) <= 15 else 0


# In the order in which they take their part of a text; what one has found is no other's.
_FORMS: dict[str, tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], int]], ...]] = {
    "secret": ((_SECRET, _whole),),
    "email": ((_EMAIL, _of_email),),
    "iban": ((_IBAN, _of_iban),),
    "card": ((_CARD, _of_card),),
    "ssn": ((_SSN, _whole),),
    "ip": ((_IP4, _of_ip), (_IP6, _of_ip)),
    "phone": ((_PHONE, _of_phone),),
}

# A text in which this is not has nothing of the kind; most texts are told so.
_MANY_DIGITS = re.compile(r"\d(?:[ ()./-]{0,3}\d){7}")
_SIGNS = {
    "email": re.compile("@"),
    "iban": re.compile(r"[A-Z]{2}\d{2} ?[A-Z0-9]"),
    "card": _MANY_DIGITS,
    "ssn": re.compile(r"\d-\d"),
    "ip": re.compile(r"\d\.\d|:[0-9A-Fa-f]{0,4}:"),
    "phone": _MANY_DIGITS,
}

PII_KINDS = tuple(_FORMS)
"""What can be found: keys and tokens, addresses of mail, bank accounts, payment cards, US social security numbers, addresses of
machines, telephone numbers."""


def find_pii(text: str, kinds: Collection[str] = PII_KINDS) -> list[PiiSpan]:
    """The personal data in a text, in its order, none within another.

    Args:
        text: any.
        kinds: of `PII_KINDS`, which to look for.

    Raises:
        UsageError: there is no such kind.
    """
    if unknown := sorted(set(kinds) - _FORMS.keys()):
        raise UsageError(f"no kind of personal data: {unknown[0]!r}", hint=f"the kinds are {', '.join(PII_KINDS)}")
    found: list[PiiSpan] = []
    taken = bytearray(len(text))
    for kind, forms in _FORMS.items():
        if kind in kinds and (kind not in _SIGNS or _SIGNS[kind].search(text)):
            for form, end_of in forms:
                for match in form.finditer(text):
                    end = end_of(text, match)
                    if end and not any(taken[match.start() : end]):
                        taken[match.start() : end] = b"\x01" * (end - match.start())
                        found.append(PiiSpan(kind, match.start(), end))
    return sorted(found, key=lambda span: span.start)


class Masker:
    """Puts placeholders as `<EMAIL_1>` for personal data: the same value has the same placeholder in all that one masker masks.

    Args:
        kinds: of `PII_KINDS`.

    Attributes:
        counts: how many pieces were masked, by kind.
    """

    def __init__(self, kinds: Collection[str] = PII_KINDS) -> None:
        self.counts: Counter[str] = Counter()
        self._kinds = kinds
        self._known: dict[tuple[str, str], str] = {}
        self._of_kind: Counter[str] = Counter()

    def mask(self, value: Any) -> Any:
        """The value with every text in it masked; lists and mappings as deep as they go, keys as they are."""
        if isinstance(value, str):
            return "".join(self._pieces(value))
        if isinstance(value, list):
            return [self.mask(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: self.mask(item) for key, item in cast("dict[Any, Any]", value).items()}
        return value

    def _pieces(self, text: str) -> Iterator[str]:
        at = 0
        for span in find_pii(text, self._kinds):
            yield text[at : span.start]
            yield self._placeholder(span.kind, text[span.start : span.end])
            at = span.end
        yield text[at:]

    def _placeholder(self, kind: str, value: str) -> str:
        self.counts[kind] += 1
        plain = "".join(value.split()).lower()
        if (kind, plain) not in self._known:
            self._of_kind[kind] += 1
            self._known[kind, plain] = f"<{kind.upper()}_{self._of_kind[kind]}>"
        return self._known[kind, plain]


def mask_pii(value: Any, kinds: Collection[str] = PII_KINDS) -> Any:
    """The value with a placeholder for each piece of personal data in its texts, consistent within it."""
    return Masker(kinds).mask(value)
