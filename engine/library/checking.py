"""Looks for what a library has lost or has left over, and mends it."""

import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from engine.concurrency import CpuPool, all_done
from engine.domain import CheckReport, Finding, Image, Progress, Stop, StoredImage, never, no_progress
from engine.errors import DamagedImage, ImageError, TooManyMissing, UnknownImage, UnreadableFile
from engine.features import hashes, orb, registry
from engine.index.checkpoints import Checkpoints
from engine.library import inspecting
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.originals import Originals
from engine.pictures import imaging
from engine.pictures.imaging import EXTENSIONS
from engine.settings import EngineSettings
from engine.storage.files import StoredFile, extension_of, original_key
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.upkeep import undo_horizon

logger = logging.getLogger(__name__)

PORTION = 500
AT_ONCE = 16  # pictures whose files are in memory
GRACE_S = 3600  # files are written before their rows: younger ones may belong to an addition under way
FEW, SHARE = 20, 0.01  # more missing originals than both are likelier a disk that is not there than a loss
FINDINGS = 1_000  # named in a report
DEEP, STORE_S = "deep_check", 2.0  # key of how far a deep check has come in the settings; seconds between two notes
MEDIA_TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items()}

# Codes of findings about one picture, each with the field of the report that counts them.
COUNTED_IN = {
    "missing_original": "missing_originals",
    "altered_original": "altered_original",
    "missing_thumbnail": "missing_thumbnails",
    "wrong_thumbnail": "wrong_thumbnail",
    "stale_features": "stale_features",
    "short_vector": "short_vector",
    "bad_keypoints": "bad_keypoints",
    "wrong_vector": "wrong_vector",
    "wrong_hash": "wrong_hash",
    "wrong_keypoints": "wrong_keypoints",
    "bad_tags": "bad_tags",
    "unknown_media_type": "unknown_media_type",
    "bad_size": "bad_size",
}
LOST = ("missing_original", "altered_original")
THUMBNAIL = ("missing_thumbnail", "wrong_thumbnail")
FEATURES = ("stale_features", "short_vector", "bad_keypoints", "wrong_vector", "wrong_hash", "wrong_keypoints")


class _Faults:
    """Ids of pictures by what is wrong with them."""

    def __init__(self) -> None:
        self._ids: dict[str, set[int]] = defaultdict(set)

    def add(self, code: str, *ids: int) -> None:
        self._ids[code].update(ids)

    def ids(self, *codes: str) -> set[int]:
        """Pictures of which any of these is true."""
        return set().union(*(self._ids[code] for code in codes))

    def counts(self) -> dict[str, Any]:
        """By field of the report."""
        return {field: len(self._ids[code]) for code, field in COUNTED_IN.items()}

    def findings(self) -> tuple[Finding, ...]:
        named = [Finding(code, image_id) for code in COUNTED_IN for image_id in sorted(self._ids[code])]
        return tuple(named[:FINDINGS])


