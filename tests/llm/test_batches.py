from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.llm.engine.batches import ALIGNMENT, Pace, reusable

TOKENS = list(range(100))


def test_nothing_is_reusable_of_an_empty_cache() -> None:
    assert reusable([], TOKENS) == 0


def test_same_prompt_again_evaluates_only_its_end() -> None:
    assert reusable(TOKENS, TOKENS) == 88


def test_reuse_ends_at_a_multiple_before_the_first_difference() -> None:
    assert reusable([*TOKENS[:53], -1, *TOKENS[54:]], TOKENS) == 48


def test_where_the_last_bit_does_not_matter_only_the_last_token_is_evaluated_again() -> None:
    assert reusable(TOKENS, TOKENS, grain=1) == 99
    assert reusable([*TOKENS[:53], -1, *TOKENS[54:]], TOKENS, grain=1) == 53


def test_less_than_a_tile_is_not_worth_sharing() -> None:
    assert reusable([*TOKENS[:7], -1], TOKENS, grain=1) == 0


def test_longer_cache_of_another_answer_is_reused_as_far_as_it_agrees() -> None:
    assert reusable([*TOKENS, 7, 7, 7], [*TOKENS, 8, 8]) == 88


@given(st.lists(st.integers(0, 1), max_size=60), st.lists(st.integers(0, 1), min_size=1, max_size=60))
def test_reused_tokens_are_the_same_and_leave_a_batch(cached: list[int], tokens: list[int]) -> None:
    kept = reusable(cached, tokens)

    assert kept % ALIGNMENT == 0
    assert cached[:kept] == tokens[:kept]
    assert kept < len(tokens)
    assert kept == 0 or len(tokens) - kept >= ALIGNMENT


@settings(deadline=None)
@given(
    length=st.integers(1, 3000),
    speeds=st.lists(st.floats(1, 1e6), min_size=1, max_size=20),
    limit=st.sampled_from([64, 256]),
    riders=st.integers(0, 16),
)
def test_pieces_cover_the_prompt_and_fill_whole_tiles(
    length: int, speeds: list[float], limit: int, riders: int
) -> None:
    pace = Pace(limit)
    sizes: list[int] = []
    while (remaining := length - sum(sizes)) > 0:
        sizes.append(pace.piece(remaining, riders))
        pace.note(sizes[-1], riders, sizes[-1] / speeds[len(sizes) % len(speeds)])

    assert sum(sizes) == length
    assert max(sizes) + riders <= limit + ALIGNMENT
    assert all((size + riders) % (4 if riders else ALIGNMENT) == 0 for size in sizes[:-1])
    assert riders or len(sizes) == 1 or sizes[-1] >= ALIGNMENT
    assert all(size >= 3 for size in sizes[:-1])


def learned(answers: int, answers_s: float, row_s: float, rounds: int = 30) -> Pace:
    """Of a machine on which rows of prompts cost the same everywhere."""
    pace = Pace(256, target_s=0.4, stretch=4.0)
    pace.note(0, answers, answers_s)
    for _ in range(rounds):
        size = pace.piece(10_000, answers)
        pace.note(size, answers, (answers_s if answers else 0) + size * row_s)
    return pace


def test_slow_machine_gets_small_pieces_and_a_fast_one_large() -> None:
    assert learned(0, 1.0, row_s=0.05).piece(1000, 0) == 8
    assert learned(0, 1.0, row_s=0.0001).piece(1000, 0) == 256


def test_batch_beside_answers_takes_a_few_times_as_long_as_one_of_their_own() -> None:
    pace = learned(4, 0.04, row_s=0.003)
    assert pace.piece(1000, 4) + 4 == 40  # 0.04 + 36 * 0.003 seconds


def test_what_a_row_costs_beside_answers_does_not_make_prompts_alone_smaller() -> None:
    pace = learned(0, 1.0, row_s=0.0001)
    pace.note(7, 1, 1.2)
    assert pace.piece(1000, 0) == 256


def test_half_a_tile_goes_beside_an_answer_where_there_is_no_time_for_a_whole_one() -> None:
    """Attention to a long prompt costs the same for each row."""
    pace = Pace(256)
    pace.note(0, 1, 0.010)
    sizes = []
    for _ in range(12):
        sizes.append(pace.piece(1000, 1))
        pace.note(sizes[-1], 1, 0.010 + 0.006 * sizes[-1])
    assert sizes[-3:] == [3, 3, 3]


