"""Number formats of spreadsheets (ECMA-376-1, 18.8.31): what a cell shows of the value that it holds.

Points and commas are those of the format's own language, English, whatever the program of the reader makes of
them. Fractions, and what else is not understood, are left to the caller.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ingest.parsers.date_format import date_words
from ingest.parsers.digit_format import digit_words

GENERAL = "General"
MAX_CODE_CHARS = 255
# Those of the formats with a number that stands in no file (18.8.30); 14 and 22 follow the reader's region.
BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: "$#,##0;-$#,##0",
    6: "$#,##0;-$#,##0",
    7: "$#,##0.00;-$#,##0.00",
    8: "$#,##0.00;-$#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0;-",
    42: "$#,##0;-$#,##0;$-",
    43: "#,##0.00;-#,##0.00;-",
    44: "$#,##0.00;-$#,##0.00;$-",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
}

# A quoted word, an escaped sign, a space as wide as a sign, what fills the cell, something in brackets.
_PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<plain>.)', re.DOTALL
)
_DATE_CODE = re.compile(r"\[?[ymdhs]", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_CURRENCY = re.compile(r"\$([^-]*)(?:-([0-9A-Fa-f]+))?")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
}


@dataclass(frozen=True)
class Section:
    """One of up to four parts of a format.

    Attributes:
        tokens: each sign or word with whether it is meant literally; "[h]" and the like are one token.
        language: the number of a language and region, or 0.
    """

    tokens: tuple[tuple[str, bool], ...]
    condition: tuple[str, float] | None = None
    language: int = 0

    @cached_property
    def is_date(self) -> bool:
        return any(
            not literal and words[:1].strip("[").lower() in tuple("ymdhs") for words, literal in self.tokens
        )


class NumberFormat:
    """A format, taken apart once."""

    def __init__(self, code: str) -> None:
        self._sections = tuple(map(_section, _cut(code[:MAX_CODE_CHARS])))
        self.plain = code.strip().lower() in ("", "general", "@")

    @property
    def hides_words(self) -> bool:
        """Whether a cell with words shows nothing: the fourth section is there and empty."""
        return len(self._sections) == 4 and not self._sections[3].tokens

    def words(self, value: object) -> str | None:
        """What the cell shows; None where the format says nothing of such a value, or is not understood."""
        if self.plain or isinstance(value, bool):
            return None
        if isinstance(value, float | int):
            return self._number(value)
        if not isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            return None
        section = self._sections[0]
        return date_words(value, section.tokens, section.language) if section.is_date else None

    def _number(self, number: float) -> str | None:
        section, signed = self._chosen(number)
        if section is None or section.is_date:
            return None
        return digit_words(number, section.tokens, signed=signed)

    def _chosen(self, number: float) -> tuple[Section | None, bool]:
        """The section for a number, and whether a minus is to be written that is not part of it."""
        numeric = self._sections[:3]
        if any(section.condition for section in numeric):
            for section in numeric:
                if section.condition is None or _HOLDS[section.condition[0]](number, section.condition[1]):
                    below = section.condition is not None and section.condition[0] in ("<", "<=")
                    return section, number < 0 and not (below and section.condition == ("<", 0.0))
            return None, False
        if number < 0 and len(numeric) > 1:
            return numeric[1], False
        return (numeric[2] if number == 0 and len(numeric) > 2 else numeric[0]), number < 0


@lru_cache(maxsize=1_000)
def number_format(code: str) -> NumberFormat:
    return NumberFormat(code)


def _cut(code: str) -> list[str]:
    """The sections, which semicolons part that are not meant literally."""
    sections = [""]
    for part in _PART.finditer(code):
        if part["plain"] == ";":
            sections.append("")
        else:
            sections[-1] += part[0]
    return sections[:4]


def _section(code: str) -> Section:
    tokens: list[tuple[str, bool]] = []
    condition, language = None, 0
    for part in _PART.finditer(code):
        bracket = part["bracket"]
        if part["plain"]:
            tokens.append((part["plain"], False))
        elif part["quoted"] is not None or part["escaped"]:
            tokens.append((part["quoted"] or part["escaped"] or "", True))
        elif bracket is None:
            # A space as wide as a sign; what fills the cell is no word.
            tokens += [(" ", True)] if part[0].startswith("_") else []
        elif told := _CONDITION.fullmatch(bracket):
            condition = (told[1], float(told[2]))
        elif money := _CURRENCY.fullmatch(bracket):
            tokens += [(money[1], True)] if money[1] else []
            language = int(money[2] or "0", 16)
        elif re.fullmatch(r"h+|m+|s+", bracket, re.IGNORECASE):
            tokens.append((f"[{bracket.lower()}]", False))
    return Section(tuple(tokens), condition, language)
