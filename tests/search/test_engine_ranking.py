from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.search.engine.ranking import Hits, best


@given(scores=st.lists(st.integers(0, 3), max_size=40), limit=st.integers(1, 15), data=st.data())
def test_the_cut_does_not_depend_on_how_equal_hits_are_stored(
    scores: list[int], limit: int, data: st.DataObject
) -> None:
    hits = [(number, float(score)) for number, score in enumerate(scores)]
    stored = data.draw(st.permutations(hits))
    ranked = sorted(stored, key=lambda hit: -hit[1])
    assert (
        best(lambda count: ranked[:count], limit) == sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:limit]
    )


def test_without_equal_hits_at_the_cut_one_look_is_enough() -> None:
    asked: list[int] = []

    def fetch(count: int) -> Hits:
        asked.append(count)
        return [(number, 1 / (number + 1)) for number in range(count)]

    best(fetch, 10)
    assert asked == [11]


def test_endless_equal_hits_end() -> None:
    asked: list[int] = []

    def fetch(count: int) -> Hits:
        asked.append(count)
        return [(number, 1.0) for number in range(count)]

    assert best(fetch, 5) == [(number, 1.0) for number in range(5)]
    assert max(asked) < 5000
