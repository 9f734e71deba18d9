"""Zip archives of files, good ones and hostile ones, and what of them is on the disk."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.conf import settings


def zipped(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def zipped_by_others(names: Iterable[str], encoding: str) -> bytes:
    """An archive whose names are in an encoding of which it says nothing."""
    raw = [name.encode(encoding) for name in names]
    # A name of as many bytes in ASCII, which gets no flag, gives way to the real one.
    stand_ins = [f"{at:08d}".ljust(len(name), "x")[: len(name)] for at, name in enumerate(raw)]
    data = zipped({stand_in: f"# {at}" for at, stand_in in enumerate(stand_ins)}, zipfile.ZIP_STORED)
    for stand_in, name in zip(stand_ins, raw, strict=True):
        data = data.replace(stand_in.encode(), name)
    return data


def stored_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def bomb(size: int = 600 << 20) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.txt", "w") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return out.getvalue()


def lying() -> bytes:
    """An archive that says ten bytes of a file of 3 MiB."""
    data = bytearray(zipped({"a.txt": bytes(3 << 20)}))
    true = struct.pack("<I", 3 << 20)
    return bytes(data.replace(true, struct.pack("<I", 10)))
