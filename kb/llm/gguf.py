"""What a GGUF file says of itself, read without a model library: a command that lists models must be light.

The layout is that of the GGUF specification, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.llm.errors import ModelLoadError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_FORMATS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
# Vocabularies and templates are longer, and nobody here asks for them.
_LONGEST_KEPT = 1024
# What llama.cpp takes.
_MOST_DIMENSIONS = 4
# Entries, tensors and words of one head. Models with a vocabulary of 260,000 words and the merges that make
# them have below a million; counting these many takes a few seconds.
_MOST_ITEMS = 4_000_000
# The least bytes that one takes: a name's length and a kind; that, the dimensions, and where the weights are.
_ENTRY_BYTES, _TENSOR_BYTES, _STRING_BYTES = 8 + 4, 8 + 4 + 4 + 8, 8
# llama.cpp's ``llama_ftype``: the format of most of the weights.
_QUANTISATIONS: Mapping[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


@dataclass(frozen=True)
class ModelFacts:
    """A model as its file describes it.

    Attributes:
        architecture: llama.cpp's word for it, such as ``llama`` or ``qwen2``.
        parameters: how many weights.
        quantisation: empty when the file does not tell.
        trained_context: tokens; 0 when the file does not tell.
        cell_bytes: what one token takes in the KV cache, in 16-bit numbers; 0 when the file does not tell.
        vocabulary: how many tokens.
        size_bytes: of the file.
    """

    architecture: str
    parameters: int
    quantisation: str
    trained_context: int
    cell_bytes: int
    vocabulary: int
    size_bytes: int


def read_facts(path: Path) -> ModelFacts:
    """Read the head of the file.

    Raises:
        ModelLoadError: it is no whole GGUF file, or cannot be read.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data, path).facts()
    except OSError as error:
        raise ModelLoadError(f"{path} cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, KeyError, OverflowError, UnicodeDecodeError) as error:
        raise ModelLoadError(f"{path} is truncated or no GGUF file.") from error


class _Reader:
    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self._data = data
        self._path = path
        self._at = 0
        self._items = 0

    def facts(self) -> ModelFacts:
        if self._data[:4] != _MAGIC:
            raise ModelLoadError(f"{self._path} is not a GGUF file.")
        self._at = 4
        if self._number("<I") not in _VERSIONS:
            raise ModelLoadError(f"{self._path} is a GGUF file of a version that cannot be read.")
        tensors, entries = self._number("<Q"), self._number("<Q")
        self._expect(entries, _ENTRY_BYTES)
        self._expect(tensors, _TENSOR_BYTES)
        told = dict(self._entry() for _ in range(entries))
        architecture = str(told.get("general.architecture", ""))
        own = {name.removeprefix(f"{architecture}."): value for name, value in told.items()}
        file_type = told.get("general.file_type")
        return ModelFacts(
            architecture=architecture,
            parameters=sum(self._weights() for _ in range(tensors)),
            quantisation=_QUANTISATIONS.get(file_type, "") if isinstance(file_type, int) else "",
            trained_context=_whole(own.get("context_length")),
            cell_bytes=_cell_bytes(own),
            vocabulary=_whole(own.get("vocab_size")) or _whole(told.get("tokenizer.ggml.tokens")),
            size_bytes=len(self._data),
        )

    def _expect(self, count: int, least_bytes: int) -> None:
        """Refuse a number of things that the file cannot hold, or that no model has.

        The size alone does not tell: a file may be large by its name only, and take no room on the disk.
        """
        self._items += count
        if count * least_bytes > len(self._data) - self._at or self._items > _MOST_ITEMS:
            raise ValueError("The file does not have these many.")

    def _entry(self) -> tuple[str, Any]:
        name = self._string()
        return name, self._value(self._number("<I"))

    def _value(self, kind: int) -> Any:
        """Of a long array, and of one of strings, only the length."""
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_FORMATS[kind])
        of, count = self._number("<I"), self._number("<Q")
        if of == _STRING:
            self._expect(count, _STRING_BYTES)
            for _ in range(count):
                self._skip(self._number("<Q"))
            return count
        # The specification has arrays of arrays; no model does, and llama.cpp refuses them.
        form = _FORMATS[of]
        if count <= _LONGEST_KEPT:
            return [self._number(form) for _ in range(count)]
        self._skip(count * struct.calcsize(form))
        return count

    def _weights(self) -> int:
        """Of the next tensor."""
        self._skip(self._number("<Q"))
        count = self._number("<I")
        if count > _MOST_DIMENSIONS:
            raise ValueError("No tensor has these many dimensions.")
        dimensions = [self._number("<Q") for _ in range(count)]
        self._skip(struct.calcsize("<IQ"))
        return math.prod(dimensions)

    def _string(self) -> str:
        size = self._number("<Q")
        start = self._at
        self._skip(size)
        return self._data[start : min(self._at, start + _LONGEST_KEPT)].decode("utf-8", "replace")

    def _skip(self, size: int) -> None:
        self._at += size
        if self._at > len(self._data):
            raise ValueError("The file ends before.")

    def _number(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return value


def _cell_bytes(own: Mapping[str, Any]) -> int:
    """Keys and values of all layers; some models have another number of heads in each."""
    layers, width = _whole(own.get("block_count")), _whole(own.get("embedding_length"))
    heads = max(_listed(own.get("attention.head_count")), default=0)
    each_kv = list(_listed(own.get("attention.head_count_kv", heads)))
    if not layers or not heads or not each_kv:
        return 0
    all_kv = sum(each_kv) if len(each_kv) > 1 else each_kv[0] * layers
    head = width // heads
    key = _whole(own.get("attention.key_length")) or head
    value = _whole(own.get("attention.value_length")) or head
    return 2 * all_kv * (key + value)


def _listed(value: Any) -> Iterator[int]:
    yield from (_whole(one) for one in (value if isinstance(value, list) else [value]))


def _whole(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) and value > 0 else 0
