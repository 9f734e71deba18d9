"""What may go wrong with a conversation, beside what may go wrong anywhere."""

from __future__ import annotations

from kb.exceptions import KBError


class TooOftenError(KBError):
    code = "throttled"
    http_status = 429
    default_message = "You have sent many questions of late. Try again in an hour."
