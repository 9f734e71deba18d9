"""Whether a place may be connected, without connecting; and a first look at it."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from queue import Empty, Queue
from urllib.parse import urlsplit

from ingest.sources.addresses import check_host
from ingest.sources.errors import SourceUnreachableError
from ingest.sources.folder_reach import allowed_folder
from ingest.sources.naming import can_be_kept
from ingest.sources.patterns import is_wanted
from ingest.sources.protocols import protocol_named
from ingest.sources.reaching import Listed, reach
from kb.exceptions import InvalidInputError, KBError

_FIRST = 10
_LOOKED_AT = 2000
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Preview:
    """The first files that would come in.

    Attributes:
        more: there are others.
    """

    files: tuple[Listed, ...]
    more: bool


def check_place(protocol: str, location: str, options: Mapping[str, str]) -> None:
    """Raises InvalidInputError in words: unknown options, a missing package, a place that is refused."""
    spec = protocol_named(protocol)
    if unknown := sorted(set(options) - {*spec.options, *spec.secrets}):
        known = ", ".join([*spec.options, *spec.secrets]) or "none"
        raise InvalidInputError(f"Unknown option: {', '.join(unknown)}. {spec.label} knows: {known}.")
    if any("\0" in value for value in (location, *options.values())):
        raise InvalidInputError("The place holds a character that no place can have.")
    _check_addresses(protocol, location, options)
    if spec.on_disk:
        allowed_folder(location)
    elif host := spec.host(location, options):
        check_host(host)
    if spec.package and not _is_installed(spec.package):
        raise InvalidInputError(
            f"{spec.label} needs a package that is not installed: pip install '{spec.package}'."
        )
    spec.arguments(location, options)


def preview(
    protocol: str, location: str, options: Mapping[str, str], include: list[str], exclude: list[str]
) -> Preview:
    """Connect, and list the first files; a place that takes too long is given up on.

    Raises:
        InvalidInputError: as `check_place`.
        SourceUnreachableError: it cannot be listed, in words.
    """
    check_place(protocol, location, options)
    answers: Queue[Preview | KBError] = Queue()

    def look() -> None:
        try:
            # Of a place where nothing fits the patterns, not everything is listed here.
            some = islice(reach(protocol, location, options).walk(), _LOOKED_AT)
            wanted = (one for one in some if is_wanted(one.path, include, exclude) and can_be_kept(one.path))
            fitting = list(islice(wanted, _FIRST + 1))
            answers.put(Preview(tuple(fitting[:_FIRST]), len(fitting) > _FIRST))
        except KBError as error:
            answers.put(error)

    threading.Thread(target=look, name="source-preview", daemon=True).start()
    try:
        answer = answers.get(timeout=_PATIENCE_S)
    except Empty as error:
        raise SourceUnreachableError("The source did not answer in time.") from error
    if isinstance(answer, KBError):
        raise answer
    return answer


def _check_addresses(protocol: str, location: str, options: Mapping[str, str]) -> None:
    """Addresses are shown and logged; a password in one would be too."""
    if protocol in ("http", "https") and not location.startswith(f"{protocol}://"):
        raise InvalidInputError(f"The place must begin with {protocol}://.")
    for text in (location, options.get("endpoint_url", ""), options.get("base_url", "")):
        try:
            named = urlsplit(text).username if "://" in text else None
        except ValueError as error:
            raise InvalidInputError("That is no address.") from error
        if named is not None:
            raise InvalidInputError(
                "Leave user and password out of the address: they have fields of their own."
            )


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package.partition("[")[0]) is not None
