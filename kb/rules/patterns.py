"""Regular expressions in time linear in the text: RE2, which has no look-around and no back-references.

People with the right to write rules write these, and every question and answer is held against them, so no
expression may be able to stop the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import re2

from kb.rules.errors import InvalidPatternError

MOST_CHARS = 500
_MEMORY_BYTES = 4 << 20


class Match(Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: str, pos: int = ..., endpos: int = ...) -> Match | None: ...


def compile_pattern(source: str, *, ignore_case: bool = True) -> Pattern:
    """Compile an expression that is matched within lines.

    Raises:
        InvalidPatternError: it has an error, is too long or too large, or matches the empty text.
    """
    if not source.strip() or len(source) > MOST_CHARS:
        raise InvalidPatternError(f"A regular expression has 1 to {MOST_CHARS} characters.")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.never_nl = True
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        compiled: Pattern = re2.compile(source, options=options)
    except (re2.error, ValueError) as error:
        raise InvalidPatternError(f"“{source}” is no regular expression of RE2: {_words(error)}.") from error
    if compiled.search("") is not None:
        raise InvalidPatternError(f"“{source}” matches everywhere, even where there is nothing.")
    return compiled


def compile_any(sources: Sequence[str]) -> Pattern | None:
    """One expression that finds whatever any of these finds; None for none.

    Raises:
        InvalidPatternError: as `compile_pattern`, for each alone.
    """
    for source in sources:
        compile_pattern(source)
    if not sources:
        return None
    options = re2.Options()
    options.case_sensitive, options.never_nl, options.log_errors = False, True, False
    options.max_mem = _MEMORY_BYTES * 4
    try:
        compiled: Pattern = re2.compile("|".join(f"(?:{source})" for source in sources), options=options)
    except re2.error as error:
        raise InvalidPatternError(f"Together these expressions are too large: {_words(error)}.") from error
    return compiled


def _words(error: Exception) -> str:
    """RE2 says what is wrong in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
