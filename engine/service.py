"""SearchService: everything that a door (shell, API, bot) can ask of a library."""

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine import checking, explain, fitting, imaging, ranking, samples
from engine.adding import Adder, Given
from engine.concurrency import CpuPool
from engine.domain import (
    AddResult,
    Changed,
    CheckReport,
    Features,
    Level,
    NetworkRef,
    Page,
    Pixels,
    Provenance,
    Query,
    SearchResult,
    Status,
    StoredImage,
    Undone,
)
from engine.errors import DamagedImage, InvalidLimit
from engine.features import hashes, registry
from engine.fetch import Fetched, Fetcher
from engine.serving import CALIBRATION, Networks, Serving
from engine.settings import EngineSettings
from engine.sources import Source, expand, read_file
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

MAX_LIMIT = 50
FIT_PICTURES = 120
REEMBED_AT_ONCE = 32
PREVIEW_SIDE, PREVIEW_QUALITY = 480, 80
MAX_TAGS = 200
ADMIN_KEY, ADMIN_KEY_BYTES = "admin_key_sha256", 32

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """For callers that show none."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query, decoded; `exact` is the stored picture with these very bytes, if any."""

    exact: StoredImage | None
    pixels: Pixels
    features: Features
    width: int
    height: int


class _Watch:
    """Measures the stages of one search."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._stages[stage] = time.perf_counter() - before

    def timings_ms(self) -> dict[str, float]:
        total = time.perf_counter() - self._started
        return {"total": round(1000 * total, 2)} | {name: round(1000 * s, 2) for name, s in self._stages.items()}


class SearchService:
    """One open library. Made by `open_service`; all methods may be called concurrently."""

    def __init__(
        self, settings: EngineSettings, repository: Repository, networks: Networks, fetcher: Fetcher, pool: CpuPool
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._networks = networks
        self._fetcher = fetcher
        self._pool = pool
        self._adder = Adder(settings, repository, networks, fetcher, pool)

    # --- searching

    async def search(
        self, content: bytes, *, limit: int = 5, weak: bool = False, preview: bool = False
    ) -> SearchResult:
        """The pictures most like an encoded one, best first.

        `weak`: also where nothing is near, the nearest there are. `preview`: a small JPEG of the query comes along.
        Raises InvalidLimit or an ImageError.
        """
        _check(limit)
        watch = _Watch()
        with watch("catch_up"):
            serving, _ = await self._networks.current()
        with watch("read"):
            asked = await self._asked(content, serving)
        return await self._matches(asked, serving, watch, limit=limit, weak=weak, preview=preview)

    async def search_url(self, url: str, *, limit: int = 5, weak: bool = False, preview: bool = False) -> SearchResult:
        """The same for the picture behind a URL. Raises a FetchError too."""
        _check(limit)
        watch = _Watch()
        with watch("fetch"):
            fetched = await self.fetch(url)
        result = await self.search(fetched.content, limit=limit, weak=weak, preview=preview)
        return replace(result, timings_ms=result.timings_ms | watch.timings_ms())

    async def search_stored(
        self, image_id: int, *, limit: int = 5, weak: bool = False, preview: bool = False
    ) -> SearchResult:
        """The pictures most like a stored one, itself left out. UnknownImage, InvalidLimit."""
        _check(limit)
        watch = _Watch()
        with watch("catch_up"):
            serving, _ = await self._networks.current()
        with watch("read"):
            image = await self._repository.get(image_id)
            known = await self._stored_query(image, serving)
            asked = (
                _Asked(image, *known, image.width, image.height)
                if known
                else await self._asked(await self.original(image_id), serving)
            )
        return await self._matches(
            asked, serving, watch, limit=limit, weak=weak, preview=preview, without=frozenset([image_id])
        )

    async def fetch(self, url: str) -> Fetched:
        """The bytes behind a URL, fetched guarded. Raises a FetchError or FileTooLarge."""
        return await self._fetcher.fetch(url)

    async def why(self, content: bytes, image_id: int, *, words: bool = True) -> bytes:
        """A JPEG that shows why the picture `image_id` matches an encoded one. UnknownImage, or an ImageError.

        Without `words` for doors that say in another language what was found.
        """
        serving, _ = await self._networks.current()
        await self._repository.get(image_id)
        asked = await self._asked(content, serving)
        dimensions = serving.embedder.network.dimensions
        embedding = await self._repository.embedding(image_id, serving.network, dimensions)
        cosine = float(embedding @ asked.features.embedding) if embedding is not None else 0.0
        sightings = await serving.matcher.examine(asked.pixels, asked.features, image_id, cosine)
        references = serving.calibration.references(asked.features.embedding, sightings.nearest)
        match = ranking.rank(sightings, references, serving.calibration, limit=1, weak=True, exact=asked.exact)[0]
        proof = sightings.found[0].proof if match.lane == "same" else None
        stored = await self._pool.run(self._original, match.image)
        calibrated = serving.calibration.fitted
        return await self._pool.run(
            lambda: imaging.encode_jpeg(
                explain.draw(asked.pixels, stored, match, proof, words=words, calibrated=calibrated), quality=90
            )
        )

    async def _matches(
        self,
        asked: _Asked,
        serving: Serving,
        watch: _Watch,
        *,
        limit: int,
        weak: bool,
        preview: bool,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        exact = asked.exact if asked.exact and asked.exact.id not in without else None
        with watch("match"):
            sightings = await serving.matcher.match(
                asked.pixels, asked.features, exclude=without, itself=exact.id if exact else None
            )
        with watch("rank"):
            references = serving.calibration.references(asked.features.embedding, sightings.nearest)
            matches = ranking.rank(sightings, references, serving.calibration, limit=limit, weak=weak, exact=exact)
        shown = None
        if preview:
            shown = await self._pool.run(
                imaging.encode_reduced, asked.pixels, side=PREVIEW_SIDE, quality=PREVIEW_QUALITY
            )
        query = Query(asked.width, asked.height, shown)
        return SearchResult(matches, watch.timings_ms(), serving.calibration.fitted, serving.index.size, query)

    async def _asked(self, content: bytes, serving: Serving) -> _Asked:
        """A query with its features; bytes that are stored already are not computed again."""
        sha256 = await self._pool.run(hashes.sha256, content)
        exact = await self._repository.find_by_sha256(sha256) if content else None
        if exact:
            known = await self._stored_query(exact, serving)
            if known:
                return _Asked(exact, *known, exact.width, exact.height)
        image = await self._pool.run(
            imaging.decode,
            content,
            side=imaging.QUERY_SIDE,
            max_bytes=self.settings.max_bytes,
            max_pixels=self.settings.max_pixels,
        )
        features = await self._pool.run(registry.extract, image, sha256, serving.embedder)
        return _Asked(exact, image.pixels, features, image.width, image.height)

    async def _stored_query(self, exact: StoredImage, serving: Serving) -> tuple[Pixels, Features] | None:
        stored = (await self._repository.features([exact.id])).get(exact.id)
        embedding = await self._repository.embedding(exact.id, serving.network, serving.embedder.network.dimensions)
        if stored is None or embedding is None:
            return None
        try:
            content = await self._pool.run(self._repository.files.thumbnail_path(exact.sha256).read_bytes)
            pixels = await self._pool.run(imaging.decode_thumbnail, content)
        except (OSError, DamagedImage):
            return None
        return pixels, Features(exact.sha256, stored.phash, embedding, stored.keypoints)

    # --- changing

    async def add(
        self,
        sources: Iterable[Given],
        *,
        actor: str,
        title: str | None = None,
        tags: Sequence[str] = (),
        source_url: str | None = None,
        page_url: str | None = None,
        operation_id: int | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> AsyncIterator[AddResult]:
        """Add pictures as one operation; a result for each source, in order, once it is stored to stay.

        `operation_id`: go on with an earlier addition, so that one undo takes back both; UnknownOperation. Once `stop`
        says so, what was begun is finished and nothing more is begun.
        """
        await self._networks.current()
        operation = Operation("add", actor)
        if operation_id is not None:
            operation = await self._repository.continued(operation_id)
        said = Provenance("", title, tuple(tags), source_url, page_url)
        async for result in self._adder.add(sources, said, operation, stop):
            yield result

    async def add_bytes(self, content: bytes, *, name: str, actor: str, **said: Any) -> AddResult:
        """Add one encoded picture; `said` is what `add` takes of it."""
        source = Source(name, lambda: content, len(content))
        results = [result async for result in self.add([source], actor=actor, **said)]
        return results[0]

    async def add_samples(self, *, actor: str) -> list[AddResult]:
        """Add the pictures to try PicTrace with, as one operation, with the tag `sample`."""
        sources = [source for path in samples.pictures() for source in expand(path, self.settings)]
        return [result async for result in self.add(sources, actor=actor, tags=[samples.TAG])]

    async def remove_samples(self, *, actor: str) -> int | None:
        """Take them out again; returns the operation's id, None where there are none."""
        ids = await self._sample_ids()
        return await self.remove(ids, actor=actor) if ids else None

    async def samples_present(self) -> int:
        """How many of the samples are in the library."""
        return len(await self._sample_ids())

    sample_names = tuple(samples.QUERIES)

    async def sample_query(self, name: str) -> bytes:
        """A JPEG to ask with, once the samples are there. UnknownSample."""
        return await self._pool.run(samples.query, name)

    async def remove(self, ids: Sequence[int], *, actor: str) -> int:
        """Take pictures out of the library; `undo` brings them back within `undo_days`. UnknownImage.

        Returns the operation's id.
        """
        return await self._repository.remove(ids, Operation("remove", actor))

    async def edit(self, image_id: int, values: dict[str, str | list[str] | None], *, actor: str) -> Changed:
        """Change title, tags, source_url or page_url. UnknownImage."""
        return await self._repository.edit(image_id, values, Operation("edit", actor))

    async def undo(self, *, actor: str, operation_id: int | None = None) -> Undone:
        """Take back a whole operation, by default the last. NothingToUndo, UnknownOperation."""
        return await self._repository.undo(actor, operation_id)

    async def _sample_ids(self) -> list[int]:
        wanted = await self._pool.run(samples.fingerprints)
        return sorted((await self._repository.ids_by_sha256(sorted(wanted))).values())

    # --- looking after

    async def get(self, image_id: int) -> StoredImage:
        """A picture by id. UnknownImage."""
        return await self._repository.get(image_id)

    async def original(self, image_id: int) -> bytes:
        """The file of a picture as it was added. UnknownImage; UnreadableFile where it is lost."""
        image = await self._repository.get(image_id)
        return await self._pool.run(read_file, self.original_path(image), self.settings.max_bytes)

    def original_path(self, image: StoredImage) -> Path:
        """Where the file of a picture lies."""
        return self._repository.files.original_path(image.sha256, imaging.EXTENSIONS[image.media_type])

    def thumbnail_path(self, image: StoredImage) -> Path:
        """Where a picture's thumbnail lies, a JPEG of at most 320 pixels."""
        return self._repository.files.thumbnail_path(image.sha256)

    async def page(
        self, *, cursor: int | None = None, limit: int = 50, tag: str | None = None, words: str | None = None
    ) -> Page:
        """The library newest first; `tag` and `words` (each in title or file name) filter."""
        total = await self._repository.count(tag=tag, words=words) if cursor is None else None
        images = await self._repository.page(before=cursor, limit=limit + 1, tag=tag, words=words)
        rest = images[limit - 1].id if len(images) > limit else None
        return Page(tuple(images[:limit]), rest, total)

    async def tags(self) -> dict[str, int]:
        """The most frequent tags with the number of their pictures."""
        return await self._repository.tags(MAX_TAGS)

    async def level(self) -> Level:
        """How level the index was; it is level afterwards, so that the next search need not wait."""
        before = self._networks.seq
        serving, head = await self._networks.current()
        return Level(serving.index.size, max(0, head.seq - before), serving.calibration.fitted)

    async def status(self) -> Status:
        """The library at a glance."""
        serving, head = await self._networks.current()
        counts = await self._repository.counts()
        return Status(
            data_dir=str(self.settings.data_dir),
            images=counts["images"],
            removed=counts["removed"],
            network=serving.network,
            next_network=head.next_network,
            features={name: counts[name] for name in ("embedding", "phash", "orb")},
            calibrated=serving.calibration.fitted,
            disk_bytes=await self._pool.run(self._repository.files.bytes_used),
            index_kind=serving.index.kind,
            index_size=serving.index.size,
            index_seq=serving.index.seq,
            last_seq=head.seq,
            checkpoint_seq=serving.index.checkpoint_seq,
        )

    async def check(self, *, repair: bool, purge: bool, actor: str, progress: Progress = no_progress) -> CheckReport:
        """Look for missing files, orphans, stale features and torn checkpoints; mend them where asked."""
        checker = checking.Checker(self.settings, self._repository, self._networks, self._pool)
        return await checker.check(repair=repair, purge=purge, actor=actor, progress=progress)

    async def use_network(self, name: str, *, actor: str, progress: Progress = no_progress) -> bool:
        """Make another network the library's own: re-embed all pictures, switch, calibrate where none is shipped.

        The old embeddings serve until the switch; interrupted, it goes on where it stopped. Returns whether the
        library is calibrated now. UnknownNetwork, WeightsUnavailable, NetworkBuildFailed.
        """
        wanted = await self._pool.run(self._networks.reference, name)
        head = await self._repository.head()
        if head.network != wanted:
            await self._networks.embedder(wanted)
            await self._repository.set_next_network(wanted)
            await self._reembed(wanted, progress)
        serving, _ = await self._networks.current()
        if serving.calibration.fitted:
            return True
        return await self._calibrate(serving, progress)

    async def new_admin_key(self) -> str:
        """A new key for the doors' admin calls, in place of the one before; only its hash is stored."""
        key = secrets.token_urlsafe(ADMIN_KEY_BYTES)
        await self._repository.put_setting(ADMIN_KEY, hashes.sha256(key.encode()))
        return key

    async def has_admin_key(self) -> bool:
        """Whether one was made."""
        return await self._repository.get_setting(ADMIN_KEY) is not None

    async def is_admin_key(self, key: str) -> bool:
        """Whether this is the key; compared in constant time."""
        stored = await self._repository.get_setting(ADMIN_KEY)
        return secrets.compare_digest(hashes.sha256(key.encode()), stored or "")

    async def _reembed(self, network: NetworkRef, progress: Progress) -> None:
        embedder = await self._networks.embedder(network)
        total = (await self._repository.counts())["images"]
        while True:
            lacking = await self._repository.lacking(network, REEMBED_AT_ONCE)
            if not lacking and await self._repository.switch_network(network, "engine"):
                progress(total, total)
                return
            vectors = {}
            for image in lacking:
                pixels = await self._pool.run(self._original, image)
                vectors[image.id] = await self._pool.run(embedder.embed, pixels)
            await self._repository.put_embeddings(network, vectors)
            progress(total - await self._repository.count_lacking(network), total)

    async def _calibrate(self, serving: Serving, progress: Progress) -> bool:
        images = await self._repository.live_images(limit=100_000)
        if len(images) < fitting.MIN_PICTURES:
            logger.warning("too few pictures for a calibration: at least %d are needed", fitting.MIN_PICTURES)
            return False
        random = np.random.default_rng(len(images))
        chosen = [images[int(i)] for i in random.permutation(len(images))]
        sample, rest = chosen[: min(FIT_PICTURES, len(chosen) // 2)], chosen[len(chosen) // 2 :][: fitting.BACKGROUND]
        unrelated = [await self._pool.run(self._original, image) for image in rest]
        calibration = await fitting.fit(
            serving,
            self._pool,
            self._original,
            sample,
            unrelated,
            unrelated_ids=frozenset(image.id for image in rest),
            progress=progress,
        )
        await self._repository.put_setting(CALIBRATION, calibration.to_json())
        await self._networks.recalibrated()
        return True

    def _original(self, image: StoredImage) -> Pixels:
        """The pixels of a stored picture, as its features were computed from. An ImageError if the file is gone."""
        return checking.read_original(self._repository, image, self.settings).pixels


def _check(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidLimit(f"The limit must be between 1 and {MAX_LIMIT}, not {limit}.")
