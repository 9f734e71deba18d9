"""Uploading, watching and deleting over REST."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from rest_framework.test import APIClient

from kb.accounts.models import User, create_api_key
from kb.library.likeness_models import DocumentLabel
from kb.library.models import Collection, Document, Status
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(owner: User) -> APIClient:
    _, key = create_api_key(owner, "k", can_write=True)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def browser(owner: User) -> Client:
    return browser_of(owner)


def file(content: bytes = b"# Hello", name: str = "hello.md") -> io.BytesIO:
    stream = io.BytesIO(content)
    stream.name = name
    return stream


def test_upload_is_accepted_with_its_location(program: APIClient, collection: Collection) -> None:
    answer = program.post(
        f"/api/v1/collections/{collection.pk}/documents/",
        {"file": file(), "external_id": "guides/hello.md", "title": "Hello", "metadata": '{"owner": "it"}'},
    )
    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == f"/api/v1/documents/{body['document']['id']}/"
    assert body["job"]["state"] == "queued"
    got = program.get(answer["Location"]).json()
    assert (got["status"], got["external_id"], got["title"]) == ("queued", "guides/hello.md", "Hello")
    assert got["progress"] == {"step": "queued", "current": 0, "maximum": 0, "eta_s": None}


def test_same_bytes_under_another_id_are_reported(program: APIClient, collection: Collection) -> None:
    address = f"/api/v1/collections/{collection.pk}/documents/"
    first = program.post(address, {"file": file(name="a.md")}).json()
    second = program.post(address, {"file": file(name="b.md")}).json()
    assert second["duplicate_of"] == first["document"]["id"]
    assert not second["created"]


def test_document_names_all_names_of_its_bytes(
    program: APIClient, browser: Client, collection: Collection
) -> None:
    address = f"/api/v1/collections/{collection.pk}/documents/"
    for name in ("a.md", "b.md", "c.md"):
        program.post(address, {"file": file(name=name)})
    [listed] = program.get(address).json()["results"]
    assert (listed["external_id"], listed["other_names"]) == ("a.md", ["b.md", "c.md"])
    assert program.get(f"/api/v1/documents/{listed['id']}/").json()["other_names"] == ["b.md", "c.md"]
    page = browser.get(f"/documents/{listed['id']}/").content.decode()
    assert "also added as b.md, c.md" in page


@pytest.mark.parametrize("fields", [{}, {"file": "text"}, {"file": file(), "metadata": "[1]"}])
def test_bad_upload_names_the_field(
    program: APIClient, collection: Collection, fields: dict[str, object]
) -> None:
    answer = program.post(f"/api/v1/collections/{collection.pk}/documents/", fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]


def test_viewer_may_not_upload_or_delete(collection: Collection, teammate: User) -> None:
    _, key = create_api_key(teammate, "k", can_write=True)
    viewer = APIClient()
    viewer.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    document = make_document(collection)
    assert viewer.post(f"/api/v1/collections/{collection.pk}/documents/", {"file": file()}).status_code == 403
    assert viewer.delete(f"/api/v1/documents/{document.pk}/").status_code == 403
    assert viewer.post(f"/api/v1/documents/{document.pk}/retry/").status_code == 403


def test_deleted_document_is_gone_at_once(program: APIClient, collection: Collection) -> None:
    """Case 34."""
    document = make_document(collection)
    assert program.delete(f"/api/v1/documents/{document.pk}/").status_code == 204
    for path in ("", "chunks/", "file/"):
        assert program.get(f"/api/v1/documents/{document.pk}/{path}").status_code == 404


def test_file_is_a_sandboxed_download(program: APIClient, collection: Collection) -> None:
    """Case 10."""
    answer = program.post(
        f"/api/v1/collections/{collection.pk}/documents/",
        {"file": file(b"<script>alert(1)</script>", "evil.html")},
    )
    reply = program.get(f"{answer['Location']}file/")
    assert reply["Content-Type"] == "application/octet-stream"
    assert reply["Content-Disposition"].startswith("attachment")
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply["Content-Security-Policy"]
    reply.close()


def test_list_filters_by_state(program: APIClient, collection: Collection) -> None:
    make_document(collection, status=Status.FAILED, failure_reason="Because.")
    make_document(collection)
    address = f"/api/v1/collections/{collection.pk}/documents/"
    assert program.get(address).json()["count"] == 2
    [failed] = program.get(address, {"status": "failed"}).json()["results"]
    assert failed["failure_reason"] == "Because."
    assert program.get(address, {"status": "nonsense"}).status_code == 400


def test_list_costs_the_same_queries_for_many_rows(
    program: APIClient, collection: Collection, django_assert_max_num_queries: object
) -> None:
    for _ in range(20):
        make_document(collection)
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        # key, last use, collection, count, page
        assert len(program.get(f"/api/v1/collections/{collection.pk}/documents/").json()["results"]) == 20


def test_schema_describes_every_call(client: Client, admin: User) -> None:
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    body = client.get("/api/schema/").content.decode()
    for path in ("/api/v1/answers/", "/api/v1/search/", "/api/v1/collections/{collection_id}/documents/"):
        assert path in body


@pytest.mark.parametrize(
    "metadata", ['{"a": "\\ud800"}', '{"a": "\\u0000"}', '{"a": NaN}', "[" * 3000, "[1]"]
)
def test_metadata_that_would_poison_a_list_is_refused(
    program: APIClient, collection: Collection, metadata: str
) -> None:
    address = f"/api/v1/collections/{collection.pk}/documents/"
    answer = program.post(address, {"file": file(), "metadata": metadata})
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]["metadata"]
    assert program.get(address).json()["count"] == 0


def test_version_overtaken_while_it_waits_ends(program: APIClient, collection: Collection) -> None:
    address = f"/api/v1/collections/{collection.pk}/documents/"
    first = program.post(address, {"file": file(b"one")})
    program.post(address, {"file": file(b"two")})
    overtaken = program.get(first["Location"]).json()
    assert (overtaken["status"], overtaken["failure_code"]) == ("failed", "superseded")


@pytest.mark.parametrize(
    "body", ["[" * 5000, '{"query": "x", "collections": [1e400]}', '{"query": "\\ud800"}']
)
def test_hostile_json_is_a_bad_request(program: APIClient, body: str) -> None:
    for address in ("/api/v1/search/", "/api/v1/answers/", "/v1/chat/completions"):
        answer = program.post(address, body, content_type="application/json")
        assert answer.status_code == 400, (address, answer.content)


def test_collection_ids_beyond_any_database_are_a_bad_request(program: APIClient) -> None:
    answer = program.post("/api/v1/search/", {"query": "x", "collections": [10**30]}, format="json")
    assert answer.status_code == 400


def test_a_list_of_no_collections_is_refused_rather_than_taken_for_all(program: APIClient) -> None:
    for address, name in (("/api/v1/search/", "query"), ("/api/v1/answers/", "question")):
        answer = program.post(address, {name: "x", "collections": []}, format="json")
        assert answer.status_code == 400
        assert "collections" in answer.json()["error"]["fields"]


def sorts(collection: Collection) -> None:
    """Documents that the filters tell apart."""
    for name, changes in {
        "Travel": {"kind": "pdf", "language": "de", "external_id": "hr/travel.pdf"},
        "Cars": {"kind": "word", "language": "en", "external_id": "hr/cars.docx"},
        "Phones": {"kind": "pdf", "language": "en", "external_id": "it/phones.pdf"},
    }.items():
        document = make_document(collection, title=name)
        Document.objects.filter(pk=document.pk).update(**changes)
    DocumentLabel.objects.create(document=Document.objects.get(title="Phones"), name="mobile")


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("kind=pdf", {"Travel", "Phones"}),
        ("language=en", {"Cars", "Phones"}),
        ("label=Mobile", {"Phones"}),
        ("q=HR/", {"Travel", "Cars"}),
        ("kind=pdf&language=en&q=phone&label=mobile", {"Phones"}),
        ("language=fr", set()),
        ("kind=&language=&label=&q=", {"Travel", "Cars", "Phones"}),
    ],
)
def test_list_is_narrowed_like_the_page(
    program: APIClient, browser: Client, collection: Collection, query: str, titles: set[str]
) -> None:
    sorts(collection)
    listed = program.get(f"/api/v1/collections/{collection.pk}/documents/?{query}").json()
    assert {row["title"] for row in listed["results"]} == titles
    page = browser.get(f"/library/{collection.pk}/documents/?{query}").content.decode()
    assert {name for name in ("Travel", "Cars", "Phones") if f">{name}</a>" in page} == titles


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("kind=pdfs", "kind must be one of pdf, word, "),
        ("status=done", "status must be one of queued, parsing, "),
        ("language=German", "language must be a code of ISO 639-1. This collection has de, en."),
    ],
)
def test_unknown_value_of_a_filter_is_refused_with_the_choices(
    program: APIClient, collection: Collection, query: str, told: str
) -> None:
    sorts(collection)
    answer = program.get(f"/api/v1/collections/{collection.pk}/documents/?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(told)


def test_filters_are_described(browser: Client) -> None:
    schema = browser.get("/api/schema/?format=json").json()
    described = schema["paths"]["/api/v1/collections/{collection_id}/documents/"]["get"]["parameters"]
    names = {entry["name"] for entry in described if entry["in"] == "query"}
    assert names == {"status", "kind", "language", "label", "q", "external_id", "page", "page_size"}
