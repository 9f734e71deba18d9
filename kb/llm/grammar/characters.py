"""Sets of characters as ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable

from kb.llm.grammar.rules import Ranges

_LAST = 0x10FFFF
ANY: Ranges = ((0, _LAST),)
_LETTERS = {"t": "\t", "r": "\r", "n": "\n"}


def character(written: str) -> Ranges:
    """One character as GBNF writes it."""
    code = _code(written)
    return ((code, code),)


def characters(written: Iterable[tuple[str, str]]) -> Ranges:
    """Args:
    written: pairs of the first and the last character of a range; the last is empty for a single one.
    """
    return union((_code(first), _code(last or first)) for first, last in written)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, and joined where they touch; those that end before they begin hold nothing."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(one for one in ranges if one[0] <= one[1]):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def inverse(ranges: Ranges) -> Ranges:
    """Every other character."""
    edges = [-1, *(edge for low, high in ranges for edge in (low - 1, high)), _LAST]
    # Pairs of what comes behind one range and before the next.
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((before + 1, after) for before, after in gaps if before < after)


def holds(ranges: Ranges, code: int) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _code(written: str) -> int:
    if not written.startswith("\\"):
        return ord(written)
    kind, digits = written[1], written[2:]
    return min(int(digits, 16), _LAST + 1) if digits else ord(_LETTERS.get(kind, kind))
