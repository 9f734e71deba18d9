"""A scanner that cuts Markdown into sentences from left to right, in linear time, with or without its end."""

from __future__ import annotations

import re

from kb.rag.blocks import Block, Segment, classify, fence_end, line_head, rule_length
from kb.rag.boundaries import UNDECIDED, find_end

# A longer run without an end is cut at a space: it bounds memory and time on hostile text (case 29).
LONGEST_CHARS = 2000

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"\w")
_LEADING = re.compile(r"\s+")


class Scanner:
    """Holds a text that may still grow, and the place up to which it has been cut."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self._at = 0
        self._scan = 0
        self._block: Block | None = None
        self._body = 0
        self._starts = True
        self._opened = False
        self._ended = True
        self._fence = ""
        self._indent = self._block_indent = self._column = 0
        self._newlines = 2

    def feed(self, delta: str) -> None:
        """Append text, and forget what has been cut."""
        self.text = self.text[self._at :] + delta
        self._body -= self._at
        self._at = 0

    def next(self, final: bool) -> Segment | None:
        """The next sentence, or None while its end is uncertain (``final``: when there is none)."""
        while self._opened or self._open(final):
            segment = self._close_code(final) if self._fence else self._close(final)
            if segment is None:
                return None
            if _WORD.search(self.text, segment.body, segment.body_end):
                return segment
        return None

    def _open(self, final: bool) -> bool:
        """Skip to the next words and settle which block they belong to; False while that is uncertain."""
        while True:
            self._skip_space()
            if self._at == len(self.text):
                return False
            if self._fence or not self._newlines:
                self._begin(self._block or "p", 0, starts=False)
                return True
            window, last = self._window(final)
            rule = rule_length(window, 0, last)
            head = line_head(window, 0, last)
            if rule is None or head is None:
                return False
            if rule == 0 or window[:3] in ("```", "~~~"):
                break
            self._at += rule
        line = classify(head)
        lazy = line.block == "p" and self._newlines == 1 and self._block in ("p", "li") and self._ended
        if not lazy:
            self._block_indent = self._indent
        self._fence = line.fence
        self._begin(self._block or "p" if lazy else line.block, line.skip, starts=not lazy)
        return True

    def _begin(self, block: Block, skip: int, *, starts: bool) -> None:
        self._block, self._body, self._starts = block, self._at + skip, starts
        self._opened, self._scan, self._newlines = True, skip, 0

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self._at)
        space = match.group() if match else ""
        self._newlines += space.count("\n")
        broken = space.rfind("\n")
        self._indent = len(space) - broken - 1 if broken >= 0 else self._indent + len(space)
        self._column = self._indent if broken >= 0 else self._column + len(space)
        self._at += len(space)

    def _window(self, final: bool) -> tuple[str, bool]:
        """What may be read for the next decision, and whether the decision must fall on it."""
        window = self.text[self._at : self._at + LONGEST_CHARS]
        full = len(window) == LONGEST_CHARS
        return window, full or (final and self._at + len(window) == len(self.text))

    def _close(self, final: bool) -> Segment | None:
        window, last = self._window(final)
        end, self._scan = find_end(window, self._scan, self._block or "p", self._column, last)
        if end == UNDECIDED:
            return None
        if end == LONGEST_CHARS and not window[-1].isspace():
            end = max(window.rfind(" "), window.rfind("\n"), LONGEST_CHARS // 2)
        return self._emit(end, end)

    def _close_code(self, final: bool) -> Segment | None:
        window, last = self._window(final)
        opening = window.find("\n") + 1 if self._starts else 0
        closing = (
            fence_end(window, self._fence, max(opening, self._scan), last)
            if opening or not self._starts
            else None
        )
        if closing:
            self._body, self._fence = self._at + opening, ""
            return self._emit(closing[1], closing[0])
        self._scan = max(opening, window.rfind("\n"))
        if not last:
            return None
        self._body = self._at + opening
        cut = window.rfind("\n") if len(window) == LONGEST_CHARS else len(window)
        end = cut if cut > opening else len(window)
        return self._emit(end, end)

    def _emit(self, end: int, body_end: int) -> Segment:
        piece = self.text[self._at : self._at + end]
        kept = len(piece.rstrip())
        self._ended = piece.rstrip()[-1:] in tuple(".!?)]\"'*_`\u201d\u2019\u3002\uff01\uff1f\u3011")
        stop = self._at + min(body_end, kept)
        segment = Segment(
            self._at,
            self._at + kept,
            min(self._body, stop),
            stop,
            self._block or "p",
            self._starts,
            self._block_indent,
        )
        self._column = len(piece) - piece.rfind("\n") - 1 + (0 if "\n" in piece else self._column)
        self._at += end
        self._opened = False
        return segment
