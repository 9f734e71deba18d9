"""Every error of the API in one shape: ``{"error": {"code", "message", "reference", "fields"?}}``."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from kb.exceptions import KBError, ServiceUnavailableError

logger = logging.getLogger(__name__)

_CODES = {
    status.HTTP_400_BAD_REQUEST: "invalid",
    status.HTTP_401_UNAUTHORIZED: "not_authenticated",
    status.HTTP_403_FORBIDDEN: "permission_denied",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: "too_large",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    status.HTTP_429_TOO_MANY_REQUESTS: "throttled",
}


def new_reference() -> str:
    """What a person quotes to the admin, who finds it in the log."""
    return secrets.token_hex(4)


def error_body(
    code: str, message: str, reference: str, fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": message, "reference": reference}
    if fields:
        body["fields"] = fields
    return {"error": body}


def handle_exception(error: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of a view into its response; what nobody foresaw is logged with its reference."""
    if isinstance(error, KBError):
        return _from_kb_error(error)
    if isinstance(error, RequestDataTooBig):
        error = exceptions.APIException("The request body is too large.", "too_large")
        error.status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    elif isinstance(error, (RecursionError, UnicodeError)):
        error = exceptions.ParseError("The request is nested too deeply or holds broken characters.")
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _from_api_exception(error)
    reference = new_reference()
    logger.error("Unexpected error %s", reference, exc_info=error)
    body = error_body(KBError.code, f"{KBError.default_message} Reference: {reference}.", reference)
    return Response(body, status=500)


def _from_kb_error(error: KBError) -> Response:
    # 404 answers must be the same bytes for what is hidden and what does not exist, so no random part.
    reference = new_reference() if error.http_status >= 500 else ""
    if reference:
        logger.warning("%s (%s): %s", error.code, reference, error.message)
    response = Response(
        error_body(error.code, error.message, reference, error.fields), status=error.http_status
    )
    if isinstance(error, ServiceUnavailableError):
        response["Retry-After"] = str(error.retry_after_s)
    return response


def _from_api_exception(error: exceptions.APIException) -> Response:
    fields = None
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail
        fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
        message = _first_message(error.detail)
    elif isinstance(error, exceptions.NotFound):
        message = "Not found."
    else:
        message = str(error.detail)
    code = _CODES.get(error.status_code, "invalid")
    response = Response(error_body(code, message, "", fields), status=error.status_code)
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait:
        response["Retry-After"] = str(int(wait))
    return response


def _first_message(detail: Any) -> str:
    """The first complaint as a sentence that names its field."""
    if isinstance(detail, dict):
        for name, value in detail.items():
            message = _first_message(value)
            return message if name == "non_field_errors" else f"{name}: {message}"
    if isinstance(detail, list) and detail:
        return _first_message(detail[0])
    return str(detail)
