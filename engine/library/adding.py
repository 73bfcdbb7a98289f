"""Adds pictures: read, recognised, prepared in the pool, stored a portion at a time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from engine.concurrency import CpuPool
from engine.domain import AddResult, FileSeen, Image, NetworkRef, Prepared, Provenance, Stop, never
from engine.errors import LibraryError, PicTraceError
from engine.features import hashes, orb, registry
from engine.features.embedding import Embedder
from engine.library.active_network import Networks
from engine.library.duplicates import Duplicates
from engine.library.tagging import split_tags
from engine.pictures import imaging
from engine.pictures.decoding import Decoders
from engine.pictures.fetch import Fetched, Fetcher
from engine.pictures.names import shown
from engine.pictures.sources import LeftAlone, Refused, Remote, Source
from engine.storage.files import PictureFiles
from engine.storage.repository import Repository
from engine.storage.statements import Operation

PORTION_PICTURES, PORTION_BYTES = 32, 48 * 1024 * 1024  # what is held in memory and stored in one transaction
COMPARED_BEHIND = PORTION_PICTURES  # results that wait for what is being compared, before the next are made
FETCHES = 8  # at a time
PATIENCE_S = 2.0  # with what takes long, once it is to be stopped
LOOK_S = 0.25  # between two looks at whether it is

Given = Source | Remote | Refused | LeftAlone
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Read:
    source: Source | Remote
    content: bytes
    sha256: str
    fetched: Fetched | None = None

    @property
    def file(self) -> FileSeen | None:
        return self.source.file if isinstance(self.source, Source) else None

    @property
    def name(self) -> str:
        return self.fetched.name if self.fetched and self.from_page else self.source.name

    @property
    def from_page(self) -> bool:
        return self.fetched is not None and self.fetched.is_of_page

    def provenance(self, said: Provenance) -> Provenance:
        """What is said of all pictures, with what is known of this one."""
        known = replace(said, name=self.name, file=self.file, from_page=self.from_page, source=self.source.where)
        if self.fetched is None:
            return known
        return replace(
            known,
            source_url=said.source_url or self.fetched.url,
            page_url=said.page_url or self.fetched.page_url,
        )


class Adder:
    """Adds what sources give to one library."""

    def __init__(
        self,
        repository: Repository,
        networks: Networks,
        duplicates: Duplicates,
        fetcher: Fetcher,
        decoders: Decoders,
        pool: CpuPool,
    ) -> None:
        self._repository = repository
        self._networks = networks
        self._duplicates = duplicates
        self._fetcher = fetcher
        self._fetches = asyncio.Semaphore(FETCHES)
        self._decoders = decoders
        self._pool = pool
        # No more lies in the pool's queue: what is to be compared or searched for meanwhile has its turn soon.
        self._places = asyncio.Semaphore(2 * pool.workers)

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
        stop: Stop = never,
    ) -> AsyncGenerator[AddResult, None]:
        """See SearchService.add. A picture whose result was given is stored to stay.

        While some are being compared with the library, the next portion is being written and the one after computed.
        Once `stop` says so, what was begun is finished and nothing more is begun; what is not ready a little later is
        given up without a result. Raises a LibraryError where nothing more can be stored, e.g. on a full disk, after
        the results of what was.
        """
        self._repository.database.require_writable()  # before any file is written
        await asyncio.gather(self._networks.current(), self._decoders.warm_up())
        operation = Operation("add", actor)
        if operation_id is not None:
            operation = await self._repository.operations.continued(operation_id)
        said = Provenance("", title, split_tags(tags), source_url, page_url)
        failure: LibraryError | None = None
        async with (
            aclosing(self._stored(sources, said, operation, stop)) as portions,
            _Naming(self._duplicates) as naming,
        ):
            try:
                async for results in portions:
                    for result in await naming.take(results):
                        yield result
            except LibraryError as error:
                failure = error
            for result in await naming.rest():
                yield result
        if failure:
            raise failure

    async def _stored(
        self,
        sources: Iterable[Given],
        said: Provenance,
        operation: Operation,
        stop: Stop,
    ) -> AsyncGenerator[list[AddResult], None]:
        """The results of one portion after another."""
        portions = _portions(replace(one, name=shown(one.name), where=shown(one.where)) for one in sources)
        computing: list[asyncio.Task[list[AddResult | Prepared]]] = []
        written = _Written()
        try:
            while not stop() and (portion := await self._pool.run(next, portions, None)):
                computing.append(asyncio.create_task(self._prepare(portion, said, stop, written)))
                if len(computing) == 2:
                    yield await self._store(await computing.pop(0), operation, written)
            while computing:
                yield await self._store(await computing.pop(0), operation, written)
        finally:
            await asyncio.gather(*computing, return_exceptions=True)
            await self._drop(written)

    async def _prepare(
        self, portion: list[Given], said: Provenance, stop: Stop, written: "_Written"
    ) -> list[AddResult | Prepared]:
        unchanged = await self._repository.additions.known_files(
            [s.file for s in portion if isinstance(s, Source) and s.file and not s.reread]
        )
        results = [_if_unchanged(source, unchanged) for source in portion]
        new = [source for source, result in zip(portion, results, strict=True) if result is None]
        prepared = iter(await self._prepare_new(new, said, stop, written) if new else [])
        whole = [result or next(prepared) for result in results]
        return [result for result in whole if result is not None]

    async def _prepare_new(
        self, new: list[Given], said: Provenance, stop: Stop, written: "_Written"
    ) -> list[AddResult | Prepared | None]:
        """What became of each picture, in order; None for one that was given up."""
        results: list[AddResult | _Read | Prepared | None] = []
        for read in await _unless_stopped(map(self._read, new), stop):
            if isinstance(read, BaseException):
                raise read
            results.append(read)
        stored = await self._repository.images.whole_by_sha256(
            [one.sha256 for one in results if isinstance(one, _Read)]
        )
        seen = {}
        for at, one in enumerate(results):
            if isinstance(one, _Read) and one.sha256 in stored:
                results[at] = AddResult(
                    one.name, "duplicate", stored[one.sha256], from_page=one.from_page, source=one.source.where
                )
                if one.file:
                    seen[one.file] = stored[one.sha256]
        await self._repository.additions.see_files(seen)
        head = await self._repository.feed.head()
        wanted = [network for network in (head.network, head.next_network) if network]
        embedders = {network: await self._networks.embedder(network) for network in wanted}
        prepared = await _unless_stopped(
            (
                self._prepare_one(one, said, embedders, written) if isinstance(one, _Read) else _given(one)
                for one in results
            ),
            stop,
        )
        for failed in prepared:
            if isinstance(failed, BaseException):
                raise failed
        return [one for one in prepared if not isinstance(one, BaseException)]

    async def _read(self, source: Given) -> AddResult | _Read:
        if not isinstance(source, Remote):
            return await self._pool.run(_read, source)
        try:
            async with self._fetches:
                fetched = await self._fetcher.fetch(source.url)
        except PicTraceError as error:
            return _rejected(source, error)
        return _Read(source, fetched.content, await self._pool.run(hashes.sha256, fetched.content), fetched)

    async def _prepare_one(
        self, one: _Read, said: Provenance, embedders: dict[NetworkRef, Embedder], written: "_Written"
    ) -> Prepared | AddResult:
        provenance = one.provenance(said)
        try:
            async with self._places:
                image = await self._decoders.decode(one.content, side=imaging.LIBRARY_SIDE, of_parts=True)
                prepared = await self._pool.run(prepare, image, one.content, one.sha256, provenance, embedders)
        except PicTraceError as error:
            return replace(_rejected(one.source, error), name=one.name)
        extension = imaging.EXTENSIONS[prepared.image.media_type]
        files = PictureFiles(one.sha256, extension, prepared.content, prepared.thumbnail)
        written.add(prepared)
        await _to_its_end(self._repository.files.put([files]))
        return prepared

    async def _store(
        self, portion: list[AddResult | Prepared], operation: Operation, written: "_Written"
    ) -> list[AddResult]:
        prepared = [one for one in portion if isinstance(one, Prepared)]
        stored = await self._repository.additions.add(prepared, operation) if prepared else []
        while stored is None:  # the library began to change its network meanwhile: make what it wants now
            prepared = await self._with_wanted_embeddings(prepared)
            stored = await self._repository.additions.add(prepared, operation)
        in_turn = iter(
            [replace(result, warnings=one.image.warnings) for result, one in zip(stored, prepared, strict=True)]
        )
        written.remove(one for one in portion if isinstance(one, Prepared))
        given = iter(await self._warned([one for one in portion if isinstance(one, AddResult)]))
        return [_told(next(in_turn), one.provenance) if isinstance(one, Prepared) else next(given) for one in portion]

    async def _warned(self, results: list[AddResult]) -> list[AddResult]:
        """The same, duplicates of stored pictures with what is known of these: their bytes are not decoded again."""
        ids = [one.id for one in results if one.id is not None]
        known = await self._repository.images.warnings(ids) if ids else {}
        return [replace(one, warnings=known.get(one.id, ())) if one.id is not None else one for one in results]

    async def _drop(self, written: "_Written") -> None:
        """Delete the files of what will not be stored: it failed, or was given up or cancelled, however far it was."""
        if not written.prepared:
            return
        with suppress(LibraryError):  # `pictrace check` finds what is left
            await self._repository.additions.drop_unowned_files(written.prepared)

    async def _with_wanted_embeddings(self, prepared: list[Prepared]) -> list[Prepared]:
        head = await self._repository.feed.head()
        complete = []
        for one in prepared:
            embeddings = dict(one.embeddings)
            for network in (head.network, head.next_network):
                if network and network not in embeddings:
                    embedder = await self._networks.embedder(network)
                    embeddings[network] = await self._pool.run(embedder.embed, one.image.pixels)
            parts = one.parts
            if parts:
                image = await self._decoders.decode(one.content, side=imaging.LIBRARY_SIDE, of_parts=True)
                embedders = {network: await self._networks.embedder(network) for network in embeddings}
                parts = await self._pool.run(registry.parts, image, embedders)
            complete.append(replace(one, embeddings=embeddings, parts=parts))
        return complete


class _Written:
    """The pictures of an addition whose files are written, or being written, and whose rows are not."""

    def __init__(self) -> None:
        self._by_identity: dict[int, Prepared] = {}

    @property
    def prepared(self) -> list[Prepared]:
        return list(self._by_identity.values())

    def add(self, one: Prepared) -> None:
        self._by_identity[id(one)] = one

    def remove(self, stored: Iterable[Prepared]) -> None:
        for one in stored:
            self._by_identity.pop(id(one), None)


class _Naming:
    """Has new pictures compared, in one go all that are stored meanwhile; gives the results in order."""

    def __init__(self, duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._stored: list[AddResult] = []  # and yet to be compared
        self._comparing: asyncio.Task[list[AddResult]] | None = None

    async def take(self, results: list[AddResult]) -> list[AddResult]:
        """Take some more; returns those that are compared, if any are."""
        self._stored += results
        done = []
        if self._comparing and (self._comparing.done() or len(self._stored) >= COMPARED_BEHIND):
            done = await self._comparing
            self._comparing = None
        if self._comparing is None:
            self._begin()
        return done

    async def rest(self) -> list[AddResult]:
        """All others."""
        done = []
        while self._comparing:
            done += await self._comparing
            self._comparing = None
            if self._stored:
                self._begin()
        return done

    def _begin(self) -> None:
        self._comparing = asyncio.create_task(self._name(self._stored))
        self._stored = []

    async def _name(self, results: list[AddResult]) -> list[AddResult]:
        new = [one.id for one in results if one.id is not None and one.status in ("added", "restored")]
        near = await self._duplicates.name(new)
        return [replace(one, near=near[one.id]) if one.id in near else one for one in results]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._comparing:
            self._comparing.cancel()
            await asyncio.gather(self._comparing, return_exceptions=True)


def prepare(
    image: Image,
    content: bytes,
    sha256: str,
    provenance: Provenance,
    embedders: dict[NetworkRef, Embedder],
) -> Prepared:
    """Compute all that is stored of a picture, decoded for its parts, each at most LIBRARY_SIDE long."""
    parts = registry.parts(image, embedders)
    image = replace(image, pixels=imaging.reduced(image.pixels, imaging.LIBRARY_SIDE))
    first = next(iter(embedders))
    features = registry.extract(image, sha256, embedders[first])
    return Prepared(
        provenance=provenance,
        content=content,
        thumbnail=imaging.encode_thumbnail(image.pixels),
        image=image,
        features=features,
        embeddings={
            network: features.embedding if network == first else embedder.embed(image.pixels)
            for network, embedder in embedders.items()
        },
        keypoints_version=orb.VERSION,
        parts=parts,
    )


def _portions(sources: Iterator[Given]) -> Iterator[list[Given]]:
    portion: list[Given] = []
    size = 0
    for source in sources:
        portion.append(source)
        size += source.size if isinstance(source, Source) else 0
        if len(portion) >= PORTION_PICTURES or size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _if_unchanged(source: Given, unchanged: dict[str, int]) -> AddResult | None:
    if not isinstance(source, Source) or source.file is None or source.file.path not in unchanged:
        return None
    return AddResult(source.name, "duplicate", unchanged[source.file.path], unchanged=True, source=source.where)


def _read(source: Source | Refused | LeftAlone) -> AddResult | _Read:
    if isinstance(source, LeftAlone):
        return AddResult(source.name, "passed_over", reason=source.reason, source=source.where)
    if isinstance(source, Refused):
        return _rejected(source, source.error)
    try:
        content = source.read()
    except PicTraceError as error:
        return _rejected(source, error)
    return _Read(source, content, hashes.sha256(content))


def _rejected(source: Given, error: PicTraceError) -> AddResult:
    return AddResult(source.name, "rejected", code=error.code, message=str(error), source=source.where)


def _told(result: AddResult, said: Provenance) -> AddResult:
    """The same, with what storage does not know."""
    return replace(result, from_page=said.from_page, source=said.source)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for it, even when cancelled: threads that write do not stop, and what they write could not be deleted."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _given(result: AddResult | Prepared | None) -> AddResult | Prepared | None:
    return result


async def _unless_stopped(work: Iterable[Coroutine[Any, Any, T]], stop: Stop) -> list[T | BaseException | None]:
    """What comes of each, in order, errors too; None for what was not done a little after `stop` had said so."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        stopped_at: float | None = None
        while (await asyncio.wait(tasks, timeout=LOOK_S))[1]:
            if stopped_at is None and stop():
                stopped_at = time.monotonic()
            if stopped_at is not None and time.monotonic() - stopped_at > PATIENCE_S:
                break
    finally:
        late = [task for task in tasks if task.cancel()]
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [None if task in late else result for task, result in zip(tasks, ended, strict=True)]
