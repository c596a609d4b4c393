"""Static files: hashed names, precompressed, the same for every reader and arm."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

BUILT = "assets/"  # what Vite writes has its hash in its name already


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's storage; a missing entry falls back to the plain name (tests, development).

    Scripts that Vite built keep their names: they import one another by them, and a module that
    is served under two names is run twice.
    """

    manifest_strict = False

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The name under which a file is served."""
        if name.startswith(BUILT):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed
