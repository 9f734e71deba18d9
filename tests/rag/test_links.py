"""Links: their words count, their targets do not, and a list of them says nothing."""

from __future__ import annotations

import time

import pytest

from kb.rag.extract import best_quotes
from kb.rag.links import is_only_links, link_share, only_names, without_targets
from kb.rag.prompt import build_messages
from kb.rag.sentences import split_sentences
from kb.rag.statements import statements_of
from kb.rag.support import check_sentence
from kb.rag.types import Passage

CONTENTS = """- [How do I claim hotels?]({% page "/faq/#how-do-i-claim-hotels" %})
- [How do I claim meals?]({% page "/faq/#how-do-i-claim-meals" %})
  - [Meals on the travel
    card](https://example.com/card)
"""


def passage(text: str, *, title: str = "Travel", lead: str = "") -> Passage:
    return Passage(
        n=1,
        chunk_id=1,
        document_id=1,
        document_title=title,
        version=1,
        text=text,
        start=0,
        end=len(text),
        lead=lead,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fill in [the form](https://example.com/form).", "Fill in the form."),
        ('See [Hotels]({% page "/faq/#hotels" %}).', "See Hotels."),
        ("See [the\n  guide](/g (old)) and [rules][r].\n[r]: /rules\n", "See the\n  guide and rules.\n"),
        ("![A map](map.png) of the site", "A map of the site"),
        ("Nothing [3] to see, not in [1][2] either.", "Nothing [3] to see, not in [1][2] either."),
        ("https://example.com stays", "https://example.com stays"),
    ],
)
def test_links_become_their_words(text: str, words: str) -> None:
    assert without_targets(text) == words


def test_share_of_links() -> None:
    assert link_share("") == link_share("No links [1] here (or there).") == 0
    assert link_share("[a](b)") == link_share("[r]: https://example.com/rules") == 1
    assert link_share("[a](b)1234[c][d]") == pytest.approx(0.75)


@pytest.mark.parametrize("text", ["[" * 100_000, "[a](" * 25_000, "[a](" + "(" * 100_000, "a\n[x]:" * 10_000])
def test_hostile_brackets_take_no_time(text: str) -> None:
    """Case 29."""
    started_s = time.process_time()
    without_targets(text)
    is_only_links(text)
    link_share(text)
    only_names(text)
    assert time.process_time() - started_s < 5


def test_table_of_contents_says_nothing() -> None:
    assert only_names(f"## Contents\n\n{CONTENTS}")
    assert only_names("1. [One](/1)\n2. [Two](/2)\n")
    assert not only_names(f"{CONTENTS}\nHotels are claimed with a receipt.")
    assert not only_names("# A heading\n")


def test_link_that_stands_alone_proves_and_answers_nothing() -> None:
    contents = passage(CONTENTS)
    assert not any(statement.states for statement in statements_of(contents))
    assert best_quotes("How do I claim hotels?", [contents]) == []
    assert not check_sentence("You can claim hotels.", [1], [contents]).supported


def test_links_in_a_list_that_is_introduced_are_an_answer() -> None:
    tools = passage("We use these tools for planning:\n\n- [Trello](https://trello.example)\n- [Miro](/m)\n")
    assert all(statement.states for statement in statements_of(tools))
    assert "Trello" in best_quotes("Which tools do we use for planning?", [tools])[0].quote


def test_words_of_a_target_are_not_in_the_source() -> None:
    source = passage("Fill in [the form](https://example.com/parental-leave-request) before you go.")
    assert not check_sentence("Fill in the parental leave request before you go.", [1], [source]).supported


def test_model_is_shown_no_targets() -> None:
    source = passage("Fill in [the form](https://example.com/form).")
    told = build_messages("Which form?", [source])[-1]["content"]
    assert "Fill in the form." in told
    assert "example.com" not in told


@pytest.mark.parametrize(
    "text",
    [
        "They will need to be\n    [FAC-COR](https://example.com/a)\n    certified.",
        "The steps are\n  outlined in [TTS\n  Handbook-Software](/x) for everyone.",
        "Ask the\nTravel desk.",
    ],
)
def test_line_that_wants_another_word_is_no_sentence(text: str) -> None:
    assert split_sentences(text) == [(0, len(text))]
