"""Joining chunks to passages, and cutting passages to a budget."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.passages import merge_neighbours, trim_to_budget
from kb.rag.types import Passage
from tests.rag.corpus import passage, passages

DOCUMENT = "One. Two.\n\nThree. Four five six. Seven."


def chunk(start: int, end: int, document_id: int = 1, **more: object) -> Passage:
    made = Passage(0, 100 * document_id + start, document_id, "Title", 1, DOCUMENT[start:end], start, end)
    return replace(made, **more)  # type: ignore[arg-type]


def count_tokens(text: str) -> int:
    return len(text.split())


def test_touching_and_overlapping_chunks_become_one_passage() -> None:
    merged = merge_neighbours([chunk(9, 20), chunk(30, 39), chunk(0, 9), chunk(15, 25)])
    assert [(p.n, p.start, p.end, p.text) for p in merged] == [
        (1, 0, 25, DOCUMENT[0:25]),
        (2, 30, 39, DOCUMENT[30:39]),
    ]


def test_a_passage_keeps_the_best_chunk_and_the_best_scores() -> None:
    [merged] = merge_neighbours(
        [
            chunk(9, 20, cosine=0.5, rrf_score=0.2, page_start=2, page_end=2),
            chunk(0, 9, cosine=0.7, bm25=3.0, page_start=1, page_end=1),
        ]
    )
    assert (merged.chunk_id, merged.rrf_score, merged.cosine, merged.bm25) == (109, 0.2, 0.7, 3.0)
    assert (merged.page_start, merged.page_end) == (1, 2)


@pytest.mark.parametrize("other", [chunk(11, 20), chunk(9, 20, 2), chunk(9, 20, version=2)])
def test_other_documents_versions_and_gaps_stay_apart(other: Passage) -> None:
    assert len(merge_neighbours([chunk(0, 9), other])) == 2


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(1, 2)), max_size=8))
def test_merged_passages_are_exact_spans_that_do_not_touch(spans: list[tuple[int, int, int]]) -> None:
    chunks = [chunk(start, min(start + length, len(DOCUMENT)), document) for start, length, document in spans]
    merged = merge_neighbours(chunks)
    assert [p.n for p in merged] == list(range(1, len(merged) + 1))
    for p in merged:
        assert DOCUMENT[p.start : p.end] == p.text
        assert not [
            q
            for q in merged
            if q is not p and q.document_id == p.document_id and q.start <= p.end and p.start <= q.end
        ]
    assert all(
        any(p.document_id == c.document_id and p.start <= c.start and c.end <= p.end for p in merged)
        for c in chunks
    )


def test_passages_that_fit_are_left_alone() -> None:
    shown = passages()[:2]
    assert [p.text for p in trim_to_budget(shown, 10_000, count_tokens, "Anything?")] == [
        p.text for p in shown
    ]


@pytest.mark.parametrize("budget", [40, 80, 120, 200, 300])
@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("How many days of leave do interns receive?", "Interns receive 15 days"),
        ("When must lost devices be reported?", "Lost devices must be reported"),
        ("How much is parking?", "Parking costs 45 EUR"),
    ],
)
def test_the_sentence_that_matters_is_kept_within_the_budget(budget: int, question: str, kept: str) -> None:
    originals = sorted(passages(), key=lambda p: kept not in p.text)
    trimmed = trim_to_budget(originals, budget, count_tokens, question)
    assert kept in trimmed[0].text
    assert sum(count_tokens(p.text) for p in trimmed) <= budget
    for p in trimmed:
        [original] = [q for q in originals if q.chunk_id == p.chunk_id]
        assert original.text[p.start - original.start : p.end - original.start] == p.text


def test_cuts_fall_between_sentences() -> None:
    for p in trim_to_budget(
        passages(), 150, count_tokens, "How much leave do I get, and when are invoices paid?"
    ):
        original = next(q for q in passages() if q.chunk_id == p.chunk_id)
        before, behind = original.text[: p.start - original.start], original.text[p.end - original.start :]
        assert (
            not before
            or before.rstrip().endswith((".", ":", "|"))
            or before.rstrip() == ""
            or "\n" in before[-2:]
        )
        assert not behind or behind[0].isspace()


def test_a_row_keeps_its_header_in_the_text_or_as_lead() -> None:
    rows = "\n".join(f"| Town{i} | {i} EUR |" for i in range(60))
    table = passage(f"| City | Hotel limit |\n|---|---|\n{rows}\n")
    near, far = (
        trim_to_budget([table], 60, count_tokens, f"What is the hotel limit in {town}?")[0]
        for town in ("Town2", "Town55")
    )
    assert "| City | Hotel limit |" in near.text and near.lead == ""
    assert "Town55" in far.text and "City" not in far.text and "Hotel limit" in far.lead


def test_a_list_item_keeps_the_words_above_the_list() -> None:
    [kept] = trim_to_budget(
        [passages()[2]], 45, count_tokens, "May I use public cloud storage for contracts?"
    )
    assert "You may not:" in kept.text + kept.lead
    assert "public cloud storage" in kept.text


def test_the_counter_is_not_called_for_every_sentence() -> None:
    calls = []

    def counting(text: str) -> int:
        calls.append(text)
        return count_tokens(text)

    trim_to_budget(passages(), 150, counting, "How much leave do interns get?")
    assert len(calls) <= 4 * len(passages())


@given(
    st.lists(
        st.sampled_from(["Ok.", "So it is.", "Parking costs 45 EUR for each week of a stay."]), min_size=4
    )
)
def test_statements_of_a_few_characters_are_no_obstacle(sentences: list[str]) -> None:
    text = " ".join(["Parking is free for guests.", *sentences, "Dogs are welcome in the park."])
    found = [passage(text), passage(text)]
    [kept, *_] = trim_to_budget(found, 24, lambda some: len(some) // 40, "What does parking cost?")
    assert kept.text in text
    assert "arking" in kept.text
