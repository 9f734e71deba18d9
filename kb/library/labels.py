"""The labels that documents bear, for menus."""

from __future__ import annotations

from collections.abc import Collection as Container
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from kb.library.likeness_models import DocumentLabel
from kb.library.models import Document
from kb.library.veil import Veil

_SHOWN = 60


@dataclass(frozen=True)
class Label:
    """A label as it is written in the newest document that bears it.

    Attributes:
        documents: how many bear it, in any letter case.
        chosen: whether the caller named it.
    """

    name: str
    documents: int
    chosen: bool


def labels_of(rows: QuerySet[Document], veil: Veil, chosen: Container[str]) -> list[Label]:
    """The labels that most of these documents bear, by name; and those that are chosen.

    Of what is covered for this person nothing is offered: a menu would tell what is behind it.
    """
    folded = {name.strip().casefold() for name in chosen}
    bearing = DocumentLabel.objects.filter(document__in=rows.order_by())
    counted = bearing.values("name").annotate(documents=Count("document"), newest=Max("document"))
    found = list(counted.order_by("-documents", "name")[:_SHOWN])
    found += counted.filter(name__in=folded - {row["name"] for row in found}).order_by("name")
    newest = Document.objects.in_bulk([row["newest"] for row in found])
    labels = [
        Label(name, row["documents"], row["name"] in folded)
        for row in found
        if (name := _written(newest[row["newest"]], row["name"], veil))
    ]
    return sorted(labels, key=lambda label: label.name.casefold())


def _written(document: Document, folded: str, veil: Veil) -> str:
    """Empty where it is covered."""
    name = next((label for label in document.labels if label.casefold() == folded), folded)
    return name if veil.short(document.collection_id, name) == name else ""
