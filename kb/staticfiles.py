"""Static files under names that carry their hash, so that browsers keep them for good."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORT = r"""(?P<matched>\bfrom\s*["'](?P<url>\./[\w-]+\.js)["'])"""


class HashedFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashes the addresses in our modules' imports as well.

    Without it a browser could run yesterday's module beside today's. Django's own switch for this reads every
    JavaScript file and fails on comments of other packages that look like imports.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((_IMPORT, 'from "%(url)s"'),)),
    )
