"""Answers of a form: grammars compiled for a model's vocabulary, and drawing only what they allow."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

from kb.exceptions import InvalidInputError, LLMBusyError
from kb.llm import types
from kb.llm.engine.generation import Sampler
from kb.llm.engine.trial import error_of, problem_of
from kb.llm.errors import GrammarError

# Where the trial process, with the 8 MB that are usual, did not overflow, this does not either.
_STACK_BYTES = 64 * 1024 * 1024
_LIMITS: Mapping[str, int] = {
    "max_grammar_size": 3000,
    "max_items_in_row": 500,
    "step_max_items": 300_000,
    "max_lexer_states": 10_000,
}
# Programs ask in the same form again and again, also in one that cannot be used.
_KEPT = 16
# Whoever waits for a form holds a thread, and there are five at least, which plain questions need too.
_MOST_WAITING = 3
# What the grammar may take of the engine's thread, for each token, and what may be saved up of that.
_PER_TOKEN_S = 0.02
_MOST_S = 0.4
# No text is forced: the tokens of an answer are always drawn.
_OPTIONS = '%llguidance {"no_forcing": true}\n'
# llguidance takes tokens that begin like this for none of the text.
_SPECIAL = b"\xff"


class Vocabulary(Protocol):
    @property
    def vocabulary_size(self) -> int: ...

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


class Grammar:
    """Implements `kb.llm.types.Grammar`: compiled once, and copied for each answer."""

    def __init__(self, matcher: LLMatcher, ends: Sequence[int]) -> None:
        self._matcher = matcher
        self._ends = ends

    def begin(self) -> Follower:
        return Follower(self._matcher.deep_copy(), self._ends)


class Follower:
    """Where one answer is in its grammar.

    Raises:
        GrammarError: from all methods, when following takes too long.
    """

    def __init__(self, matcher: LLMatcher, ends: Sequence[int]) -> None:
        self._matcher = matcher
        self._ends = ends
        self._left_s = _MOST_S

    @property
    def is_complete(self) -> bool:
        """Whether the answer may end here."""
        return bool(self._matcher.is_accepting())

    def accepts(self, token: int) -> bool:
        """Go on with the token, if it is allowed."""
        with self._paid():
            accepted = self.is_complete if token in self._ends else self._matcher.try_consume_tokens([token])
        self._left_s = min(self._left_s + (_PER_TOKEN_S if accepted else 0), _MOST_S)
        return bool(accepted)

    def allowed(self, count: int) -> npt.NDArray[np.bool_]:
        """bool [tokens], some of them true; raises GrammarError otherwise, too."""
        mask = np.zeros(0, np.uint8)
        if not self._matcher.is_error():
            with self._paid():
                mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        # One that has failed allows the end.
        if self._matcher.is_error() or not mask.any():
            raise GrammarError(f"The answer cannot go on in its form: {error_of(self._matcher)}.")
        return np.unpackbits(mask, count=count, bitorder="little").astype(np.bool_)

    @contextmanager
    def _paid(self) -> Iterator[None]:
        started_s = time.thread_time()
        yield
        self._left_s -= time.thread_time() - started_s
        if self._left_s < 0:
            raise GrammarError("The form of the answer is too ambiguous to be followed in time.")


class Compiler:
    """Makes grammars in a thread of its own, one at a time: while they compile, answers go on.

    What it knows of the vocabulary is made when the first grammar is asked for, in a fifth of a second.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._thread = _thread_with_deep_stack()
        # By form, the one asked for longest ago first: the grammar, or why there is none.
        self._known: OrderedDict[str, Grammar | str] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting = 0

    def compile(self, form: str) -> Grammar:
        """May be called from any thread.

        Args:
            form: from `kb.llm.forms`.

        Raises:
            InvalidInputError: it cannot be compiled, is too large or takes too long, or allows nothing.
            LLMBusyError: too many others wait for theirs.
        """
        outcome = self._remembered(form) or self._waited_for(form)
        if isinstance(outcome, str):
            raise InvalidInputError(outcome)
        return outcome

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _remembered(self, form: str) -> Grammar | str | None:
        with self._lock:
            if form in self._known:
                self._known.move_to_end(form)
            return self._known.get(form)

    def _waited_for(self, form: str) -> Grammar | str:
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise LLMBusyError
            self._waiting += 1
        try:
            return self._thread.submit(self._outcome, form).result()
        finally:
            with self._lock:
                self._waiting -= 1

    def _outcome(self, form: str) -> Grammar | str:
        # Somebody who waited before may have asked for the same.
        outcome = self._remembered(form)
        if outcome is None:
            try:
                outcome = self._compile(form)
            except InvalidInputError as error:
                outcome = error.message
            with self._lock:
                self._known[form] = outcome
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return outcome

    def _compile(self, form: str) -> Grammar:
        text = _OPTIONS + form
        if problem := problem_of(text, _LIMITS):
            raise InvalidInputError(f"The form of the answer cannot be used: {problem}.")
        limits = LLParserLimits(verbose_errors=False, **_LIMITS)  # type: ignore[arg-type]
        matcher = LLMatcher(self._tokenizer, text, log_level=0, limits=limits)
        grammar = Grammar(matcher, self._described.ends)
        # Whether it can be begun in time with this vocabulary, which has more to try.
        grammar.begin().allowed(self._vocabulary.vocabulary_size)
        return grammar

    @cached_property
    def _described(self) -> _Described:
        return _Described(self._vocabulary)

    @cached_property
    def _tokenizer(self) -> LLTokenizer:
        return LLTokenizer(TokenizerWrapper(self._described), eos_token=self._described.ends)


