from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kb.search.engine.errors import IndexWriteError
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.types import Row
from tests.search.engine_parts import disk_full, row


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return LexicalIndex(tmp_path / "live")


def put(index: LexicalIndex, document_id: int, *rows: Row, collection_id: int = 1) -> None:
    index.add(document_id, collection_id, rows)
    index.commit()
    index.reload()


def chunks(hits: Sequence[tuple[int, float]]) -> list[int]:
    return [chunk_id for chunk_id, _ in hits]


def test_words_are_found_in_body_title_and_headings(index: LexicalIndex) -> None:
    put(
        index,
        1,
        row(1, "Economy class only."),
        row(2, "Nothing.", title="Booking flights"),
        row(3, "Nothing.", headings="Trips Flight"),
    )
    assert set(chunks(index.question("Which flights?", None).best(10))) == {2, 3}
    assert chunks(index.question("economies", None).best(10)) == [1]
    assert index.question("submarine", None).best(10) == []


def test_a_word_of_several_places_is_one_word_of_the_chunk(index: LexicalIndex) -> None:
    """Counted in three fields, a word would be rare in one and frequent in the other."""
    put(
        index,
        1,
        row(1, "hotel room"),
        row(2, "room", title="hotel"),
        row(3, "room", headings="hotel"),
        row(4, "hotel with a room", title="hotel", headings="hotel"),
    )
    (first, _), *others = index.question("hotel", None).best(10)
    assert first == 4
    assert len({bm25 for _, bm25 in others}) == 1


def test_no_phrase_begins_in_the_title_and_ends_in_the_body(index: LexicalIndex) -> None:
    put(index, 1, row(1, "leave is paid", title="Parental"), row(2, "Parental leave is paid"))
    assert index.question('"parental leave"', None).holders() == [[2]]


def test_chunks_that_are_mostly_links_are_known(index: LexicalIndex, tmp_path: Path) -> None:
    contents = "- [Meals](/faq/#meals)\n- [Hotels](/faq/#hotels)"
    put(index, 1, row(1, contents), row(2, "Read [the guide](/guide) before you book a flight or a hotel."))
    assert index.link_shares == {1: pytest.approx(0.9, abs=0.02)}
    saved = tmp_path / "saved"
    saved.mkdir()
    index.save(saved)
    other = LexicalIndex(tmp_path / "other")
    other.load(saved)
    assert other.link_shares == index.link_shares
    index.remove_documents([1])
    index.commit()
    index.reload()
    assert index.link_shares == {}


@pytest.mark.parametrize("question", ["kb-1234", "What is KB-1234?", "`KB-1234`: why"])
def test_an_identifier_finds_its_chunk_before_its_parts(index: LexicalIndex, question: str) -> None:
    put(
        index, 1, row(1, "KB 99, see 1234 and kb kb 1234"), row(2, "Known problem KB-1234"), row(3, "KB-1235")
    )
    assert chunks(index.question(question, None).best(10))[0] == 2


def test_a_mail_address_is_found_whole(index: LexicalIndex) -> None:
    put(index, 1, row(1, "mail example com travel"), row(2, "Write to travel@example.com."))
    assert chunks(index.question("travel@example.com", None).best(10))[0] == 2


@pytest.mark.parametrize("question", ["", "   ", "?!", "()", "\x00", "\ud800"])
def test_a_question_without_words_finds_nothing(index: LexicalIndex, question: str) -> None:
    put(index, 1, row(1, "text"))
    assert index.question(question, None).best(10) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(alphabet=st.one_of(st.characters(), st.sampled_from('+-&|!(){}[]^"~*?:\\/ hotel'))))
@example(question='body:"hotel')
@example(question="hotel AND (")
@example(question="title:[a TO")
@example(question="hotel\ud83d")
def test_no_question_is_a_syntax_error(index: LexicalIndex, question: str) -> None:
    if not len(index):
        put(index, 1, row(1, "hotel"))
    assert chunks(index.question(f"hotel {question}", None).best(10)) in ([1], [])


def test_of_a_long_question_the_rarest_words_are_looked_for(index: LexicalIndex) -> None:
    common = " ".join(f"word{number}" for number in range(200))
    put(index, 1, *(row(number, common) for number in range(1, 6)), row(9, f"{common} zeppelin"))
    missing = " ".join(f"missing{number}" for number in range(200))
    assert chunks(index.question(f"{missing} {common} zeppelin", None).best(10))[0] == 9


