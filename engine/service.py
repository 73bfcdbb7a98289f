"""SearchService: everything that a door (shell, API, bot) can ask of a library."""

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from engine import checking, explain, fitting, imaging, ranking
from engine.adding import Adder
from engine.concurrency import CpuPool
from engine.domain import (
    AddResult,
    CheckReport,
    Features,
    NetworkRef,
    Pixels,
    Provenance,
    SearchResult,
    Status,
    StoredImage,
    Undone,
)
from engine.errors import DamagedImage, InvalidLimit
from engine.features import hashes, registry
from engine.serving import CALIBRATION, Networks, Serving
from engine.settings import EngineSettings
from engine.sources import Refused, Source
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

MAX_LIMIT = 50
FIT_PICTURES = 120
REEMBED_AT_ONCE = 32
ADMIN_KEY, ADMIN_KEY_BYTES = "admin_key_sha256", 32

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """For callers that show none."""


class SearchService:
    """One open library. Made by `open_service`; all methods may be called concurrently."""

    def __init__(self, settings: EngineSettings, repository: Repository, networks: Networks, pool: CpuPool) -> None:
        self.settings = settings
        self._repository = repository
        self._networks = networks
        self._pool = pool
        self._adder = Adder(settings, repository, networks, pool)

    # --- searching

    async def search(self, content: bytes, *, limit: int = 5, weak: bool = False) -> SearchResult:
        """The pictures most like an encoded one, best first.

        `weak`: also where nothing is near, the nearest there are. Raises InvalidLimit or an ImageError.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidLimit(f"The limit must be between 1 and {MAX_LIMIT}, not {limit}.")
        watch = _Watch()
        with watch("catch_up"):
            serving, _ = await self._networks.current()
        with watch("read"):
            exact, pixels, features = await self._query(content, serving)
        with watch("match"):
            sightings = await serving.matcher.match(pixels, features, itself=exact.id if exact else None)
        with watch("rank"):
            references = serving.calibration.references(features.embedding, sightings.nearest)
            matches = ranking.rank(sightings, references, serving.calibration, limit=limit, weak=weak, exact=exact)
        return SearchResult(matches, watch.timings_ms(), serving.calibration.fitted, serving.index.size)

    async def why(self, content: bytes, image_id: int) -> bytes:
        """A JPEG that shows why the picture `image_id` matches an encoded one. UnknownImage, or an ImageError."""
        serving, _ = await self._networks.current()
        await self._repository.get(image_id)
        exact, pixels, features = await self._query(content, serving)
        dimensions = serving.embedder.network.dimensions
        embedding = await self._repository.embedding(image_id, serving.network, dimensions)
        cosine = float(embedding @ features.embedding) if embedding is not None else 0.0
        sightings = await serving.matcher.examine(pixels, features, image_id, cosine)
        references = serving.calibration.references(features.embedding, sightings.nearest)
        match = ranking.rank(sightings, references, serving.calibration, limit=1, weak=True, exact=exact)[0]
        proof = sightings.found[0].proof
        stored = await self._pool.run(self._original, match.image)
        return await self._pool.run(
            lambda: imaging.encode_jpeg(
                explain.draw(
                    pixels,
                    stored,
                    match,
                    proof if match.lane == "same" else None,
                    calibrated=serving.calibration.fitted,
                ),
                quality=90,
            )
        )

    async def _query(self, content: bytes, serving: Serving) -> tuple[StoredImage | None, Pixels, Features]:
        """The stored picture with these very bytes, if any; pixels and features of the query.

        Bytes that are stored already are not computed again: thumbnail and stored features serve.
        """
        sha256 = await self._pool.run(hashes.sha256, content)
        exact = await self._repository.find_by_sha256(sha256) if content else None
        if exact:
            known = await self._stored_query(exact, serving)
            if known:
                return exact, *known
        image = await self._pool.run(
            imaging.decode,
            content,
            side=imaging.QUERY_SIDE,
            max_bytes=self.settings.max_bytes,
            max_pixels=self.settings.max_pixels,
        )
        features = await self._pool.run(registry.extract, image, sha256, serving.embedder)
        return exact, image.pixels, features

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
        sources: Iterable[Source | Refused],
        *,
        actor: str,
        title: str | None = None,
        tags: Sequence[str] = (),
        source_url: str | None = None,
        page_url: str | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> AsyncIterator[AddResult]:
        """Add pictures as one operation; a result for each source, in order, once it is stored to stay.

        Once `stop` says so, what was begun is finished and nothing more is begun.
        """
        await self._networks.current()
        said = Provenance("", title, tuple(tags), source_url, page_url)
        async for result in self._adder.add(sources, said, Operation("add", actor), stop):
            yield result

    async def add_bytes(self, content: bytes, *, name: str, actor: str) -> AddResult:
        """Add one encoded picture."""
        source = Source(name, lambda: content, len(content))
        results = [result async for result in self.add([source], actor=actor)]
        return results[0]

    async def remove(self, ids: Sequence[int], *, actor: str) -> None:
        """Take pictures out of the library; `undo` brings them back within `undo_days`. UnknownImage."""
        await self._repository.remove(ids, Operation("remove", actor))

    async def edit(self, image_id: int, values: dict[str, str | list[str] | None], *, actor: str) -> StoredImage:
        """Change title, tags, source_url or page_url. UnknownImage."""
        return await self._repository.edit(image_id, values, Operation("edit", actor))

    async def undo(self, *, actor: str, operation_id: int | None = None) -> Undone:
        """Take back a whole operation, by default the last. NothingToUndo."""
        return await self._repository.undo(actor, operation_id)

    # --- looking after

    async def get(self, image_id: int) -> StoredImage:
        """A picture by id. UnknownImage."""
        return await self._repository.get(image_id)

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
