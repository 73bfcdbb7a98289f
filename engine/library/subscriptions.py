"""What people ask to be remembered: verdicts on matches, and pictures to be told of when they appear."""

from collections import defaultdict

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import Match, NetworkRef, Tally, Vector, Watch
from engine.features import regions
from engine.index.hamming import HammingIndex
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.searching import Searcher
from engine.matching import ranking
from engine.pictures.parts import cut
from engine.storage import codec
from engine.storage.repository import Repository

MAYBE_HASH = 12  # bits
NEAR_HASHES = 1000  # looked at, for most may have been there before
EXAMINED = 8  # new pictures, the likeliest, that one query is compared with at a time


class Subscriptions:
    """What is kept for subscribers; a subscriber is an opaque name that a door gives, e.g. `telegram:1234`."""

    def __init__(self, repository: Repository, networks: Networks, searcher: Searcher) -> None:
        self._repository = repository
        self._networks = networks
        self._searcher = searcher

    async def judge(self, content: bytes, image_id: int, *, right: bool, subscriber: str) -> None:
        """Remember that a match was right or wrong. UnknownImage, or an ImageError.

        Kept are subscriber, SHA-256 and pHash of the query, the picture and the verdict; the last one on a pair counts.
        """
        active, _ = await self._networks.current()
        await self._repository.images.get(image_id)
        asked = await self._searcher.asked(content, active)
        await self._repository.subscribers.judge(subscriber, asked.features, image_id, right=right)

    async def forget(self, subscriber: str) -> Tally:
        """Delete all that is kept for a subscriber, watches too; returns how much that was."""
        return await self._repository.subscribers.forget(subscriber)

    async def rename(self, subscriber: str, new: str) -> None:
        """What was kept for one is kept for another from now on."""
        await self._repository.subscribers.rename(subscriber, new)


