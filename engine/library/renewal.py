"""Pictures that an older PicTrace has seen otherwise: what is made of them is made anew, beside everything else.

So is read when they were taken, which it did not ask.
"""

import asyncio
import logging

from engine.concurrency import CpuPool
from engine.domain import StoredImage
from engine.errors import ImageError, LibraryError, PicTraceError, UnreadableFile
from engine.library.mending import Mender
from engine.library.originals import Originals
from engine.pictures import imaging, parts
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

ACTOR = "engine"
PORTION = 16  # pictures that are read from storage at once
WAIT_S, PAUSE_S = 2.0, 0.05  # before it begins, for short commands; between two pictures, for everybody else
STILL_AND_OPAQUE = ("image/jpeg",)
DATELESS = ("image/gif", "image/bmp", "image/jp2")  # kinds of files that no camera puts a date into


class Renewal:
    """Looks at outdated pictures of one library; what has a thumbnail as before is seen as ever."""

    def __init__(self, repository: Repository, originals: Originals, mender: Mender, pool: CpuPool) -> None:
        self._repository = repository
        self._originals = originals
        self._mender = mender
        self._pool = pool

    async def waiting(self) -> int:
        """How many pictures are to be looked at."""
        return await self._repository.features.count_outdated()

    async def in_background(self) -> None:
        """Look at all of them, and give way to others. Broken off, the next start goes on."""
        try:
            await asyncio.sleep(WAIT_S)
            await self.renew(pause_s=PAUSE_S)
        except PicTraceError as error:
            logger.warning("pictures are not looked at anew: %s", error)

    async def renew(self, *, pause_s: float = 0) -> int:
        """Look at all of them; how many are made anew. A LibraryError where the library cannot go on."""
        await self._read_dates(pause_s)
        if not await self.waiting():
            return 0
        await self._repository.features.pass_over_outdated(STILL_AND_OPAQUE, parts.LONG_FROM)
        operation, renewed, after = Operation("remake", ACTOR), 0, 0
        while portion := await self._repository.features.outdated(PORTION, after=after):
            after = portion[-1].id
            for image in portion:
                renewed += await self._look_at(image, operation)
                await asyncio.sleep(pause_s)
        return renewed

    async def _read_dates(self, pause_s: float) -> None:
        """Ask the files of pictures when they were taken, where an older PicTrace did not. Nothing is decoded."""
        after = 0
        await self._repository.dates.pass_over(DATELESS)
        while portion := await self._repository.dates.lacking(PORTION, after=after):
            after = portion[-1].id
            found = {}
            for image in portion:
                try:
                    found[image.id] = await self._originals.taken_at(image)
                except UnreadableFile:
                    continue  # perhaps its disk is away; the next start looks again
                except ImageError:
                    found[image.id] = None
            await self._repository.dates.put(found)
            await asyncio.sleep(pause_s)

    async def _look_at(self, image: StoredImage, operation: Operation) -> bool:
        """Whether it is made anew. What has no file waits for it; what cannot be decoded stays as it is."""
        is_renewed = False
        try:
            if await self._is_seen_otherwise(image):
                await self._mender.remake(image, operation)
                is_renewed = True
        except UnreadableFile:
            return False  # perhaps its disk is away; `pictrace check` finds it
        except ImageError as error:
            logger.warning("picture %d could not be looked at anew: %s", image.id, error)
        await self._repository.features.is_up_to_date(image.id)
        return is_renewed

    async def _is_seen_otherwise(self, image: StoredImage) -> bool:
        if parts.of(image.width, image.height):
            return True
        decoded = await self._originals.decoded(image)
        await self._repository.images.put_warnings(image.id, decoded.warnings)
        thumbnail = await self._pool.run(imaging.encode_thumbnail, decoded.pixels)
        try:
            return await self._originals.thumbnail(image) != thumbnail
        except LibraryError:
            raise
        except ImageError:
            return True
