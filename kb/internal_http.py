"""What the servers of this installation's own processes share: who may ask, and how errors are told."""

from __future__ import annotations

import functools
import hmac
import logging
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kb.exceptions import InvalidInputError, KBError, NotFoundError, TooLargeError

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]
ErrorResponse = Callable[[KBError], Response]


class NotAuthenticatedError(KBError):
    code = "not_authenticated"
    http_status = 401
    default_message = "The token is missing or wrong."


class Guard:
    """Lets those in who bear the token, and turns every error into a response with a true status.

    Args:
        token: of this installation.
        error_response: how the server tells an error.
    """

    def __init__(self, token: str, error_response: ErrorResponse) -> None:
        if not token:
            raise ValueError("A server needs a token.")
        self._authorization = f"Bearer {token}".encode()
        self._error_response = error_response

    def admits(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, self._authorization)

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                if not self.admits(request):
                    raise NotAuthenticatedError
                return await endpoint(request)
            except KBError as error:
                return self._error_response(error)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception:
                logger.exception("A request failed: %s", request.url.path)
                return self._error_response(KBError())

        return guarded

    def unknown(self, request: Request, error: Exception) -> Response:
        """For a path or method that there is not."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        told: KBError = NotFoundError("There is no such call.")
        if status != NotFoundError.http_status:
            told = InvalidInputError("There is no such call.")
            told.http_status = status
        return self._error_response(told)


async def read_body(request: Request, most_bytes: int) -> bytes:
    """The body, of which no more than that is ever kept (case 26).

    Raises:
        TooLargeError: it is longer, or says so.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > most_bytes:
        raise TooLargeError("The request is too large.")
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > most_bytes:
            raise TooLargeError("The request is too large.")
    return bytes(parts)
