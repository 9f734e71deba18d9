"""The encoding of bytes that are not UTF-8 and of which nobody says what they are.

chardetng, which Firefox uses for pages without a declaration, tells scripts apart within a few words. Western
and Central European, Baltic and Turkish encodings share most of their bytes, and there a few accents mislead
it ("Martedì" may be Latvian): between those the small words of the text decide. What is in doubt stays
Windows-1252.
"""

from __future__ import annotations

import re
import unicodedata

from chardetng_py import EncodingDetector

from ingest.parsers.small_words import languages_by_small_words

WESTERN = "cp1252"
# As Python names what the web means by these names.
_PYTHON_NAMES = {
    "Shift_JIS": "cp932", "EUC-KR": "cp949", "GBK": "gb18030", "Big5": "big5hkscs",
    "windows-874": "cp874", "windows-1252": WESTERN,
}  # fmt: skip
_CENTRAL = frozenset({"pl", "cs", "sk", "hu", "ro", "sl", "hr", "bs", "sr", "sq"})
_BALTIC = frozenset({"lt", "lv", "et"})
_LANGUAGES = {
    "windows-1250": _CENTRAL, "ISO-8859-2": _CENTRAL, "windows-1254": frozenset({"tr", "az", "ku"}),
    "windows-1257": _BALTIC, "ISO-8859-4": _BALTIC, "ISO-8859-13": _BALTIC, "windows-1258": frozenset({"vi"}),
}  # fmt: skip
# Signs that no Western word begins with or has in its middle: "£ódŸ" for "Łódź", "¿ó³ty" for "żółty".
_SIGN_IN_WORD = re.compile(
    r"[£¥¦§©¬®¯±²³´¶¸¹¼½¾](?=[a-zà-öø-ÿ]{2})|(?<=[a-zà-öø-ÿ])[¿¡£¥³¹¼¾](?=[a-zà-öø-ÿ])"
)
# Of letters of an alphabet other than Latin, the share that may touch Latin ones ("3D-модель", "IPадрес").
MAX_TOUCHING_SHARE = 0.2
_TOUCHING = re.compile(r"(?<=[a-zA-Z])[^\W\d_a-zA-Z]|[^\W\d_a-zA-Z](?=[a-zA-Z])")
# Quotation marks and single accents, read as another alphabet, make no words.
_WORD = re.compile(r"[^\W\d_a-zA-Z]{3,}")
# How many small words make a language: where chardetng says the same, and where it says another thing.
_FEW, _MANY = 2, 5
# Words in these may touch Latin letters anywhere.
_WITHOUT_SPACES = frozenset({"cp932", "cp949", "gb18030", "big5hkscs", "EUC-JP", "cp874"})
_NEVER_WRITTEN = frozenset({"Cc", "Co", "Cn", "Cs"})


def guess_encoding(data: bytes) -> str | None:
    """The encoding in which all of the bytes are text, as Python names it; None where none is sure enough.

    Args:
        data: not valid UTF-8. All of it is looked at, 10 MB in one to three seconds: a cut may go through a
            character of two bytes, which rules its encoding out.
    """
    detector = EncodingDetector()
    detector.feed(data, last=True)
    named = detector.guess(tld=None, allow_utf8=False)
    guess = _PYTHON_NAMES.get(named, named)
    western = _decoded(data, WESTERN)
    if guess == WESTERN or named in _LANGUAGES:
        guess = _latin(data, named, western)
    elif not _is_sure(data, guess):
        guess = WESTERN
    return None if guess == WESTERN and western is None else guess


def _is_sure(data: bytes, guess: str) -> bool:
    """Whether text in another alphabet than Latin, or in none, looks like words."""
    text = _decoded(data, guess)
    if text is None:
        return False
    letters = sum(char > "\x7f" and char.isalpha() for char in text)
    if guess in _WITHOUT_SPACES:
        return letters > 0
    in_words = sum(map(len, _WORD.findall(text)))
    touching = len(_TOUCHING.findall(text))
    return letters > 0 and touching <= MAX_TOUCHING_SHARE * letters and in_words >= letters / 2


def _latin(data: bytes, named: str, western: str | None) -> str:
    """Which encoding of Latin letters it is: the one that the language of the text is written in."""
    guess = named if named in _LANGUAGES else WESTERN
    text = _decoded(data, guess)
    if text is not None and western is None:
        return guess
    languages = languages_by_small_words(text or western or "", _FEW if guess != WESTERN else _MANY)
    if not languages:
        return guess if text is not None and _SIGN_IN_WORD.search(western or "") else WESTERN
    for encoding, written in {guess: _LANGUAGES.get(guess, frozenset()), **_LANGUAGES}.items():
        if languages <= written:
            return encoding if _decoded(data, encoding) is not None else WESTERN
    return WESTERN


def _decoded(data: bytes, encoding: str) -> str | None:
    """The text, or None where the bytes are none in this encoding."""
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if has_impossible(text) else text


def has_impossible(text: str) -> bool:
    """Whether there are characters that stand in no text: controls above 7F, private and unassigned ones."""
    return any(char > "\x7f" and unicodedata.category(char) in _NEVER_WRITTEN for char in set(text))
