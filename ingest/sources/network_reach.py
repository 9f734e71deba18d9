"""Places that a library of `fsspec` reaches."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO, TypeVar, cast

from ingest.sources.addresses import check_host
from ingest.sources.errors import AddressRefusedError, SourceUnreachableError
from ingest.sources.folder_reach import allowed_folder
from ingest.sources.protocols import Protocol
from ingest.sources.reaching import Listed
from kb.exceptions import InvalidInputError, KBError

# S3 servers that hash nothing tell other things here.
_IS_A_HASH = re.compile(r'"?[0-9a-fA-F]{32,64}(-\d+)?"?|[A-Za-z0-9+/]{22}==')
_MARKS = ("ETag", "etag", "generation", "Content-MD5")
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime", "modified", "modify", "Last-Modified")
_DEEPEST = 64

Found = TypeVar("Found")


def network_reach(name: str, protocol: Protocol, location: str, options: Mapping[str, str]) -> NetworkReach:
    """Raises InvalidInputError when its library is missing or the host is at an address that is refused."""
    if protocol.on_disk:
        location = str(allowed_folder(location))
    host = protocol.host(location, options)
    if host:
        check_host(host)
    arguments = protocol.arguments(location, options)
    if name == "git":
        arguments["path"] = location
    system = _asked(lambda: _filesystem(name, protocol, arguments))
    return NetworkReach(system, protocol, "" if name == "git" else location, web=name in ("http", "https"))


def _filesystem(name: str, protocol: Protocol, arguments: dict[str, Any]) -> Any:
    fsspec = importlib.import_module("fsspec")
    try:
        kind = fsspec.get_filesystem_class(name)
    except (ImportError, ValueError) as error:
        raise InvalidInputError(
            f"{protocol.label} needs a package that is not installed: pip install '{protocol.package}'."
        ) from error
    # Kept by no cache: it would hold the secrets, and yesterday's listing.
    return kind(**arguments, skip_instance_cache=True)


class NetworkReach:
    """Lists and reads through one file system object of fsspec."""

    def __init__(self, system: Any, protocol: Protocol, location: str, *, web: bool) -> None:
        self._system = system
        self._flat = protocol.flat
        self._content_marks = protocol.content_marks
        self._web = web
        self._root = location if web else str(system._strip_protocol(location)).rstrip("/")

    def walk(self) -> Iterator[Listed]:
        files = self._everything() if self._flat else self._level_by_level()
        while (found := _asked(lambda: next(files, None))) is not None:
            name, about = found
            path = self._relative(name)
            if path and not any(part.startswith(".") for part in path.split("/")):
                yield self._listed(path, about)

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        full = f"{self._root.rstrip('/')}/{path}" if self._root else path
        stream = _asked(lambda: self._system.open(full, "rb"))
        try:
            yield cast("BinaryIO", _Asking(stream))
        finally:
            stream.close()

    def _everything(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self._system.find(self._root, detail=True).items()

    def _level_by_level(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Unlike `find`, which leaves out what cannot be listed."""
        waiting, seen = [(self._root, 0)], {self._root.rstrip("/")}
        while waiting:
            folder, depth = waiting.pop()
            for about in self._system.ls(folder, detail=True):
                name = str(about["name"])
                if about["type"] != "directory":
                    yield name, about
                elif name.rstrip("/") not in seen and self._relative(name) and depth < _DEEPEST:
                    seen.add(name.rstrip("/"))
                    waiting.append((name, depth + 1))

    def _relative(self, name: str) -> str:
        """Empty for what lies outside, and for addresses that are no files (`?C=N;O=D`)."""
        # Some libraries name files with a slash in front, and some without.
        root, name = self._root.strip("/"), name.lstrip("/")
        if root and not name.startswith(f"{root}/"):
            return ""
        path = name[len(root) :].strip("/")
        inert = not self._web or not any(sign in path for sign in "?#")
        return path if inert and ".." not in path.split("/") else ""

    def _listed(self, path: str, about: dict[str, Any]) -> Listed:
        if self._web:
            full = f"{self._root.rstrip('/')}/{path}"
            about = _asked(lambda: self._system.info(full))
        size = about.get("size")
        content = _first(about, self._content_marks)
        if not _IS_A_HASH.fullmatch(content):
            content = ""
        modified = _first(about, _MODIFIED)
        told = [_first(about, _MARKS) or content, modified]
        mark = " ".join([str(size), *told]) if any(told) else ""
        return Listed(path, size if isinstance(size, int) else None, mark[:400], content[:400], modified[:40])


class _Asking:
    """A stream whose errors are ours."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        return bytes(_asked(lambda: self._stream.read(size)))


def _first(about: dict[str, Any], names: tuple[str, ...]) -> str:
    found = next((about[name] for name in names if about.get(name)), "")
    return found.isoformat() if isinstance(found, datetime) else str(found)


def _asked(question: Callable[[], Found]) -> Found:
    """Ask a library, whose errors may hold addresses with passwords in them: only their kind is told on.

    Raises:
        SourceUnreachableError: in words.
    """
    try:
        return question()
    except KBError:
        raise
    except Exception as error:  # every library has errors of its own
        refused = _refusal_in(error)
        raise refused or SourceUnreachableError(_words(error)) from None


def _refusal_in(error: BaseException | None) -> AddressRefusedError | None:
    """Our own refusal, which libraries wrap."""
    for _ in range(10):
        if error is None or isinstance(error, AddressRefusedError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _words(error: Exception) -> str:
    if isinstance(error, PermissionError) or "Auth" in type(error).__name__:
        return "The source refuses access: check the user, the key and their rights."
    if isinstance(error, FileNotFoundError):
        return "There is nothing at this place."
    if isinstance(error, TimeoutError):
        return "The source did not answer in time."
    if isinstance(error, (ConnectionError, OSError)):
        return f"The source cannot be reached ({type(error).__name__})."
    return f"The source answered with an error ({type(error).__name__})."
