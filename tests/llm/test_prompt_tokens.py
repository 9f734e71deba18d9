"""Contents never become control tokens, whatever kind of vocabulary tokenizes them (case 16)."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kb.llm.engine.prompt import is_marker, tokenize_content, tokenize_prompt
from kb.llm.template import Fragment

MARKERS = {"<s>": 1000, "</s>": 1001, "<|user|>": 1002, "<|": 1003, "#": 1004}
NAMES = {number: text for text, number in MARKERS.items()}


class CarelessVocabulary:
    """One token per character, but markers become control tokens even in contents, as in some files."""

    bos = -1
    control_tokens = frozenset(NAMES)

    def tokenize(self, text: str, *, with_control: bool) -> list[int]:
        parts = re.split("(" + "|".join(map(re.escape, MARKERS)) + ")", text)
        return [token for part in parts for token in ([MARKERS[part]] if part in MARKERS else map(ord, part))]

    def text(self, token: int) -> str:
        return NAMES[token]


class VocabularyWithStart(CarelessVocabulary):
    bos = 1000


def test_marker_in_a_content_becomes_its_letters() -> None:
    tokens = tokenize_content(CarelessVocabulary(), "a <s> b")
    assert "".join(map(chr, tokens)) == "a <s> b"


def test_markup_of_the_template_means_what_it_says() -> None:
    fragments = [Fragment("<|user|>", False), Fragment("<|user|>", True), Fragment("</s>", False)]
    tokens = tokenize_prompt(CarelessVocabulary(), fragments)

    assert (tokens[0], tokens[-1]) == (1002, 1001)
    assert not CarelessVocabulary.control_tokens.intersection(tokens[1:-1])


def test_start_of_sequence_is_there_once() -> None:
    vocabulary = VocabularyWithStart()
    assert tokenize_prompt(vocabulary, [Fragment("hi", False)]) == [1000, ord("h"), ord("i")]
    assert tokenize_prompt(vocabulary, [Fragment("<s>hi", False)]) == [1000, ord("h"), ord("i")]
    assert tokenize_prompt(vocabulary, [Fragment("<s>", True)])[0] == 1000


def test_spaces_are_no_markers_even_where_the_vocabulary_names_them() -> None:
    template = "<turn>user\n  {{ content }}<end>\n"
    assert [is_marker(text, template) for text in ("<turn>", "\n", "  ", "<", "<h1>")] == [
        True, False, False, False, False,
    ]  # fmt: skip


@given(st.lists(st.sampled_from([*MARKERS, "<", "s>", "a", "|", "<|use", "r|>"]), max_size=20).map("".join))
def test_no_text_yields_a_control_token(text: str) -> None:
    assert not CarelessVocabulary.control_tokens.intersection(tokenize_content(CarelessVocabulary(), text))
