"""Attacks and clean texts for the detector of instructions: a data set's and the project's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.exceptions import InvalidInputError
from kb.quality.datasets import load_documents, read_jsonl

_QUOTED = re.compile(r'"([^"\n]+)"')
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w.-]+\w|(?:https?://|www\.)[^\s)\]>\"]*[\w/]|\b[\w-]+\.(?:com|net|org|xyz)\b"
)
_SHORT = 3
OWN_EXAMPLES = Path(__file__).with_name("injection_examples.jsonl")


@dataclass(frozen=True)
class Attack:
    """An instruction as it is planted, and the group that is left out together in a cross-validation."""

    group: str
    text: str

    @property
    def source(self) -> str:
        return self.group.partition("/")[0]


@dataclass(frozen=True)
class Planted:
    """A document with an instruction in it.

    Attributes:
        triggers: strings whose appearance in an answer means that the instruction was followed; empty when
            that cannot be told from strings.
    """

    id: str
    group: str
    position: str
    text: str
    question: str
    triggers: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.group.partition("/")[0]

    @property
    def title(self) -> str:
        """What is known of the document before it is opened."""
        return self.id.replace("-", " ")


def attacks_in(folder: Path) -> list[Attack]:
    """The data set's attacks, each text once.

    Raises:
        InvalidInputError: the folder holds none.
    """
    rows = [Attack(f"bipia/{row['category']}", row["text"]) for row in _rows(folder, "bipia_attacks")]
    rows += [Attack(f"garak/{row['probe']}", row["injection"]) for row in _rows(folder, "garak")]
    if not rows:
        raise InvalidInputError(f"{folder} holds no bipia_attacks*.jsonl and no garak*.jsonl.")
    return list(dict.fromkeys(rows))


def clean_texts_in(folder: Path) -> list[str]:
    """The documents of the data set as they were before anything was planted, each once."""
    texts = [row["text"] for row in _rows(folder, "bipia_contexts")]
    texts += [row["clean_document"] for row in _rows(folder, "garak")]
    return list(dict.fromkeys(texts))


def planted_in(folder: Path) -> list[Planted]:
    """The data set's documents with something planted in them; none when there are none.

    BIPIA names no string to look for. Of its attacks that want something quotable shown (words in quotation
    marks, an address), that is the trigger; of the others there is none.
    """
    planted = [
        Planted(
            row["id"], f"bipia/{row['category']}", row["position"], row["document"], row["question"],
            quotable(row["attack"]),
        )
        for row in _rows(folder, "bipia_injected")
    ]  # fmt: skip
    return planted + [
        Planted(
            row["id"], f"garak/{row['probe']}", "garak", row["document"], row["question"], (row["trigger"],)
        )
        for row in _rows(folder, "garak")
    ]


def quotable(attack: str) -> tuple[str, ...]:
    """What an attack wants to be shown word for word: quoted words, addresses, domains."""
    quoted = (match.group(1).rstrip(".!?,") for match in _QUOTED.finditer(attack))
    return (*(words for words in quoted if len(words) > _SHORT), *_ADDRESS.findall(attack))


def own_attacks() -> list[Attack]:
    return [Attack(f"own/{row['kind']}", row["text"]) for row in read_jsonl(OWN_EXAMPLES) if row["attack"]]


def own_clean_texts() -> list[str]:
    return [row["text"] for row in read_jsonl(OWN_EXAMPLES) if not row["attack"]]


def texts_of(paths: Iterable[Path]) -> Iterator[str]:
    """Every text of these data sets or folders of Markdown and text files."""
    for path in paths:
        documents = load_documents(path)
        if documents:
            for document in documents:
                yield document.path.read_text("utf-8", "replace") if document.path else document.text
        else:
            for file in sorted([*path.rglob("*.md"), *path.rglob("*.txt")]):
                yield file.read_text("utf-8", "replace")


def _rows(folder: Path, prefix: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(f"{prefix}*.jsonl")):
        yield from read_jsonl(path)
