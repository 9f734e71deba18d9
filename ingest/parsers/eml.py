"""E-mail as it travels (RFC 5322): .eml."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.encoding import decode_text
from ingest.parsers.mail import MAX_ATTACHMENTS, Attachment, Mail, mail_document

# What Python's reader of mail raises on headers and parts that break the rules.
_ODD = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)


class EmlParser:
    name = "eml"
    extensions = (".eml",)

    def parse(self, path: Path) -> ParsedDocument:
        return self.parse_nested(path, 1)

    def parse_nested(self, path: Path, depth: int) -> ParsedDocument:
        with path.open("rb") as file:
            try:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            except _ODD as error:
                raise ParseError(
                    "unreadable",
                    "The message is damaged. Save it again from the mail program and upload that.",
                ) from error
        return mail_document(_mail(message), depth)


def _mail(message: EmailMessage) -> Mail:
    page, text = _part(message, "html"), _part(message, "plain")
    return Mail(
        subject=_header(message, "subject"),
        sender=_header(message, "from"),
        to=_header(message, "to"),
        cc=_header(message, "cc"),
        sent_at=_date(_header(message, "date")),
        html=_text(page).encode() if page is not None else b"",
        text=_text(text) if text is not None else "",
        attachments=tuple(_attachments(message, (page, text))),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except _ODD:
        return ""


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except _ODD:
        return None


def _part(message: EmailMessage, kind: str) -> EmailMessage | None:
    try:
        found = message.get_body((kind,))
    except _ODD:
        return None
    return found if isinstance(found, EmailMessage) else None


def _text(part: EmailMessage) -> str:
    try:
        declared = part.get_content_charset()
        return decode_text(_bytes(part), declared)
    except (ParseError, *_ODD):
        return ""


def _bytes(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _attachments(message: EmailMessage, bodies: tuple[EmailMessage | None, ...]) -> Iterator[Attachment]:
    """Every part that is not the body, messages whole; the parts of an attached message are its own."""
    waiting = [message]
    found = 0
    while waiting and found < MAX_ATTACHMENTS:
        part = waiting.pop(0)
        if any(part is body for body in bodies):
            continue
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting = [inner for inner in part.get_payload() if isinstance(inner, EmailMessage)] + waiting
            continue
        attachment = _attachment(part)
        if attachment is not None:
            found += 1
            yield attachment


def _attachment(part: EmailMessage) -> Attachment | None:
    try:
        name = part.get_filename() or ""
        if part.get_content_type() == "message/rfc822":
            inner = part.get_content()
            shown = name if name.lower().endswith(".eml") else f"{name or 'message'}.eml"
            return Attachment(shown, inner.as_bytes())
        if not name and part.get_content_disposition() != "attachment":
            return None
        return Attachment(name or "attachment", _bytes(part))
    except _ODD:
        return None
