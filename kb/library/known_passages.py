"""Whether the model may read passages one by one, and keep what it made of them."""

from __future__ import annotations

from collections.abc import Collection as Container

from kb.conf import config
from kb.library.models import Document


def may_be_kept(document_ids: Container[int]) -> bool:
    """Whether that was chosen for all collections that these documents are in, or for the installation."""
    if config.llm_known_passages != "auto":
        return config.llm_known_passages == "on"
    chosen = Document.objects.filter(pk__in=document_ids, collection__known_passages=True)
    return bool(document_ids) and chosen.count() == len(document_ids)
