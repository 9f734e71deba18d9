"""Tokens that are guessed from the prompt and evaluated in one batch: the same answers in fewer batches."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.llm.engine.copying import Copying, Odds
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.lookup import Lookup
from kb.llm.engine.row_costs import RowCosts
from kb.llm.types import Finished, Usage
from tests.llm.bench import Asked, Bench
from tests.llm.fake_model import COPYING, ROW_S, STEP_S
from tests.llm.unaided import alone, talkative

# What batches of the built-in model take on two cores: rows that are left over of eight are dear.
CPU = {1: 0.009, 2: 0.020, 4: 0.031, 8: 0.040, 16: 0.058, 24: 0.083, 32: 0.111}


def copied(seed: int, count: int = 60) -> list[int]:
    """A prompt whose answer copies."""
    return [COPYING, *random.Random(seed).choices(range(1, 40), k=count)]


def usage(asked: Asked) -> Usage:
    (only,) = asked.endings
    assert isinstance(only, Finished)
    return only.usage


def test_answer_that_copies_is_the_same_and_takes_fewer_batches() -> None:
    plain, drafting = Bench(cells=1000), Bench(cells=1000, drafts=True)
    asked = [bench.ask(copied(3), max_tokens=150) for bench in (plain, drafting)]
    for bench in (plain, drafting):
        bench.run()
        bench.check()

    assert {(one.text, one.ending) for one in asked} == {alone(asked[0].job.prompt)}
    assert len(drafting.model.batches) < 0.5 * len(plain.model.batches)
    assert drafting.model.now_s < 0.7 * plain.model.now_s


@pytest.mark.parametrize("seed", range(6))
def test_several_answers_that_copy_are_those_that_each_gets_alone(seed: int) -> None:
    bench = Bench(slots=4, cells=700, drafts=True)
    prompts = [copied(10 * seed + at, 20 + 10 * at) for at in range(4)] + [talkative(30)]
    asked = [bench.ask(prompt, max_tokens=70) for prompt in prompts]
    bench.run()

    for one in asked:
        assert (one.text, one.ending) == alone(one.job.prompt)
    assert bench.scheduler.work.accepted_rows > 0
    bench.check()


def test_guesses_are_counted_right_and_wrong() -> None:
    bench = Bench(cells=1000, drafts=True)
    asked = [bench.ask(copied(seed), max_tokens=80) for seed in (3, 4)]
    bench.run()
    work, told = bench.scheduler.work, [usage(one) for one in asked]

    assert sum(one.accepted_tokens for one in told) == work.accepted_rows > 40
    assert sum(one.rejected_tokens for one in told) == work.drafted_rows - work.accepted_rows > 0
    answered = sum(one.completion_tokens for one in told)
    # The first token of each answer comes with its prompt; the one that ends it is not counted.
    ends = sum(one.ending == "stop" for one in asked)
    assert work.answer_rows + work.accepted_rows == answered - len(asked) + ends


def test_stop_string_inside_of_guesses_that_are_right_ends_the_answer() -> None:
    text, _ = alone(Bench().ask(copied(3), max_tokens=150).job.prompt)
    for start in range(60, 200, 7):
        stop = text[start : start + 4]
        bench = Bench(cells=1000, drafts=True)
        asked = bench.ask(copied(3), max_tokens=150, stop=(stop,))
        bench.run()
        assert (asked.text, asked.ending) == (text[: text.index(stop)], "stop")
        bench.check()


@pytest.mark.parametrize("length", range(40, 60))
def test_answer_never_has_more_tokens_than_were_asked_for(length: int) -> None:
    bench = Bench(cells=1000, drafts=True)
    asked = bench.ask(copied(3), max_tokens=length)
    bench.run()
    assert (asked.text, asked.ending) == alone(asked.job.prompt)
    bench.check()


def test_conversation_goes_on_behind_an_answer_that_was_guessed() -> None:
    bench = Bench(cells=1000, drafts=True)
    first = bench.ask(copied(3), max_tokens=50)
    bench.run()
    said = [*copied(3), *map(int, first.text.split())]
    second = bench.ask([*said, 5, 6, 7, 8, 9, 10, 11, 12, 13], max_tokens=50)
    bench.run()

    assert second.cached == len(said) - 1
    assert second.text == alone(second.job.prompt)[0]
    bench.check()


def test_guesses_share_no_batch_with_a_prompt_and_go_on_between_its_pieces() -> None:
    bench = Bench(cells=2000, drafts=True)
    asked = bench.ask(copied(3), max_tokens=150)
    while not bench.scheduler.work.accepted_rows:
        bench.step()
    prompt = bench.ask(random.Random(1).choices(range(1, 40), k=900), max_tokens=1)
    pieces, guessed = 0, 0
    while not prompt.ending:
        before = bench.scheduler.work
        bench.step()
        work = bench.scheduler.work
        drafted = work.drafted_rows - before.drafted_rows
        if work.prompt_rows > before.prompt_rows:
            assert not drafted
            pieces += 1
        guessed += drafted
    bench.run()

    assert pieces > 1
    assert guessed
    assert asked.text == alone(asked.job.prompt)[0]
    bench.check()


def test_answer_that_gives_way_goes_on_guessing_later() -> None:
    bench = Bench(slots=3, cells=300, drafts=True)
    asked = [bench.ask(copied(seed), max_tokens=150) for seed in range(3)]
    bench.run()
    for one in asked:
        assert (one.text, one.ending) == alone(one.job.prompt)
    bench.check()


@dataclass
class Answer:
    copying: Copying
    to_come: int = 1000


def lengths_while(
    drafting: Drafting, prompt: Sequence[int], told: Sequence[int], others: int = 0
) -> list[int]:
    """How many tokens are guessed before each of these tokens of an answer; others copy nothing."""
    answer = Answer(drafting.follow(prompt))
    riders = [Answer(drafting.follow([at])) for at in range(others)]
    lengths = []
    for token in told:
        lengths.append(drafting.lengths([answer, *riders])[0])
        answer.copying.add(token)
    return lengths


def test_few_guesses_never_pay_on_a_cpu_and_many_do_when_copying_is_under_way() -> None:
    text = list(range(100))
    lengths = lengths_while(Drafting(RowCosts(CPU)), text, text[10:60])

    assert lengths[:5] == [0] * 5
    assert lengths[-1] >= 15
    assert all(length == 0 or length % 8 == 7 for length in lengths)


def test_rows_that_cost_little_are_used_as_soon_as_anything_is_expected() -> None:
    cheap = RowCosts({1: 0.02, 8: 0.021, 32: 0.024})
    text = list(range(100))
    assert lengths_while(Drafting(cheap), text, text[10:14]) == [0, 0, 31, 31]


def test_guesses_that_keep_others_waiting_must_be_worth_more() -> None:
    text = list(range(100))
    costs = RowCosts({1: 0.01, 32: 0.041})
    alone, beside = (lengths_while(Drafting(costs), text, text[10:90], others)[-1] for others in (0, 7))
    assert alone > beside == 0


def test_answer_that_leaves_its_sources_again_and_again_is_not_guessed_until_it_copies() -> None:
    """What was expected is compared with what came, also where nothing was drafted."""
    chance = random.Random(1)
    text = list(range(3000))
    broken = [token if chance.random() < 0.75 else 9000 + token for token in text[:2400]]
    lengths = lengths_while(Drafting(RowCosts(CPU)), text, [*broken, *text[2400:2460]])

    assert sum(map(bool, lengths[:400])) > 20
    assert not any(lengths[1600:2400])
    assert lengths[-1] > 0


def test_promises_that_were_not_kept_count_against_the_next_and_are_forgiven() -> None:
    text = list(range(600))
    copying = Drafting(RowCosts(CPU)).follow(text)
    for token in text[10:40]:
        copying.add(token)
    before = next(copying.lasting())
    for _ in range(3):
        copying.draft(15)
        copying.settle(0)
    after = next(copying.lasting())
    for token in text[40:540]:
        copying.add(token)

    assert after < 0.5 * before
    assert next(copying.lasting()) > 0.95 * before


def test_machine_whose_large_batches_become_dear_guesses_less_and_later_tries_again() -> None:
    text = list(range(100))
    drafting = Drafting(RowCosts(CPU))
    assert lengths_while(drafting, text, text[10:60])[-1] > 0
    for _ in range(60):
        drafting.note(1, 0, CPU[1])
        for rows in (8, 16, 24, 32):
            drafting.note(1, rows - 1, 6 * CPU[rows])
    assert lengths_while(drafting, text, text[10:60])[-1] == 0
    for _ in range(600):
        drafting.note(1, 0, CPU[1])
    assert lengths_while(drafting, text, text[10:60])[-1] > 0


def test_hiccups_while_the_model_is_loaded_are_not_believed() -> None:
    costs = RowCosts({1: 1.0, 2: 0.4, 4: 0.6, 8: 0.9, 16: 58.0})
    assert [costs.seconds(rows) for rows in (1, 2, 4, 8, 16)] == pytest.approx([0.4, 0.4, 0.6, 0.9, 1.8])


def test_slow_machine_that_is_slow_for_everything_guesses_as_before() -> None:
    text = list(range(100))
    drafting = Drafting(RowCosts(CPU))
    before = lengths_while(Drafting(RowCosts(CPU)), text, text[10:60])[-1]
    for _ in range(20):
        drafting.note(1, 0, 3 * CPU[1])
    assert lengths_while(drafting, text, text[10:60])[-1] == before


def test_no_batch_of_guesses_is_so_long_that_cancelling_would_be_late() -> None:
    """Case 41."""
    slow = RowCosts({1: 0.3, 8: 0.5, 16: 0.9, 32: 1.8})
    text = list(range(100))
    assert max(lengths_while(Drafting(slow), text, text[10:90])) == 7


def test_lookup_follows_the_longest_of_its_keys_and_then_the_text() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 9, 2, 3, 7, 8, 1, 2, 3])
    assert (lookup.matched, lookup.expected(3)) == (3, [4, 5, 9])
    assert lookup.add(4)
    assert (lookup.matched, lookup.expected(2)) == (4, [5, 9])
    assert not lookup.add(7)
    assert (lookup.matched, lookup.expected(2)) == (0, [])


def test_lookup_repeats_what_repeats_itself() -> None:
    lookup = Lookup([7, 1, 2, 3, 1, 2, 3, 1, 2])
    assert lookup.expected(7) == [3, 1, 2, 3, 1, 2, 3]


@given(st.lists(st.integers(0, 3), max_size=80), st.integers(0, 80))
def test_lookup_expects_what_followed_the_same_tokens(tokens: list[int], cut: int) -> None:
    lookup = Lookup(tokens[:cut])
    for token in tokens[cut:]:
        lookup.add(token)
    whole, matched = tokens, lookup.matched
    places = [at for at in range(2, len(whole)) if whole[at - 2 : at] == whole[-2:]]

    assert (matched > 0) == bool(places)
    if matched:
        following = lookup.expected(5)
        assert any(
            whole[max(at - matched, 0) : at] == whole[-matched:]
            and following[: len(whole) - at] == whole[at : at + 5]
            for at in places
        )


@given(st.lists(st.tuples(st.integers(2, 64), st.booleans()), max_size=200), st.integers(2, 64))
def test_odds_stay_probabilities_and_never_rise_with_the_length(
    seen: list[tuple[int, bool]], matched: int
) -> None:
    odds = Odds()
    for one in seen:
        odds.note(*one)
    lasting = list(itertools.islice(odds.lasting(matched), 40))

    assert all(0 <= chance <= 1 for chance in lasting)
    assert lasting == sorted(lasting, reverse=True)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 8, 16]), st.floats(0, 100)), max_size=100))
def test_costs_stay_positive_and_finite_whatever_is_measured(seen: list[tuple[int, float]]) -> None:
    costs = RowCosts({1: STEP_S + ROW_S, 8: STEP_S + 8 * ROW_S})
    for rows, duration_s in seen:
        costs.note(rows, duration_s)
    assert all(0 < costs.seconds(rows) < 1e9 for rows in range(1, 40))
