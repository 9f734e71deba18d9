"""One answer: who waits for it, and its text as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kb.llm.engine.copying import Copying
from kb.llm.engine.task import Job, Task
from kb.llm.stopping import TextStream
from kb.llm.types import Failed, Finished, FinishReason, Piece, Usage


class Vocabulary(Protocol):
    """What turns tokens into text."""

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


class Sampler(Protocol):
    """Draws the tokens of one answer."""

    def draw(self, row: int) -> int:
        """The next token after that row of the batch that was evaluated last."""

    def close(self) -> None: ...


class Follower(Protocol):
    """Looks for copies in an answer."""

    def follow(self, tokens: Sequence[int]) -> Copying: ...


class Generation(Task):
    """An answer.

    Attributes:
        sampler: from the end of the prompt on.
        drawn: the last token of the answer, which is to be evaluated next.
        copying: what it may be copying, where tokens are guessed.
    """

    def __init__(self, job: Job, *, with_units: bool = False) -> None:
        super().__init__(job, with_units=with_units)
        self.sampler: Sampler | None = None
        self.drawn = 0
        self.copying: Copying | None = None
        self._answer: list[int] = []
        self._right = self._wrong = 0
        self._text = TextStream(job.sampling.stop)

    @property
    def to_come(self) -> int:
        return self.job.prompt.max_tokens - len(self._answer)

    def stand_up(self) -> None:
        """What was answered is a part of the prompt from now on."""
        super().stand_up()
        self.tokens = [*self.job.prompt.tokens, *self._answer]

    def began(self, sampler: Sampler, drafting: Follower | None) -> Sampler:
        self.sampler = sampler
        self.copying = drafting.follow(self.tokens) if drafting else None
        self._begin()
        return sampler

    def take(self, token: int, vocabulary: Vocabulary) -> FinishReason | None:
        """Add the token to the answer and tell the reader. Returns why the answer ends here, if it does."""
        if vocabulary.is_end(token):
            self._say(self._text.end())
            return "stop"
        self.drawn = token
        self._answer.append(token)
        if self.copying is not None:
            self.copying.add(token)
        self._say(self._text.feed(vocabulary.piece(token)))
        if self._text.stopped:
            return "stop"
        if not self.to_come:
            self._say(self._text.end())
            return "length"
        return None

    def guesses(self, count: int) -> list[int]:
        """The next tokens of the answer, if it goes on copying."""
        return self.copying.draft(count) if self.copying is not None and count else []

    def note_guesses(self, right: int, wrong: int) -> None:
        if self.copying is not None:
            self.copying.settle(right)
        self._right += right
        self._wrong += wrong

    def end(self, ending: FinishReason | Failed) -> None:
        if self.sampler is not None:
            self.sampler.close()
        if isinstance(ending, Failed):
            self.job.emit(ending)
        else:
            self.job.emit(Finished(self._usage(), ending))

    def _usage(self) -> Usage:
        prompt_tokens = len(self.job.prompt.tokens)
        return Usage(prompt_tokens, self.cached, len(self._answer), self._right, self._wrong)

    def _say(self, text: str) -> None:
        if text:
            self.job.emit(Piece(text))
