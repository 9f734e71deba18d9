"""What a chunk may not be put in front of the model for, until a manager has looked at it.

The whole text is read at once: an instruction may be cut in two by the border of two chunks, and then flags
both.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.chunking import ChunkSpan
from ingest.parsers.base import ParsedDocument
from kb.library.flags import HIDDEN_CHARACTERS, HIDDEN_TEXT, IN_TITLE, INSTRUCTION, Flag
from kb.rag.hidden_characters import find_hidden_characters
from kb.rag.instructions import find_instructions


def flag_chunks(title: str, parsed: ParsedDocument, spans: Sequence[ChunkSpan]) -> list[list[Flag]]:
    """For each chunk what was found in it; nothing for nearly all."""
    found = [(INSTRUCTION, finding.start, finding.end) for finding in find_instructions(parsed.text)]
    found += [(HIDDEN_CHARACTERS, start, end) for start, end in find_hidden_characters(parsed.text)]
    found += [(HIDDEN_TEXT, start, end) for start, end in parsed.hidden]
    above: dict[str, bool] = {}
    flags = []
    for span in spans:
        inside = [
            Flag(reason, max(start, span.start) - span.start, min(end, span.end) - span.start)
            for reason, start, end in found
            if start < span.end and end > span.start
        ]
        # Titles and headings stand above every passage in the prompt, also where the text is harmless.
        headings = {title, *span.heading_path}
        above.update((words, bool(find_instructions(words))) for words in headings - above.keys())
        if any(above[words] for words in headings):
            inside.append(Flag(IN_TITLE, 0, 0))
        flags.append(inside)
    return flags
