"""Benchmarks: each is a ratio of two things measured side by side in one run. They never decide a test."""