class _Described:
    """A vocabulary in the words of llguidance."""

    bos_token_id = None

    def __init__(self, vocabulary: Vocabulary) -> None:
        pieces = [(token, vocabulary.piece(token)) for token in range(vocabulary.vocabulary_size)]
        self.ends = [token for token, _ in pieces if vocabulary.is_end(token)]
        if not self.ends:
            raise InvalidInputError("This model cannot end an answer of a form.")
        self.eos_token_id = self.ends[0]
        # NUL, which some vocabularies have, is in no text that can be stored.
        special = {token for token, piece in pieces if not piece or b"\0" in piece} | set(self.ends)
        self.special_token_ids = sorted(special)
        self.tokens = [_SPECIAL + b"%d" % token if token in special else piece for token, piece in pieces]

    def __call__(self, text: str) -> Sequence[int]:
        """Only asked for text that is forced, which answers here never take in one go."""
        raise RuntimeError("No text is tokenized for a form.")


class ConstrainedSampler:
    """Draws only what a grammar allows.

    Nearly always that is what would have been drawn anyway, so the others are looked at only when it is not.
    The grammar goes on with each token that is drawn. Drafts can be verified row by row as without one: a
    token that is drawn is a part of the answer, whether it was drafted or not.
    """

    def __init__(
        self, inner: Sampler, logits: Callable[[int], npt.NDArray[np.float32]], grammar: types.Grammar
    ) -> None:
        self._inner = inner
        self._logits = logits
        self._follower: Follower = grammar.begin()

    def draw(self, row: int) -> int:
        """Raises GrammarError when no token is allowed, or following the grammar takes too long."""
        token = self._inner.draw(row)
        if self._follower.accepts(token):
            return token
        logits = self._logits(row)
        logits[~self._follower.allowed(len(logits))] = -np.inf
        # Drawing again without what was refused draws from what is allowed, in its own proportions.
        token = self._inner.draw(row)
        if not self._follower.accepts(token):
            raise GrammarError("The answer cannot go on in its form.")
        return token

    def close(self) -> None:
        self._inner.close()


def _thread_with_deep_stack() -> ThreadPoolExecutor:
    before = threading.stack_size(_STACK_BYTES)
    try:
        made = ThreadPoolExecutor(1, "llm-forms")
        made.submit(int).result()
    finally:
        threading.stack_size(before)
    return made
