from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.llm.engine.batches import ALIGNMENT, BatchSize, reusable

TOKENS = list(range(100))


def test_nothing_is_reusable_of_an_empty_cache() -> None:
    assert reusable([], TOKENS) == 0


def test_same_prompt_again_evaluates_only_its_end() -> None:
    assert reusable(TOKENS, TOKENS) == 88


def test_reuse_ends_at_a_multiple_before_the_first_difference() -> None:
    assert reusable([*TOKENS[:53], -1, *TOKENS[54:]], TOKENS) == 48


def test_longer_cache_of_another_answer_is_reused_as_far_as_it_agrees() -> None:
    assert reusable([*TOKENS, 7, 7, 7], [*TOKENS, 8, 8]) == 88


@given(st.lists(st.integers(0, 1), max_size=60), st.lists(st.integers(0, 1), min_size=1, max_size=60))
def test_reused_tokens_are_the_same_and_leave_a_batch(cached: list[int], tokens: list[int]) -> None:
    kept = reusable(cached, tokens)

    assert kept % ALIGNMENT == 0
    assert cached[:kept] == tokens[:kept]
    assert kept < len(tokens)
    assert kept == 0 or len(tokens) - kept >= ALIGNMENT


@given(
    length=st.integers(1, 3000),
    speeds=st.lists(st.floats(1, 1e6), min_size=1, max_size=20),
    limit=st.sampled_from([32, 64, 512]),
)
def test_batches_cover_the_prompt_and_none_but_the_only_one_is_small(
    length: int, speeds: list[float], limit: int
) -> None:
    size = BatchSize(limit)
    sizes: list[int] = []
    while (remaining := length - sum(sizes)) > 0:
        sizes.append(size.next(remaining))
        size.note(sizes[-1], sizes[-1] / speeds[len(sizes) % len(speeds)])

    assert sum(sizes) == length
    assert max(sizes) <= limit
    assert all(part % ALIGNMENT == 0 for part in sizes[:-1])
    assert len(sizes) == 1 or sizes[-1] >= ALIGNMENT


def test_slow_machine_gets_small_batches_and_a_fast_one_large() -> None:
    size = BatchSize(512, target_s=0.4)
    size.note(32, duration_s=1.6)
    assert size.next(1000) == 8

    for _ in range(10):
        size.note(size.next(1000), duration_s=0.01)
    assert size.next(1000) == 512
