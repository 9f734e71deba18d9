"""Messages as documents: headers, body, and what is attached as sections of the same document.

Not a document for each attachment: a contract that came with "please sign by Friday" is asked about with
these words, a message is granted, replaced and deleted as one file, and what is cited is where it was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

from ingest.parsers.base import Block, ParsedDocument, ParseError, clean_title, normalise_text, paragraphs
from ingest.parsers.html import HtmlParser

MAX_ATTACHMENTS = 100
MAX_ATTACHED_BYTES = 64 * 1024 * 1024
MAX_ATTACHMENT_BYTES = 30 * 1024 * 1024
# Messages in messages in messages.
MAX_DEPTH = 3
MAX_HEADER_CHARS = 2000
ATTACHMENT_LEVEL = 2
# Of Markdown: without the spaces a reader sees the lines run together.
LINE_BREAK = "  \n"


@dataclass(frozen=True)
class Attachment:
    """Bytes as they were attached, under the name that the sender gave."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """A message of any format; header fields as people read them, empty where there is none."""

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    sent_at: datetime | None = None
    html: bytes = b""
    text: str = ""
    attachments: Sequence[Attachment] = ()


@runtime_checkable
class MailParser(Protocol):
    """A parser of messages, which may hold messages themselves."""

    def parse_nested(self, path: Path, depth: int) -> ParsedDocument: ...


@dataclass
class _Assembly:
    """A document in the making."""

    pieces: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    hidden: list[tuple[int, int]] = field(default_factory=list)
    length: int = 0

    def add(
        self, text: str, blocks: Sequence[Block], hidden: Sequence[tuple[int, int]] = (), deeper: int = 0
    ) -> None:
        if not text.strip():
            return
        start = self.length + (2 if self.pieces else 0)
        self.pieces.append(text)
        self.length = start + len(text)
        for block in blocks:
            level = min(6, block.level + deeper) if block.kind == "heading" else block.level
            self.blocks.append(Block(block.kind, start + block.start, start + block.end, level))
        self.hidden += [(start + first, start + end) for first, end in hidden]

    def heading(self, words: str, level: int) -> None:
        text = f"{'#' * level} {words}"
        self.add(text, [Block("heading", 0, len(text), level)])


def mail_document(mail: Mail, depth: int = 1) -> ParsedDocument:
    """Put a message together.

    Args:
        depth: 1 for a message of its own, 2 for one that is attached to another, and so on.
    """
    made = _Assembly()
    title = clean_title(mail.subject)
    if title:
        made.heading(title, 1)
    header = LINE_BREAK.join(f"{name}: {value}" for name, value in _shown_fields(mail))
    made.add(header, [Block("paragraph", 0, len(header))])
    text, blocks, hidden = _body(mail)
    made.add(text, blocks, hidden)
    attached = [_attach(made, attachment, depth) for attachment in _within_limits(mail.attachments)]
    if not any(map(str.isalnum, text)) and not title and not any(entry["read"] for entry in attached):
        raise ParseError(
            "empty", "The message holds no text: neither a subject nor words nor a readable attachment."
        )
    return ParsedDocument(
        "\n\n".join(made.pieces),
        "markdown",
        title,
        (),
        tuple(made.blocks),
        _metadata(mail, attached),
        tuple(made.hidden),
    )


def _shown_fields(mail: Mail) -> Iterator[tuple[str, str]]:
    sent = mail.sent_at.strftime("%Y-%m-%d %H:%M %z").strip() if mail.sent_at else ""
    for name, value in (("From", mail.sender), ("To", mail.to), ("Cc", mail.cc), ("Date", sent)):
        if shown := one_line(value):
            yield name, shown


def one_line(value: str) -> str:
    return " ".join(normalise_text(value[: 4 * MAX_HEADER_CHARS]).split())[:MAX_HEADER_CHARS].rstrip()


def _metadata(mail: Mail, attached: Sequence[dict[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {name.lower(): value for name, value in _shown_fields(mail) if name != "Date"}
    if mail.sent_at:
        fields["sent_at"] = mail.sent_at.isoformat()
    if attached:
        fields["attachments"] = list(attached)
    return fields


def _body(mail: Mail) -> tuple[str, Sequence[Block], Sequence[tuple[int, int]]]:
    """The page where there is one, which has tables and lists; else the plain text."""
    if mail.html:
        try:
            parsed = _parsed(mail.html, HtmlParser())
        except ParseError:
            pass
        else:
            return parsed.text, parsed.blocks, parsed.hidden
    text = normalise_text(mail.text).strip()
    return text, tuple(paragraphs(text)), ()


def _within_limits(attachments: Sequence[Attachment]) -> Iterator[Attachment]:
    total = 0
    for attachment in attachments[:MAX_ATTACHMENTS]:
        total += len(attachment.data)
        if total > MAX_ATTACHED_BYTES:
            return
        yield attachment


def _attach(made: _Assembly, attachment: Attachment, depth: int) -> dict[str, Any]:
    """Add the attachment's text under a heading of its own; what became of it, for the metadata."""
    name = clean_title(attachment.name) or "attachment"
    try:
        parsed = _attached_text(attachment, name, depth)
    except ParseError as error:
        return {"name": name, "read": False, "code": error.code}
    made.heading(f"Attachment: {name}", ATTACHMENT_LEVEL)
    made.add(parsed.text, parsed.blocks, parsed.hidden, deeper=ATTACHMENT_LEVEL)
    return {"name": name, "read": True}


def _attached_text(attachment: Attachment, name: str, depth: int) -> ParsedDocument:
    from ingest.parsers import detect  # which imports this module

    if len(attachment.data) > MAX_ATTACHMENT_BYTES:
        raise ParseError("too_large", "The attachment is too large.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "attachment"
        path.write_bytes(attachment.data)
        parser = detect(path, name)
        if not isinstance(parser, MailParser):
            return parser.parse(path)
        if depth >= MAX_DEPTH:
            raise ParseError("too_deep", "Messages are attached to messages too many times over.")
        return parser.parse_nested(path, depth + 1)


def _parsed(data: bytes, parser: HtmlParser) -> ParsedDocument:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.html"
        path.write_bytes(data)
        return parser.parse(path)