def test_brief_prompt_may_take_batches_that_nobody_notices() -> None:
    pace = learned(1, 0.008, row_s=0.003)
    assert pace.piece(400, 1) + 1 == 8
    for _ in range(9):
        size = pace.piece(400, 1, brief=True)
        pace.note(size, 1, 0.008 + size * 0.003)
    assert size + 1 == 48  # 0.008 + 47 * 0.003 seconds; the most are 0.16
    slow = learned(1, 0.16, row_s=0.003)
    assert slow.piece(1000, 1, brief=True) == slow.piece(1000, 1)


def test_batches_beside_answers_are_longer_the_more_wait_for_their_first_word() -> None:
    pace = learned(0, 1.0, row_s=0.002)
    pace.note(0, 1, 0.008)
    for behind in (1, 3, 30):
        size = pace.piece(1000, 1, brief=True, behind=behind)
        allowed_s = min(0.16 * (1 + behind), 0.4)
        assert allowed_s - 0.02 < 0.008 + size * 0.002 <= allowed_s
    assert pace.piece(1000, 1, behind=1) == pace.piece(1000, 1, brief=True)


def test_deep_in_a_prompt_pieces_beside_an_answer_are_smaller_from_the_first_one_on() -> None:
    """A row behind 2,000 tokens costs three times as much here; the last prompt has shown it."""
    pace = Pace(256, stretch=4.0)
    pace.note(0, 1, 0.020)
    for depth in [*range(0, 2000, 100)] * 3:
        size = pace.piece(2000, 1, depth=depth)
        pace.note(size, 1, 0.020 + size * 0.001 * (1 + depth / 1000), depth)
    pace.note(31, 1, 0.020 + 31 * 0.001, 0)
    assert pace.piece(1000, 1, depth=0) + 1 == 56
    assert pace.piece(1000, 1, depth=2000) + 1 == 16


def test_piece_is_as_large_as_attention_by_tiles_wants_it_where_that_takes_no_longer() -> None:
    """By itself: 64 rows behind a thousand tokens take 98 ms; 48 beside an answer 131 (built-in model)."""
    pace = Pace(256)
    pace.note(0, 1, 0.008)
    for _ in range(9):
        pace.note(31, 1, 0.008 + 31 * 0.0026)  # what small batches cost says nothing of it
        pace.note(64, 0, 64 * 0.0015)
    assert pace.piece(1000, 1, brief=True) == 96
    assert pace.piece(90, 1, brief=True) == 90
    assert pace.piece(60, 1, brief=True) == 55


def test_piece_nearly_large_enough_for_attention_by_tiles_is_made_so_where_somebody_waits() -> None:
    """48 rows of a prompt take longer beside an answer than 64 by themselves."""
    pace = Pace(256)
    pace.note(0, 1, 0.008)
    for _ in range(9):
        pace.note(31, 1, 0.008 + 31 * 0.004)
        pace.note(64, 0, 64 * 0.003)
    assert pace.piece(1000, 1, brief=True) == 64
    assert pace.piece(60, 1, brief=True) < 48
    assert pace.piece(1000, 1) < 8


def test_machine_that_was_slow_once_is_given_large_pieces_again() -> None:
    pace = Pace(256)
    pace.note(0, 1, 0.008)
    pace.note(256, 0, 2.0)
    sizes = []
    for _ in range(200):
        sizes.append(pace.piece(1000, 1, brief=True))
        large = sizes[-1] >= 64
        pace.note(sizes[-1], 0 if large else 1, sizes[-1] * (0.0015 if large else 0.0026))
    assert sizes[0] < 64
    assert min(sizes[-20:]) == 96


def test_one_hiccup_does_not_make_the_next_pieces_crawl() -> None:
    pace = learned(1, 0.010, row_s=0.001)
    before = pace.piece(1000, 1)
    pace.note(before, 1, 2.0)
    assert pace.piece(1000, 1) >= before / 2


def test_cancelling_does_not_take_longer_because_answers_are_slow() -> None:
    pace = learned(2, 0.3, row_s=0.01)
    assert (pace.piece(1000, 2) + 2) * 0.01 <= 0.4


def test_one_lucky_measurement_at_most_doubles_the_next_batch() -> None:
    pace = learned(1, 0.01, row_s=0.01)
    before = pace.piece(1000, 0)
    pace.note(before, 0, 0.0)
    assert pace.piece(1000, 0) == 2 * before
