"""Looks for what a library has lost or has left over, and mends it."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine import imaging
from engine.concurrency import CpuPool
from engine.domain import CheckReport, Image, StoredImage
from engine.errors import DamagedImage, UnreadableFile
from engine.features import hashes, orb
from engine.imaging import EXTENSIONS
from engine.indexing import Checkpoints
from engine.serving import Networks
from engine.settings import EngineSettings
from engine.storage.files import ORIGINALS
from engine.storage.repository import Repository, undo_horizon
from engine.storage.statements import Operation

PORTION = 500
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
        # The folders first, the rows after: a picture whose row comes meanwhile is nobody's orphan.
        there = await self._pool.run(self._old_files)
        orphans = _without_owner(there, await self._repository.owned_files())
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
            if lost:
                await self._repository.forget_images([image.id for image in lost], Operation("repair", actor))
            gone = {image.id for image in lost}
            for image in without_thumbnail:
                if image.id not in gone:
                    await self._pool.run(self._make_thumbnail, image)
            for path in orphans:
                path.unlink(missing_ok=True)
            for image in stale:
                if image.id not in gone:
                    await self._make_features(image)
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
            for image, has_original, has_thumbnail in await self._pool.run(self._look, images):
                if not has_original:
                    lost.append(image)
                elif not has_thumbnail:
                    without_thumbnail.append(image)
            last, done = images[-1].id, done + len(images)
            progress(done, total)
        return lost, without_thumbnail

    def _look(self, images: list[StoredImage]) -> list[tuple[StoredImage, bool, bool]]:
        files = self._repository.files
        found = []
        for image in images:
            path = files.original_path(image.sha256, EXTENSIONS[image.media_type])
            found.append((image, _has_sha256(path, image.sha256), _is_thumbnail(files.thumbnail_path(image.sha256))))
        return found

    def _old_files(self) -> list[tuple[str, Path]]:
        """Files that no addition under way can have written."""
        latest = time.time() - GRACE_S
        found = []
        for sha256, path in self._repository.files.walk():
            with suppress(FileNotFoundError):  # renamed or removed meanwhile
                if path.stat().st_mtime < latest:
                    found.append((sha256, path))
        return found

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

    def _make_thumbnail(self, image: StoredImage) -> None:
        pixels = read_original(self._repository, image, self._settings).pixels
        self._repository.files.replace_thumbnail(image.sha256, imaging.encode_thumbnail(pixels))

    async def _make_features(self, image: StoredImage) -> None:
        serving, _ = await self._networks.current()
        decoded = await self._pool.run(read_original, self._repository, image, self._settings)
        embedding = await self._pool.run(serving.embedder.embed, decoded.pixels)
        await self._repository.put_embeddings(serving.network, {image.id: embedding})
        keypoints = await self._pool.run(orb.detect, decoded.pixels)
        phash = await self._pool.run(hashes.phash, decoded.pixels)
        await self._repository.put_features(image.id, keypoints, orb.VERSION, phash)


def _without_owner(there: list[tuple[str, Path]], owned: set[tuple[str, str]]) -> list[Path]:
    originals = {f"{sha256}{extension}" for sha256, extension in owned}
    thumbnails = {f"{sha256}.jpg" for sha256, _ in owned}
    return [
        path
        for sha256, path in there
        if not sha256 or path.name not in (originals if path.parts[-3] == ORIGINALS else thumbnails)
    ]


def _has_sha256(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _is_thumbnail(path: Path) -> bool:
    try:
        imaging.decode_thumbnail(path.read_bytes())
    except (OSError, DamagedImage):
        return False
    return True


def read_original(
    repository: Repository, image: StoredImage, settings: EngineSettings, *, side: int = imaging.LIBRARY_SIDE
) -> Image:
    """A stored picture, by default decoded as it was for its features. An ImageError if its file is gone or damaged."""
    path = repository.files.original_path(image.sha256, EXTENSIONS[image.media_type])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"The original of picture {image.id} ({image.filename}) is missing: run `pictrace check --repair`."
        ) from error
    # What was within the limits when it was added stays readable when they are lowered.
    return imaging.decode(
        content,
        side=side,
        max_bytes=len(content),
        max_pixels=max(settings.max_pixels, image.width * image.height),
    )
