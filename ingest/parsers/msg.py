"""Messages of Outlook: .msg, a compound file of properties (MS-OXMSG)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import olefile
from oxmsg import Message
from oxmsg.attachment import Attachment as OutlookAttachment

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.encoding import decode_text
from ingest.parsers.mail import MAX_ATTACHMENT_BYTES, Attachment, Mail, mail_document

T = TypeVar("T")

_UNNAMED = "attached message"

# What the readers raise on a damaged file or a property of a surprising kind.
_ODD = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OSError,
    struct.error,
    RecursionError,
)
# A body by the kinds in which it may be stored (MS-OXCMAIL): Unicode, or in the code page of the sender.
_PLAIN, _PLAIN_BYTES, _PAGE, _PAGE_BYTES = (
    f"__substg1.0_{code}" for code in ("1000001F", "1000001E", "1013001F", "10130102")
)


class MsgParser:
    name = "msg"
    extensions = (".msg",)

    def parse(self, path: Path) -> ParsedDocument:
        return self.parse_nested(path, 1)

    def parse_nested(self, path: Path, depth: int) -> ParsedDocument:
        try:
            message = Message.load(str(path))
            with olefile.OleFileIO(path) as compound:
                html = _page(compound)
                text = _tried(lambda: message.body) or _plain(compound)
        except _ODD as error:
            raise _damaged() from error
        mail = Mail(
            subject=_tried(lambda: message.subject or "") or "",
            sender=_tried(lambda: message.sender or "") or "",
            to=_tried(lambda: _names(message)) or "",
            sent_at=_tried(lambda: message.sent_date),
            html=html,
            text=text,
            attachments=tuple(_attachments(message)),
        )
        return mail_document(mail, depth)


def _damaged() -> ParseError:
    return ParseError(
        "unreadable", "The message is damaged. Save it again from Outlook, or as text, and upload that."
    )


def _tried(read: Callable[[], T]) -> T | None:
    """A property, or None where it is not as the format says."""
    try:
        return read()
    except _ODD:
        return None


def _names(message: Message) -> str:
    people = ((person.name or "", person.email_address or "") for person in message.recipients)
    return ", ".join(
        dict.fromkeys(
            f"{name} <{address}>" if address and name != address else name for name, address in people
        )
    )


def _stream(compound: olefile.OleFileIO, name: str) -> bytes:
    if not compound.exists(name):
        return b""
    with compound.openstream(name) as stream:
        data: bytes = stream.read(MAX_ATTACHMENT_BYTES)
    return data


def _plain(compound: olefile.OleFileIO) -> str:
    if data := _stream(compound, _PLAIN):
        return data.decode("utf-16-le", "replace")
    return _tried(lambda: decode_text(_stream(compound, _PLAIN_BYTES).rstrip(b"\0"))) or ""


def _page(compound: olefile.OleFileIO) -> bytes:
    if data := _stream(compound, _PAGE):
        return data.decode("utf-16-le", "replace").encode()
    return _stream(compound, _PAGE_BYTES)


def _attachments(message: Message) -> Iterator[Attachment]:
    for attachment in _tried(lambda: list(message.attachments)) or []:
        # A message inside this one has no bytes of its own: it is a folder of the compound file.
        yield _tried(partial(_attachment, attachment)) or Attachment(_UNNAMED, b"")


def _attachment(attachment: OutlookAttachment) -> Attachment:
    return Attachment(attachment.file_name or _UNNAMED, attachment.file_bytes or b"")
