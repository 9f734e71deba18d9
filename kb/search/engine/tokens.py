"""The embedding model's own tokenizer, without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from kb.exceptions import ConfigurationError
from kb.text_parts import parts_of

_ROUND_TO = 16  # padded lengths; few distinct shapes let the network reuse its compiled kernels
_DEFAULT_LENGTH = 512
# An encoding takes some 400 bytes for each character of its text.
_AT_ONCE_CHARS = 50_000


class Tokens:
    """Counts and encodes text as the model will see it.

    Args:
        tokenizer: the model's `tokenizer.json`.
        max_length: tokens that the model reads, special ones included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.max_length = max_length
        # The file itself may pad to a fixed length, which makes a short query five times as slow.
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._whole = tokenizer
        self._cut = Tokenizer.from_str(tokenizer.to_str())
        self._cut.enable_truncation(max_length)

    def starts(self, text: str) -> list[int]:
        """The character offset at which each token of the text starts, ascending, special ones left out."""
        found: list[int] = []
        for begin, end in parts_of(text, _AT_ONCE_CHARS):
            encoding = self._whole.encode(text[begin:end], add_special_tokens=False)
            found.extend(begin + start for start, _ in encoding.offsets)
        return found

    def count(self, text: str) -> int:
        return len(self._whole.encode(text, add_special_tokens=False).ids)

    def split_share(self, text: str) -> float:
        """The share of its words that the vocabulary knows only in pieces, 0 to 1.

        In a language that the model was trained on it is small; where most words are split, the model has
        hardly seen the language.
        """
        pieces: dict[int, int] = {}
        encoding = self._whole.encode(text, add_special_tokens=False)
        for word, (start, _) in zip(encoding.word_ids, encoding.offsets, strict=True):
            if word is not None and (word in pieces or text[start].isalpha()):
                pieces[word] = pieces.get(word, 0) + 1
        return sum(count > 1 for count in pieces.values()) / max(1, len(pieces))

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encodings cut to the model's length."""
        return self._cut.encode_batch(list(texts))


def padded(encodings: Sequence[Encoding]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids and attention mask, int64 [n, longest rounded up]."""
    longest = max(len(encoding.ids) for encoding in encodings)
    length = -(-longest // _ROUND_TO) * _ROUND_TO
    ids = np.zeros((len(encodings), length), np.int64)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return ids, mask


def load_tokens(folder: Path) -> Tokens:
    """Raises ConfigurationError when the folder holds no fast tokenizer."""
    path = folder / "tokenizer.json"
    if not path.exists():
        raise ConfigurationError(f"The model in {folder} has no tokenizer.json.")
    settings = folder / "sentence_bert_config.json"
    length = json.loads(settings.read_text()).get("max_seq_length") if settings.exists() else None
    return Tokens(Tokenizer.from_file(str(path)), length or _DEFAULT_LENGTH)
