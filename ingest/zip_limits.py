"""What holds of every zip archive: a file that is a document, and an archive of files."""

from __future__ import annotations

import zipfile
import zlib

# Deflate can reach about 1,000, and sheets of numbers reach 50. Below the size nobody is hurt.
MAX_RATIO = 200
RATIO_FROM_BYTES = 16 << 20
# Of an entry's flags.
ENCRYPTED_BIT = 0x1
# What reading a damaged archive raises.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
