"""Log-probabilities of given continuations, over a model without weights."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from kb.llm.engine.scoring import GROUP_ROWS, log_probabilities
from kb.llm.types import Failed, Finished
from tests.llm.bench import Asked, Bench
from tests.llm.unaided import alone, scored_alone, talkative


def tokens(seed: int, count: int) -> list[int]:
    return random.Random(seed).choices(range(1, 40), k=count)


def check_scores(asked: Asked) -> None:
    assert asked.ending == "scored"
    for found, wanted in zip(asked.scores, scored_alone(asked.job.prompt), strict=True):
        assert found == pytest.approx(wanted, abs=1e-5)


def test_continuations_get_the_probabilities_that_each_has_alone() -> None:
    bench = Bench(cells=1000)
    asked = bench.score(tokens(1, 70), [[3], [3, 4, 5], tokens(2, 20), [7, 7], [3]])
    bench.run()
    check_scores(asked)
    bench.check()


def test_first_tokens_alone_need_no_batch_but_that_of_the_prompt() -> None:
    bench = Bench(cells=1000)
    asked = bench.score(tokens(1, 40), [[token] for token in range(1, 17)])
    bench.step()
    assert asked.ending == "scored"
    assert len(bench.model.batches) == 1


def test_continuations_beyond_a_group_go_into_further_batches() -> None:
    bench = Bench(cells=1000)
    asked = bench.score(tokens(1, 40), [tokens(seed, 30) for seed in range(8)])
    bench.run()
    check_scores(asked)
    sizes = [len(batch) for batch in bench.model.batches[1:]]
    assert len(sizes) > 1
    assert max(sizes) <= GROUP_ROWS
    assert sum(sizes) == 8 * 29


def test_order_does_not_matter() -> None:
    continuations = [tokens(seed, 3 + seed) for seed in range(6)]
    scores = []
    for order in (continuations, continuations[::-1]):
        bench = Bench(cells=1000)
        asked = bench.score(tokens(1, 40), order)
        bench.run()
        scores.append(sorted(asked.scores))
    assert scores[0] == scores[1]


def test_answer_finds_the_prompt_that_was_scored_and_the_score_that_of_an_answer() -> None:
    bench = Bench(cells=1000)
    prompt = tokens(1, 100)
    first = bench.score(prompt, [[3, 4], [5]])
    bench.run()
    answer = bench.ask(prompt, max_tokens=5)
    bench.run()
    second = bench.score(prompt, [[3, 4], [5]])
    bench.run()

    assert (first.cached, answer.cached, second.cached) == (0, 99, 99)
    assert answer.text == alone(answer.job.prompt)[0]
    check_scores(second)
    assert second.scores == first.scores


def test_answers_beside_a_score_stay_what_they_are() -> None:
    bench = Bench(slots=4, cells=1000)
    running = bench.ask(talkative(60), max_tokens=60)
    bench.step(3)
    scored = [bench.score(tokens(seed, 30), [[1, 2, 3], [4]]) for seed in range(3)]
    bench.run()
    assert (running.text, running.ending) == alone(running.job.prompt)
    for one in scored:
        check_scores(one)
    bench.check()


def test_single_slot_scores_too_and_keeps_its_sequence() -> None:
    bench = Bench(slots=1, cells=300)
    asked = bench.score(tokens(1, 60), [[1, 2, 3], [4, 5]])
    bench.run()
    check_scores(asked)
    bench.check()
    answer = bench.ask(tokens(1, 60))
    bench.run()
    assert answer.cached == 48
    bench.check()


def test_full_cache_makes_room_for_continuations() -> None:
    bench = Bench(slots=3, cells=260)
    for seed in range(3):
        bench.ask(tokens(seed, 60), max_tokens=20)
    asked = [bench.score(tokens(seed, 100), [tokens(seed, 60), tokens(9, 60)]) for seed in range(3, 6)]
    bench.run()
    for one in asked:
        check_scores(one)
    bench.check()


@pytest.mark.parametrize("steps", [0, 2])
def test_cancelled_score_leaves_nothing_behind(steps: int) -> None:
    """Case 41."""
    bench = Bench(cells=2000)
    asked = bench.score(tokens(1, 900), [[1, 2]])
    bench.step(steps)
    asked.job.cancel()
    bench.step()
    assert asked.ending == "cancelled"
    assert not asked.scores
    bench.check()


def test_cancelling_between_two_groups_is_noticed() -> None:
    bench = Bench(cells=1000)
    asked = bench.score(tokens(1, 40), [tokens(seed, 60) for seed in range(4)])
    decode = bench.model.decode

    def and_cancel(rows: Sequence[object]) -> None:
        decode(rows)  # type: ignore[arg-type]
        if len(bench.model.batches) == 2:
            asked.job.cancel()

    bench.model.decode = and_cancel  # type: ignore[method-assign]
    bench.run()
    assert asked.ending == "cancelled"
    assert len(bench.model.batches) == 2
    bench.check()


def test_batch_of_continuations_that_fails_fails_everyone_in_the_cache_and_nobody_later() -> None:
    bench = Bench(cells=1000)
    running = bench.ask(talkative(60), max_tokens=60)
    bench.step(2)
    asked = bench.score(tokens(1, 40), [[1, 2, 3]])
    decode = bench.model.decode

    def and_break(rows: Sequence[object]) -> None:
        decode(rows)  # type: ignore[arg-type]
        bench.model.broken = len(rows) > 8

    bench.model.decode = and_break  # type: ignore[method-assign]
    bench.step()
    bench.model.broken = False
    bench.model.decode = decode  # type: ignore[method-assign]
    assert [type(one.endings[0]) for one in (running, asked)] == [Failed, Failed]
    bench.check()
    later = bench.score(tokens(1, 40), [[1, 2, 3]])
    bench.run()
    assert isinstance(later.endings[0], Finished)
    check_scores(later)


def test_probabilities_of_all_tokens_add_up_to_one() -> None:
    logits = np.array([1000.0, 999.0, -1000.0, 3.5], dtype=np.float32)
    found = log_probabilities(logits, range(4))
    assert sum(np.exp(found)) == pytest.approx(1)
    assert found[0] == pytest.approx(-np.log1p(np.exp(-1)))
