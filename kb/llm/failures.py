"""What an endpoint's failures mean to the reader. Its own words go to the log: they may name files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx

from kb.exceptions import LLMBusyError, LLMUnavailableError, PromptTooLongError
from kb.llm.errors import ModelLoadError, ModelLoadingError

logger = logging.getLogger(__name__)

_DEFAULT_RETRY_S = 5
_LONGEST_RETRY_S = 3600
# How well-known servers say that a prompt does not fit, as code, type or in the message.
_TOO_LONG = ("context_length_exceeded", "exceed_context_size_error", "maximum context length")

_NOT_UNDERSTOOD = (
    "The language model's endpoint sends what no such endpoint sends; an admin finds it in the log. Search "
    "still works."
)
_WRONG_KEY = (
    "The language model's endpoint refuses the key it was asked with; an admin can mend KB_LLM_API_KEY. "
    "Search still works."
)
_WRONG_ADDRESS = (
    "At the address of the language model something else answers; an admin can mend KB_LLM_URL. Search still "
    "works."
)
_REFUSES_KEY = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
# From an endpoint that says nothing else about them: one without the model that it is asked for does.
_ELSEWHERE = (301, 302, 303, 307, 308, httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)
# What our own server tells of itself. The reason itself names files, which /readyz shows to admins alone.
_OWN_STATES = {
    ModelLoadError.code: (
        "The language model cannot be loaded; an admin finds the reason in /readyz. Search still works."
    ),
    ModelLoadingError.code: ModelLoadingError.default_message,
}


@contextmanager
def understood() -> Iterator[None]:
    """Turn what the network or a foreign program does into LLMUnavailableError."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise too_late() from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not louder: the error goes on to someone who says what broke, and health is asked again and again.
        logger.info("The language model does not answer: %s", type(error).__name__)
        raise LLMUnavailableError from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        logger.warning("The language model's endpoint sent what no such endpoint sends: %s", error)
        raise LLMUnavailableError(_NOT_UNDERSTOOD) from error


def too_late() -> LLMUnavailableError:
    return LLMUnavailableError("The language model did not answer in time. Try again in a moment.")


def broken_off() -> LLMUnavailableError:
    return LLMUnavailableError("The language model stopped in the middle of the answer. Ask again.")


def raise_for_response(response: httpx.Response) -> NoReturn:
    """Raise what a response with an error status means. Its body must have been read."""
    try:
        error = response.json()["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        error = None
    found: Mapping[str, Any] = error if isinstance(error, dict) else {"message": str(error or "")}
    raise_for_error(found, response.status_code, response.headers.get("retry-after", ""))


def raise_for_error(error: Mapping[str, Any], status: int, retry_after: str = "") -> NoReturn:
    """Raise what an error object of OpenAI's shape means.

    Raises:
        PromptTooLongError: with the numbers where the server is ours.
        LLMBusyError: with the time that the server advises.
        LLMUnavailableError: everything else.
    """
    code, message = str(error.get("code") or error.get("type") or ""), str(error.get("message") or "")
    logger.warning("The language model answered %d %s: %s", status, code, message[:500])
    if code == PromptTooLongError.code:
        raise PromptTooLongError(message)
    # llama.cpp's own server has the status for a code, and says it in the type.
    if any(word in f"{code} {error.get('type')} {message}" for word in _TOO_LONG):
        raise PromptTooLongError
    if code == LLMBusyError.code or status == httpx.codes.TOO_MANY_REQUESTS:
        raise LLMBusyError(retry_after_s=_seconds(retry_after))
    text = _OWN_STATES.get(code)
    if status in _REFUSES_KEY:
        text = _WRONG_KEY
    elif status in _ELSEWHERE and not code:
        text = _WRONG_ADDRESS
    raise LLMUnavailableError(text, retry_after_s=_seconds(retry_after))


def _seconds(retry_after: str) -> int:
    """The header may also be a date, which says nothing where clocks differ."""
    if not retry_after.isascii() or not retry_after.isdigit():
        return _DEFAULT_RETRY_S
    return min(max(int(retry_after[:9]), 1), _LONGEST_RETRY_S)
