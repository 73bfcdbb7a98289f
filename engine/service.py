"""SearchService: everything that a door (shell, API, bot) can ask of a library."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import (
    AddResult,
    Changed,
    CheckReport,
    Decision,
    Explanation,
    Groups,
    Keep,
    Level,
    Match,
    NetworkRef,
    Page,
    Pixels,
    Provenance,
    SearchResult,
    ServedFile,
    Status,
    StoredImage,
    Tally,
    Undone,
    Watch,
)
from engine.features import hashes
from engine.library import checking, samples
from engine.library.active_network import CALIBRATION, ActiveNetwork, Networks
from engine.library.adding import Adder, Given
from engine.library.duplicates import Duplicates
from engine.library.originals import Originals, served_etag
from engine.library.searching import Searcher
from engine.library.subscriptions import Subscriptions
from engine.measuring import benching, fitting
from engine.pictures.decoding import Decoders
from engine.pictures.fetch import Fetched, Fetcher
from engine.pictures.sources import Source, expand
from engine.settings import EngineSettings
from engine.storage.database import Database
from engine.storage.local_files import bytes_used
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.subscribers import Subscribers

logger = logging.getLogger(__name__)

FIT_PICTURES = 120
REEMBED_AT_ONCE = 32
MAX_TAGS = 200
ADMIN_KEY, ADMIN_KEY_BYTES = "admin_key_sha256", 32

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """For callers that show none."""


class SearchService:
    """One open library. Made by `open_service`; all methods may be called concurrently."""

    def __init__(
        self,
        settings: EngineSettings,
        repository: Repository,
        networks: Networks,
        fetcher: Fetcher,
        decoders: Decoders,
        pool: CpuPool,
    ) -> None:
        self.settings = settings
        self._repository = repository
        self._networks = networks
        self._fetcher = fetcher
        self._decoders = decoders
        self._pool = pool
        self._duplicates = Duplicates(repository, networks, pool)
        self._adder = Adder(repository, networks, self._duplicates, fetcher, decoders, pool)
        self._originals = Originals(repository.files, decoders, pool)
        self._subscribers = Subscribers(repository.database)
        self._searcher = Searcher(repository, self._subscribers, networks, self._originals, decoders, pool)
        self._subscriptions = Subscriptions(repository, self._subscribers, networks, self._searcher, pool)

    @property
    def database(self) -> Database:
        """For what a door keeps beside the library, in tables of its own."""
        return self._repository.database

    # --- searching

    async def search(
        self,
        content: bytes,
        *,
        limit: int = 5,
        weak: bool = False,
        preview: bool = False,
        subscriber: str | None = None,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        """The pictures most like an encoded one, best first.

        `weak`: also where nothing is near, the nearest there are. `preview`: a small JPEG of the query comes along.
        `subscriber`: what they have called wrong for this query is left out. `without`: ids of pictures that are passed
        over, so that the matches are those of a library that never had them. Raises InvalidLimit or an ImageError.
        """
        return await self._searcher.search(
            content, limit=limit, weak=weak, preview=preview, subscriber=subscriber, without=without
        )

    async def search_url(self, url: str, *, limit: int = 5, weak: bool = False, preview: bool = False) -> SearchResult:
        """The same for the picture behind a URL. Raises a FetchError too."""
        started = time.perf_counter()
        fetched = await self.fetch(url)
        took_ms = round(1000 * (time.perf_counter() - started), 2)
        result = await self.search(fetched.content, limit=limit, weak=weak, preview=preview)
        return result.after("fetch", took_ms)

    async def search_stored(
        self, image_id: int, *, limit: int = 5, weak: bool = False, preview: bool = False
    ) -> SearchResult:
        """The pictures most like a stored one, itself left out. UnknownImage, InvalidLimit."""
        return await self._searcher.search_stored(image_id, limit=limit, weak=weak, preview=preview)

    async def why(self, content: bytes, image_id: int, *, words: bool = True) -> bytes:
        """A JPEG that shows why the picture `image_id` matches an encoded one. UnknownImage, or an ImageError.

        Without `words` for doors that say in another language what was found.
        """
        return (await self.explain(content, image_id, words=words)).picture

    async def explain(self, content: bytes, image_id: int, *, words: bool = True) -> Explanation:
        """The same with the match that it shows."""
        return await self._searcher.explain(content, image_id, words=words)

    async def fetch(self, url: str) -> Fetched:
        """The bytes behind a URL, fetched guarded. Raises a FetchError or FileTooLarge."""
        return await self._fetcher.fetch(url)

    # --- what subscribers ask to be remembered; a subscriber is an opaque name, e.g. `telegram:1234`

    async def judge(self, content: bytes, image_id: int, *, right: bool, subscriber: str) -> None:
        """Remember that a match was right or wrong. UnknownImage, or an ImageError.

        Kept are subscriber, SHA-256 and pHash of the query, the picture and the verdict; the last one on a pair counts.
        """
        await self._subscriptions.judge(content, image_id, right=right, subscriber=subscriber)

    async def watch(self, content: bytes, *, subscriber: str, reference: str, since: int | None = None) -> Watch:
        """Wait for a picture to be added. Kept are its SHA-256, pHash and embeddings, and `reference`. An ImageError.

        `reference` comes back with the watch: where to read the query again, whom to tell. `since`: the `seq` of the
        search that found nothing; by default what is there now is not waited for.
        """
        return await self._subscriptions.watch(content, subscriber=subscriber, reference=reference, since=since)

    async def due_watches(self) -> list[Watch]:
        """Watches for which something has come, by whichever door, that may be what is waited for."""
        return await self._subscriptions.due()

    async def appeared(self, watch: Watch, content: bytes) -> Match | None:
        """The match in lane `same` among what has come for a watch; `content` is the query, read again.

        Found, the watch stays until `unwatch`, so that nobody is left untold by a crash.
        """
        return await self._subscriptions.appeared(watch, content)

    async def postpone(self, watch: Watch) -> None:
        """Pass over what has come so far, e.g. where the query cannot be read again."""
        await self._subscribers.compared([watch.id], (await self._repository.head()).seq)

    async def unwatch(self, watch_id: int, *, subscriber: str) -> bool:
        """Wait no longer; False where it was no longer waited for."""
        return await self._subscribers.unwatch(watch_id, subscriber)

    async def watches(self, subscriber: str) -> list[Watch]:
        """What a subscriber waits for, oldest first."""
        return await self._subscribers.watches(subscriber=subscriber)

    async def forget(self, subscriber: str) -> Tally:
        """Delete all that is kept for a subscriber; returns how much that was."""
        return await self._subscribers.forget(subscriber)

    async def rename_subscriber(self, subscriber: str, new: str) -> None:
        """What was kept for one is kept for another from now on."""
        await self._subscribers.rename(subscriber, new)

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
        self.database.require_writable()  # before any file is written
        await asyncio.gather(self._networks.current(), self._decoders.warm_up())
        operation = Operation("add", actor)
        if operation_id is not None:
            operation = await self._repository.continued(operation_id)
        said = Provenance("", title, tuple(tags), source_url, page_url)
        async for result in self._adder.add(sources, said, operation, stop):
            yield result

    async def begin_addition(self, *, actor: str) -> int:
        """An operation that additions may join before anything is added: the `operation_id` that `add` takes.

        While nothing has joined it there is nothing to undo.
        """
        return await self._repository.begin(Operation("add", actor))

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

    async def last_operation(self, actor: str) -> int:
        """What this actor did last and has not taken back, as `undo` takes it. NothingToUndo."""
        return await self._repository.last_operation(actor)

    async def added_by(self, operation_id: int) -> list[int]:
        """Ids of the pictures that an operation added or restored."""
        return await self._repository.added_by(operation_id)

    # --- near-duplicates

    async def compare(
        self,
        *,
        limit: int | None = None,
        thorough: bool = False,
        progress: Progress = no_progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Compare pictures with each other that have not been compared yet, at most `limit`; what is done is kept.

        Additions are compared as they come: what waits is a library of an older PicTrace, what came back by an undo, or
        what was interrupted. `thorough`: by their regions too, for crops and screenshots; as dear as a search each.
        """
        if self.database.read_only:
            return  # nothing of it could be kept
        await self._duplicates.catch_up(limit=limit, thorough=thorough, progress=progress, stop=stop)

    async def duplicates(self, *, cursor: int | None = None, limit: int | None = None) -> Groups:
        """Groups of near-duplicates, as far as they have been compared, without those that somebody has decided on."""
        return await self._duplicates.groups(cursor=cursor, limit=limit)

    async def duplicates_of(self, image_id: int) -> tuple[int, ...]:
        """The ids of the group that a picture is in, best first. UnknownImage, NotDuplicates."""
        return await self._duplicates.group_of(image_id)

    async def decide(self, ids: Sequence[int], keep: Keep, *, actor: str) -> Decision:
        """Keep the best of a group and remove the others, or remember that all are kept, or that they are different.

        UnknownImage, NotDuplicates (for the best only), InvalidLimit; nothing is done then.
        """
        return await self._duplicates.decide(ids, keep, actor=actor)

    async def _sample_ids(self) -> list[int]:
        wanted = await self._pool.run(samples.fingerprints)
        return sorted((await self._repository.ids_by_sha256(sorted(wanted))).values())

    # --- looking after

    async def get(self, image_id: int) -> StoredImage:
        """A picture by id. UnknownImage."""
        return await self._repository.get(image_id)

    async def original(self, image_id: int) -> bytes:
        """The file of a picture as it was added. UnknownImage; UnreadableFile where it is lost."""
        return await self._originals.file(await self._repository.get(image_id))

    async def preview(self, image: StoredImage, *, side: int = 1280, max_ratio: float = 10) -> bytes:
        """A JPEG of a stored picture for places that take nothing else, longest side at most `side` pixels.

        Strips get white borders until their sides are at most 1 : `max_ratio`. Where the original is lost, the
        thumbnail; UnreadableFile where that is lost too.
        """
        return await self._originals.preview(image, side=side, max_ratio=max_ratio)

    async def served_file(self, image: StoredImage, *, whole: bool) -> ServedFile:
        """The file of a picture for others: as it was added if `whole`, else without metadata. UnreadableFile if lost.

        Without metadata JPEG, PNG, WebP and GIF keep their pixels, orientation and colour profile, byte for byte; of
        other kinds, and of damaged files, a JPEG is given, of full size unless that takes too much memory. Whether
        there is anything at a path is for the caller to see.
        """
        return await self._originals.served(image, whole=whole)

    def served_etag(self, image: StoredImage, *, whole: bool) -> str:
        """The `etag` of what `served_file` would give, without reading it."""
        return served_etag(image, whole=whole)

    async def thumbnail_file(self, image: StoredImage) -> Path | bytes:
        """A picture's thumbnail, a JPEG of at most 320 pixels: where it lies on this machine, or what it holds."""
        return await self._originals.thumbnail_file(image)

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
        active, head = await self._networks.current()
        return Level(active.index.size, max(0, head.seq - before), active.calibration.fitted)

    async def status(self) -> Status:
        """The library at a glance."""
        active, head = await self._networks.current()
        counts = await self._repository.counts()
        return Status(
            data_dir=str(self.settings.data_dir),
            database=self.database.name,
            images=counts["images"],
            removed=counts["removed"],
            network=active.network,
            next_network=head.next_network,
            features={name: counts[name] for name in ("embedding", "phash", "orb")},
            calibrated=active.calibration.fitted,
            disk_bytes=await self._pool.run(bytes_used, self.settings.data_dir),
            files_url=self.settings.files_url,
            original_bytes=await self._repository.original_bytes(),
            index_kind=active.index.kind,
            index_size=active.index.size,
            index_seq=active.index.seq,
            last_seq=head.seq,
            checkpoint_seq=active.index.checkpoint_seq,
            tally=await self._subscribers.tally(),
        )

    async def check(
        self,
        *,
        repair: bool,
        purge: bool,
        actor: str,
        deep: bool = False,
        allow_missing: int | None = None,
        progress: Progress = no_progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> CheckReport:
        """Look for what is lost, damaged or left over; mend it where asked.

        `deep`: read all originals too, and compare what was made of them; once `stop` says so it ends, and the next
        deep check goes on there. What `repair` takes out of the library, `undo` brings back. TooManyMissing, with
        nothing changed, where that were so many pictures that likely the place of the originals is not there, or more
        than `allow_missing`.
        """
        checker = checking.Checker(self.settings, self._repository, self._networks, self._originals, self._pool)
        return await checker.check(
            repair=repair,
            purge=purge,
            deep=deep,
            allow_missing=allow_missing,
            actor=actor,
            progress=progress,
            stop=stop,
        )

    async def bench(self, wish: benching.BenchPlan, *, progress: Progress = no_progress) -> benching.BenchReport:
        """How well edited copies of a sample of the library are found; nothing is written. TooFewPictures."""
        active, _ = await self._networks.current()
        return await benching.bench(
            self.search,
            self._repository,
            self._original,
            self._pool,
            wish,
            network=str(active.network),
            progress=progress,
        )

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
        active, _ = await self._networks.current()
        if active.calibration.fitted:
            return True
        return await self._calibrate(active, progress)

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
                pixels = await self._original(image)
                vectors[image.id] = await self._pool.run(embedder.embed, pixels)
            await self._repository.put_embeddings(network, vectors)
            progress(total - await self._repository.count_lacking(network), total)

    async def _calibrate(self, active: ActiveNetwork, progress: Progress) -> bool:
        images = await self._repository.live_images(limit=100_000)
        if len(images) < fitting.MIN_PICTURES:
            logger.warning("too few pictures for a calibration: at least %d are needed", fitting.MIN_PICTURES)
            return False
        random = np.random.default_rng(len(images))
        chosen = [images[int(i)] for i in random.permutation(len(images))]
        sample, rest = chosen[: min(FIT_PICTURES, len(chosen) // 2)], chosen[len(chosen) // 2 :][: fitting.BACKGROUND]
        unrelated = [await self._original(image) for image in rest]
        calibration = await fitting.fit(
            active,
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

    async def _original(self, image: StoredImage) -> Pixels:
        """The pixels of a stored picture, as its features were computed from. An ImageError if the file is gone."""
        return (await self._originals.decoded(image)).pixels
