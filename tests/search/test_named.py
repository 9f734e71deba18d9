"""What a question names to the letter is found, however much else is nearer in meaning."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kb.search.engine.named import full_names, name_like, quoted_phrases, rare_in
from tests.search.engine_parts import found, new_engine, row

FILLERS = [
    "The gateway refused the certificate. Renew the certificate and restart the gateway agent.",
    "Certificates of the gateway are renewed every year by the gateway team.",
    "Who refused the gateway certificate? Ask the certificate team of the gateway.",
    "A gateway agent without a certificate is refused by the gateway.",
    "Errors of the gateway agent: read the log of the gateway, then ask the team.",
]


@pytest.mark.parametrize(
    ("holder", "question"),
    [
        ("Known problem E-4012 in old firmware.", "Why is the gateway certificate refused with e-4012?"),
        ("Set retry_limit before the start.", "Does the gateway certificate agent read retry_limit?"),
        ("Write to desk@example.com first.", "Is desk@example.com the gateway certificate team?"),
        ("Never say best effort to customers.", 'What is "best effort" for a gateway certificate agent?'),
        ("Effort at its best, never the best effort we can.", "Gateway certificate agent: `best effort`?"),
        ("The class was led by Will Slack.", "Which gateway certificate class did Will Slack lead?"),
        ("Never say best effort to customers.", "What is 'best effort' for a gateway certificate agent?"),
        ("Ms. Zyrianov keeps the keys.", "Does Zyrianov renew the gateway certificate agent?"),
    ],
)
def test_the_chunk_that_holds_it_is_among_the_first_three(tmp_path: Path, holder: str, question: str) -> None:
    engine = new_engine(tmp_path / "live")
    engine.replace_document(1, 1, [row(at, text) for at, text in enumerate(FILLERS, 1)])
    engine.replace_document(2, 1, [row(99, holder)])
    engine.commit()
    assert 99 in found(engine.search(question, frozenset([1]), 5, 100))[:3]


def test_a_holder_in_another_collection_stays_hidden(tmp_path: Path) -> None:
    """Case 3."""
    engine = new_engine(tmp_path / "live")
    engine.replace_document(1, 1, [row(at, text) for at, text in enumerate(FILLERS, 1)])
    engine.replace_document(2, 2, [row(99, "Known problem E-4012.")])
    engine.commit()
    assert 99 not in found(engine.search("Why E-4012?", frozenset([1]), 10, 100))


def test_a_phrase_is_held_only_in_its_order(tmp_path: Path) -> None:
    engine = new_engine(tmp_path / "live")
    engine.replace_document(1, 1, [row(1, "effort is best"), row(2, "our best effort")])
    engine.commit()
    assert engine._lexical.question('"best effort"', None).holders() == [[2]]


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ('Is "a b" or “c d” or „e f“ or «g h» or `i j` meant?', ["a b", "c d", "e f", "g h", "i j"]),
        ('An "open quotation', []),
        ("It's Anna's and Ben's", []),
        ("Is 'a b' or ‘c d’ meant, or Ben's 'e f'?", ["a b", "c d", "e f"]),
        ("the users' and the teams' keys", []),
        ('""', []),
    ],
)
def test_quotations(question: str, phrases: list[str]) -> None:
    assert quoted_phrases(question) == phrases


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which class did Will Slack lead?", ["Will Slack"]),
        ("Will Slack and Ann B. Lee?", ["Will Slack", "Ann B"]),
        ("Does Anna know?", ["Does Anna"]),
        ("How To Book All The Flights Of The Year", []),
        ("ask anna lee", []),
        ("Is Federal  Travel one word?", ["Is Federal"]),
        ("", []),
    ],
)
def test_full_names(question: str, names: list[str]) -> None:
    assert full_names(question) == names


def test_name_like_words() -> None:
    assert name_like("Does Anna use iOS 17 or eSIM?") == {"Anna", "iOS", "17", "eSIM"}


def test_a_rare_word_counts_only_where_the_question_is_about_it() -> None:
    assert rare_in(2_000, 3, like_a_name=True) == 3
    assert rare_in(50_000, 16, like_a_name=True) == 50
    assert rare_in(50_000, 17, like_a_name=True) == 0
    assert rare_in(2_000, 5, like_a_name=False) == 2
    assert rare_in(50_000, 6, like_a_name=False) == 0


def test_a_name_in_a_page_of_text_has_no_place_of_its_own(tmp_path: Path) -> None:
    engine = new_engine(tmp_path / "live")
    engine.replace_document(1, 1, [row(1, "Ms. Zyrianov keeps the keys."), row(2, "nothing")])
    engine.commit()
    page = " ".join(f"word{number}" for number in range(20))
    assert engine._lexical.question("Who is Zyrianov?", None).holders() == [[1]]
    assert engine._lexical.question(f"Who is Zyrianov? {page}", None).holders() == []


def test_hostile_questions_take_no_time() -> None:
    """Case 29."""
    started = time.process_time()
    hostile = ('"' * 100_000, "“" * 100_000, "`a" * 50_000, "A" * 100_000, "Aa " * 33_000, " 'a" * 33_000)
    for question in hostile:
        quoted_phrases(question)
        name_like(question)
        full_names(question)
    assert time.process_time() - started < 2
