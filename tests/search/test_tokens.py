"""What the tokenizer tells of a text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kb.conf import BUILT_IN
from kb.search.engine.encoder import model_folder
from kb.search.engine.tokens import Tokens, load_tokens


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return load_tokens(model_folder(BUILT_IN))


@pytest.mark.parametrize(
    ("text", "share"),
    [("", 0.0), ("2026, 14 %!", 0.0), ("Who may travel?", 0.0), ("travel policy zweckverband hotel", 0.25)],
)
def test_share_of_words_in_pieces(tokens: Tokens, text: str, share: float) -> None:
    assert tokens.split_share(text) == share


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do I have in my first year?",
        "Can I book outside of Concur?",
        "Which gateway refuses certificates that were issued before March?",
    ],
)
def test_in_the_language_of_the_model_few_words_are_split(tokens: Tokens, question: str) -> None:
    assert tokens.split_share(question) <= 0.25


@pytest.mark.parametrize(
    "question",
    [
        "Wie viele Urlaubstage habe ich im ersten Jahr?",
        "¿Cuántos días de vacaciones tengo el primer año?",
        "Combien de jours de congé ai-je la première année ?",
        "Сколько дней отпуска у меня в первый год?",
    ],
)
def test_in_another_language_many_are(tokens: Tokens, question: str) -> None:
    assert tokens.split_share(question) > 0.3


def test_starts_are_those_of_the_words_however_long_the_text(tokens: Tokens) -> None:
    line = "A flight is booked in Voyago; höchstens 14 Tage.\n"
    text = line * 3000 + "x" * 120_000 + " the end"
    first = tokens.starts(line)
    starts = tokens.starts(text)
    assert starts == sorted(set(starts))
    assert starts[: 3000 * len(first)] == [
        number * len(line) + start for number in range(3000) for start in first
    ]
    assert text[starts[-1] :] == "end"


def test_a_long_text_takes_little_memory_at_a_time(tokens: Tokens) -> None:
    """In a process of its own: memory that was used once is not given back."""
    code = (
        "import resource, sys; from kb.search.engine.encoder import model_folder;"
        "from kb.search.engine.tokens import load_tokens; tokens = load_tokens(model_folder('built-in'));"
        "tokens.starts('some words '); peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "before = peak(); tokens.starts('some words ' * 300_000); print((peak() - before) >> 10)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200  # MB; at once it would be 1,200
