"""The header of a table for the parts of it that do not hold it.

A chunk is a span of the document's text, so that the header cannot be repeated in it; it is put in front of
what is embedded, as titles and headings are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Beside title, headings and a chunk of the usual size this still fits into the model.
MAX_HEADER_CHARS = 240

_HEAD = re.compile(r"^[ \t]*(\|.*\S)[ \t]*\n[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[-:|\t ]*(?:\n|\Z)", re.MULTILINE)
_LOOKED_AT_CHARS = 20_000


def table_headers(text: str, starts: Sequence[int]) -> Iterator[str]:
    """For each position the header row of the Markdown table that was cut there, or nothing.

    Args:
        text: the whole document.
        starts: ascending positions in it, as of its chunks.
    """
    block_start = searched_to = 0
    header = ""
    for start in starts:
        if text[start : start + 1] != "|":
            yield ""
            continue
        gap = text.rfind("\n\n", searched_to, start)
        if gap >= 0 or searched_to == 0:
            block_start = gap + 2 if gap >= 0 else 0
            header = ""
        searched_to = start
        match = _HEAD.search(text, block_start, min(start, block_start + _LOOKED_AT_CHARS))
        if match:
            header = match[1]
        yield header[:MAX_HEADER_CHARS]
