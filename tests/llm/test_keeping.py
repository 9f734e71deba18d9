"""What stays in the cache of what nobody works on."""

from __future__ import annotations

from kb.llm.engine.keeping import Keeping
from kb.llm.engine.residents import Residents
from kb.llm.types import Span
from tests.llm.fake_model import FakeModel

CELLS, SEQUENCES = 8192, 24
PROMPT_TOKENS = 600


def prompt(number: int) -> list[int]:
    return [1000 + number, *range(PROMPT_TOKENS - 1)]


def kept(residents: Residents) -> list[int]:
    """The numbers of the prompts that are there still."""
    return sorted(resident.tokens[0] - 1000 for resident in residents.all)


def make() -> Residents:
    return Residents(FakeModel(CELLS, SEQUENCES + 8), SEQUENCES, CELLS)


def answered(residents: Residents, number: int) -> int:
    """One prompt comes, is evaluated and goes. How many of its tokens were found."""
    resident = residents.enter(prompt(number))
    found = len(resident.tokens)
    residents.extend(resident, prompt(number)[found:])
    residents.release(resident)
    return found


def test_prompts_that_nobody_repeats_are_soon_forgotten() -> None:
    residents = make()
    for number in range(12):
        assert answered(residents, number) == 0
    assert kept(residents) == [11]


def test_prompts_that_come_again_and_again_are_kept() -> None:
    residents = make()
    found = [answered(residents, number) for _ in range(4) for number in range(5)]
    assert all(found[-5:])
    assert kept(residents) == [0, 1, 2, 3, 4]


def test_longest_prompt_is_kept_while_it_is_the_last() -> None:
    residents = make()
    resident = residents.enter(list(range(4000)))
    residents.extend(resident, list(range(4000)))
    residents.release(resident)
    assert residents.shared(list(range(4000))) > 3900


def test_what_several_begin_with_counts_for_none_of_them() -> None:
    residents = make()
    common = list(range(900))
    first = residents.enter([*common, 5000])
    residents.extend(first, [*common, *([5000] * 16)])
    others = [residents.enter([*common, *([6000 + at] * 16)]) for at in range(8)]
    for resident in others:
        residents.extend(resident, [resident.sequence] * 16)
    for resident in [first, *others]:
        residents.release(resident)
    assert len(residents.all) == 9


def test_less_is_kept_again_when_nobody_misses_anything() -> None:
    keeping = Keeping(CELLS)
    least = keeping.allowance
    keeping.forgot(prompt(1), ())
    keeping.asked(prompt(1), (), 0)
    most = keeping.allowance
    for number in range(2, 200):
        keeping.asked(prompt(number), (), 0)
    assert most == least + 2 * PROMPT_TOKENS
    assert least <= keeping.allowance < 1.01 * least


def test_a_little_of_a_prompt_is_not_missed() -> None:
    keeping = Keeping(CELLS)
    least = keeping.allowance
    keeping.forgot(prompt(1), ())
    keeping.asked([*prompt(1)[:100], *range(7000, 7500)], (), 0)
    assert keeping.allowance == least


def test_prompt_with_other_units_is_not_missed() -> None:
    keeping = Keeping(CELLS)
    least = keeping.allowance
    keeping.forgot(prompt(1), (Span(10, 300),))
    keeping.asked(prompt(1), (), 0)
    assert keeping.allowance == least


def test_no_more_is_kept_than_there_is_room_for() -> None:
    keeping = Keeping(1500)
    for number in range(50):
        keeping.forgot(prompt(number), ())
        keeping.asked(prompt(number), (), 0)
    assert keeping.allowance <= 1500
