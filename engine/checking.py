"""Looks for what a library has lost or has left over, and mends it."""

import time
from collections.abc import Callable
from dataclasses import replace

from engine import imaging
from engine.checkpoints import Checkpoints
from engine.concurrency import CpuPool, all_done
from engine.domain import CheckReport, Image, StoredImage
from engine.errors import DamagedImage, UnreadableFile
from engine.features import hashes, orb
from engine.imaging import EXTENSIONS
from engine.serving import Networks
from engine.settings import EngineSettings
from engine.storage.files import StoredFile
from engine.storage.repository import Repository, undo_horizon
from engine.storage.statements import Operation

PORTION = 500
AT_ONCE = 8  # pictures whose files are in memory
GRACE_S = 3600  # files are written before their rows: younger ones may belong to an addition under way

Progress = Callable[[int, int], None]


class Checker:
    """Checks one library."""

    def __init__(self, settings: EngineSettings, repository: Repository, networks: Networks, pool: CpuPool) -> None:
        self._settings = settings
        self._repository = repository
        self._networks = networks
        self._pool = pool

    async def check(self, *, repair: bool, purge: bool, actor: str, progress: Progress) -> CheckReport:
        """Count what is wrong. `repair` makes thumbnails and features again, takes pictures without an original out of
        the library, and deletes orphans and torn checkpoints; `purge` deletes removed pictures for good."""
        purged = 0
        if purge:
            purged = await self._repository.purge(undo_horizon(0), actor)
        lost, without_thumbnail = await self._files(progress)
        # The files first, the rows after: a picture whose row comes meanwhile has no orphans.
        orphans = await self._repository.orphans(await self._old_files())
        stale = await self._stale()
        checkpoints = await self._checkpoints()
        torn = await self._pool.run(checkpoints.torn)
        report = CheckReport(
            missing_originals=len(lost),
            missing_thumbnails=len(without_thumbnail),
            orphaned_files=len(orphans),
            stale_features=len(stale),
            torn_checkpoints=len(torn),
            damaged_pages=await self._repository.damaged_pages(),
            purged=purged,
        )
        if repair and not report.sound:
            operation = Operation("repair", actor)
            if lost:
                await self._repository.forget_images([image.id for image in lost], operation)
            gone = {image.id for image in lost}
            for image in without_thumbnail:
                if image.id not in gone:
                    await self._make_thumbnail(image)
            if orphans:
                await self._repository.drop_orphans(orphans)
            for image in stale:
                if image.id not in gone:
                    await self._make_features(image, operation)
            for path in torn:
                checkpoints.drop(path)
            mended = {image.id for image in (*without_thumbnail, *stale)} - gone
            if mended:
                await self._repository.compare_anew(sorted(mended))
            report = replace(report, repaired=True)
        return report

    async def _files(self, progress: Progress) -> tuple[list[StoredImage], list[StoredImage]]:
        """Live pictures whose original, and those whose thumbnail, is missing or damaged."""
        total = (await self._repository.counts())["images"]
        lost, without_thumbnail, last, done = [], [], 0, 0
        while images := await self._repository.live_images(after=last, limit=PORTION):
            for start in range(0, len(images), AT_ONCE):
                looked_at = images[start : start + AT_ONCE]
                for image, (has_original, has_thumbnail) in zip(
                    looked_at, await all_done(map(self._look, looked_at)), strict=True
                ):
                    if not has_original:
                        lost.append(image)
                    elif not has_thumbnail:
                        without_thumbnail.append(image)
                done += len(looked_at)
                progress(done, total)
            last = images[-1].id
        return lost, without_thumbnail

    async def _look(self, image: StoredImage) -> tuple[bool, bool]:
        """Whether the original, and whether the thumbnail, is there and whole. What cannot be reached is an error."""
        files = self._repository.files
        try:
            content = await files.read_original(image.sha256, EXTENSIONS[image.media_type])
            has_original = await self._pool.run(hashes.sha256, content) == image.sha256
        except OSError:
            has_original = False
        try:
            await self._pool.run(imaging.decode_thumbnail, await files.read_thumbnail(image.sha256))
        except (OSError, DamagedImage):
            return has_original, False
        return has_original, True

    async def _old_files(self) -> list[StoredFile]:
        """Files that no addition under way can have written."""
        latest = time.time() - GRACE_S
        return [file async for portion in self._repository.files.walk() for file in portion if file.modified < latest]

    async def _stale(self) -> list[StoredImage]:
        head = await self._repository.head()
        assert head.network
        lacking = await self._repository.lacking(head.network, limit=1_000_000)
        old = await self._repository.with_stale_keypoints(orb.VERSION)
        known = {image.id for image in lacking}
        return lacking + [await self._repository.get(image_id) for image_id in old if image_id not in known]

    async def _checkpoints(self) -> Checkpoints:
        serving, _ = await self._networks.current()
        return Checkpoints(self._settings.data_dir / "index", serving.network, serving.embedder.network.dimensions)

    async def _make_thumbnail(self, image: StoredImage) -> None:
        pixels = (await read_original(self._repository, image, self._settings, self._pool)).pixels
        thumbnail = await self._pool.run(imaging.encode_thumbnail, pixels)
        await self._repository.files.replace_thumbnail(image.sha256, thumbnail)

    async def _make_features(self, image: StoredImage, operation: Operation) -> None:
        serving, _ = await self._networks.current()
        decoded = await read_original(self._repository, image, self._settings, self._pool)
        embedding = await self._pool.run(serving.embedder.embed, decoded.pixels)
        await self._repository.put_embeddings(serving.network, {image.id: embedding})
        keypoints = await self._pool.run(orb.detect, decoded.pixels)
        phash = await self._pool.run(hashes.phash, decoded.pixels)
        await self._repository.put_features(image.id, keypoints, orb.VERSION, phash, operation)


async def read_original(
    repository: Repository,
    image: StoredImage,
    settings: EngineSettings,
    pool: CpuPool,
    *,
    side: int = imaging.LIBRARY_SIDE,
) -> Image:
    """A stored picture, by default decoded as it was for its features. An ImageError if its file is gone or damaged."""
    try:
        content = await repository.files.read_original(image.sha256, EXTENSIONS[image.media_type])
    except OSError as error:
        raise UnreadableFile(
            f"The original of picture {image.id} ({image.filename}) is missing: run `pictrace check --repair`."
        ) from error
    # What was within the limits when it was added stays readable when they are lowered.
    return await pool.run(
        imaging.decode,
        content,
        side=side,
        max_bytes=len(content),
        max_pixels=max(settings.max_pixels, image.width * image.height),
    )
