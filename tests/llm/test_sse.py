from __future__ import annotations

import pytest

from kb.llm.sse import MAX_LINE_BYTES, Comment, Data, EventReader

STREAM = (
    ': queued 2\r\n\r\ndata: {"a":"é\u2028b"}\n\nevent: message\nid: 7\ndata:[DONE]\n\n:\n: last\n'.encode()
)
LINES = [Comment("queued 2"), Data('{"a":"é\u2028b"}'), Data("[DONE]"), Comment("last")]


def test_every_two_cuts_give_the_same_lines() -> None:
    for first in range(len(STREAM) + 1):
        for second in range(first, len(STREAM) + 1):
            reader = EventReader()
            parts = STREAM[:first], STREAM[first:second], STREAM[second:]
            assert [line for part in parts for line in reader.feed(part)] == LINES


def test_line_without_end_is_refused() -> None:
    reader = EventReader()
    with pytest.raises(ValueError, match="too long"):
        for _ in range(5):
            list(reader.feed(b"x" * (MAX_LINE_BYTES // 4)))
