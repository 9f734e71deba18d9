"""What the web process must never load."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = (
    *("torch", "faiss", "sentence_transformers", "openvino", "tantivy", "llama_cpp", "transformers"),
    # What reads files belongs to the workers' parsing processes. Not docutils: Django's admindocs loads it
    # wherever it is installed.
    *("datasketch", "lxml", "python_calamine", "olefile", "striprtf", "doc2docx", "ppt2pptx"),
)
PROGRAM = f"""
import sys
import kb.asgi
from django.urls import get_resolver
get_resolver().url_patterns
import kb.chat.pipeline, ingest.api, ingest.tasks
found = [name for name in {HEAVY!r} if name in sys.modules]
print(found)
sys.exit(bool(found))
"""


def test_web_process_imports_no_library_of_models_or_formats() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
