"""One tree of errors: each has a stable code, a true HTTP status and a sentence that says what to do."""

from __future__ import annotations


class KBError(Exception):
    """Base of every error that a person or a program outside may see.

    Args:
        message: a plain sentence; the class default when omitted.
        **fields: typed details that the API returns beside the message.
    """

    code = "internal"
    http_status = 500
    default_message = "Something went wrong on our side."

    def __init__(self, message: str | None = None, **fields: object) -> None:
        self.message = message or self.default_message
        self.fields = fields
        super().__init__(self.message)


class ConfigurationError(KBError):
    code = "configuration"
    default_message = "A setting is missing or wrong."


class InvalidInputError(KBError):
    code = "invalid"
    http_status = 400
    default_message = "The request is not valid."


class NotFoundError(KBError):
    """The thing does not exist, or this person may not know that it does: the answer is the same."""

    code = "not_found"
    http_status = 404
    default_message = "Not found."


class PermissionDeniedError(KBError):
    """The person may see the thing but may not do this to it."""

    code = "permission_denied"
    http_status = 403
    default_message = "You may not do this."


class ConflictError(KBError):
    code = "conflict"
    http_status = 409
    default_message = "This is not possible in the present state."


class TooLargeError(KBError):
    code = "too_large"
    http_status = 413
    default_message = "The upload is too large."


class ServiceUnavailableError(KBError):
    """A process that the request needs is down or busy; trying again later may help.

    Args:
        retry_after_s: seconds to wait, sent as Retry-After.
    """

    code = "unavailable"
    http_status = 503
    default_message = "A part of the system is not running. Try again in a moment."

    def __init__(self, message: str | None = None, *, retry_after_s: int = 5, **fields: object) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, **fields)


class SearchUnavailableError(ServiceUnavailableError):
    code = "search_unavailable"
    default_message = "The search server is not running. Try again in a moment."


class LLMUnavailableError(ServiceUnavailableError):
    code = "llm_unavailable"
    default_message = "The language model is not running. Search still works; try again in a moment."


class LLMBusyError(ServiceUnavailableError):
    code = "llm_busy"
    default_message = "Too many questions are waiting. Try again in a moment."


class PromptTooLongError(KBError):
    """Fields: prompt_tokens and context_tokens."""

    code = "prompt_too_long"
    http_status = 400
    default_message = "The question is too long for the language model."
