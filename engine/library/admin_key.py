"""The key for the doors' admin calls; only its hash is stored."""

import secrets

from engine.features import hashes
from engine.storage.library_settings import LibrarySettings

SETTING, BYTES = "admin_key_sha256", 32


class AdminKey:
    """The admin key of one library, which may have none."""

    def __init__(self, settings: LibrarySettings) -> None:
        self._settings = settings

    async def make(self) -> str:
        """A new key in place of the one before."""
        key = secrets.token_urlsafe(BYTES)
        await self._settings.put(SETTING, hashes.sha256(key.encode()))
        return key

    async def exists(self) -> bool:
        """Whether one was made."""
        return await self._settings.get(SETTING) is not None

    async def fits(self, key: str) -> bool:
        """Whether this is the key; compared in constant time."""
        stored = await self._settings.get(SETTING)
        given = key.encode(errors="surrogatepass")  # whatever a client sends
        return secrets.compare_digest(hashes.sha256(given), stored or "")