class Checker:
    """Checks one library."""

    def __init__(
        self,
        settings: EngineSettings,
        repository: Repository,
        networks: Networks,
        originals: Originals,
        pool: CpuPool,
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._networks = networks
        self._originals = originals
        self._pool = pool

    async def check(
        self,
        *,
        repair: bool,
        purge: bool,
        actor: str,
        deep: bool = False,
        allow_missing: int | None = None,
        progress: Progress = no_progress,
        stop: Stop = never,
    ) -> CheckReport:
        """Count what is wrong: in rows, sizes of files, headers of thumbnails, index checkpoints; and what is nobody's.

        `deep` also reads all originals, and compares thumbnails and features with them; stopped, the next deep check
        goes on. `purge` deletes removed pictures for good. `repair` mends what was found, and takes pictures without
        an original out of the library: TooManyMissing, with nothing changed, where these are more than
        `allow_missing`, or without that number so many that likely the place of the originals is not there.
        """
        if repair or purge:
            self._repository.database.require_writable()
        found = _Faults()
        await self._look_at_cells(found)
        is_whole = await self._look_at_files(found, progress, stop)
        # The files first, the rows after: a picture whose row comes meanwhile has no orphans.
        orphans = await self._repository.upkeep.orphans(await self._old_files())
        checkpoints = await self._checkpoints()
        torn = await self._pool.run(checkpoints.torn)
        damaged_pages = await self._repository.upkeep.damaged_pages()
        if deep and is_whole:
            is_whole = await self._look_deep(found, progress, stop)
        report = CheckReport(
            **found.counts(),
            orphaned_files=len(orphans),
            torn_checkpoints=len(torn),
            damaged_pages=damaged_pages,
            unfinished=not is_whole,
            findings=found.findings(),
        )
        is_mending = repair and is_whole and not report.sound
        if is_mending:
            await self._refuse_too_many(found, allow_missing)
        if purge:
            report = replace(report, purged=await self._repository.upkeep.purge(undo_horizon(0), actor))
        if is_mending:
            taken_out, unmended = await self._mend(found, actor)
            await self._repository.upkeep.drop_orphans(orphans)
            for path in torn:
                checkpoints.drop(path)
            report = replace(report, repaired=True, taken_out=taken_out, unmended=unmended)
        return report

    # --- looking

    async def _look_at_cells(self, found: _Faults) -> None:
        active, _ = await self._networks.current()
        cells, dimensions = self._repository.cells, active.embedder.network.dimensions
        found.add("short_vector", *await cells.short_vectors(active.network, dimensions))
        found.add("bad_keypoints", *await cells.bad_keypoints())
        found.add("bad_size", *await cells.bad_sizes())
        found.add("bad_tags", *await cells.bad_tags())
        found.add("unknown_media_type", *await cells.unknown_media_types())
        found.add("stale_features", *await cells.without_vector(active.network))
        found.add("stale_features", *await self._repository.features.with_stale_keypoints(orb.VERSION))

    async def _look_at_files(self, found: _Faults, progress: Progress, stop: Stop) -> bool:
        """Whether the files are there, and as they were as far as can be told without reading the originals.

        False where it was stopped. What cannot be reached is an error.
        """
        total = (await self._repository.images.counts())["images"]
        last = done = 0
        while images := await self._repository.images.live_images(after=last, limit=PORTION):
            names = [await self._original_name(image) for image in images]
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

    async def _original_name(self, image: StoredImage) -> str:
        """The key of a picture's original; where its media type is damaged, the key that the original is found under.

        An original's name ends as its own bytes say, so that the ending also tells the media type.
        """
        usual = original_key(image.sha256, extension_of(image.media_type))
        if image.media_type in EXTENSIONS:
            return usual
        possible = [original_key(image.sha256, extension) for extension in MEDIA_TYPES]
        sizes = await self._repository.files.files.sizes(possible)
        return next((key for key, size in zip(possible, sizes, strict=True) if size is not None), usual)

    async def _file_faults(self, image: StoredImage, name: str, size: int | None) -> list[str]:
        """What is wrong with the files of one picture, by code."""
        if size is None:
            return ["missing_original"]
        codes = []
        if size != image.byte_size:
            # Either the file is another, or the number in the database.
            is_altered = await self._sha256_of(name) != image.sha256
            codes.append("altered_original" if is_altered else "bad_size")
        try:
            thumbnail = await self._repository.files.read_thumbnail(image.sha256)
            is_there = await self._pool.run(inspecting.is_thumbnail, thumbnail)
        except OSError:
            is_there = False
        return codes if is_there else [*codes, "missing_thumbnail"]

    async def _sha256_of(self, name: str) -> str | None:
        try:
            content = await self._repository.files.files.read(name)
        except OSError:
            return None
        return await self._pool.run(hashes.sha256, content)

    async def _old_files(self) -> list[StoredFile]:
        """Files that no addition under way can have written."""
        latest = time.time() - GRACE_S
        return [file async for portion in self._repository.files.walk() for file in portion if file.modified < latest]

    async def _checkpoints(self) -> Checkpoints:
        active, _ = await self._networks.current()
        return Checkpoints(self._settings.data_dir / "index", active.network, active.embedder.network.dimensions)

    # --- looking deep

    async def _look_deep(self, found: _Faults, progress: Progress, stop: Stop) -> bool:
        """Read all originals and compare with them what was made of them. False where it was stopped.

        How far it has come is noted in the library, so that the next one goes on there. The pictures of which something
        was found so far are looked at once more: meanwhile they may have been mended.
        """
        noted: dict[str, Any] = await self._repository.settings.get(DEEP) or {}
        last, suspects = int(noted.get("after", 0)), list(noted.get("suspects", ()))
        active, _ = await self._networks.current()
        again = [image for image in await all_done(map(self._if_there, suspects)) if image]
        suspects = []
        total = (await self._repository.images.counts())["images"]
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
        if image.media_type not in EXTENSIONS:  # all else of it is compared once that is mended
            found = await self._sha256_of(await self._original_name(image))
            return ["altered_original"] if found not in (None, image.sha256) else []
        try:
            original = await self._originals.decoded(image)
        except UnreadableFile:
            is_there = await self._sha256_of(original_key(image.sha256, extension_of(image.media_type))) is not None
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
            if not await self._pool.run(inspecting.shows_same, thumbnail, made):
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
            if not inspecting.is_same_vector(vector, made):
                codes.append("wrong_vector")
        stored = (await self._repository.features.stored([image.id])).get(image.id)
        if stored:
            phash, keypoints = await self._pool.run(registry.without_network, original.pixels)
            if not inspecting.is_same_hash(stored.phash, phash):
                codes.append("wrong_hash")
            if not await self._pool.run(inspecting.are_same_keypoints, stored.keypoints, keypoints):
                codes.append("wrong_keypoints")
        return codes

    # --- mending

    async def _refuse_too_many(self, found: _Faults, allow_missing: int | None) -> None:
        lost = len(found.ids(*LOST))
        total = (await self._repository.images.counts())["images"]
        is_much = lost >= total or (lost > FEW and lost > SHARE * total)
        if lost and (is_much if allow_missing is None else lost > allow_missing):
            are = "The original of 1 picture is" if lost == 1 else f"The originals of {lost:,} pictures are"
            raise TooManyMissing(
                f"{are} missing or altered, of {total:,} in the library: probably a disk is not mounted, or a folder "
                f"was moved. Nothing was changed. Look at {self._repository.files.place} first; `pictrace check "
                f"--repair --allow-missing {lost}` takes these pictures out of the library."
            )

    async def _mend(self, found: _Faults, actor: str) -> tuple[int, int]:
        """Returns how many pictures were taken out, and how many could not be mended."""
        lost = await self._there(found.ids(*LOST))
        lost_ids = [image.id for image in lost if await self._is_lost(image)]
        taken_out = await self._repository.images.take_out(lost_ids, Operation("repair", actor))
        operation = Operation("remake", actor)  # apart, for there is nothing in it to undo
        unmended: set[int] = set()
        await self._each(found.ids("bad_tags"), self._mend_tags, unmended)
        await self._each(found.ids("unknown_media_type"), self._mend_media_type, unmended)
        await self._each(found.ids("bad_size"), self._mend_size, unmended)
        await self._each(found.ids(*THUMBNAIL), self._make_thumbnail, unmended)
        await self._each(found.ids(*FEATURES), lambda image: self._make_features(image, operation), unmended)
        mended = await self._there(found.ids(*THUMBNAIL, *FEATURES) - unmended)
        await self._repository.features.compare_anew([image.id for image in mended])
        return taken_out, len(unmended)

    async def _each(
        self, ids: Iterable[int], mend: Callable[[StoredImage], Awaitable[None]], unmended: set[int]
    ) -> None:
        """Mend pictures one after another; those that are no longer in the library are passed over."""
        for image in await self._there(ids):
            try:
                await mend(image)
            except ImageError as error:
                logger.warning("picture %d could not be mended: %s", image.id, error)
                unmended.add(image.id)

    async def _there(self, ids: Iterable[int]) -> list[StoredImage]:
        return [image for image in [await self._if_there(one) for one in sorted(ids)] if image]

    async def _if_there(self, image_id: int) -> StoredImage | None:
        try:
            return await self._repository.images.get(image_id)
        except UnknownImage:
            return None

    async def _is_lost(self, image: StoredImage) -> bool:
        """Whether the original is still not what it was: its disk may be back since the check looked."""
        return await self._sha256_of(await self._original_name(image)) != image.sha256

    async def _mend_tags(self, image: StoredImage) -> None:
        await self._repository.cells.put_readable_tags(image.id)

    async def _mend_media_type(self, image: StoredImage) -> None:
        name = await self._original_name(image)
        if await self._sha256_of(name) != image.sha256:
            raise UnreadableFile(f"The original of picture {image.id} is not there as it was added.")
        await self._repository.cells.put(image.id, media_type=MEDIA_TYPES[f".{name.rpartition('.')[2]}"])

    async def _mend_size(self, image: StoredImage) -> None:
        content = await self._originals.file(image)
        original = await self._originals.decoded(image)
        await self._repository.cells.put(image.id, width=original.width, height=original.height, byte_size=len(content))

    async def _make_thumbnail(self, image: StoredImage) -> None:
        pixels = (await self._originals.decoded(image)).pixels
        thumbnail = await self._pool.run(imaging.encode_thumbnail, pixels)
        await self._repository.files.replace_thumbnail(image.sha256, thumbnail)

    async def _make_features(self, image: StoredImage, operation: Operation) -> None:
        active, _ = await self._networks.current()
        pixels = (await self._originals.decoded(image)).pixels
        embedding = await self._pool.run(active.embedder.embed, pixels)
        phash, keypoints = await self._pool.run(registry.without_network, pixels)
        await self._repository.features.put_embeddings(active.network, {image.id: embedding})
        await self._repository.features.put_features(image.id, keypoints, orb.VERSION, phash, operation)
