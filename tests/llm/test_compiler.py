"""Forms of answers that are asked for at once, and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from kb.exceptions import InvalidInputError, LLMBusyError
from kb.llm.engine import constrained
from kb.llm.engine.constrained import Compiler, Grammar
from tests.llm.fakes import PATIENT_S, eventually

_END = 256


class Bytes:
    """A vocabulary of each byte, and the end."""

    vocabulary_size = _END + 1

    def is_end(self, token: int) -> bool:
        return token == _END

    def piece(self, token: int) -> bytes:
        return b"" if token == _END else bytes([token])


class Trials:
    """Stands for the process that tries a form; it waits where it is told to.

    Attributes:
        tried: the forms, in order.
    """

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def problem_of(self, form: str, limits: object) -> str:
        self.tried.append(form)
        assert self.may_go_on.wait(PATIENT_S)
        return "it is too complex" if "bad" in form else ""


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Trials:
    made = Trials()
    monkeypatch.setattr(constrained, "problem_of", made.problem_of)
    return made


@pytest.fixture
def compiler() -> Iterator[Compiler]:
    made = Compiler(Bytes())
    yield made
    made.close()


def test_form_is_tried_once_and_so_is_one_that_cannot_be_used(compiler: Compiler, trials: Trials) -> None:
    assert compiler.compile('start: "yes"') is compiler.compile('start: "yes"')
    for _ in range(3):
        with pytest.raises(InvalidInputError, match="too complex"):
            compiler.compile('start: "bad"')
    assert len(trials.tried) == 2


def test_few_may_wait_for_a_form_and_known_ones_wait_for_nobody(compiler: Compiler, trials: Trials) -> None:
    """Case 28."""
    known = compiler.compile('start: "known"')
    trials.may_go_on.clear()
    with ThreadPoolExecutor(3) as pool:
        waiting: list[Future[Grammar]] = [
            pool.submit(compiler.compile, f'start: "slow {number}"') for number in range(3)
        ]
        eventually(lambda: compiler._waiting == 3)
        with pytest.raises(LLMBusyError):
            compiler.compile('start: "one more"')
        assert compiler.compile('start: "known"') is known
        trials.may_go_on.set()
        assert len({id(one.result(PATIENT_S)) for one in waiting}) == 3
    assert isinstance(compiler.compile('start: "one more"'), Grammar)


def test_forms_that_nobody_asked_for_lately_are_forgotten(compiler: Compiler, trials: Trials) -> None:
    for number in range(20):
        compiler.compile('start: "often"')
        compiler.compile(f'start: "{number}"')
    assert len(trials.tried) == 21
    compiler.compile('start: "0"')
    assert len(trials.tried) == 22
