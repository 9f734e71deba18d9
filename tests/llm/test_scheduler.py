"""Continuous batching over a model without weights."""

from __future__ import annotations

import random

import pytest

from kb.llm.types import Began, Finished, Usage
from tests.llm.bench import Asked, Bench
from tests.llm.fake_model import ROW_S, STEP_S
from tests.llm.unaided import alone, talkative


def tokens(seed: int, count: int) -> list[int]:
    return random.Random(seed).choices(range(1, 40), k=count)


def check_answer(asked: Asked) -> None:
    assert (asked.text, asked.ending) == alone(asked.job.prompt)


def test_answers_in_a_batch_are_those_that_each_gets_alone() -> None:
    bench = Bench(slots=4, cells=1000)
    asked = [bench.ask(tokens(seed, 10 + 30 * seed), max_tokens=20) for seed in range(6)]
    bench.run()
    for one in asked:
        check_answer(one)
    bench.check()


def test_no_more_than_the_slots_decode_together_and_all_of_them_do() -> None:
    bench = Bench(slots=3)
    for seed in range(7):
        bench.ask(tokens(seed, 20), max_tokens=30)
    bench.run()
    drawing = [sum(row.wants_logits for row in batch) for batch in bench.model.batches]
    assert max(drawing) == 3


def test_prompts_are_evaluated_first_come_first_served() -> None:
    bench = Bench(slots=4, cells=2000)
    asked = [bench.ask(tokens(seed, 300 - 60 * seed), max_tokens=40) for seed in range(3)]
    began: list[int] = []
    while len(began) < 3:
        bench.step()
        began += [at for at, one in enumerate(asked) if one.events and at not in began]
    assert began == [0, 1, 2]


def test_short_prompts_that_come_together_share_a_batch() -> None:
    bench = Bench(slots=8, cells=2000)
    asked = [bench.ask(tokens(seed, 12), max_tokens=5) for seed in range(8)]
    bench.step()
    assert all(one.events for one in asked)
    bench.run()
    for one in asked:
        check_answer(one)


def test_short_prompts_that_begin_alike_wait_for_the_first_to_be_shared() -> None:
    bench = Bench(slots=4, cells=2000)
    start = tokens(0, 40)
    asked = [bench.ask([*start, *tokens(seed, 10)], max_tokens=5) for seed in range(1, 4)]
    bench.run()
    assert [one.cached for one in asked] == [0, 40, 40]
    bench.check()


def test_running_answer_gets_a_token_with_every_piece_of_a_long_prompt() -> None:
    bench = Bench(slots=2, cells=4000)
    running = bench.ask(talkative(500), max_tokens=500)
    bench.step(10)
    arriving = bench.ask(tokens(1, 2000), max_tokens=1)
    gaps = []
    while not arriving.events:
        before_s, before = bench.model.now_s, len(running.events)
        bench.step()
        assert len(running.events) == before + 1
        gaps.append(bench.model.now_s - before_s)
    assert max(gaps) <= 5 * (STEP_S + ROW_S)
    assert len(gaps) < 2000 / 20
    bench.run()
    check_answer(running)
    check_answer(arriving)


def test_large_piece_of_a_prompt_and_running_answers_take_turns() -> None:
    """In one batch, attention would be computed for all rows where one of them needs it."""
    bench = Bench(slots=4, cells=8000)
    bench.ask(tokens(9, 1000), max_tokens=1)
    bench.run()  # as the machine's speed is measured when the server starts
    running = [bench.ask(talkative(500), max_tokens=500) for _ in range(2)]
    bench.step(10)
    arriving = [bench.ask(tokens(seed, 900), max_tokens=1) for seed in range(2)]
    before = len(bench.model.batches)
    while not all(one.events for one in arriving):
        bench.step()
    batches = bench.model.batches[before:]
    own = [sum(row.wants_logits for row in batch) for batch in batches]
    large = [at for at, batch in enumerate(batches) if len(batch) >= 64]
    assert len(large) > 3
    assert all(own[at] <= 1 for at in large)  # the last row of the prompt alone has logits
    assert all(own[at + 1] >= 2 and len(batches[at + 1]) < 64 for at in large if at + 1 < len(batches))
    bench.run()
    for one in [*running, *arriving]:
        check_answer(one)


def test_beginning_that_is_shared_is_evaluated_once_and_counted_as_cached() -> None:
    bench = Bench(cells=1000)
    system = tokens(0, 100)
    first = bench.ask([*system, *tokens(1, 30)])
    bench.run()
    before = sum(map(len, bench.model.batches))
    second = bench.ask([*system, *tokens(2, 30)], max_tokens=1)
    bench.run()

    assert first.cached == 0
    assert second.cached == 100
    assert sum(map(len, bench.model.batches)) - before == 130 - second.cached
    check_answer(second)
    bench.check()


def test_beginning_is_shared_with_an_answer_that_is_still_being_written() -> None:
    bench = Bench(cells=2000)
    system = tokens(0, 64)
    running = bench.ask(system, max_tokens=40)
    bench.step(3)
    second = bench.ask([*system, *tokens(2, 30)], max_tokens=3)
    bench.step()
    assert second.cached == 64
    assert not running.ending
    bench.run()
    check_answer(running)
    check_answer(second)


