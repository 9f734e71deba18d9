"""What goes wrong with rules."""

from __future__ import annotations

from kb.exceptions import InvalidInputError, KBError


class InvalidPatternError(InvalidInputError):
    """A regular expression that the linear-time engine does not take."""

    code = "invalid_pattern"
    default_message = "This is not a regular expression that can be used here."


class BrokenRuleError(KBError):
    """A rule cannot be evaluated, so whatever it guards is blocked."""

    code = "rule_broken"
    default_message = (
        "A rule of this installation cannot be evaluated, so this is not answered. Tell your admins."
    )


class BlockedError(KBError):
    """A rule blocks a question or an answer.

    Args:
        message: what the reader is told.
        rule_id: of the rule.
        rule_name: what it is called, for the record.
    """

    code = "blocked"
    http_status = 403

    def __init__(self, message: str, rule_id: int, rule_name: str) -> None:
        self.rule_id = rule_id
        self.rule_name = rule_name
        super().__init__(message)
