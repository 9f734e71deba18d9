"""Reading llama.cpp's grammar notation, GBNF.

Read here and not by llama.cpp, which a few lines can end or hold up for ever: deep brackets, long chains of
rules, rules that refer to each other twice. See docs/decisions/0022.
"""

from __future__ import annotations

import re
from typing import NoReturn

from kb.exceptions import InvalidInputError
from kb.llm.grammar.characters import ANY, character, characters, inverse
from kb.llm.grammar.rules import MAX_SYMBOLS, Alternative, Grammar, Rule, Symbol, make_grammar

MAX_GRAMMAR_CHARS = 64 * 1024
MAX_REPETITIONS = 10_000
_MAX_NESTING = 100
_ROOT = "root"
_BLANK = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_NAME = re.compile(r"[a-zA-Z0-9-]+")
_ESCAPED = r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[trn\\\"\[\]-]"
_LITERAL = re.compile(rf'"((?:{_ESCAPED}|[^\\"])*)"')
_CLASS = re.compile(rf"\[(\^?)((?:{_ESCAPED}|[^\\\]])*)\]")
_CHARACTER = re.compile(rf"{_ESCAPED}|[^\\]", re.DOTALL)
_RANGE = re.compile(rf"({_ESCAPED}|[^\\])(?:-({_ESCAPED}|[^\\]))?", re.DOTALL)
_TIMES = re.compile(r"\{\s*(\d{1,9})\s*(?:(,)\s*(\d{0,9})\s*)?\}|([*+?])")
_BY_SIGN: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_grammar(text: str) -> Grammar:
    """The grammar of this text, whose rule ``root`` a whole answer is.

    Raises:
        InvalidInputError: it cannot be read, is too large, or has no end; with the place where that is so.
    """
    if len(text) > MAX_GRAMMAR_CHARS:
        raise InvalidInputError(f"The grammar has {len(text)} characters; {MAX_GRAMMAR_CHARS} are allowed.")
    return _Reader(text).read()


class _Reader:
    """Attributes that grow: the rules, and the numbers of those that have a name."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._rules: list[Rule | None] = []
        self._numbers: dict[str, int] = {}
        self._size = 0

    def read(self) -> Grammar:
        self._skip(_SPACE)
        while self._at < len(self._text):
            self._rule()
        if _ROOT not in self._numbers:
            raise InvalidInputError("The grammar has no rule root.")
        names = {number: name for name, number in self._numbers.items()}
        rules = []
        for number, rule in enumerate(self._rules):
            if rule is None:
                raise InvalidInputError(f"The grammar uses a rule {names[number]}, which it does not define.")
            rules.append(rule)
        return make_grammar(rules, names, self._numbers[_ROOT])

    def _rule(self) -> None:
        name = self._expect(_NAME, "the name of a rule")[0]
        self._skip(_BLANK)
        self._expect(re.compile("::="), "::=")
        self._skip(_SPACE)
        number = self._number(name)
        if self._rules[number] is not None:
            self._refuse(f"{name} is defined twice")
        self._rules[number] = self._alternatives(0)
        if self._at < len(self._text) and self._text[self._at] not in "\r\n":
            self._refuse("this is not understood")
        self._skip(_SPACE)

    def _alternatives(self, depth: int) -> list[Alternative]:
        """Up to the end of the line, or to the bracket that closes."""
        if depth > _MAX_NESTING:
            self._refuse(f"brackets are nested more than {_MAX_NESTING} deep")
        found = [self._sequence(depth)]
        while self._text.startswith("|", self._at):
            self._at += 1
            self._skip(_SPACE)
            found.append(self._sequence(depth))
        return found

    def _sequence(self, depth: int) -> Alternative:
        found: list[Symbol] = []
        while (item := self._item(depth)) is not None:
            self._grow(len(item))
            self._skip(_SPACE if depth else _BLANK)
            while times := _TIMES.match(self._text, self._at):
                item = self._repeated(item, *self._bounds(times))
                self._at = times.end()
                self._skip(_SPACE if depth else _BLANK)
            found += item
        return tuple(found)

    def _item(self, depth: int) -> list[Symbol] | None:
        """None where no other item begins."""
        if literal := self._take(_LITERAL):
            return [character(one) for one in _CHARACTER.findall(literal[1])]
        if among := self._take(_CLASS):
            return [self._class(among)]
        if name := self._take(_NAME):
            return [self._number(name[0])]
        if self._text.startswith(".", self._at):
            self._at += 1
            return [ANY]
        if not self._text.startswith("(", self._at):
            return None
        self._at += 1
        self._skip(_SPACE)
        alternatives = self._alternatives(depth + 1)
        self._expect(re.compile(r"\)"), ")")
        return [self._add(alternatives)]

    def _class(self, found: re.Match[str]) -> Symbol:
        ranges = characters(_RANGE.findall(found[2]))
        ranges = inverse(ranges) if found[1] else ranges
        if not ranges:
            self._refuse("no character is possible")
        return ranges

    def _bounds(self, times: re.Match[str]) -> tuple[int, int | None]:
        if times[4]:
            return _BY_SIGN[times[4]]
        least = int(times[1])
        most = (int(times[3]) if times[3] else None) if times[2] else least
        if max(least, most or 0) > MAX_REPETITIONS:
            self._refuse(f"more than {MAX_REPETITIONS} repetitions")
        if most is not None and most < least:
            self._refuse("the end of the repetitions comes before their beginning")
        return least, most

    def _repeated(self, item: list[Symbol], least: int, most: int | None) -> list[Symbol]:
        """``x{2,4}`` as ``x x more``, with ``more ::= x again |`` and ``again ::= x |``."""
        self._grow(least + 2 * ((most or least) - least))
        symbol = item[0] if len(item) == 1 else self._add([tuple(item)])
        found = [symbol] * least
        if most is None:
            number = self._add([])
            self._rules[number] = [(symbol, number), ()]
            return [*found, number]
        rest: Alternative = ()
        for _ in range(most - least):
            rest = (self._add([(symbol, *rest), ()]),)
        return [*found, *rest]

    def _add(self, rule: Rule) -> int:
        self._rules.append(rule)
        return len(self._rules) - 1

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._rules)
            self._rules.append(None)
        return self._numbers[name]

    def _grow(self, symbols: int) -> None:
        self._size += symbols
        if self._size > MAX_SYMBOLS:
            self._refuse(f"it has more than {MAX_SYMBOLS} symbols, repetitions counted")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _expect(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        return self._take(pattern) or self._refuse(f"{what} is missing")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _refuse(self, why: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise InvalidInputError(f"The grammar cannot be read at line {line}: {why}.")