class Watches:
    """Pictures that subscribers wait for."""

    def __init__(self, repository: Repository, networks: Networks, searcher: Searcher, pool: CpuPool) -> None:
        self._repository = repository
        self._subscribers = repository.subscribers
        self._networks = networks
        self._searcher = searcher
        self._pool = pool

    async def begin(self, content: bytes, *, subscriber: str, reference: str, since: int | None = None) -> Watch:
        """Wait for a picture to be added. Kept are its SHA-256, pHash and embeddings, and `reference`. An ImageError.

        Of a long picture, such as a strip, its parts are waited for too: a panel that is added is what was waited for.

        `reference` comes back with the watch: where to read the query again, whom to tell. `since`: the `seq` of the
        search that found nothing; by default what is there now is not waited for.
        """
        active, head = await self._networks.current()
        asked = await self._searcher.asked(content, active)
        boxes = await self._pool.run(regions.find, asked.pixels)
        shown = [*(cut(asked.pixels, box) for box in boxes), *(part.pixels for part in asked.parts)]
        parts = [await self._pool.run(active.embedder.embed_region, one) for one in shown]
        vectors = np.stack([active.embedder.network.copy.of(asked.features.embedding), *parts])
        seq = head.seq if since is None else since
        return await self._subscribers.watch(subscriber, asked.features, vectors, active.network, seq, reference)

    async def of(self, subscriber: str) -> list[Watch]:
        """What a subscriber waits for, oldest first."""
        return await self._subscribers.watches(subscriber=subscriber)

    async def end(self, watch_id: int, *, subscriber: str, found: Match | None = None) -> bool:
        """Wait no longer; False where it was no longer waited for. `found`: what has appeared, for the webhook."""
        return await self._subscribers.unwatch(watch_id, subscriber, found)

    async def postpone(self, watch: Watch) -> None:
        """Pass over what has come so far, e.g. where the query cannot be read again."""
        await self._subscribers.compared([watch.id], (await self._repository.feed.head()).seq)

    async def due(self) -> list[Watch]:
        """Watches for which something has come, by whichever door, that may be what is waited for."""
        head = await self._repository.feed.head()
        by_seq: dict[int, list[Watch]] = defaultdict(list)
        for watch in await self._subscribers.watches(behind=head.seq):
            by_seq[watch.seq].append(watch)
        if not by_seq:
            return []
        active, head = await self._networks.current()
        due: list[Watch] = []
        compared: list[int] = []
        for seq, waiting in by_seq.items():
            came = await self._subscribers.came_after(seq)
            likely = await self._likely(waiting, came, active)
            due += [watch for watch in waiting if likely[watch.id]]
            compared += [watch.id for watch in waiting if not likely[watch.id]]
        await self._subscribers.compared(compared, head.seq)
        return due

    async def appeared(self, watch: Watch, content: bytes) -> Match | None:
        """The match in lane `same` among what has come for a watch; `content` is the query, read again.

        Found, the watch stays until `end`, so that nobody is left untold by a crash.
        """
        active, head = await self._networks.current()
        asked = await self._searcher.asked(content, active)
        came = await self._subscribers.came_after(watch.seq)
        likely = (await self._likely([watch], came, active))[watch.id]
        wrong = await self._subscribers.called_wrong(watch.subscriber, asked.features)
        found: list[Match] = []
        for image_id in likely:
            if image_id in wrong:
                continue
            candidates = await active.matcher.examine(
                asked.pixels, asked.features, image_id, likely[image_id], parts=asked.parts
            )
            references = active.references(asked.features.embedding, candidates)
            exact = asked.exact if asked.exact and asked.exact.id == image_id else None
            found += ranking.rank(candidates, references, active.calibration, limit=1, exact=exact)
        same = [match for match in found if match.lane == "same"]
        if same:
            return max(same, key=lambda match: (match.score, -match.image.id))
        await self._subscribers.compared([watch.id], head.seq)
        return None

    async def _likely(
        self, waiting: list[Watch], came: list[int], active: ActiveNetwork
    ) -> dict[int, dict[int, float]]:
        """For each watch the new pictures that may be the one waited for, likeliest first, with their cosines."""
        likely: dict[int, dict[int, float]] = {watch.id: {} for watch in waiting}
        if not came:
            return likely
        network, head = active.network, active.embedder.network.copy
        async for rows in self._repository.features.embeddings_of(network, head.whole, came):
            if rows:
                stored = await self._pool.run(codec.vectors_from_bytes, [vector for *_, vector in rows], head.whole)
                vectors = head.of(stored)
                for watch in waiting:
                    cosines = await self._pool.run(_cosines, watch, network, vectors)
                    for at in np.flatnonzero(cosines >= active.embedder.network.maybe_cosine).tolist():
                        image_id, cosine = rows[at][0], float(cosines[at])  # of a long picture any part counts
                        likely[watch.id][image_id] = max(cosine, likely[watch.id].get(image_id, cosine))
        hashed = HammingIndex()
        hashed.add(*await self._repository.features.phashes(came))
        for watch in waiting:
            if watch.query_phash is not None:
                (hits,) = hashed.search(np.array([watch.query_phash], np.uint64), NEAR_HASHES, MAYBE_HASH)
                for image_id in hits.keys.tolist():
                    likely[watch.id][image_id] = max(1.0, likely[watch.id].get(image_id, 0.0))
            best = sorted(likely[watch.id].items(), key=lambda pair: (-pair[1], pair[0]))
            likely[watch.id] = dict(best[:EXAMINED])
        return likely


def _cosines(watch: Watch, network: NetworkRef, vectors: Vector) -> Vector:
    """The best cosine of any part of the query with each row of `vectors` (n, dimensions); 1 where none can be told."""
    size = codec.BYTES_A_NUMBER * vectors.shape[1]
    is_whole = watch.vectors and len(watch.vectors) % size == 0
    if watch.network != network or not is_whole:
        return np.ones(len(vectors), np.float32)
    parts = [watch.vectors[start : start + size] for start in range(0, len(watch.vectors), size)]
    return np.asarray((codec.vectors_from_bytes(parts, vectors.shape[1]) @ vectors.T).max(axis=0), np.float32)
