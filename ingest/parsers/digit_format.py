"""Numbers as the placeholders of a number format write them: 0.25 as 25%, 1234.5 as 1,234.50 €."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

Tokens = tuple[tuple[str, bool], ...]
Marked = tuple[tuple[str, str], ...]

_DIGITS = frozenset("0#?")
_SIMPLE = re.compile(r"[^0#?.,/@E]*(?P<digits>(?:#,##)?0(?:\.(?P<decimals>0{1,15}))?)[^0#?.,/@E]*")
_GENERAL = "general"
# Beyond it the digits would be made up, as beyond the last decimal.
_MAX_NUMBER = 1e24
_MAX_DECIMALS = 15


@dataclass(frozen=True)
class _Simple:
    """Of nearly all formats: 0 or #,##0, decimals that are always written, and signs around them."""

    before: str
    after: str
    grouped: bool
    unit: Decimal
    power: int

    def words(self, number: float, *, signed: bool) -> str:
        # Fifteen digits are what spreadsheets calculate with: 1.005 is not 1.00499999999999989.
        value = abs(Decimal(f"{number:.15g}").scaleb(self.power)).quantize(self.unit, ROUND_HALF_UP)
        minus = "-" if signed and value else ""
        return f"{minus}{self.before}{value:{',' if self.grouped else ''}f}{self.after}".strip()


@lru_cache(maxsize=1_000)
def _simple(tokens: Tokens) -> _Simple | None:
    # Signs that are meant literally cannot be mistaken for placeholders.
    code = "".join("x" * len(words) if literal else words for words, literal in tokens)
    words = "".join(words for words, _ in tokens)
    told = _SIMPLE.fullmatch(code)
    if told is None:
        return None
    start, end = told.span("digits")
    unit = Decimal(1).scaleb(-len(told["decimals"] or ""))
    return _Simple(words[:start], words[end:], "," in told["digits"], unit, 2 * code.count("%"))


def digit_words(number: float, tokens: Tokens, *, signed: bool) -> str | None:
    """The number as the tokens of a section write it, without spaces around it.

    Args:
        tokens: signs and words, each with whether it is meant literally.
        signed: whether a negative number gets a minus in front.

    Returns:
        None for a fraction, for "General" within other words, and for numbers out of reach.
    """
    if not math.isfinite(number) or abs(number) >= _MAX_NUMBER:
        return None
    try:
        simple = _simple(tokens)
        return simple.words(number, signed=signed) if simple else _words(number, tokens, signed=signed)
    except ArithmeticError:
        # More digits than decimal numbers are calculated with here.
        return None


def _words(number: float, tokens: Tokens, *, signed: bool) -> str | None:
    plain = "".join(sign for sign, literal in tokens if not literal)
    if _GENERAL in plain.lower() or "@" in plain:
        return None
    if not _DIGITS & set(plain):
        # Words alone, such as a dash for nothing.
        return "".join(words for words, _ in tokens).strip()
    if "/" in plain:
        return None
    marked = _marked(tokens)
    value = abs(Decimal(f"{number:.15g}"))
    if any(kind == "exponent" for kind, _ in marked):
        words, is_zero = _scientific(value, marked)
    else:
        words, is_zero = _written(value, marked)
    return f"{'-' if signed and not is_zero else ''}{words.strip()}"


@lru_cache(maxsize=1_000)
def _marked(tokens: Tokens) -> Marked:
    """The tokens with their kinds.

    Placeholders are whole, decimal or power; the others point, comma, percent, exponent and word.
    """
    found: list[tuple[str, str]] = []
    part = "whole"
    at = 0
    while at < len(tokens):
        sign, literal = tokens[at]
        following = tokens[at + 1][0] if at + 1 < len(tokens) else ""
        if literal:
            found.append(("word", sign))
        elif sign in _DIGITS:
            found.append((part, sign))
        elif sign == "." and part == "whole":
            part = "decimal"
            found.append(("point", sign))
        elif sign in "Ee" and following in ("+", "-") and part != "power":
            part = "power"
            found.append(("exponent", following))
            at += 1
        else:
            found.append(({",": "comma", "%": "percent"}.get(sign, "word"), sign))
        at += 1
    return tuple(found)


