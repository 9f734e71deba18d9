"""The cross-encoder that KB_SUPPORT_MODEL names: whether one text follows from another.

Without a model nothing of this is used, and torch is not imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kb.search.engine.cross_encoder import (
    Named,
    cross_encoder_folder,
    description,
    refusing_what_cannot_be_loaded,
)
from kb.search.engine.encoder import model_id, use_cuda

# Of the labels, the one that says that the premise holds the sentence: "entailment" among three, "supported"
# of fact-checkers. "not_entailment" says the opposite.
_ENTAILS = ("entailment", "entailed", "entails", "supported", "supports", "consistent")


class Entailment(Protocol):
    """A model that reads a premise and a sentence together. Any number of threads may ask it.

    Attributes:
        model_id: name and weight hash.
        device: ``cpu`` or ``cuda``.
    """

    model_id: str
    device: str

    @property
    def backlog_s(self) -> float:
        """About how long one more pair would wait for those before it."""

    def probabilities(self, pairs: list[tuple[str, str]]) -> list[float]:
        """That the first text of each pair says the second, 0 to 1; not a number for a model gone astray."""


def load_entailment(model: str, device: str) -> Entailment:
    """Load the model on the best device there is.

    Args:
        model: a folder, or the name of a hub model that is in this machine's cache already.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ConfigurationError: the model or the device is not there, the model is damaged, is no cross-encoder or
            does not say which of its labels is entailment, or it wants to run its own code. The message says
            what to do.
    """
    named = Named("KB_SUPPORT_MODEL", "support", model)
    folder = cross_encoder_folder(named)
    try:
        label = entailing_label(description(named, folder))
    except ValueError as error:
        raise named.refused(folder, str(error)) from error
    identity, device = model_id(model, folder), "cuda" if use_cuda(device) else "cpu"
    from kb.search.engine.entailment_torch import TorchEntailment

    with refusing_what_cannot_be_loaded(named, folder):
        return TorchEntailment(folder, identity, device, label)


def entailing_label(described: Mapping[str, Any]) -> int | None:
    """Which label of a config.json says that the premise holds the sentence; None for a single logit.

    Raises:
        ValueError: there are several labels and not exactly one of them is named so.
    """
    labels = described.get("id2label") or {}
    if not isinstance(labels, Mapping):
        raise ValueError("has an id2label that is no table of labels")
    # Transformers writes num_labels only where it has no names; with neither there are two.
    count = len(labels) or int(described.get("num_labels") or 2)
    if count == 1:
        return None
    found = [int(key) for key, name in labels.items() if str(name).strip().lower() in _ENTAILS]
    if len(found) != 1 or not 0 <= found[0] < count:
        raise ValueError("has several labels, and its id2label does not name one of them entailment")
    return found[0]
