"""Sentences made from real passages by a program: true ones, and ones with one error planted in them."""
