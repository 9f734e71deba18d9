from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.search.engine.analysis import identifiers, normalise, question_words, word_analyzer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See ticket KB-1234.", ["kb-1234"]),
        ("set max_retry_count to 3", ["max_retry_count"]),
        ("mail first.last+hr@example.com, please", ["first.last+hr@example.com"]),
        ("(ORA-00942): failed with ERR_TOO_MANY", ["ora-00942", "err_too_many"]),
        ("open https://example.com/docs/v1.2/index.html#top", ["example.com", "v1.2", "index.html"]),
        ("10.0.0.1:8080 and 10.0.0.1 again", ["10.0.0.1"]),
        ("ÄÖ-2024 für Müller_Straße", ["äö-2024", "müller_strasse"]),
        ("a state-of-the-art, well-known e-mail", []),
        ("plain words and 1234 numbers.", []),
        ("In the U.S., e.g. here (i.e. not there): v.2 and a.b1", ["v.2", "a.b1"]),
        ("--dry-run __init__ ... a.", []),
    ],
)
def test_identifiers_are_the_compound_names(text: str, expected: list[str]) -> None:
    assert identifiers(text) == expected


@given(st.text(alphabet=st.characters(codec="latin-1")))
@example("0.ß")
def test_an_identifier_is_found_again_in_any_case(text: str) -> None:
    for name in identifiers(text):
        assert identifiers(name) == identifiers(name.upper()) == [name]


@pytest.mark.parametrize("part", ["a", "a-", "a_", "-_.@+", "a-_.", "ﬁ", "a-b ", "1.", "é\u0301"])
def test_a_megabyte_of_anything_is_analysed_in_linear_time(part: str) -> None:
    """Case 29: a quadratic analysis would take hours."""
    text = part * (1_000_000 // len(part))
    identifiers(text)
    question_words()(text)


def test_words_meet_across_case_accents_inflection_and_pdf_ligatures() -> None:
    analyze = word_analyzer().analyze
    pairs = [("Policies", "policy"), ("RÉSUMÉS", "resume"), ("conﬁrmed", "confirms"), ("ＶＰＮ", "vpn")]
    for one, other in pairs:
        assert analyze(normalise(one)) == analyze(normalise(other)) != []


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert normalise("a\ud800b") == "a?b"


def test_question_words_are_distinct_and_without_stop_words() -> None:
    assert question_words()("How do I book a hotel, and who books hotels?") == ["book", "hotel"]


@pytest.mark.parametrize("question", ["Who are we?", "IT", "to be or not to be"])
def test_a_question_of_stop_words_keeps_them(question: str) -> None:
    assert question_words()(question)
