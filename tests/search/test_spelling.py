"""Mistyped words, through the real lexical index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.spelling import one_edit_away
from tests.search.engine_parts import new_engine, row

OURS, THEIRS = 1, 2
CHUNKS = {
    1: "The deployment of the gateway is announced a day before.",
    2: "Travel expenses are reimbursed within thirty days.",
    3: "Which laptops may be ordered, and by whom?",
    4: "The gateway reports E-4012 and writes max_retries into its log.",
    5: "A certificate renewal needs the approval of two administrators.",
}
Ask = Callable[[str], list[int]]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    made = LexicalIndex(tmp_path / "lexical")
    for chunk_id, body in CHUNKS.items():
        made.add(chunk_id, OURS, [row(chunk_id, body)])
    made.commit()
    made.reload()
    return made


@pytest.fixture
def ask(index: LexicalIndex) -> Ask:
    return lambda question: [chunk_id for chunk_id, _ in index.question(question, None).best(10)]


@pytest.mark.parametrize(
    ("question", "chunk"),
    [
        ("deploymnet", 1),
        ("deploymen", 1),
        ("deploymeent", 1),
        ("Deploymest", 1),
        ("expnses", 2),
        ("reimbursd", 2),
        ("laptpos", 3),
        ("xertificate", 5),
        ("cretifcate", 5),
    ],
)
def test_mistyped_word_finds_what_was_meant(ask: Ask, question: str, chunk: int) -> None:
    assert ask(question)[:1] == [chunk]


@pytest.mark.parametrize(
    "question",
    [
        "gatewy-4099",
        "gatewy_retires",
        "laptpos.deploymnet",
        "gatewy@example.com",
        "gatew4y",
        "GATEWY",
        '"gatewy"',
        "`gatewy`",
        "“gatewy”",
        "dys",
        "wich",
        "kubernetes",
        "xq",
    ],
)
def test_what_means_what_it_says_is_left_alone(ask: Ask, question: str) -> None:
    assert ask(question) == []


def test_word_that_somebody_wrote_is_not_respelt(index: LexicalIndex, ask: Ask) -> None:
    before = ask("gateways")
    index.add(9, OURS, [row(9, "Gatewoys are another thing.")])
    index.commit()
    index.reload()

    assert ask("gatewoys") == [9]
    assert ask("gateways") == before


def test_respelt_word_counts_like_the_right_one(index: LexicalIndex) -> None:
    right = index.question("approval of a renewal", None).best(10)

    assert index.question("aproval of a renewal", None).best(10) == right


def test_question_without_a_slip_scores_as_before(index: LexicalIndex) -> None:
    """The other words of a question are not touched by a correction."""
    alone = dict(index.question("expenses", None).best(10))
    both = dict(index.question("expenses kubernetes", None).best(10))

    assert both == alone


def test_only_readable_words_correct(index: LexicalIndex) -> None:
    """A slip near two words: what another collection holds neither helps nor stands in the way."""
    index.add(
        8, THEIRS, [row(number, f"The merger with Lapdops, part {number}.") for number in range(20, 23)]
    )
    index.commit()
    index.reload()

    def ask(question: str, collection: int) -> list[int]:
        return [chunk_id for chunk_id, _ in index.question(question, frozenset({collection})).best(10)]

    assert ask("lapkops", OURS) == [3], "nearest to both"
    assert ask("lapdops", OURS) == [3], "as if nobody had written it"
    assert ask("mergre", OURS) == []
    assert sorted(ask("mergre", THEIRS)) == [20, 21, 22]
    assert ask("cretifcate", THEIRS) == []


def test_word_of_a_removed_document_does_not_stand_in_the_way(index: LexicalIndex, ask: Ask) -> None:
    """Case 34."""
    index.add(8, OURS, [row(number, "Lapdops everywhere") for number in (20, 21)])
    index.commit()
    index.remove_documents([8])
    index.commit()
    index.reload()

    assert ask("lapkops") == [3]


def test_engine_finds_by_the_corrected_word(tmp_path: Path) -> None:
    engine = new_engine(tmp_path / "lexical")
    for chunk_id, body in CHUNKS.items():
        engine.replace_document(chunk_id, OURS, [row(chunk_id, body)])
    engine.commit()

    result = engine.search("reimbursd expnses", None, 5, 10)

    assert [hit.chunk_id for hit in result.hits if hit.bm25 is not None] == [2]


def test_long_hostile_question_is_answered(ask: Ask) -> None:
    assert ask(" ".join(f"deploymnt{'x' * number}" for number in range(2, 40))) == []
    assert ask("x" * 100_000) == []


@given(st.text("abcd", min_size=1, max_size=6), st.text("abcd", min_size=1, max_size=6))
def test_neighbours_are_those_at_distance_one(word: str, other: str) -> None:
    assert (other in one_edit_away(word)) == (distance(word, other) == 1)


def distance(one: str, other: str) -> int:
    """Damerau's, where a swapped pair is not edited again."""
    table = {(-1, -1): 0}
    table |= {(at, -1): at + 1 for at in range(len(one))} | {(-1, at): at + 1 for at in range(len(other))}
    for i, x in enumerate(one):
        for j, y in enumerate(other):
            least = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (x != y))
            if i and j and x == other[j - 1] and one[i - 1] == y:
                least = min(least, table[i - 2, j - 2] + 1)
            table[i, j] = least
    return table[len(one) - 1, len(other) - 1]
