"""Zip archives: looked at within limits, member by member, before anything of them is taken in (case 11)."""

from __future__ import annotations

import copy
import io
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from ingest.names import clean_external_id
from ingest.zip_limits import ENCRYPTED_BIT, MAX_RATIO, RATIO_FROM_BYTES, UNREADABLE
from ingest.zip_names import member_names
from kb.exceptions import KBError

# An archive in an archive in an archive is opened; what is in there is not, if it is an archive once more.
MAX_DEPTH = 3
NO_FILES = "The archive holds no files."
_PIECE = 1 << 18
# What systems put beside people's files.
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


class ArchiveRefusedError(KBError):
    """The archive breaks a limit or is damaged: none of its members is taken in."""

    code = "archive_refused"
    http_status = 422


class ArchiveDamagedError(ArchiveRefusedError):
    """Its list of files cannot be read."""


class MemberRefusedError(KBError):
    """One member cannot be taken in; the others can."""

    http_status = 422

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass
class Budget:
    """What may still be taken out of an archive, archives inside it included.

    Args:
        packed: the size of the archive's file in bytes, against which the ratio counts.
    """

    files: int
    size_bytes: int
    packed: int
    taken: int = field(default=0, init=False)

    def take_file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise ArchiveRefusedError("The archive holds more files than may be taken in at once. Split it.")

    def take_bytes(self, count: int) -> None:
        self.taken += count
        if self.taken > self.size_bytes:
            raise ArchiveRefusedError("The archive unpacks to more than may be taken in at once. Split it.")
        if self.taken > RATIO_FROM_BYTES and self.taken > MAX_RATIO * self.packed:
            raise ArchiveRefusedError(
                f"The archive unpacks to more than {MAX_RATIO} times its size, which no ordinary files do."
            )


@dataclass(frozen=True)
class Member:
    """A file of an archive.

    Attributes:
        path: inert, without a way upwards, controls or backslashes; of an archive inside, below its name.
        refusal: why it cannot be taken in.
    """

    path: str
    stream: BinaryIO | None = None
    refusal: MemberRefusedError | None = None


class _Counted(io.RawIOBase):
    """A member's bytes, each counted when it comes out: what the archive says of its size is not believed."""

    def __init__(self, stream: IO[bytes], told: int, budget: Budget) -> None:
        self._stream, self._left, self._budget = stream, told, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            piece = self._stream.read(len(view))
        except UNREADABLE as error:
            raise MemberRefusedError("unreadable", "This file is damaged inside the archive.") from error
        self._budget.take_bytes(len(piece))
        self._left -= len(piece)
        if self._left < 0:
            raise ArchiveRefusedError("A file in the archive is larger than the archive says.")
        view[: len(piece)] = piece
        return len(piece)


def is_archive(path: Path, file_name: str) -> bool:
    """Whether a stored file is a zip archive of documents, and not itself a document in a zip archive."""
    if PurePosixPath(file_name).suffix.lower() not in (".zip", ""):
        return False
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] != b"PK":
        return False
    # The parsers and what they load stay out of web processes that unpack nothing.
    from ingest.parsers.base import ParseError
    from ingest.parsers.containers import kind_of_container

    try:
        return kind_of_container(path, head) == "zip"
    except ParseError as error:
        raise ArchiveRefusedError(error.reason) from error


def check_list(path: Path, budget: Budget) -> None:
    """Hold what the archive's own list of files says against the limits; nothing is unpacked.

    Raises:
        ArchiveRefusedError: it breaks a limit, is damaged or holds no files.
    """
    with _opened(path) as archive:
        files = _files(archive)
        for info, _ in files:
            budget.take_file()
            if _refusal(info) is None:
                budget.take_bytes(info.file_size)
    if not files:
        raise ArchiveRefusedError(NO_FILES)


def check_archive(path: Path, budget: Budget) -> int:
    """Unpack everything into nothing; how many files there are.

    Raises:
        ArchiveRefusedError: it breaks a limit.
    """
    number = 0
    for member in walk_archive(path, budget):
        number += 1
        if member.stream is not None:
            try:
                while member.stream.read(_PIECE):
                    pass
            except MemberRefusedError:
                continue
    return number


def walk_archive(path: Path, budget: Budget, prefix: str = "", depth: int = 1) -> Iterator[Member]:
    """Every file in the order of the archive, the same one each time; a stream is good until the next member
    is asked for.

    Raises:
        ArchiveRefusedError: it breaks a limit or is damaged; also from the streams.
    """
    with _opened(path) as archive:
        for info, name in _files(archive):
            budget.take_file()
            yield from _member(archive, info, budget, f"{prefix}/{name}", depth)


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, name: str, depth: int
) -> Iterator[Member]:
    path = clean_external_id(name)
    refusal = _refusal(info)
    if refusal is not None:
        yield Member(path, refusal=refusal)
        return
    # The reader stops at the size that it is told, so that one that lies would be cut and not found out.
    probe = copy.copy(info)
    probe.file_size = info.file_size + _PIECE
    try:
        stream = archive.open(probe)
    except UNREADABLE:
        yield Member(
            path, refusal=MemberRefusedError("unreadable", "This file is damaged inside the archive.")
        )
        return
    with stream:
        counted = io.BufferedReader(_Counted(stream, info.file_size, budget), _PIECE)
        if info.filename.lower().endswith(".zip"):
            yield from _nested(counted, path, budget, depth)
        else:
            yield Member(path, counted)


def _nested(stream: BinaryIO, path: str, budget: Budget, depth: int) -> Iterator[Member]:
    if depth >= MAX_DEPTH:
        yield Member(
            path, refusal=MemberRefusedError("too_deep", "This archive lies too deep inside other archives.")
        )
        return
    with tempfile.NamedTemporaryFile(prefix="archive-") as copied:
        try:
            while piece := stream.read(_PIECE):
                copied.write(piece)
        except MemberRefusedError as error:
            yield Member(path, refusal=error)
            return
        copied.flush()
        try:
            yield from walk_archive(Path(copied.name), budget, path, depth + 1)
        except ArchiveDamagedError:
            yield Member(path, refusal=MemberRefusedError("unreadable", "This archive is damaged."))


def _files(archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, str]]:
    """The files that people put there, with their names."""
    name_of = member_names(archive.infolist())
    named = ((info, name_of(info)) for info in archive.infolist() if not info.is_dir())
    return [(info, name) for info, name in named if not _is_litter(name)]


def _refusal(info: zipfile.ZipInfo) -> MemberRefusedError | None:
    if stat.S_ISLNK(info.external_attr >> 16):
        return MemberRefusedError(
            "link", "This is a link to another file, which archives are not followed for."
        )
    if info.flag_bits & ENCRYPTED_BIT:
        return MemberRefusedError("encrypted", "This file is protected by a password inside the archive.")
    return None


def _is_litter(name: str) -> bool:
    parts = [part for part in name.lower().replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return not parts or any(part in _LITTER or part.startswith(".") for part in parts)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose list of entries has been bounded first."""
    from ingest.parsers.base import ParseError
    from ingest.parsers.zip_guard import open_archive

    try:
        archive = open_archive(path)
    except ParseError as error:
        kind = ArchiveDamagedError if error.code == "unreadable" else ArchiveRefusedError
        raise kind(f"The archive cannot be read. {error.reason}") from error
    with archive:
        yield archive
