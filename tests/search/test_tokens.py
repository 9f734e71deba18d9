"""What the tokenizer tells of a text."""

from __future__ import annotations

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
