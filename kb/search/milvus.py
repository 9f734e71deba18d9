"""Whether, and where, vectors are kept in Milvus. Loads nothing heavy."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from urllib.parse import urlsplit

from kb.conf import Config
from kb.exceptions import ConfigurationError
from kb.search.engine.types import MilvusAddress
from kb.search.models import IndexGeneration

_SCHEMA = 1  # of the rows in Milvus; another one gets collections of its own


def milvus_problem(config: Config) -> str:
    """What is wrong with the settings; empty when nothing is, or when Milvus is not used."""
    if config.vector_index != "milvus":
        return ""
    address = urlsplit(config.milvus_uri)
    if address.scheme not in ("http", "https") or not address.hostname:
        return (
            "KB_VECTOR_INDEX is milvus, but KB_MILVUS_URI is not an address such as http://127.0.0.1:19530."
        )
    if find_spec("pymilvus") is None:
        return "KB_VECTOR_INDEX is milvus, but pymilvus is not installed: it comes with the extra milvus."
    return ""


def milvus_address(config: Config, model_id: str) -> MilvusAddress | None:
    """Where the vectors of the model's generation are; None when they are not in Milvus.

    Raises:
        ConfigurationError: the settings do not say where.
    """
    if problem := milvus_problem(config):
        raise ConfigurationError(problem)
    if config.vector_index != "milvus":
        return None
    generation = IndexGeneration.objects.get(model_id=model_id)
    return MilvusAddress(config.milvus_uri, collection_name(generation))


def collection_name(generation: IndexGeneration) -> str:
    """The same in every process on the database. Other databases on one Milvus have other names."""
    identity = f"{_SCHEMA} {generation.pk} {generation.model_id} {generation.created_at.isoformat()}"
    return f"kb_{generation.pk}_{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
