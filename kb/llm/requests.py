"""What may be asked of the model server, strictly checked. The words are OpenAI's."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kb.exceptions import InvalidInputError
from kb.json_fields import encodable, flag, json_object, number, whole
from kb.llm.forms import requested_form
from kb.llm.types import ChatMessage, Sampling, Span

MAX_BODY_BYTES = 4 * 1024 * 1024
_MAX_MESSAGES = 1000
_MAX_STOPS = 16
_MAX_STOP_CHARS = 256
_MAX_TOKENS = 1 << 20
_MAX_TOP_K = 1 << 20
_ANY_SEED = 0xFFFFFFFF
_MAX_USER_CHARS = 256
_MAX_CONTINUATIONS = 16
_MAX_CONTINUATION_CHARS = 1000
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
# Asking for these and getting something else would be worse than a refusal. The values mean "not asked".
_NOT_OFFERED: Mapping[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "best_of": (None, 1),
    "tools": (None, []),
    "tool_choice": (None, "none", "auto"),
    "functions": (None, []),
    "function_call": (None, "none", "auto"),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "logit_bias": (None, {}),
    "modalities": (None, ["text"]),
    "audio": (None,),
    "echo": (None, False),
}


@dataclass(frozen=True)
class ChatRequest:
    """A checked request.

    Attributes:
        max_tokens: of the answer; None is whatever the context leaves.
        form: what the answer must be, for `Engine.compile`; None for any text.
        include_usage: a streamed answer ends with the token counts.
        user: who asks, as a word that says nothing; empty when the caller does not tell.
    """

    messages: tuple[ChatMessage, ...]
    max_tokens: int | None
    sampling: Sampling
    form: str | None
    stream: bool
    include_usage: bool
    user: str = ""


@dataclass(frozen=True)
class ScoreRequest:
    """A checked request for the log-probabilities of continuations."""

    messages: tuple[ChatMessage, ...]
    continuations: tuple[str, ...]
    user: str = ""


def parse_chat(body: bytes) -> ChatRequest:
    """Not for an event loop: a large body takes a moment.

    Raises:
        InvalidInputError: with a sentence that names the field.
    """
    given = json_object(body)
    for name, harmless in _NOT_OFFERED.items():
        if not any(_is(given.get(name), value) for value in harmless):
            raise InvalidInputError(f"{name} is not supported.")
    options = given.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise InvalidInputError("stream_options must be an object.")
    return ChatRequest(
        messages=_messages(given.get("messages")),
        max_tokens=_max_tokens(given),
        sampling=_sampling(given),
        form=requested_form(given),
        stream=flag("stream", given.get("stream")),
        include_usage=options is not None and flag("include_usage", options.get("include_usage")),
        user=_user(given.get("user")),
    )


def _is(given: Any, value: Any) -> bool:
    """Equal, and of one type: to Python `true` is 1."""
    return given == value and isinstance(given, bool) == isinstance(value, bool)


def parse_score(body: bytes) -> ScoreRequest:
    """Raises InvalidInputError, with a sentence that names the field."""
    given = json_object(body)
    return ScoreRequest(
        messages=_messages(given.get("messages")),
        continuations=_continuations(given.get("continuations")),
        user=_user(given.get("user")),
    )


def _continuations(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_CONTINUATIONS:
        raise InvalidInputError(f"continuations must be a list of 1 to {_MAX_CONTINUATIONS} texts.")
    if not all(isinstance(item, str) and 0 < len(item) <= _MAX_CONTINUATION_CHARS for item in value):
        raise InvalidInputError(
            f"Each of continuations must be a text of 1 to {_MAX_CONTINUATION_CHARS} characters."
        )
    return tuple(encodable("continuations", item) for item in value)


def _messages(value: Any) -> tuple[ChatMessage, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_MESSAGES:
        raise InvalidInputError(f"messages must be a list of 1 to {_MAX_MESSAGES} messages.")
    return tuple(_message(item) for item in value)


def _message(value: Any) -> ChatMessage:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        raise InvalidInputError("Each of messages must be an object with role and content.")
    role = _ROLES.get(value["role"])
    if role is None:
        raise InvalidInputError("The role of a message must be system, user or assistant.")
    return _content(role, value.get("content"))


def _content(role: str, value: Any) -> ChatMessage:
    """A string, or a list of text parts as some clients send them.

    Where a part says ``"cache_control": {"type": "ephemeral"}``, the parts are one text without anything
    between them, and those that say so will be asked for again in other combinations.
    """
    if isinstance(value, str):
        return ChatMessage(role, encodable("content", value))
    if not isinstance(value, list):
        raise InvalidInputError("The content of a message must be text.")
    texts = [_part(part) for part in value]
    marked = [_is_marked(part) for part in value]
    if not any(marked):
        return ChatMessage(role, encodable("content", "\n".join(texts)))
    ends = list(itertools.accumulate(map(len, texts)))
    units = tuple(
        Span(end - len(text), end) for text, end, is_unit in zip(texts, ends, marked, strict=True) if is_unit
    )
    return ChatMessage(role, encodable("content", "".join(texts)), units)


def _part(value: Any) -> str:
    if isinstance(value, dict) and value.get("type") == "text" and isinstance(value.get("text"), str):
        return str(value["text"])
    raise InvalidInputError("The content of a message must be text.")


def _is_marked(part: Mapping[str, Any]) -> bool:
    control = part.get("cache_control")
    if control is not None and control != {"type": "ephemeral"}:
        raise InvalidInputError('cache_control must be {"type": "ephemeral"}.')
    return control is not None


def _max_tokens(given: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = given.get(name)
        if value is not None:
            return whole(name, value, 1, _MAX_TOKENS)
    return None


def _sampling(given: Mapping[str, Any]) -> Sampling:
    seed = given.get("seed")
    top_k = given.get("top_k")
    top_p = _number(given, "top_p", default=1.0, high=1.0)
    if top_p == 0:
        raise InvalidInputError("top_p must be greater than 0.")
    return Sampling(
        temperature=_number(given, "temperature", default=0.0, high=2.0),
        top_p=top_p,
        # Some clients say -1 for all of them.
        top_k=0 if top_k is None else max(whole("top_k", top_k, -1, _MAX_TOP_K), 0),
        min_p=_number(given, "min_p", default=0.0, high=1.0),
        presence_penalty=_penalty(given, "presence_penalty"),
        frequency_penalty=_penalty(given, "frequency_penalty"),
        # Clients draw seeds of 64 bits and of either sign; the sampler takes 32, of which the last means any.
        seed=None if seed is None else whole("seed", seed, -(1 << 63), (1 << 63) - 1) % _ANY_SEED,
        stop=_stop(given.get("stop")),
    )


def _penalty(given: Mapping[str, Any], name: str) -> float:
    return _number(given, name, default=0.0, low=-2.0, high=2.0)


def _number(given: Mapping[str, Any], name: str, *, default: float, high: float, low: float = 0.0) -> float:
    value = given.get(name)
    return default if value is None else number(name, value, low, high)


def _user(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_USER_CHARS:
        raise InvalidInputError(f"user must be a text of at most {_MAX_USER_CHARS} characters.")
    return encodable("user", value)


def _stop(value: Any) -> tuple[str, ...]:
    stops = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > _MAX_STOPS:
        raise InvalidInputError(f"stop must be a text or a list of at most {_MAX_STOPS} texts.")
    if not all(isinstance(item, str) and 0 < len(item) <= _MAX_STOP_CHARS for item in stops):
        raise InvalidInputError(f"Each stop must be a text of 1 to {_MAX_STOP_CHARS} characters.")
    return tuple(encodable("stop", item) for item in stops)
