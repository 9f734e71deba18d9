"""llama.cpp's grammar notation, GBNF, written as llguidance's, which is that of Lark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from kb.exceptions import InvalidInputError

_ESCAPED = r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[trn\\\"\[\]-]"
_CHARACTER = rf"(?:{_ESCAPED}|[^\\])"
_ONE = re.compile(_CHARACTER, re.DOTALL)
_RANGE = re.compile(rf"({_CHARACTER})(?:-({_CHARACTER}))?", re.DOTALL)
_TOKEN = re.compile(
    rf"""
      (?P<space> (?: [ \t\r\n] | \#[^\r\n]* )+ )
    | (?P<head> [a-zA-Z0-9_-]+ ) [ \t]* ::=
    | (?P<name> [a-zA-Z0-9_-]+ )
    | " (?P<literal> (?: {_ESCAPED} | [^\\"] )* ) "
    | \[ (?P<class> \^? (?: {_ESCAPED} | [^\\\]] )* ) \]
    | (?P<any> \. )
    | \{{ \s* (?P<least> \d{{1,9}} ) \s* (?P<more> , \s* (?P<most> \d{{0,9}} ) \s* )? \}}
    | (?P<sign> [*+?] )
    | (?P<bar> \| )
    | (?P<open> \( )
    | (?P<close> \) )
    """,
    re.VERBOSE,
)
_LETTERS = {"t": "\t", "r": "\r", "n": "\n"}
_ANY = "/(?s:.)/"
_NOTHING = '""'
_REPEATED = ("*", "+", "?", "}")
_ROOT = "root"
MAX_GRAMMAR_CHARS = 64 * 1024
# Halves of a pair in UTF-16, which are no characters.
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF

# In each, items one behind the other.
Alternatives = list[list[str]]


def lark_of_gbnf(text: str) -> str:
    """The same grammar as Lark.

    Each character is a terminal of its own. As one terminal, ``"ab"`` would hide that ``"a" "b"`` may be
    meant: terminals are as long as they can be, whatever comes behind them.

    Raises:
        InvalidInputError: it cannot be read; with the line.
    """
    if len(text) > MAX_GRAMMAR_CHARS:
        raise InvalidInputError(f"The grammar has {len(text)} characters; {MAX_GRAMMAR_CHARS} are allowed.")
    return _Converter(text).convert()


class _Converter:
    """Attributes that grow: the rules, and what all that have a name are called in Lark."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._rules: dict[str, Alternatives] = {}
        self._names = {_ROOT: "start"}
        # The present rule's, and those of each bracket in it that is open.
        self._open: list[Alternatives] = []

    def convert(self) -> str:
        for found in self._tokens():
            if found["head"]:
                self._begin(found["head"])
            elif found.lastgroup != "space":
                if not self._open:
                    self._refuse("the name of a rule and ::= are missing")
                self._take(found)
        self._end_rule()
        if _ROOT not in self._rules:
            raise InvalidInputError("The grammar has no rule root.")
        for name in self._names:
            if name not in self._rules:
                raise InvalidInputError(f"The grammar uses a rule {name}, which it does not define.")
        return "\n".join(f"{self._names[name]}: {_written(rule)}" for name, rule in self._rules.items())

    def _tokens(self) -> Iterator[re.Match[str]]:
        while self._at < len(self._text):
            found = _TOKEN.match(self._text, self._at)
            if found is None:
                self._refuse("this is not understood")
            yield found
            self._at = found.end()

    def _begin(self, name: str) -> None:
        self._end_rule()
        if name in self._rules:
            self._refuse(f"{name} is defined twice")
        self._name(name)
        self._rules[name] = [[]]
        self._open = [self._rules[name]]

    def _end_rule(self) -> None:
        if len(self._open) > 1:
            self._refuse(") is missing")

    def _take(self, found: re.Match[str]) -> None:
        alternatives = self._open[-1]
        items = alternatives[-1]
        match found.lastgroup:
            case "name":
                items.append(self._name(found["name"]))
            case "literal":
                items.append(self._literal(found["literal"]))
            case "class":
                items.append(self._class(found["class"]))
            case "any":
                items.append(_ANY)
            case "bar":
                alternatives.append([])
            case "open":
                self._open.append([[]])
            case "close":
                self._close()
            case _:
                self._repeat(items, found)

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"r{len(self._names)}")

    def _literal(self, written: str) -> str:
        codes = [_code(one) for one in _ONE.findall(written)]
        if any(code in _SURROGATES or code > _LAST for code in codes):
            self._refuse("this is no character")
        # In one bracket, so that a repetition behind it means all of it.
        return f"({' '.join(f'/{_shown(code)}/' for code in codes)})" if codes else _NOTHING

    def _class(self, written: str) -> str:
        inverse = written.startswith("^")
        ranges = "".join(_range(first, last or first) for first, last in _RANGE.findall(written[inverse:]))
        if not ranges and not inverse:
            self._refuse("no character is possible")
        return f"/[{'^' if inverse else ''}{ranges}]/" if ranges else _ANY

    def _close(self) -> None:
        if len(self._open) == 1:
            self._refuse("there is no bracket that ) could close")
        inner = self._open.pop()
        self._open[-1][-1].append(f"({_written(inner)})")

    def _repeat(self, items: list[str], found: re.Match[str]) -> None:
        if not items:
            self._refuse("there is nothing to repeat")
        times = found["sign"]
        if times is None:
            least = int(found["least"])
            most = int(found["most"] or 0) if found["more"] else least
            if found["most"] and most < least:
                self._refuse("the end of the repetitions comes before their beginning")
            times = f"{{{least},{most or ''}}}"
            if not most and (found["most"] or not found["more"]):
                items[-1], times = _NOTHING, ""
        items[-1] = f"({items[-1]}){times}" if items[-1].endswith(_REPEATED) else f"{items[-1]}{times}"

    def _refuse(self, why: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise InvalidInputError(f"The grammar cannot be read at line {line}: {why}.")


def _written(alternatives: Alternatives) -> str:
    return " | ".join(" ".join(items) or _NOTHING for items in alternatives)


def _range(first: str, last: str) -> str:
    """Empty where there are no characters between them."""
    low, high = _code(first), min(_code(last), _LAST)
    low = _SURROGATES.stop if low in _SURROGATES else low
    high = _SURROGATES.start - 1 if high in _SURROGATES else high
    return f"{_shown(low)}-{_shown(high)}" if low <= high else ""


def _code(written: str) -> int:
    if not written.startswith("\\"):
        return ord(written)
    kind, digits = written[1], written[2:]
    return int(digits, 16) if digits else ord(_LETTERS.get(kind, kind))


def _shown(code: int) -> str:
    return f"\\x{{{code:x}}}"
