"""Passages that are evaluated once, on a model that tells whole prompts from stitched ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from kb.llm.engine.batches import ALIGNMENT
from kb.llm.engine.units import UnitStore
from kb.llm.types import Prompt, Span
from tests.llm.bench import Asked, Bench
from tests.llm.unaided import alone, without_units

ENOUGH = 1 << 30
SYSTEM = random.Random(0).choices(range(1, 40), k=29)
PASSAGES = [random.Random(seed).choices(range(1, 40), k=20 + seed) for seed in range(1, 7)]
QUESTION = random.Random(9).choices(range(1, 40), k=11)


def combined(
    which: Sequence[int], question: Sequence[int] = QUESTION, gap: Sequence[int] = ()
) -> tuple[list[int], list[Span]]:
    """A prompt made of these passages, and where they are in it."""
    tokens, units = list(SYSTEM), []
    for at in which:
        tokens += gap
        units.append(Span(len(tokens), len(tokens) + len(PASSAGES[at])))
        tokens += PASSAGES[at]
    return [*tokens, *question], units


def asked(bench: Bench, which: Sequence[int], gap: Sequence[int] = ()) -> Asked:
    tokens, units = combined(which, gap=gap)
    one = bench.ask(tokens, units=units)
    bench.run()
    bench.check()
    return one


def prompt_rows(bench: Bench) -> int:
    return bench.scheduler.work.prompt_rows


@pytest.fixture
def bench() -> Bench:
    return Bench(store=UnitStore(ENOUGH))


def test_known_passages_in_a_new_combination_are_not_evaluated_again(bench: Bench) -> None:
    first = asked(bench, [0, 1, 2])
    assert first.cached == 0
    before = prompt_rows(bench)
    again = asked(bench, [2, 0])
    assert again.cached == len(again.job.prompt.tokens) - len(QUESTION)
    assert prompt_rows(bench) - before == len(QUESTION)


def test_passages_are_evaluated_once_however_many_questions_come_at_the_same_time(bench: Bench) -> None:
    for which in ([0, 1], [1, 0]):
        tokens, units = combined(which)
        bench.ask(tokens, units=units)
    bench.run()
    passages = len(PASSAGES[0]) + len(PASSAGES[1])
    assert prompt_rows(bench) == len(SYSTEM) + passages + 2 * len(QUESTION)


@pytest.mark.parametrize("again", [0, 3, 24, 100])
@pytest.mark.parametrize("gap", [(), (7, 8, 9)])
def test_an_answer_does_not_depend_on_what_was_known(again: int, gap: tuple[int, ...]) -> None:
    """The first time as later; tokens that are evaluated again see everything before them."""
    bench = Bench(store=UnitStore(ENOUGH), again=again)
    for which in ([0, 1, 2], [2, 0], [5, 2, 0, 1], [2, 0], [3]):
        one = asked(bench, which, gap)
        assert (one.text, one.ending) == alone(one.job.prompt, again)


def test_whoever_wants_no_approximations_never_gets_any(bench: Bench) -> None:
    stitched = asked(bench, [0, 1, 2])
    tokens, _ = combined([0, 1, 2])
    for _ in range(2):
        whole = bench.ask(tokens)
        bench.run()
        assert (whole.text, whole.ending) == alone(without_units(whole.job.prompt))
    assert whole.text != stitched.text
    assert whole.cached > len(SYSTEM)


def test_what_was_evaluated_whole_is_not_what_a_stitched_prompt_gets(bench: Bench) -> None:
    tokens, units = combined([0, 1])
    bench.ask(tokens)
    bench.run()
    stitched = bench.ask(tokens, units=units)
    bench.run()
    assert (stitched.text, stitched.ending) == alone(stitched.job.prompt)
    assert stitched.cached == len(SYSTEM)


def test_same_passages_in_the_same_order_are_shared_in_the_cache(bench: Bench) -> None:
    asked(bench, [0, 1, 2])
    before = bench.scheduler.residents.cells_used
    tokens, units = combined([0, 1, 2], question=[*QUESTION[:3], *QUESTION[::-1]])
    bench.ask(tokens, max_tokens=1, units=units)
    bench.run()
    assert bench.scheduler.residents.cells_used - before <= len(QUESTION) + 3


def test_other_beginning_makes_other_rows(bench: Bench) -> None:
    asked(bench, [0])
    tokens, units = combined([0])
    tokens[0] += 1
    one = bench.ask(tokens, units=units)
    bench.run()
    assert one.cached == 0
    assert (one.text, one.ending) == alone(one.job.prompt)


def test_without_a_store_units_are_evaluated_like_the_rest() -> None:
    bench = Bench()
    one = asked(bench, [0, 1])
    assert (one.text, one.ending) == alone(without_units(one.job.prompt))


def test_passage_that_does_not_fit_into_memory_is_used_all_the_same() -> None:
    bench = Bench(store=UnitStore(10))
    for _ in range(2):
        one = asked(bench, [0, 1, 0])
        assert (one.text, one.ending) == alone(one.job.prompt)


def test_rows_that_cannot_be_put_back_are_evaluated_in_their_place(bench: Bench) -> None:
    asked(bench, [0, 1])
    bench.model.damaged = True
    one = asked(bench, [1, 0])
    assert (one.text, one.ending) == alone(without_units(one.job.prompt))
    later = asked(bench, [0, 1, 2])
    assert (later.text, later.ending) == alone(later.job.prompt)


def test_cancelled_while_passages_are_evaluated_leaves_nothing(bench: Bench) -> None:
    tokens, units = combined([0, 1, 2, 3, 4])
    one = bench.ask(tokens, units=units)
    bench.step(2)
    assert len(bench.scheduler.residents.all) > 1
    one.job.cancel()
    bench.run()
    bench.check()
    assert len(bench.scheduler.residents.all) == 1


def test_answers_go_on_while_passages_are_evaluated(bench: Bench) -> None:
    running = bench.ask([1, 2, 3], max_tokens=60)
    bench.step(2)
    tokens, units = combined([0, 1, 2, 3, 4])
    bench.ask(tokens, units=units)
    words = len(running.text.split())
    steps = 0
    while bench.scheduler.work.prompt_rows < len(tokens) and not running.ending:
        bench.step()
        steps += 1
    assert len(running.text.split()) - words >= min(steps, 3) > 1


def test_prompt_that_just_fits_has_room_for_its_passages() -> None:
    tokens, units = combined([0, 1, 2, 3])
    bench = Bench(cells=len(tokens) + 8, store=UnitStore(ENOUGH))
    one = bench.ask(tokens, max_tokens=8, units=units)
    bench.run()
    assert (one.text, one.ending) == alone(Prompt(tuple(tokens), 8, units=tuple(units)))


def test_pieces_of_prompts_are_no_smaller_after_passages_were_moved(bench: Bench) -> None:
    """The batch that follows takes longer than its rows do."""
    asked(bench, [0, 1, 2])
    batches = len(bench.model.batches)
    tokens, units = combined([2, 1])
    bench.model.turning_s = 5.0
    one = bench.ask(tokens, max_tokens=1, units=units)
    bench.run()
    assert one.ending and len(bench.model.batches) == batches + 1
    bench.ask(list(range(1, 39)) * 5, max_tokens=1)
    bench.run()
    assert len(bench.model.batches[batches + 1]) > ALIGNMENT
