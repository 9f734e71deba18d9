"""Fetching a GGUF file from a model hub: resumable, verified, and there only when it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

import httpx
from tqdm import tqdm

from kb.exceptions import KBError
from kb.llm.errors import ModelLoadError
from kb.llm.model_file import ModelFile, check_model_file, checksum_file, recorded_sha256
from kb.llm.terminal import printable

_TIMEOUT_S = 30
_MOST_REDIRECTS = 5
_SPARE_BYTES = 100 * 2**20
_SHA256 = re.compile("[0-9a-f]{64}")


class PullError(KBError):
    """The message says what to do."""

    code = "pull"
    http_status = 502


@dataclass(frozen=True)
class Wanted:
    """A file as the hub describes it.

    Attributes:
        url: of this version, which never changes.
        headers: that the hub wants, such as a token.
    """

    name: str
    url: str
    headers: dict[str, str]
    size_bytes: int
    sha256: str


def pull(
    repository: str, file: str, folder: Path, revision: str = "", sha256: str = "", hub: str = ""
) -> Path:
    """Fetch the file into the folder, with a progress bar on stderr where that is a terminal.

    What an earlier call had fetched before it was ended is not fetched again. The file gets its name when its
    checksum is right.

    Args:
        repository: owner and name.
        file: its path in the repository.
        revision: a branch, tag or commit; empty takes the repository's own.
        sha256: what the content must be; empty takes what the hub says of it.
        hub: its address; empty takes the one that huggingface_hub knows, or HF_ENDPOINT names.

    Returns:
        Where the file is.

    Raises:
        PullError: with the reason.
    """
    _check_address(hub or os.environ.get("HF_ENDPOINT", ""))
    _check_names(repository, file, revision, sha256)
    path = folder / PurePosixPath(file).name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f".{path.name}.lock"):
            if path.exists() and sha256 and recorded_sha256(path) == sha256.lower():
                return path
            wanted = _look_up(repository, file, revision, sha256.lower(), hub or None)
            if path.exists():
                _check_same(path, wanted)
                return path
            _fetch(wanted, path)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PullError(
            f"The hub cannot be reached, or broke off: {_told(error)}. What had arrived of the file is kept; "
            "pull again to go on."
        ) from error
    except OSError as error:
        raise PullError(_of_disk(error, path)) from error
    return path


def _check_address(hub: str) -> None:
    """Before huggingface_hub is imported, which fails at an address that it cannot read."""
    try:
        parts = urlsplit(hub)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if hub and not is_address:
        raise PullError(
            f"{printable(hub)} is no address of a hub. HF_ENDPOINT must begin with https:// or http://."
        )


def _check_names(repository: str, file: str, revision: str, sha256: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise PullError(
            f"{printable(repository)} is no name of a repository. {printable(str(error))}"
        ) from error
    if "/" not in repository:
        raise PullError(f"{repository} is no name of a repository; it is owner/name.")
    is_hidden, climbs = PurePosixPath(file).name.startswith("."), ".." in file.split("/")
    if not file.endswith(".gguf") or is_hidden or climbs or not file.isprintable():
        raise PullError(f"{printable(file)} is no name of a GGUF file.")
    if not revision.isprintable():
        raise PullError(f"{printable(revision)} is no name of a revision.")
    if sha256 and not _SHA256.fullmatch(sha256.lower()):
        raise PullError("A SHA-256 checksum has 64 hexadecimal digits.")


def _look_up(repository: str, file: str, revision: str, sha256: str, hub: str | None) -> Wanted:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    headers = dict(build_hf_headers())
    url = hf_hub_url(repository, file, revision=revision or None, endpoint=hub)
    told = _head(url, headers)
    if told.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
        raise PullError(
            f"The hub has no {file} in {repository}{f' at {revision}' if revision else ''}, or wants a token "
            f"for it (HTTP status {told.status_code})."
        )
    if told.status_code >= httpx.codes.BAD_REQUEST:
        raise PullError(f"The hub answers with HTTP status {told.status_code}.")
    size = told.headers.get("x-linked-size") or told.headers.get("content-length") or ""
    found = (told.headers.get("x-linked-etag") or told.headers.get("etag") or "").strip('W/"').lower()
    found = found if _SHA256.fullmatch(found) else ""
    if not size.isdigit() or not (sha256 or found):
        raise PullError("The hub tells no size or no checksum of this file. Give the checksum with --sha256.")
    if sha256 and found and sha256 != found:
        raise PullError(f"The hub's file has the SHA-256 checksum {found}, not {sha256}.")
    commit = told.headers.get("x-repo-commit") or revision or None
    fixed = hf_hub_url(repository, file, revision=commit, endpoint=hub)
    return Wanted(PurePosixPath(file).name, fixed, headers, int(size), sha256 or found)


def _head(url: str, headers: dict[str, str]) -> httpx.Response:
    """The first answer that describes the file; behind it the hub sends to where the bytes are."""
    with httpx.Client(timeout=_TIMEOUT_S, headers={**headers, "Accept-Encoding": "identity"}) as client:
        response = client.head(url)
        for _ in range(_MOST_REDIRECTS):
            if response.next_request is None or "x-linked-etag" in response.headers:
                break
            response = client.send(response.next_request)
        return response


def _check_same(path: Path, wanted: Wanted) -> None:
    if recorded_sha256(path) != wanted.sha256:
        raise PullError(f"{path} is another file of this name. Remove it, or keep it and leave this one.")


def _fetch(wanted: Wanted, path: Path) -> None:
    part = path.with_name(f".{path.name}.{wanted.sha256[:12]}.part")
    there = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if wanted.size_bytes - there + _SPARE_BYTES > free:
        raise PullError(
            f"{wanted.name} needs {wanted.size_bytes - there:,} bytes more, and {free:,} are free "
            f"in {path.parent}."
        )
    if there < wanted.size_bytes:
        _append(wanted, part, there)
    try:
        check_model_file(ModelFile(part, wanted.sha256))
    except ModelLoadError as error:
        part.unlink()
        raise PullError(f"What came is not the file that was asked for, and was removed: {error}") from error
    # The checksum first: a model that has its name is never without one.
    checksum_file(path).write_text(f"{wanted.sha256}  {path.name}\n")
    part.replace(path)
    _sync(path.parent)


def _append(wanted: Wanted, part: Path, there: int) -> None:
    """Write each piece as it comes: of a link that breaks again and again nothing is lost."""
    headers = {**wanted.headers, "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    with (
        httpx.stream("GET", wanted.url, headers=headers, timeout=_TIMEOUT_S, follow_redirects=True) as answer,
        part.open("ab") as file,
    ):
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise PullError(f"The hub answers with HTTP status {answer.status_code}.")
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            file.truncate(0)  # it sends everything again
            there = 0
        broke_off = ""
        try:
            for data in _watched(answer, wanted, there):
                there += len(data)
                if there > wanted.size_bytes:
                    raise PullError(
                        f"The hub sends more than the {wanted.size_bytes:,} bytes that it announced."
                    )
                file.write(data)
        except httpx.HTTPError as error:
            broke_off = f" ({_told(error)})"
        file.flush()
        os.fsync(file.fileno())
    if there < wanted.size_bytes:
        raise PullError(
            f"The hub broke off after {there:,} of {wanted.size_bytes:,} bytes{broke_off}. "
            "Pull again; what is here is not fetched twice."
        )


def _watched(answer: httpx.Response, wanted: Wanted, there: int) -> Iterator[bytes]:
    bar = tqdm(
        total=wanted.size_bytes, initial=there, desc=wanted.name, unit="B", unit_scale=True, disable=None
    )
    with bar:
        for data in answer.iter_bytes():
            yield data
            bar.update(len(data))


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two that append to the same part would spoil it."""
    with ExitStack() as held:
        while not _is_locked(held.enter_context(lock.open("w")), lock):
            held.close()
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _is_locked(file: IO[str], lock: Path) -> bool:
    """False where another's pull has ended, and removed the file, since this one opened it.

    Whoever comes next makes a new file of this name; the lock of the old one keeps nobody out.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PullError("Another pull of this file is running.") from error
    try:
        return os.path.samestat(os.fstat(file.fileno()), lock.stat())
    except FileNotFoundError:
        return False


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _of_disk(error: OSError, path: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {path.parent} is full. Make room and pull again; what is here is kept."
    return f"{path.parent} cannot be written: {error.strerror}."


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
