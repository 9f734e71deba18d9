"""What can go wrong with the model itself."""

from __future__ import annotations

from kb.exceptions import InvalidInputError, KBError, LLMUnavailableError


class ModelLoadError(LLMUnavailableError):
    """The model cannot be used. The message says why, for an admin: it may name files."""

    code = "model_load"


class ModelLoadingError(LLMUnavailableError):
    code = "loading"
    default_message = "The language model is being loaded. Try again in a moment."


class GrammarError(InvalidInputError):
    """The answer cannot go on in the form that was asked for."""

    code = "grammar"


class NotOfferedError(KBError):
    """The endpoint of KB_LLM_URL lacks a call that our own model server has."""

    code = "not_offered"
    http_status = 501
    default_message = "The language model's endpoint does not offer this."
