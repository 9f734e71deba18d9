"""What an answer may look like: grammars, and JSON schemas as grammars. Pure Python; no model library."""