def test_conversation_finds_its_history_after_others_have_asked() -> None:
    bench = Bench(slots=2, cells=1000)
    turn = tokens(1, 60)
    first = bench.ask(turn, max_tokens=10)
    bench.run()
    for seed in (2, 3):
        bench.ask(tokens(seed, 60))
    bench.run()
    answer = [int(word) for word in first.text.split()]
    second = bench.ask([*turn, *answer, *tokens(4, 20)])
    bench.run()
    # The last token of an answer is never evaluated.
    assert second.cached == len(turn) + len(answer) - 1
    check_answer(second)


def test_least_recently_used_beginning_is_evicted_first() -> None:
    bench = Bench(slots=2, cells=300)
    old, new = tokens(1, 100), tokens(2, 100)
    for prompt in (old, new, tokens(3, 100)):
        bench.ask(prompt, max_tokens=2)
        bench.run()
        bench.check()
    found = bench.ask([*new, *tokens(4, 16)], max_tokens=2)
    bench.run()
    gone = bench.ask([*old, *tokens(5, 16)], max_tokens=2)
    bench.run()
    assert (found.cached, gone.cached) == (100, 0)


def test_single_slot_continues_its_sequence_in_place() -> None:
    bench = Bench(slots=1, cells=300)
    system = tokens(0, 100)
    for seed in range(1, 4):
        asked = bench.ask([*system, *tokens(seed, 20)])
        bench.run()
        bench.check()
        check_answer(asked)
        assert len(bench.scheduler.residents.all) == 1
    assert asked.cached == 96


def test_question_waits_for_room_in_the_cache_and_is_answered() -> None:
    bench = Bench(slots=4, cells=200)
    asked = [bench.ask(tokens(seed, 100), max_tokens=50) for seed in range(4)]
    bench.run()
    for one in asked:
        check_answer(one)
    bench.check()


def test_answers_that_fill_the_cache_give_way_to_the_oldest_and_go_on_later() -> None:
    bench = Bench(slots=3, cells=320)
    long = talkative(250)
    asked = [bench.ask([seed, *long][-len(long) :], max_tokens=250) for seed in range(3)]
    asked.append(bench.ask(tokens(7, 200), max_tokens=60))
    bench.run()
    for one in asked:
        check_answer(one)
        assert [type(event) for event in one.events].count(Began) == 1
    assert [one.endings[0] for one in asked[:3]] == [Finished(Usage(2, 0, 250), "length")] * 3
    bench.check()


def test_long_answers_that_were_asked_for_do_not_keep_others_out() -> None:
    bench = Bench(slots=4, cells=400)
    asked = [bench.ask(tokens(seed, 20), max_tokens=300) for seed in range(4)]
    bench.step(12)
    assert all(one.events for one in asked)


@pytest.mark.parametrize(
    ("prompt", "steps"), [(tokens(5, 900), 0), (tokens(5, 900), 3), (talkative(200), 1), (talkative(200), 40)]
)
def test_cancelling_frees_the_sequence_within_one_step(prompt: list[int], steps: int) -> None:
    """Case 41: before the prompt, in the middle of it, and in the middle of the answer."""
    bench = Bench(slots=1, cells=1200)
    asked = bench.ask(prompt, max_tokens=200)
    bench.step(steps)
    assert not asked.endings
    asked.job.cancel()
    bench.step()
    assert asked.ending == "cancelled"
    assert bench.scheduler.is_idle
    bench.check()
    after = bench.ask(tokens(2, 1000), max_tokens=100)
    bench.run()
    check_answer(after)


def test_what_was_evaluated_of_a_cancelled_prompt_is_not_evaluated_again() -> None:
    bench = Bench(cells=2000)
    prompt = tokens(1, 900)
    asked = bench.ask(prompt)
    bench.step(3)
    asked.job.cancel()
    again = bench.ask(prompt)
    bench.run()
    assert again.cached == sum(map(len, bench.model.batches[:3])) > 0
    check_answer(again)


def test_stop_string_over_several_tokens_ends_the_answer() -> None:
    bench = Bench()
    text, _ = alone(bench.ask(tokens(1, 20), max_tokens=8).job.prompt)
    stop = text[4:9]
    stopped = bench.ask(tokens(1, 20), max_tokens=8, stop=(stop,))
    bench.run()
    assert (stopped.text, stopped.ending) == (text[: text.index(stop)], "stop")


def test_failing_batch_fails_who_was_in_it_and_nobody_later() -> None:
    bench = Bench(slots=2)
    running = bench.ask(talkative(100), max_tokens=100)
    bench.step(3)
    arriving, waiting = bench.ask(tokens(2, 100)), bench.ask(tokens(3, 30))
    bench.model.broken = True
    bench.step()
    assert (running.ending, arriving.ending, waiting.ending) == ("failed", "failed", "")
    bench.check()
    bench.run()
    check_answer(waiting)
    bench.check()


def test_model_that_cannot_share_evaluates_every_prompt_whole() -> None:
    bench = Bench()
    bench.model.can_share = False
    asked = [bench.ask(tokens(1, 50)) for _ in range(2)]
    bench.run()
    assert [one.cached for one in asked] == [0, 0]
    for one in asked:
        check_answer(one)
    bench.check()
