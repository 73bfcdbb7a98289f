"""Looks for what is wrong with the pictures of a library, and changes nothing."""

import logging
import time
from typing import Any

from engine.concurrency import CpuPool, all_done
from engine.domain import Image, Progress, Stop, StoredImage
from engine.errors import DamagedImage, ImageError, UnreadableFile
from engine.features import orb, registry
from engine.library import discrepancies
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.faults import Faults
from engine.library.originals import Originals
from engine.pictures import imaging
from engine.storage.files import extension_of, original_key
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

PORTION = 500
AT_ONCE = 16  # pictures whose files are in memory
DEEP, STORE_S = "deep_check", 2.0  # key of how far a deep check has come in the settings; seconds between two notes


class Inspection:
    """Looks at the pictures of one library."""

    def __init__(self, repository: Repository, networks: Networks, originals: Originals, pool: CpuPool) -> None:
        self._repository = repository
        self._networks = networks
        self._originals = originals
        self._pool = pool

    async def look_at_cells(self, found: Faults) -> None:
        active, _ = await self._networks.current()
        cells, dimensions = self._repository.cells, active.embedder.network.dimensions
        found.add("short_vector", *await cells.short_vectors(active.network, dimensions))
        found.add("bad_keypoints", *await cells.bad_keypoints())
        found.add("bad_size", *await cells.bad_sizes())
        found.add("bad_tags", *await cells.bad_tags())
        found.add("unknown_media_type", *await cells.unknown_media_types())
        found.add("stale_features", *await cells.without_vector(active.network))
        found.add("stale_features", *await self._repository.features.with_stale_keypoints(orb.VERSION))

    async def look_at_files(self, found: Faults, progress: Progress, stop: Stop) -> bool:
        """Whether the files are there, and as they were as far as can be told without reading the originals.

        False where it was stopped. What cannot be reached is an error.
        """
        total = await self._repository.images.count_live()
        last = done = 0
        while images := await self._repository.images.live_images(after=last, limit=PORTION):
            names = [await self._originals.key_of(image) for image in images]
            sizes = await self._repository.files.files.sizes(names)
            for start in range(0, len(images), AT_ONCE):
                if stop():
                    return False
                part = slice(start, start + AT_ONCE)
                looking = map(self._file_faults, images[part], names[part], sizes[part])
                for image, codes in zip(images[part], await all_done(looking), strict=True):
                    for code in codes:
                        found.add(code, image.id)
                done += len(images[part])
                progress(done, total)
            last = images[-1].id
        return True

    async def _file_faults(self, image: StoredImage, name: str, size: int | None) -> list[str]:
        """What is wrong with the files of one picture, by code."""
        if size is None:
            return ["missing_original"]
        codes = []
        if size != image.byte_size:
            # Either the file is another, or the number in the database.
            is_altered = await self._originals.sha256_of(name) != image.sha256
            codes.append("altered_original" if is_altered else "bad_size")
        try:
            thumbnail = await self._repository.files.read_thumbnail(image.sha256)
            is_there = await self._pool.run(discrepancies.is_thumbnail, thumbnail)
        except OSError:
            is_there = False
        return codes if is_there else [*codes, "missing_thumbnail"]

    async def look_deep(self, found: Faults, progress: Progress, stop: Stop) -> bool:
        """Read all originals and compare with them what was made of them. False where it was stopped.

        How far it has come is noted in the library, so that the next one goes on there. The pictures of which something
        was found so far are looked at once more: meanwhile they may have been mended.
        """
        noted: dict[str, Any] = await self._repository.settings.get(DEEP) or {}
        last, suspects = int(noted.get("after", 0)), list(noted.get("suspects", ()))
        active, _ = await self._networks.current()
        again = [image for image in await all_done(map(self._repository.images.if_there, suspects)) if image]
        suspects = []
        total = await self._repository.images.count_live()
        done = total - await self._repository.images.count_live(after=last)
        at, stored = last, time.monotonic()
        progress(done, total)
        while part := again[:AT_ONCE] or await self._repository.images.live_images(after=at, limit=AT_ONCE):
            if stop():
                break
            for image, codes in zip(part, await all_done(self._deep_faults(one, active) for one in part), strict=True):
                for code in codes:
                    found.add(code, image.id)
                suspects += [image.id] if codes else []
            if again:
                again = again[AT_ONCE:]
                continue
            at = part[-1].id
            done += len(part)
            progress(done, max(done, total))
            if time.monotonic() - stored >= STORE_S:
                await self._note({"after": at, "suspects": suspects})
                stored = time.monotonic()
        else:
            await self._note(None)
            return True
        await self._note({"after": at, "suspects": sorted({*suspects, *(image.id for image in again)})})
        return False

    async def _note(self, reached: dict[str, Any] | None) -> None:
        if not self._repository.database.read_only:
            await self._repository.settings.put(DEEP, reached)

    async def _deep_faults(self, image: StoredImage, active: ActiveNetwork) -> list[str]:
        """What is wrong with a picture whose original must be read to see it, by code."""
        if image.media_type not in imaging.EXTENSIONS:  # all else of it is compared once that is mended
            found = await self._originals.sha256_of(await self._originals.key_of(image))
            return ["altered_original"] if found not in (None, image.sha256) else []
        try:
            original = await self._originals.decoded(image)
        except UnreadableFile:
            is_there = (
                await self._originals.sha256_of(original_key(image.sha256, extension_of(image.media_type))) is not None
            )
            return ["altered_original" if is_there else "missing_original"]
        except ImageError as error:
            logger.warning("picture %d is as it was added, but cannot be compared: %s", image.id, error)
            return []
        codes = []
        try:
            content = await self._repository.files.read_thumbnail(image.sha256)
            thumbnail = await self._pool.run(imaging.decode_thumbnail, content)
            anew = await self._pool.run(imaging.encode_thumbnail, original.pixels)
            made = await self._pool.run(imaging.decode_thumbnail, anew)
            if not await self._pool.run(discrepancies.shows_same, thumbnail, made):
                codes.append("wrong_thumbnail")
        except (OSError, DamagedImage):
            codes.append("missing_thumbnail")
        return codes + await self._feature_faults(image, original, active)

    async def _feature_faults(self, image: StoredImage, original: Image, active: ActiveNetwork) -> list[str]:
        codes = []
        dimensions = active.embedder.network.dimensions
        vector = await self._repository.features.embedding(image.id, active.network, dimensions)
        if vector is not None:
            made = await self._pool.run(active.embedder.embed, original.pixels)
            if not discrepancies.is_same_vector(vector, made):
                codes.append("wrong_vector")
        stored = (await self._repository.features.stored([image.id])).get(image.id)
        if stored:
            anew = await self._pool.run(registry.handcrafted, original.pixels)
            codes += await self._pool.run(discrepancies.wrong_features, stored.handcrafted, anew)
        return codes
