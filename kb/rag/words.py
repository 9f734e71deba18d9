"""Words of a text, folded so that equal words compare equal: plain text, tokens, stems, content words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import log

from kb.rag.links import without_targets
from kb.rag.wordlists import IRREGULAR, STOP_WORDS, SYNONYMS

_FOLDS = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"'}
    | {
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2212": "-",
    }
    | {"\u2013": "-", "\u2014": " - ", "\u00d7": "x", "\u00ad": "", "\ufeff": ""}
    # Raised digits are footnotes or powers, never a part of the number before them.
    | dict.fromkeys("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", " ")
)
_FRACTION = re.compile(r"(\d*)([\u00bc-\u00be\u2150-\u215e])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\U000e0000-\U000e007f]")
_EMPHASIS = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|\*\*|~~|`")
_VOWEL = re.compile(r"[aeiouy]")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """The text as it reads: no emphasis, links or invisible characters; straight quotes, one kind of
    dash, single spaces."""
    text = _INVISIBLE.sub("", text).translate(_FOLDS)
    text = _FRACTION.sub(_decimal, text)
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_EMPHASIS.sub("", without_targets(text)).split())


def tokens(text: str) -> list[str]:
    """Casefolded words of plain text; hyphens and slashes part them, an apostrophe does not."""
    return [token.group().casefold() for token in _TOKEN.finditer(text)]


def token_spans(text: str) -> list[tuple[int, int]]:
    """Where each of the `tokens` of plain text stands."""
    return [token.span() for token in _TOKEN.finditer(text)]


@lru_cache(maxsize=65536)
def stem(token: str) -> str:
    """Fold inflection, spelling variants and everyday synonyms of an English word.

    Words of other scripts come back as they are. Deliberately light: "employee", "employer" and "employment"
    must stay three words.
    """
    base = _base(token)
    return _SYNONYM_BASES.get(base, base)


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry content, in order, repeats included."""
    return [stem(token) for token in tokens(text) if is_content(token)]


def is_content(token: str) -> bool:
    """Whether a casefolded token says something by itself."""
    if token.endswith("n't") or token.partition("'")[0] in STOP_WORDS:
        return False
    return len(token) > 1 or token.isdigit() or not token.isascii()


def rarity(sentences: Sequence[Iterable[str]]) -> dict[str, float]:
    """How rare each stem is among sentences, from 0 (in all of them) to 1 (in one).

    Inverse document frequency (Spaerck Jones 1972), scaled, because a handful of sentences is too few for
    raw values.
    """
    seen: dict[str, int] = {}
    for stems in sentences:
        for item in set(stems):
            seen[item] = seen.get(item, 0) + 1
    most = log(1 + len(sentences))
    return {item: log((1 + len(sentences)) / count) / most for item, count in seen.items()} if most else {}


def weight(item: str, rare: Mapping[str, float]) -> float:
    """The say of a stem in an overlap, from about 0.6 to 2: rarer and longer words have more."""
    return 0.5 + rare.get(item, 1.0) + min(len(item), 10) / 20


def coverage(wanted: Iterable[str], found: Iterable[str], rare: Mapping[str, float]) -> float:
    """The weighted share of the wanted stems that were found; 0 when nothing is wanted."""
    have = set(found)
    total = covered = 0.0
    for item in set(wanted):
        worth = weight(item, rare)
        total += worth
        covered += worth if item in have else 0.0
    return covered / total if total else 0.0


def _base(token: str) -> str:
    """In the manner of Harman's S-stemmer ("How effective is suffixing?", 1991), with -ed, -ing and -ly."""
    word = token.removesuffix("'s").replace("'", "")
    word = IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _without_ending(_without_plural(word)).replace("iz", "is")
    if len(word) > 3:
        word = word.removesuffix("e")
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_ending(word: str) -> str:
    for suffix, least in (("ing", 3), ("ed", 3), ("ly", 5), ("ement", 5)):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= least and _VOWEL.search(base):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouszl"
            return base[:-1] if doubled or (base.endswith("ll") and len(base) > 5) else base
    return word


def _decimal(match: re.Match[str]) -> str:
    return f"{int(match.group(1) or 0) + unicodedata.numeric(match.group(2)):.4f}".rstrip("0")


_SYNONYM_BASES = {_base(word): _base(head) for word, head in SYNONYMS.items()}
