"""The names of files in a zip archive, whose encoding only some programs write down."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Callable, Iterable

_IS_UTF_8 = 0x800
# What the format says a name without the flag is in; `zipfile` has read it so.
_FORMAT = "cp437"


def member_names(infos: Iterable[zipfile.ZipInfo]) -> Callable[[zipfile.ZipInfo], str]:
    """How to read the names of an archive's files.

    All names without the flag for UTF-8 are looked at together, since one program wrote them: UTF-8 where
    they are that, which macOS writes without the flag; what they look like where that is words; else what
    the format says.
    """
    raw = b"\n".join(_raw(info) for info in infos if not info.flag_bits & _IS_UTF_8)
    encoding = _FORMAT if raw.isascii() else _encoding_of(raw)

    def name(info: zipfile.ZipInfo) -> str:
        if info.flag_bits & _IS_UTF_8 or encoding == _FORMAT:
            return info.filename
        return _raw(info).decode(encoding, "replace")

    return name


def _raw(info: zipfile.ZipInfo) -> bytes:
    return info.filename.encode(_FORMAT, "replace")


def _encoding_of(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        # The parsers and what they load stay out of web processes that unpack nothing.
        from ingest.parsers.undeclared import guess_encoding

        guess = guess_encoding(raw)
        return (
            guess if guess is not None and _is_likelier(raw.decode(guess), raw.decode(_FORMAT)) else _FORMAT
        )
    return "utf-8"


def _is_likelier(names: str, as_told: str) -> bool:
    """Whether names hold words, and those that the format tells are none: "Größe" against "Gr÷▀e"."""
    return _are_words(names) and not (_are_latin(names) and _are_words(as_told))


def _are_words(names: str) -> bool:
    return all(
        char.isalnum() or unicodedata.category(char)[0] == "M" or unicodedata.east_asian_width(char) in "WF"
        for char in names
        if char > "\x7f"
    )


def _are_latin(names: str) -> bool:
    return all(unicodedata.name(char, "").startswith("LATIN") for char in names if char > "\x7f")
