"""One network of a library, ready to serve: its embedder, index, calibration and matcher."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from engine.concurrency import CpuPool
from engine.domain import NetworkRef, Pixels, Vector
from engine.errors import NetworkMismatch
from engine.features import networks
from engine.features.embedding import Embedder
from engine.index import choosing
from engine.index.library_index import LibraryIndex
from engine.library.originals import Originals, thumbnail_pixels
from engine.matching import ranking
from engine.matching.calibration import Calibration, shipped, uncalibrated
from engine.matching.candidates import Candidates, References
from engine.matching.cascade import Matcher
from engine.matching.near_duplicates import Comparer
from engine.matching.recall import Recall
from engine.settings import EngineSettings
from engine.storage.repository import Repository
from engine.storage.statements import Head

CALIBRATION = "calibration"  # key of the library's own calibration in its settings


@dataclass(frozen=True, slots=True)
class ActiveNetwork:
    network: NetworkRef
    embedder: Embedder
    index: LibraryIndex
    calibration: Calibration
    matcher: Matcher
    comparer: Comparer
    thumbnail: Callable[[str], Pixels | None]  # of a stored picture by SHA-256; None where the file is gone

    def references(self, embedding: Vector, candidates: Candidates) -> References:
        """What the cosines of a query are compared with; `embedding`: the query's, whole."""
        return ranking.references(self.calibration, self.embedder.network, embedding, candidates)


class Networks:
    """Loads networks when they are first needed, and follows a library when it changes to another."""

    def __init__(
        self,
        settings: EngineSettings,
        repository: Repository,
        originals: Originals,
        pool: CpuPool,
        *,
        read_only: bool = False,
    ) -> None:
        self._originals = originals
        self._read_only = read_only
        self._settings = settings
        self._repository = repository
        self._pool = pool
        self._embedders: dict[NetworkRef, Embedder] = {}
        self._active: ActiveNetwork | None = None
        self._loading = asyncio.Lock()
        self._server = choosing.server(settings, repository, pool, read_only=read_only)

    @property
    def seq(self) -> int:
        """How far the index has come in the change feed; 0 before it is loaded."""
        return self._active.index.seq if self._active else 0

    def reference(self, name: str) -> NetworkRef:
        """A network by name, in the version that the settings give it. UnknownNetwork, WeightsUnavailable."""
        described = networks.network(name)
        return NetworkRef(name, networks.version(described, self._settings.weights))

    async def embedder(self, network: NetworkRef) -> Embedder:
        """The embedder of a network, converted first where that has not been done on this machine."""
        if network not in self._embedders:
            described = networks.network(network.name)
            here = await self._pool.run(self.reference, network.name)
            if here != network:
                raise NetworkMismatch(
                    f"The library's embeddings were made by {network}, but PICTRACE_WEIGHTS here gives {here}. "
                    f"Set the weights they were made with, or run `pictrace networks use {network.name}`."
                )
            path = await self._pool.run(networks.prepare, described, self._settings.cache_dir, self._settings.weights)
            embedder = Embedder(described, network.version, path)
            await self._pool.run(embedder.load)
            self._embedders[network] = embedder
        return self._embedders[network]

    async def current(self) -> tuple[ActiveNetwork, Head]:
        """What serves now, with its index level with storage."""
        head = await self._repository.feed.head()
        async with self._loading:
            assert head.network
            if self._active is None or self._active.network != head.network:
                await self.close()
                self._active = await self.load(head.network)
            active = self._active
        await active.index.catch_up(head.seq)
        return active, head

    async def load(self, network: NetworkRef) -> ActiveNetwork:
        embedder = await self.embedder(network)
        heads, copy = embedder.network.heads, embedder.network.copy
        index = await choosing.library_index(
            self._settings, self._repository, self._pool, self._server, network, heads, read_only=self._read_only
        )
        calibration = await self._calibration(network, embedder.network.dimensions)
        thumbnail = partial(thumbnail_pixels, self._repository.files)
        recall = Recall(index, self._repository.features, calibration, self._pool, copy)
        matcher = Matcher(recall, self._pool, embedder, thumbnail, self._originals.detail)
        comparer = Comparer(recall, self._pool, thumbnail, self._originals.detail, copy)
        return ActiveNetwork(network, embedder, index, calibration, matcher, comparer, thumbnail)

    async def recalibrated(self) -> None:
        """Take up a calibration that was just fitted."""
        async with self._loading:
            await self.close()
            self._active = None

    async def checkpoint(self) -> None:
        if self._active:
            await self._active.index.checkpoint_if_worthwhile()

    async def reach_index(self) -> None:
        """Look whether the index's server is there, before anybody asks. InvalidSetting, IndexUnreachable."""
        if self._server:
            await self._server.reach()

    async def close(self) -> None:
        """Give up what the index does beside the searches, and let go of its server."""
        if self._active:
            await self._active.index.close()
        if self._server:
            await self._server.close()

    async def _calibration(self, network: NetworkRef, dimensions: int) -> Calibration:
        own = await self._repository.settings.get(CALIBRATION)
        if own and (own["network"], own["version"]) == (network.name, network.version):
            return Calibration.from_json(own)
        return shipped(network) or uncalibrated(network, dimensions)
