"""What travels between the server, the waiting line and an engine. No model library, no framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

from kb.exceptions import KBError

_MOST_TOKENS = (1 << 31) - 1

FinishReason = Literal["stop", "length", "scored", "cancelled"]


class Span(NamedTuple):
    """Characters or tokens [start, end)."""

    start: int
    end: int


@dataclass(frozen=True)
class ChatMessage:
    """One turn. The content is data: whatever it says, it never becomes a control token.

    Attributes:
        units: parts of the content, in order, that will be asked for again in other combinations.
    """

    role: str
    content: str
    units: tuple[Span, ...] = ()


class Grammar(Protocol):
    """The form of an answer, compiled by the engine that will give it."""

    def begin(self) -> Any:
        """What follows one answer; only the engine looks into it."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the most likely token, always the same one.
        top_p: the share of probability that is drawn from; 1 is all of it.
        top_k: how many of the most likely tokens are drawn from; 0 is all of them.
        min_p: no token less likely than this share of the most likely one is drawn.
        presence_penalty: taken from the logit of each token that the answer holds already.
        frequency_penalty: the same, as often as it holds it.
        seed: None draws differently each time.
        stop: the text ends before the first of these; none of them is ever shown.
        grammar: what the whole text must be; None allows any. An answer that is cut off at its most tokens
            or before a stop string is the beginning of such a text.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    grammar: Grammar | None = None


@dataclass(frozen=True)
class Prompt:
    """Token ids that fit into the context together with `max_tokens` of answer.

    Attributes:
        continuations: where there are any, nothing is answered: their log-probabilities are wanted.
        units: parts of the tokens, in order, that are worth being evaluated by themselves and kept.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    continuations: tuple[tuple[int, ...], ...] = ()
    units: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Usage:
    """Token counts.

    Attributes:
        cached_tokens: of the prompt, that were not evaluated again.
        accepted_tokens: of the answer, that were guessed right.
        rejected_tokens: that were guessed wrong; not a part of the answer.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    accepted_tokens: int = 0
    rejected_tokens: int = 0


def usage_of(given: Mapping[str, Any]) -> Usage:
    """The counts as the OpenAI API names them; 0 for what is not named, bounded to what a database takes."""

    def count(value: Any) -> int:
        return min(max(int(value or 0), 0), _MOST_TOKENS)

    details = given.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=count(given.get("prompt_tokens")),
        cached_tokens=count(details.get("cached_tokens")),
        completion_tokens=count(given.get("completion_tokens")),
    )


@dataclass(frozen=True)
class Began:
    """The prompt is evaluated, and the first token drawn; `cached_tokens` of it were known already."""

    cached_tokens: int


@dataclass(frozen=True)
class Piece:
    """The next words of the answer, never empty and never half a character."""

    text: str


@dataclass(frozen=True)
class Scores:
    """What continuations of a prompt are worth.

    Attributes:
        logprobs: natural logarithms of the probabilities of each token of each continuation.
    """

    logprobs: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Finished:
    usage: Usage
    reason: FinishReason


@dataclass(frozen=True)
class Failed:
    error: KBError


EngineEvent = Began | Piece | Scores | Finished | Failed


@dataclass(frozen=True)
class ModelInfo:
    """What runs.

    Attributes:
        device: ``cpu`` or ``cuda``.
        context_tokens: prompt and answer together.
        note: what an admin should know, such as a context smaller than asked for.
    """

    name: str
    device: str
    context_tokens: int
    note: str = ""


@dataclass(frozen=True)
class Work:
    """What an engine has done since it was loaded.

    Attributes:
        batches: that it has evaluated.
        prompt_rows: tokens of prompts in them.
        answer_rows: tokens of answers; over `batches`, how many answers decode together.
        drafted_rows: tokens of answers that were guessed.
        accepted_rows: those of them that were right.
    """

    batches: int = 0
    prompt_rows: int = 0
    answer_rows: int = 0
    drafted_rows: int = 0
    accepted_rows: int = 0

    def plus(self, prompt_rows: int, answer_rows: int, drafted_rows: int) -> Work:
        """With one more batch."""
        return replace(
            self,
            batches=self.batches + 1,
            prompt_rows=self.prompt_rows + prompt_rows,
            answer_rows=self.answer_rows + answer_rows,
            drafted_rows=self.drafted_rows + drafted_rows,
        )

    def right(self, rows: int) -> Work:
        """With so many more that were right."""
        return replace(self, accepted_rows=self.accepted_rows + rows)


class Generation(Protocol):
    def cancel(self) -> None:
        """End soon. The last event still comes, and only then is the slot free."""


class Engine(Protocol):
    """A loaded model that works on up to `slots` generations at once, in threads of its own."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def slots(self) -> int: ...

    @property
    def work(self) -> Work: ...

    def prepare(
        self, messages: Sequence[ChatMessage], max_tokens: int | None, continuations: Sequence[str] = ()
    ) -> Prompt:
        """Render and tokenize; may be called from any thread while others generate.

        Args:
            max_tokens: of the answer; None is whatever the context leaves.
            continuations: to be scored in place of an answer.

        Raises:
            PromptTooLongError: prompt and answer, or the longest continuation, do not fit into the context.
            InvalidInputError: the model's chat template refuses the messages; or a continuation has too many
                tokens, or all of them together have.
        """

    def compile(self, form: str) -> Grammar:
        """Make a grammar of its text; may take a second, and may be called from any thread.

        Args:
            form: from `kb.llm.forms`.

        Raises:
            InvalidInputError: it cannot be used; with the reason.
        """

    def submit(self, prompt: Prompt, sampling: Sampling, emit: Callable[[EngineEvent], None]) -> Generation:
        """Begin to generate and return at once.

        Args:
            emit: called from the engine's thread, once with Began, with pieces or once with Scores, then
                once with Finished or Failed, which may also come at once.
        """

    @property
    def step_s(self) -> float:
        """For how long the present step has been running; a step is a fraction of a second of work."""

    def close(self, timeout_s: float) -> bool:
        """Cancel everything and free the model. False: its thread did not end within the time."""