@pytest.mark.parametrize("allowed", [{1}, {2, 3}, {1, 2, 3}, {1, 2, 3, 4}, {4}, set()])
def test_a_filter_takes_hits_away_and_changes_no_score(index: LexicalIndex, allowed: set[int]) -> None:
    """Case 3."""
    for document in range(1, 31):
        text = "hotel " * (document % 4) + f"room {document}"
        index.add(document, document % 3 + 1, [row(document, text)])
    index.commit()
    index.reload()
    everything = index.question("hotel room 7", None).best(100)
    assert len(everything) == 30
    expected = [hit for hit in everything if hit[0] % 3 + 1 in allowed]
    hits = index.question("hotel room 7", frozenset(allowed)).best(100)
    assert chunks(hits) == chunks(expected)
    assert [bm25 for _, bm25 in hits] == pytest.approx([bm25 for _, bm25 in expected])


def test_scores_of_given_chunks_are_those_of_a_search(index: LexicalIndex) -> None:
    for number in range(1, 31):
        put(index, number, row(number, "hotel " * (number % 4) + f"floor {number}"))
    everything = dict(index.question("hotel", None).best(100))
    asked = [3, 4, 5, 30, 99]
    assert index.question("hotel", None).bm25s(asked) == {
        number: pytest.approx(everything[number]) for number in asked if number in everything
    }
    assert index.question("hotel", None).bm25s([]) == {}
    assert index.question("?", None).bm25s(asked) == {}


def test_a_filter_holds_for_collections_that_came_later(index: LexicalIndex) -> None:
    put(index, 1, row(1, "hotel"), collection_id=1)
    assert chunks(index.question("hotel", frozenset({1})).best(10)) == [1]
    put(index, 2, row(2, "hotel"), collection_id=2)
    assert chunks(index.question("hotel", frozenset({1})).best(10)) == [1]


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_hits_the_smallest_ids_are_found(index: LexicalIndex, order: int) -> None:
    for number in range(100, 200)[::order]:
        index.add(number, number % 2, [row(number, "Terms and conditions apply.")])
    index.commit()
    index.reload()
    assert chunks(index.question("conditions", None).best(3)) == [100, 101, 102]
    assert chunks(index.question("conditions", frozenset({1})).best(3)) == [101, 103, 105]
    assert chunks(index.question("conditions", None).best(200)) == list(range(100, 200))


def test_changes_are_seen_after_commit_and_reload(index: LexicalIndex) -> None:
    index.add(1, 1, [row(1, "hotel")])
    index.reload()
    assert len(index) == 0
    index.commit()
    assert len(index) == 0
    index.reload()
    assert chunks(index.question("hotel", None).best(10)) == [1]


def test_a_document_is_removed_with_all_its_chunks_and_no_other(index: LexicalIndex) -> None:
    for document in (1, 2, 300):
        put(index, document, row(document * 10, "hotel"), row(document * 10 + 1, "hotel"))
    index.remove_documents([1, 300, 999])
    index.commit()
    index.reload()
    assert sorted(index.chunk_ids()) == [20, 21]
    assert sorted(chunks(index.question("hotel", None).best(10))) == [20, 21]


def test_what_is_added_after_a_removal_in_the_same_commit_stays(index: LexicalIndex) -> None:
    put(index, 1, row(1, "hotel"))
    index.remove_documents([1])
    put(index, 1, row(2, "hotel"))
    assert index.chunk_ids() == [2]


def test_what_an_earlier_process_left_is_never_searched(tmp_path: Path) -> None:
    put(LexicalIndex(tmp_path / "live"), 1, row(1, "hotel"))
    assert len(LexicalIndex(tmp_path / "live")) == 0


def test_a_full_disk_loses_only_what_was_not_committed(index: LexicalIndex) -> None:
    put(index, 1, row(1, "hotel"))
    with disk_full(), pytest.raises(IndexWriteError):
        put(index, 2, row(2, "hotel"))
    assert chunks(index.question("hotel", None).best(10)) == [1]
    put(index, 3, row(3, "hotel"))
    assert sorted(index.chunk_ids()) == [1, 3]
