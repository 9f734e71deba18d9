"""Days and times as a number format shows them.

A day in figures is written the one way that nobody misreads (2024-03-01), as precise as its format: which of
01/03/2024 is the month depends on the region of whoever opens the file. Names of months and days are English.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

Tokens = Sequence[tuple[str, bool]]
Moment = datetime.date | datetime.time | datetime.timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH = 9
# The long day and the time of the reader's system.
_OF_THE_SYSTEM = (0xF800, 0xF400)
_HALVES = re.compile(r"AM/PM|A/P", re.IGNORECASE)


def date_words(value: Moment, tokens: Tokens, language: int) -> str | None:
    """What is shown of a day, a time or a duration.

    Args:
        tokens: signs and words of the section, each with whether it is meant literally.
        language: the number of a language and region, or 0.

    Returns:
        None where value and format do not fit each other.
    """
    codes = _codes(tokens)
    kinds = {code[0] for code in codes if code[0] != '"'}
    if any(code.startswith("[") for code in codes):
        return _write(codes, _elapsed(value), None)
    if isinstance(value, datetime.timedelta):
        return _write(codes, value, None) if kinds <= set("hns.a") else None
    day = value if isinstance(value, datetime.date) else None
    if not kinds & set("ymd"):
        return _write(codes, _time_of(value), None)
    if day is None:
        return None
    named = any(code in ("mmm", "mmmm", "mmmmm", "ddd", "dddd") for code in codes)
    english = language & 0x3FF in (0, _ENGLISH) and language not in _OF_THE_SYSTEM
    if named and english:
        return _write(codes, _time_of(value), day)
    return _in_figures(codes, kinds, day)


def _in_figures(codes: list[str], kinds: set[str], day: datetime.date) -> str:
    if "d" in kinds:
        words = day.isoformat()[:10]
    else:
        words = f"{day.year:04}-{day.month:02}" if "m" in kinds else f"{day.year:04}"
    clock = codes[next((at for at, code in enumerate(codes) if code[0] in "hns"), len(codes)) :]
    if not clock:
        return words
    # Behind 2024-03-01 an hour has two digits.
    padded = [code if code != "h" or "a" in clock else "hh" for code in clock]
    return f"{words} {_write(padded, _time_of(day), None)}"


def _codes(tokens: Tokens) -> list[str]:
    """Runs of one letter in lower case, minutes as n; other signs with a quotation mark in front."""
    found: list[str] = []
    signs = list(tokens)
    at = 0
    while at < len(signs):
        sign, literal = signs[at]
        rest = "".join(words for words, kept in signs[at : at + 5] if not kept)
        letter = sign.lower()
        if literal or letter not in (*"ymdhs", "[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"):
            half = None if literal else _HALVES.match(rest)
            fraction = sign == "." and not literal and at + 1 < len(signs) and signs[at + 1] == ("0", False)
            found.append("a" if half else "." if fraction else f'"{sign}')
            at += len(half[0]) if half else 1
            continue
        run = at
        while run < len(signs) and signs[run] == signs[at]:
            run += 1
        found.append(letter * (run - at))
        at = run
    return _with_minutes(found)


def _with_minutes(codes: list[str]) -> list[str]:
    """An m right after hours or right before seconds is minutes."""
    telling = [at for at, code in enumerate(codes) if code[0] not in '".a']
    for place, at in enumerate(telling):
        before = codes[telling[place - 1]] if place else ""
        after = codes[telling[place + 1]] if place + 1 < len(telling) else ""
        if codes[at] in ("m", "mm") and (before.strip("[")[:1] == "h" or after.strip("[")[:1] == "s"):
            codes[at] = "n" * len(codes[at])
    return codes


def _write(codes: list[str], clock: datetime.timedelta, day: datetime.date | None) -> str:
    seconds = clock.total_seconds()
    minus = "-" if seconds < 0 else ""
    whole = int(abs(seconds)) if "." in codes else round(abs(seconds))
    halves = "a" in codes
    pieces = []
    for at, code in enumerate(codes):
        if code[0] == '"':
            # The zeros of a part of a second are written with its point.
            pieces.append("" if code == '"0' and "." in codes[:at] else code[1:])
        elif code[0] in "ymd":
            pieces.append(_of_day(code, day) if day else "")
        else:
            pieces.append(_of_clock(code, whole, abs(seconds), halves=halves))
    return minus + " ".join("".join(pieces).split())


def _of_clock(code: str, whole: int, seconds: float, *, halves: bool) -> str:
    if code == "a":
        return "PM" if whole // 3600 % 24 >= 12 else "AM"
    if code == ".":
        return f"{seconds % 1:.3f}"[1:].rstrip("0").ljust(2, "0")
    if code[0] == "[":
        per = {"h": 3600, "m": 60, "s": 1}[code[1]]
        return str(whole // per).rjust(len(code) - 2, "0")
    number = {"h": whole // 3600 % 24, "n": whole // 60 % 60, "s": whole % 60}[code[0]]
    if code[0] == "h" and halves:
        number = number % 12 or 12
    return str(number).rjust(min(2, len(code)), "0")


def _of_day(code: str, day: datetime.date) -> str:
    if code[0] == "y":
        return f"{day.year:04}" if len(code) > 2 else f"{day.year % 100:02}"
    figure, name = (day.month, _MONTHS[day.month - 1]) if code[0] == "m" else (day.day, _DAYS[day.weekday()])
    if len(code) == 5 and code[0] == "m":
        return name[0]
    if len(code) > 2:
        return name[:3] if len(code) == 3 else name
    return str(figure).rjust(len(code), "0")


def _elapsed(value: Moment) -> datetime.timedelta:
    return value if isinstance(value, datetime.timedelta) else _time_of(value)


def _time_of(value: datetime.date | datetime.time | datetime.timedelta) -> datetime.timedelta:
    if isinstance(value, datetime.timedelta):
        return value
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return datetime.timedelta()
    return datetime.timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
