from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.llm.stopping import TextStream


def shown(parts: list[bytes], stop: tuple[str, ...]) -> str:
    stream = TextStream(stop)
    text = ""
    for part in parts:
        text += stream.feed(part)
        if stream.stopped:
            return text
    return text + stream.end()


def test_character_split_over_tokens_appears_whole() -> None:
    stream = TextStream()
    assert [stream.feed(bytes([byte])) for byte in "€ß".encode()] == ["", "", "€", "", "ß"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert shown([b"a\xff", b"b\xe2\x82"], ()) == "a�b�"


def test_text_is_shown_as_soon_as_it_cannot_become_a_stop_string() -> None:
    stream = TextStream(("\n\nQuestion:",))
    assert stream.feed(b"Yes.\n") == "Yes."
    assert stream.feed(b"\nQuest") == ""
    assert stream.feed(b"s are fun") == "\n\nQuests are fun"


def test_held_back_text_comes_at_the_end() -> None:
    stream = TextStream(("STOP",))
    assert stream.feed(b"well ST") == "well "
    assert stream.end() == "ST"
    assert not stream.stopped


def test_nothing_follows_a_stop_string() -> None:
    stream = TextStream(("END",))
    assert stream.feed(b"one END two") == "one "
    assert stream.stopped
    assert (stream.feed(b"three"), stream.end()) == ("", "")


def test_the_first_of_several_stop_strings_ends_the_text() -> None:
    assert shown([b"a b c"], ("c", "b")) == "a "


@pytest.mark.parametrize("stop", ["\n\nUser:", "aab", "ééa", "</s>"])
def test_stop_string_never_leaks_however_it_is_split(stop: str) -> None:
    before = "Some text, aaé "
    data = (before + stop + " secret").encode()
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            parts = [data[:first], data[first:second], data[second:]]
            assert shown(parts, (stop,)) == before, parts


@given(
    text=st.text("ab é€", max_size=30),
    stops=st.lists(st.text("ab é", min_size=1, max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 90), max_size=8),
)
def test_every_split_shows_the_same_text(text: str, stops: list[str], cuts: list[int]) -> None:
    data = text.encode()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[start:end] for start, end in itertools.pairwise(edges)]
    ends = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    expected = text[: min(ends)[1]] if ends else text

    assert shown(parts, tuple(stops)) == expected
    assert shown([bytes([byte]) for byte in data], tuple(stops)) == expected
