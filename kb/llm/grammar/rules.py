"""A grammar as numbers, and what is refused before it can do harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.exceptions import InvalidInputError

# Characters, as sorted inclusive ranges of code points that do not touch each other.
Ranges = tuple[tuple[int, int], ...]
# A character out of these, or the rule with this number.
Symbol = Ranges | int
Alternative = tuple[Symbol, ...]
Rule = Sequence[Alternative]

END = -1
MAX_SYMBOLS = 20_000


@dataclass(frozen=True)
class Grammar:
    """Every place in every alternative has a number.

    Attributes:
        symbols: what stands at a place.
        following: the place behind it; END where its alternative ends.
        heads: for each rule, the first places of its alternatives; END for an empty one.
        root: the rule that a whole answer is.
    """

    symbols: Sequence[Symbol]
    following: Sequence[int]
    heads: Sequence[Sequence[int]]
    root: int


def make_grammar(rules: Sequence[Rule], names: Mapping[int, str], root: int) -> Grammar:
    """Number the places.

    Args:
        names: of the rules that have one, for messages.

    Raises:
        InvalidInputError: a rule begins with itself, so that whoever follows it never comes to an end.
    """
    _refuse_left_recursion(rules, names)
    symbols: list[Symbol] = []
    following: list[int] = []
    heads: list[list[int]] = []
    for rule in rules:
        heads.append([len(symbols) + at if alternative else END for at, alternative in _starts(rule)])
        for alternative in rule:
            start = len(symbols)
            symbols += alternative
            following += [*range(start + 1, len(symbols)), END][: len(alternative)]
    return Grammar(symbols, following, heads, root)


def _starts(rule: Rule) -> Iterator[tuple[int, Alternative]]:
    at = 0
    for alternative in rule:
        yield at, alternative
        at += len(alternative)


def _refuse_left_recursion(rules: Sequence[Rule], names: Mapping[int, str]) -> None:
    """Depth first without recursion: a chain of rules may be as long as the grammar."""
    empty = _may_be_empty(rules)
    done: set[int] = set()
    for start in range(len(rules)):
        path = {start: _leading(rules[start], empty)} if start not in done else {}
        while path:
            number, leading = next(reversed(path.items()))
            child = next(leading, None)
            if child is None:
                del path[number]
                done.add(number)
            elif child in path:
                name = next((names[one] for one in [child, *path] if one in names), "root")
                raise InvalidInputError(f"The rule {name} of the grammar can begin with itself.")
            elif child not in done:
                path[child] = _leading(rules[child], empty)


def _leading(rule: Rule, empty: set[int]) -> Iterator[int]:
    """The rules with which it can begin."""
    for alternative in rule:
        for symbol in alternative:
            if not isinstance(symbol, int):
                break
            yield symbol
            if symbol not in empty:
                break


def _may_be_empty(rules: Sequence[Rule]) -> set[int]:
    """The rules that can stand for no characters at all."""
    users: dict[int, list[tuple[int, int]]] = defaultdict(list)
    missing: dict[tuple[int, int], int] = {}
    todo: list[int] = []
    for number, rule in enumerate(rules):
        for at, alternative in enumerate(rule):
            parts = {symbol for symbol in alternative if isinstance(symbol, int)}
            if all(isinstance(symbol, int) for symbol in alternative):
                missing[number, at] = len(parts)
                for part in parts:
                    users[part].append((number, at))
                if not parts:
                    todo.append(number)
    found: set[int] = set()
    while todo:
        number = todo.pop()
        if number in found:
            continue
        found.add(number)
        for user in users[number]:
            missing[user] -= 1
            if not missing[user]:
                todo.append(user[0])
    return found
