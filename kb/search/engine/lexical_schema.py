"""What the lexical index holds of a chunk."""

from __future__ import annotations

from tantivy import Document, Query, Schema, SchemaBuilder

from kb.search.engine.analysis import WORDS, identifiers, normalise
from kb.search.engine.types import Row

BODY, _HEADINGS, _TITLE, IDENTIFIERS = "body", "headings", "title", "identifiers"
# A title is in every chunk of its document, a heading in several: they tell less of this chunk than its body.
BOOSTS = {BODY: 1.0, _HEADINGS: 0.25, _TITLE: 0.25}
CHUNK, DOCUMENT, COLLECTION = "chunk_id", "document_id", "collection_id"


def make_schema() -> Schema:
    builder = SchemaBuilder()
    for name in BOOSTS:
        builder.add_text_field(name, tokenizer_name=WORDS, index_option="position")
    builder.add_text_field(IDENTIFIERS, tokenizer_name="raw", index_option="freq")
    builder.add_unsigned_field(CHUNK, indexed=True, fast=True)
    builder.add_unsigned_field(DOCUMENT, indexed=True)
    builder.add_unsigned_field(COLLECTION, indexed=True, fast=True)
    return builder.build()


def make_document(document_id: int, collection_id: int, row: Row) -> Document:
    document = Document()
    document.add_unsigned(CHUNK, row.chunk_id)
    document.add_unsigned(DOCUMENT, document_id)
    document.add_unsigned(COLLECTION, collection_id)
    for field, text in ((_TITLE, row.title), (_HEADINGS, row.headings), (BODY, row.body)):
        document.add_text(field, normalise(text))
    for name in identifiers("\n".join((row.title, row.headings, row.body))):
        document.add_text(IDENTIFIERS, name)
    return document


def term_query(schema: Schema, field: str, term: str) -> Query:
    return Query.term_query(schema, field, term, "freq")
