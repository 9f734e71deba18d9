"""What the lexical index holds of a chunk."""

from __future__ import annotations

from tantivy import Document, Query, Schema, SchemaBuilder

from kb.rag.links import link_share
from kb.search.engine.analysis import WORDS, identifiers, normalise
from kb.search.engine.types import Row

# Title, headings and body together: a word that stands in several of them is one word of the chunk.
TEXT, IDENTIFIERS = "text", "identifiers"
CHUNK, DOCUMENT, COLLECTION = "chunk_id", "document_id", "collection_id"
# Percent of the body; only of chunks that are links for the most part.
LINKS = "links"
MOSTLY_LINKS = 50


def make_schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field(TEXT, tokenizer_name=WORDS, index_option="position")
    builder.add_text_field(IDENTIFIERS, tokenizer_name="raw", index_option="freq")
    builder.add_unsigned_field(CHUNK, indexed=True, fast=True)
    builder.add_unsigned_field(DOCUMENT, indexed=True)
    builder.add_unsigned_field(COLLECTION, indexed=True, fast=True)
    builder.add_unsigned_field(LINKS, indexed=True, fast=True)
    return builder.build()


def make_document(document_id: int, collection_id: int, row: Row) -> Document:
    document = Document()
    document.add_unsigned(CHUNK, row.chunk_id)
    document.add_unsigned(DOCUMENT, document_id)
    document.add_unsigned(COLLECTION, collection_id)
    # Three texts of one field: no phrase begins in one and ends in the next.
    for text in (row.title, row.headings, row.body):
        document.add_text(TEXT, normalise(text))
    links = round(100 * link_share(row.body))
    if links > MOSTLY_LINKS:
        document.add_unsigned(LINKS, links)
    for name in identifiers("\n".join((row.title, row.headings, row.body))):
        document.add_text(IDENTIFIERS, name)
    return document


def term_query(schema: Schema, field: str, term: str) -> Query:
    return Query.term_query(schema, field, term, "freq")
