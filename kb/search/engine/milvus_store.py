"""One Milvus collection, and what can be asked of it. The only code here that knows pymilvus."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import grpc
import numpy as np
import numpy.typing as npt
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.client.types import LoadState

from kb.exceptions import ConfigurationError
from kb.search.engine.errors import VectorsGoneError, VectorStoreDownError
from kb.search.engine.protocols import Vector
from kb.search.engine.types import MilvusAddress

# It logs a traceback for each failed call; what matters of it is in our own errors.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

MOST_HITS = 16_384  # the most that Milvus returns to one search

_SEARCH_S, _PING_S, _WORK_S = 3.0, 2.0, 60.0
_AWAY_S = 1.0
_LISTED = 10_000  # ids a message
# gRPC would wait up to two minutes before it looks again for a server that was away.
_CONNECTION = {"grpc.use_local_subchannel_pool": 1, "grpc.max_reconnect_backoff_ms": 1000}
_GONE = 100  # Milvus's code for a collection that it does not have
_DECIMALS = 6  # copies of one vector must get one cosine, whichever segment they lie in
# ValueError: a call on a channel that another thread is just replacing.
_FAILURES = (MilvusException, grpc.RpcError, grpc.FutureTimeoutError, ValueError)
_FIELDS = {
    "chunk": DataType.INT64,
    "document": DataType.INT64,
    "collection": DataType.INT64,
    "checksum": DataType.INT64,
    "vector": DataType.FLOAT_VECTOR,
}

Ids = npt.NDArray[np.int64]


class MilvusStore:
    """Rows of chunk (the primary key), document, collection, checksum and vector.

    Many threads may use it. Each call may raise VectorStoreDownError, or VectorsGoneError when the
    collection was dropped. After a failure searches are refused for a second without asking: a Milvus that
    hangs must not hold every thread of the search server.

    Args:
        clock: seconds, for that second.

    Raises:
        ConfigurationError: the collection there is not one of ours.
    """

    def __init__(
        self, address: MilvusAddress, dimension: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = address.collection
        self._dimension = dimension
        self._clock = clock
        self._refused_until = 0.0
        self.trouble = ""
        with self._asking():
            self._client = _client(address.uri)
            if not self._client.has_collection(self._name, timeout=_WORK_S):
                self._create()
            self._check()
            self._index()
            self._client.load_collection(self._name, timeout=_WORK_S)

    def tend(self) -> None:
        """See that the collection is there and in use; another program may have released it."""
        with self._asking():
            state = self._client.get_load_state(self._name, timeout=_PING_S)["state"]
            if state == LoadState.NotExist:
                raise VectorsGoneError
            if state == LoadState.NotLoad:
                self._client.load_collection(self._name, timeout=_WORK_S)

    def nearest(self, vector: Vector, limit: int, condition: str) -> list[tuple[int, int, float]]:
        """Chunk, document and cosine of the best rows, best first; it sees every write of this process.

        Args:
            limit: 1 to `MOST_HITS`.
            condition: in Milvus's language; empty for all.
        """
        if self._clock() < self._refused_until:
            raise VectorStoreDownError(self.trouble)
        with self._asking():
            [hits] = self._client.search(
                self._name,
                data=[vector],
                anns_field="vector",
                filter=condition,
                limit=limit,
                output_fields=["chunk", "document"],
                consistency_level="Session",
                timeout=_SEARCH_S,
            )
            return [
                (hit["entity"]["chunk"], hit["entity"]["document"], round(hit["distance"], _DECIMALS))
                for hit in hits
            ]

    def vectors(self, chunk_ids: Sequence[int]) -> dict[int, tuple[int, list[float]]]:
        """Document and vector of the chunks that are there; it sees every write of this process."""
        if self._clock() < self._refused_until:
            raise VectorStoreDownError(self.trouble)
        with self._asking():
            rows = self._client.query(
                self._name,
                filter=one_of("chunk", chunk_ids),
                output_fields=["chunk", "document", "vector"],
                consistency_level="Session",
                timeout=_SEARCH_S,
            )
            return {row["chunk"]: (row["document"], row["vector"]) for row in rows}

    def checksums(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """Of those that are there, whoever wrote them."""
        with self._asking():
            rows = self._client.query(
                self._name,
                filter=one_of("chunk", chunk_ids),
                output_fields=["chunk", "checksum"],
                consistency_level="Strong",
                timeout=_WORK_S,
            )
            return {row["chunk"]: row["checksum"] for row in rows}

    def put(self, ids: Ids, checksums: Sequence[int], vectors: npt.NDArray[np.float32]) -> None:
        """Write rows, over what has the same chunk. Args: ids: [n, 3]: chunk, document, collection."""
        rows = [
            {
                "chunk": chunk,
                "document": document,
                "collection": collection,
                "checksum": checksum,
                "vector": vector,
            }
            for (chunk, document, collection), checksum, vector in zip(
                ids.tolist(), checksums, vectors, strict=True
            )
        ]
        with self._asking():
            self._client.upsert(self._name, rows, timeout=_WORK_S)

    def delete(self, chunk_ids: Sequence[int]) -> None:
        """Ids that are not there are no error."""
        for start in range(0, len(chunk_ids), _LISTED):
            with self._asking():
                self._client.delete(self._name, ids=list(chunk_ids[start : start + _LISTED]), timeout=_WORK_S)

    def chunk_ids(self) -> Ids:
        """Of every row, read in parts."""
        parts = [np.empty(0, np.int64)]
        with self._asking():
            rows = self._client.query_iterator(
                self._name,
                batch_size=_LISTED,
                output_fields=["chunk"],
                consistency_level="Strong",
                timeout=_WORK_S,
            )
            while part := rows.next():
                parts.append(np.fromiter((row["chunk"] for row in part), np.int64, len(part)))
            rows.close()
        return np.concatenate(parts)

    def _create(self) -> None:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        for name, kind in _FIELDS.items():
            size = {"dim": self._dimension} if name == "vector" else {}
            schema.add_field(name, kind, is_primary=name == "chunk", **size)
        try:
            self._client.create_collection(
                self._name, schema=schema, consistency_level="Session", timeout=_WORK_S
            )
        except MilvusException:
            if not self._client.has_collection(self._name, timeout=_WORK_S):
                raise  # no other search server was quicker

    def _check(self) -> None:
        fields = self._client.describe_collection(self._name, timeout=_WORK_S)["fields"]
        found = {field["name"]: field["type"] for field in fields}
        dimensions = [field["params"].get("dim") for field in fields if field["name"] == "vector"]
        if found != _FIELDS or dimensions != [self._dimension]:
            raise ConfigurationError(
                f"The Milvus collection {self._name} was not made by this program, or for another model. "
                "Drop it, or name another Milvus database in KB_MILVUS_URI."
            )

    def _index(self) -> None:
        """An index that an administrator chose instead of ours stays."""
        # Exact, as the protocol promises. What makes it fast is more machines.
        kinds = {
            "vector": {"index_type": "FLAT", "metric_type": "IP"},
            "collection": {"index_type": "INVERTED"},
        }
        for field, kind in kinds.items():
            if not self._client.list_indexes(self._name, field, timeout=_WORK_S):
                wanted = self._client.prepare_index_params()
                wanted.add_index(field, **kind)
                self._client.create_index(self._name, wanted, sync=False, timeout=_WORK_S)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            if isinstance(error, MilvusException) and error.code == _GONE:
                raise VectorsGoneError from error
            self.trouble = f"Milvus cannot be used: {_reason(error)}"
            self._refused_until = self._clock() + _AWAY_S
            raise VectorStoreDownError(self.trouble) from error
        self.trouble = ""
        self._refused_until = 0.0


def one_of(field: str, values: Sequence[int]) -> str:
    """A condition in Milvus's language."""
    return f"{field} in [{','.join(map(str, values))}]"


@functools.cache
def _client(uri: str) -> MilvusClient:
    """One connection a process and address; it connects again by itself."""
    return MilvusClient(uri=uri, timeout=_PING_S, grpc_options=_CONNECTION)


def _reason(error: Exception) -> str:
    if isinstance(error, MilvusException):
        return str(error.message)
    if isinstance(error, grpc.Call):
        return f"{error.code().name}: {error.details()}"
    return f"{type(error).__name__}: {error}"
