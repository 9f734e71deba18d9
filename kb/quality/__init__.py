"""Measuring: the product's own ingest, search and answers on a set of questions."""
