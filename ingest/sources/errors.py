"""What may go wrong between us and a place outside."""

from __future__ import annotations

from kb.exceptions import InvalidInputError, KBError


class SourceUnreachableError(KBError):
    """The place did not answer, or did not let us in. The message never holds a secret."""

    code = "source_unreachable"
    http_status = 502
    default_message = "The source cannot be reached."


class AddressRefusedError(InvalidInputError):
    """The address is inside this network, and the operator has not allowed that."""

    code = "address_refused"


class SecretUnreadableError(KBError):
    """What was sealed was sealed with another key."""

    code = "secret_unreadable"
    http_status = 409
    default_message = (
        "The stored password or key can no longer be read: KB_SECRET_KEY has changed. Enter it again."
    )
