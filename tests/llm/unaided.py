"""What the fake model answers without any engine: what an engine's answers must equal."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from kb.llm.types import Prompt, Span
from tests.llm.fake_model import END, VOCABULARY, fake_logits, next_token, row_of


def rows_of(prompt: Prompt, again: int = 0) -> list[int]:
    """What the rows of the prompt hold where its units are evaluated by themselves, behind the prefix."""
    inner = {at: unit for unit in prompt.units for at in range(unit.start + again, unit.end)}
    alone: dict[Span, list[int]] = {}
    rows: list[int] = []
    for unit in prompt.units:
        alone[unit] = rows_of(Prompt(prompt.tokens[: prompt.units[0].start], 1))
        tokens = list(prompt.tokens[: prompt.units[0].start])
        for at in range(*unit):
            tokens.append(prompt.tokens[at])
            alone[unit].append(row_of(tokens, alone[unit]))
    for at in range(len(prompt.tokens)):
        if (stitched := inner.get(at)) is not None:
            rows.append(alone[stitched][prompt.units[0].start + at - stitched.start])
        else:
            rows.append(row_of(prompt.tokens[: at + 1], rows))
    return rows


def without_units(prompt: Prompt) -> Prompt:
    return replace(prompt, units=())


def scored_alone(prompt: Prompt) -> list[list[float]]:
    """Log-probabilities of the continuations of this prompt, without any engine."""
    found = []
    for continuation in prompt.continuations:
        content, logprobs = list(prompt.tokens), []
        for token in continuation:
            logits = fake_logits(zlib.crc32(bytes(content))).astype(np.float64)
            logprobs.append(float(logits[token] - np.log(np.exp(logits).sum())))
            content.append(token)
        found.append(logprobs)
    return found


def talkative(length: int) -> list[int]:
    """A short prompt whose answer has so many tokens at least."""
    candidates = ([first, second] for first in range(1, VOCABULARY) for second in range(1, VOCABULARY))
    return next(one for one in candidates if alone(Prompt(tuple(one), length))[1] == "length")


def alone(prompt: Prompt, again: int = 0) -> tuple[str, str]:
    """Text and reason of the answer to this prompt, without any engine."""
    content, rows, text = list(prompt.tokens), rows_of(prompt, again), ""
    for _ in range(prompt.max_tokens):
        token = next_token(content, rows[-1])
        if token == END:
            return text, "stop"
        text += f"{token} "
        content.append(token)
        rows.append(row_of(content, rows))
    return text, "length"