def _written(value: Decimal, marked: Marked) -> tuple[str, bool]:
    """The words, and whether all their digits are 0."""
    kinds = [kind for kind, _ in marked]
    last = max((at for at, kind in enumerate(kinds) if kind == "whole"), default=-1)
    first = next((at for at, kind in enumerate(kinds) if kind == "whole"), last)
    grouped = "comma" in kinds[first : last + 1]
    value = value.scaleb(2 * kinds.count("percent") - 3 * _thousands(kinds, last))
    places = min(_MAX_DECIMALS, kinds.count("decimal"))
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if value else Decimal(0)
    whole, _, decimals = f"{rounded:.{places}f}".partition(".")
    wholes = [sign for kind, sign in marked if kind == "whole"]
    whole = whole.lstrip("0").rjust(_required(wholes), "0")
    shown = _decimals([sign for kind, sign in marked if kind == "decimal"], decimals)
    return _put_together(marked, _spread(whole, len(wholes), grouped=grouped), shown), not rounded


def _thousands(kinds: list[str], last_whole: int) -> int:
    """How often the number is divided by 1,000: commas behind the last digit, or right before the point."""
    last = max((at for at, kind in enumerate(kinds) if kind in ("whole", "decimal")), default=-1)
    count = 0
    for end in {last_whole, last} - {-1}:
        after = kinds[end + 1 :]
        count += next((commas for commas, kind in enumerate(after) if kind != "comma"), len(after))
    return count


def _required(wholes: list[str]) -> int:
    """How many digits stand before the point at least."""
    return len(wholes) - wholes.index("0") if "0" in wholes else 0


def _spread(whole: str, places: int, *, grouped: bool) -> list[str]:
    """The digits for each placeholder before the point; the first takes those for which there is none."""
    digits = [
        digit + ("," if grouped and left % 3 == 0 and left else "")
        for left, digit in zip(range(len(whole) - 1, -1, -1), whole, strict=True)
    ]
    surplus = max(0, len(digits) - places)
    if not places:
        return []
    kept = ["".join(digits[: surplus + 1]), *digits[surplus + 1 :]] if digits else []
    return [""] * (places - len(kept)) + kept


def _decimals(signs: list[str], decimals: str) -> list[str]:
    """The digits for each placeholder behind the point, without zeros at the end that # and ? stand for."""
    shown = list(decimals.ljust(len(signs), "0"))
    for at in range(len(signs) - 1, -1, -1):
        if signs[at] == "0" or shown[at] != "0":
            break
        shown[at] = ""
    return shown


def _put_together(marked: Marked, wholes: list[str], decimals: list[str]) -> str:
    pieces = []
    left = {"whole": iter(wholes), "decimal": iter(decimals)}
    for kind, sign in marked:
        if kind in left:
            pieces.append(next(left[kind], ""))
        elif kind == "point":
            pieces.append(sign if any(decimals) or "decimal" not in {kind for kind, _ in marked} else "")
        elif kind != "comma":
            pieces.append(sign)
    return "".join(pieces)


def _scientific(value: Decimal, marked: Marked) -> tuple[str, bool]:
    at = next(at for at, (kind, _) in enumerate(marked) if kind == "exponent")
    mantissa, power_part = marked[:at], marked[at + 1 :]
    wholes = max(1, sum(kind == "whole" for kind, _ in mantissa))
    places = min(_MAX_DECIMALS, sum(kind == "decimal" for kind, _ in mantissa))
    power = 0
    if value:
        power = (value.adjusted() // wholes) * wholes
        # 9.99 becomes 10.0 when it is rounded.
        if value.scaleb(-power).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) >= Decimal(10) ** wholes:
            power += wholes
    words, is_zero = _written(value.scaleb(-power), mantissa)
    required = sum(kind == "power" for kind, _ in power_part)
    sign = "-" if power < 0 else "+" if marked[at][1] == "+" else ""
    behind = "".join(sign for kind, sign in power_part if kind != "power")
    return f"{words}E{sign}{str(abs(power)).rjust(required, '0')}{behind}", is_zero
