"""100 KB of pathological text costs every stage of the answer path little (case 29)."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from kb.rag.highlight import highlight
from kb.rag.markers import remove_unknown
from kb.rag.prompt import neutralise
from kb.rag.render import render_block, render_inline
from kb.rag.sentences import SentenceStream, split_sentences
from kb.rag.statements import statements_of
from kb.rag.support import check_sentence
from kb.rag.words import plain
from tests.rag.corpus import passage

SIZE = 100_000
# Processor time, so that a busy machine does not matter; quadratic work would take minutes.
MOST_S = 10.0
UNITS = [
    ". ",
    "a. ",
    "Ab. ",
    "(",
    "[1]",
    "x. [",
    "\n",
    " ",
    "|",
    "```\n",
    'a." ',
    "x",
    "-",
    "`",
    "- a\n",
    "> ",
    "[1, ",
    "*a ",
    "**",
    "_a_",
    "[a](",
    "![",
    "<",
    "<a ",
    "1 ",
    "1,000,",
    "3 March ",
    "Ab ",
    "and ",
    "not ",
    "|a|b|\n|-|-|\n",
    "&#",
    "# ",
    "one hundred and ",
    "<|",
    "a@",
    "a_",
    "0 ",
    "[",
    "]",
    '"',
]
DEEP = [
    "".join(f"{' ' * i}- a\n" for i in range(440)),
    "".join("`" * i + " " for i in range(440)),
    "[" * 50_000 + "]" * 50_000,
]


def stream(text: str) -> None:
    sentences = SentenceStream()
    for start in range(0, len(text), 7):
        sentences.feed(text[start : start + 7])
    sentences.close()


STAGES: dict[str, Callable[[str], object]] = {
    "split": split_sentences,
    "stream": stream,
    "statements": lambda text: statements_of(passage(text)),
    "check": lambda text: check_sentence(text[:2000], [1], [passage(text[:5000])]),
    "block": render_block,
    "inline": render_inline,
    "prompt": neutralise,
    "plain": plain,
    "markers": lambda text: remove_unknown(text, ()),
}


@pytest.mark.parametrize("stage", STAGES)
def test_hostile_text_is_cheap(stage: str) -> None:
    slow = []
    for text in [*((unit * SIZE)[:SIZE] for unit in UNITS), *DEEP]:
        begin = process_time()
        STAGES[stage](text)
        if process_time() - begin > MOST_S:
            slow.append(text[:12])
    assert not slow


@pytest.mark.parametrize("unit", ["- a\n", "![", "|a|b|\n|-|-|\n", "`"])
def test_marking_a_quote_in_hostile_text_is_cheap(unit: str) -> None:
    begin = process_time()
    html = highlight((unit * SIZE)[:SIZE], 10, 50, render_block)
    assert process_time() - begin < MOST_S
    assert html.count('id="quote"') == 1
