"""The REST API as a program outside would use it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from kb.quality.datasets import EvalDocument
from kb.quality.deployment import Deployment

_TIMEOUT_S = 600.0
_UPLOADS_AT_ONCE = 4
_POLL_S = 0.3
_PENDING = ("queued", "parsing", "embedding")


class RestClient:
    """One collection of one installation."""

    def __init__(self, http: httpx.Client, collection: int) -> None:
        self._http = http
        self.collection = collection

    def upload_all(self, documents: Sequence[EvalDocument]) -> dict[int, list[str]]:
        """Upload and wait until each is ready or failed.

        Returns:
            the data set's ids by the id of the product's document; identical texts share one document.
        """
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            identities = list(pool.map(self.upload, documents))
        self.wait()
        found: dict[int, list[str]] = {}
        for identity, document in zip(identities, documents, strict=True):
            found.setdefault(identity, []).append(document.id)
        return found

    def another(self, name: str) -> RestClient:
        """A client with a new collection of this name in the same installation."""
        made = self._http.post("/collections/", json={"name": name})
        made.raise_for_status()
        return RestClient(self._http, made.json()["id"])

    def upload(self, document: EvalDocument) -> int:
        """Upload without waiting; the id of the product's document."""
        name = document.path.name if document.path else "text.txt"
        content = document.path.read_bytes() if document.path else document.text.encode()
        reply = self._http.post(
            f"/collections/{self.collection}/documents/",
            files={"file": (name, content)},
            data={"external_id": document.id, "title": document.title},
        )
        reply.raise_for_status()
        return int(reply.json()["document"]["id"])

    def wait(self) -> None:
        """Until nothing of the collection is under way."""
        while any(self.count(status) for status in _PENDING):
            time.sleep(_POLL_S)

    def count(self, status: str) -> int:
        """Documents in this state."""
        address = f"/collections/{self.collection}/documents/"
        return int(self._get(address, status=status, page_size=1)["count"])

    def chunk_count(self) -> int:
        """Chunks of all documents of the collection."""
        return sum(int(document["chunk_count"]) for document in self._all("documents"))

    def flagged(self) -> list[dict[str, Any]]:
        """The collection's flagged chunks."""
        return list(self._all("flagged"))

    def allow(self, chunk_id: int) -> None:
        self._http.patch(f"/chunks/{chunk_id}/", json={"allowed": True}).raise_for_status()

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            body = self._get(f"/collections/{self.collection}/{kind}/", page=page, page_size=500)
            yield from body["results"]
            if not body["next"]:
                return
            page += 1

    def chunk_texts(
        self, document_id: int, contextual: Callable[[str, Sequence[str], str], str]
    ) -> list[str]:
        """What was embedded for each chunk of a document."""
        title = self._get(f"/documents/{document_id}/")["title"]
        found: list[str] = []
        page = 1
        while True:
            body = self._get(f"/documents/{document_id}/chunks/", page=page, page_size=500)
            found += [contextual(title, chunk["heading_path"], chunk["text"]) for chunk in body["results"]]
            if not body["next"]:
                return found
            page += 1

    def _get(self, address: str, **parameters: Any) -> dict[str, Any]:
        reply = self._http.get(address, params=parameters)
        reply.raise_for_status()
        body: dict[str, Any] = reply.json()
        return body

    def search(self, query: str, limit: int) -> list[dict[str, Any]]:
        body = {"query": query, "collections": [self.collection], "limit": limit}
        reply = self._http.post("/search/", json=body)
        reply.raise_for_status()
        hits: list[dict[str, Any]] = reply.json()["hits"]
        return hits

    def ask(self, question: str) -> dict[str, Any]:
        """The answer object."""
        reply = self._http.post("/answers/", json={"question": question, "collections": [self.collection]})
        reply.raise_for_status()
        answer: dict[str, Any] = reply.json()
        return answer


@contextlib.contextmanager
def rest_client(deployment: Deployment) -> Iterator[RestClient]:
    """A client with a new collection."""
    headers = {"Authorization": f"Bearer {deployment.api_key}"}
    base = f"{deployment.url}/api/v1"
    with httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT_S, trust_env=False) as http:
        made = http.post("/collections/", json={"name": "Evaluation"})
        made.raise_for_status()
        yield RestClient(http, made.json()["id"])
