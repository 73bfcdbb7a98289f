"""SearchService: everything that a door (shell, API, bot) can ask of a library."""

import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from engine.concurrency import CpuPool
from engine.domain import (
    AddResult,
    Arrangement,
    Changed,
    DayOfPictures,
    Explanation,
    Level,
    Page,
    PastOperation,
    Pixels,
    Position,
    Progress,
    Region,
    RemovedImage,
    SearchPlan,
    SearchResult,
    Sort,
    Status,
    Stop,
    StoredImage,
    Undone,
    never,
    no_progress,
)
from engine.errors import NetworkError, UnknownImage
from engine.library import retitling
from engine.library.active_network import Networks
from engine.library.adding import Adder, Given
from engine.library.admin_key import AdminKey
from engine.library.checking import Checker
from engine.library.comparing import Comparing
from engine.library.duplicates import Duplicates
from engine.library.originals import Originals
from engine.library.reembedding import reembed
from engine.library.samples import Samples
from engine.library.searching import Searcher
from engine.library.subscriptions import Subscriptions, Watches
from engine.library.tagging import split_tags
from engine.library.watched_folders import WatchedFolders
from engine.library.webhook import Webhook
from engine.measuring import benching, fitting
from engine.pictures.decoding import Decoders
from engine.pictures.fetch import Fetched, Fetcher
from engine.pictures.sources import Source
from engine.settings import EngineSettings
from engine.storage.database import Database
from engine.storage.local_files import bytes_used
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

MAX_TAGS = 200


class SearchService:
    """One open library. Made by `open_service`; all methods may be called concurrently.

    Searching, adding, changing and looking are methods; what is asked of one subject only lies in parts of that name:
    `duplicates`, `watches`, `subscriptions`, `comparing`, `watched_folders`, `originals`, `samples`, `checker`,
    `admin_key`, `webhook`. What it is made of, `repository`, `networks` and `pool`, is for those who measure and test
    it; no door reaches for them.
    """

    def __init__(
        self,
        settings: EngineSettings,
        repository: Repository,
        networks: Networks,
        originals: Originals,
        fetcher: Fetcher,
        decoders: Decoders,
        pool: CpuPool,
    ) -> None:
        self.settings = settings
        self.repository = repository
        self.networks = networks
        self._fetcher = fetcher
        self._decoders = decoders
        self.pool = pool
        self.originals = originals
        self.duplicates = Duplicates(repository, networks, originals, pool)
        self._searcher = Searcher(repository, networks, self.originals, decoders, pool)
        self._adder = Adder(repository, networks, self.duplicates, fetcher, decoders, pool)
        self.samples = Samples(settings, repository, self._adder, pool)
        self.subscriptions = Subscriptions(repository, networks, self._searcher)
        self.watches = Watches(repository, networks, self._searcher, pool)
        self.comparing = Comparing(networks, self._searcher, pool)
        self.watched_folders = WatchedFolders(settings, repository, self._adder, pool)
        self.checker = Checker(settings, repository, networks, self.originals, pool)
        self.admin_key = AdminKey(repository.settings)
        self.webhook = Webhook(settings, repository, pool)

    @property
    def database(self) -> Database:
        """For what a door keeps beside the library, in tables of its own."""
        return self.repository.database

    # --- searching

    async def search(
        self,
        content: bytes,
        *,
        limit: int = 5,
        weak: bool = False,
        preview: bool = False,
        region: Region | None = None,
        tags: Sequence[str] = (),
        subscriber: str | None = None,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        """The pictures most like an encoded one, best first; see `SearchPlan` for what may be asked of it.

        `subscriber`: what they have called wrong for this query is left out. `without`: ids of pictures that are passed
        over, so that the matches are those of a library that never had them. Raises InvalidLimit, InvalidRegion or an
        ImageError.
        """
        plan = SearchPlan(limit, weak, preview, region, tuple(tags))
        return await self._searcher.search(content, plan, subscriber=subscriber, without=without)

    async def search_url(
        self,
        url: str,
        *,
        limit: int = 5,
        weak: bool = False,
        preview: bool = False,
        region: Region | None = None,
        tags: Sequence[str] = (),
    ) -> SearchResult:
        """The same for the picture behind a URL. Raises a FetchError too."""
        plan = SearchPlan(limit, weak, preview, region, tuple(tags))
        return await self._search_fetched(await self.fetch(url), plan)

    async def search_fetched(
        self,
        fetched: Fetched,
        *,
        limit: int = 5,
        weak: bool = False,
        preview: bool = False,
        region: Region | None = None,
        tags: Sequence[str] = (),
    ) -> SearchResult:
        """The same for what `fetch` gave, for doors that fetch and search in places of their own."""
        return await self._search_fetched(fetched, SearchPlan(limit, weak, preview, region, tuple(tags)))

    async def search_stored(
        self,
        image_id: int,
        *,
        limit: int = 5,
        weak: bool = False,
        preview: bool = False,
        region: Region | None = None,
        tags: Sequence[str] = (),
    ) -> SearchResult:
        """The pictures most like a stored one, itself left out. UnknownImage, InvalidLimit, InvalidRegion."""
        return await self._searcher.search_stored(image_id, SearchPlan(limit, weak, preview, region, tuple(tags)))

    async def explain(
        self, content: bytes, image_id: int, *, words: bool = True, region: Region | None = None
    ) -> Explanation:
        """Why the picture `image_id` matches an encoded one, or a region of it: the match, and a JPEG that shows it.

        Without `words` for doors that say in another language what was found. UnknownImage, InvalidRegion, or an
        ImageError.
        """
        return await self._searcher.explain(content, image_id, words=words, region=region)

    async def fetch(self, url: str) -> Fetched:
        """The picture behind a URL, or the one that the web page there names, fetched guarded.

        Raises a FetchError, FileTooLarge, or NotAnImage for a page that names none.
        """
        return await self._fetcher.fetch(url)

    # --- changing

    def add(
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
        """Add pictures as one operation; a result for each source, in order, once it is stored to stay.

        `operation_id`: go on with an earlier addition, so that one undo takes back both; UnknownOperation. Once `stop`
        says so, what was begun is finished and nothing more is begun.
        """
        return self._adder.add(
            sources,
            actor=actor,
            title=title,
            tags=tags,
            source_url=source_url,
            page_url=page_url,
            operation_id=operation_id,
            stop=stop,
        )

    async def begin_addition(self, *, actor: str) -> int:
        """An operation that additions may join before anything is added: the `operation_id` that `add` takes.

        While nothing has joined it there is nothing to undo.
        """
        return await self.repository.operations.begin(Operation("add", actor))

    async def add_bytes(self, content: bytes, *, name: str, actor: str, **said: Any) -> AddResult:
        """Add one encoded picture; `said` is what `add` takes of it."""
        source = Source(name, lambda: content, len(content))
        results = [result async for result in self.add([source], actor=actor, **said)]
        return results[0]

    async def remove(self, ids: Sequence[int], *, actor: str) -> int:
        """Take pictures out of the library; `undo` brings them back within `undo_days`. UnknownImage.

        Returns the operation's id.
        """
        return await self.repository.images.remove(ids, Operation("remove", actor))

    async def remove_those(self, ids: Sequence[int], *, actor: str) -> tuple[int, int]:
        """The same for those of the pictures that are still there: the operation's id, and how many these were.

        UnknownImage where none is.
        """
        operation = Operation("remove", actor)
        removed = await self.repository.images.take_out(ids, operation)
        if operation.id is None:
            raise UnknownImage("None of these pictures is in this library (any more). Nothing was removed.")
        return operation.id, removed

    async def restore(self, ids: Sequence[int] | None, *, actor: str) -> tuple[int, int]:
        """Bring removed pictures back, those that are still kept, or all: the operation's id, and how many these were.

        UnknownImage where none is.
        """
        operation = Operation("restore", actor)
        restored = await self.repository.trash.restore(ids, operation)
        assert operation.id
        return operation.id, restored

    async def edit_many(
        self,
        ids: Sequence[int],
        *,
        actor: str,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        title: str | None = None,
    ) -> tuple[int | None, int]:
        """Change tags and titles of those of the pictures that are there, as one operation.

        Returns its id, None where nothing was to be changed, and how many pictures were. `title`: a pattern, see
        `retitling`; an empty one takes titles away. UnknownImage where none of the pictures is there.
        """
        edit = retitling.editing(add_tags, remove_tags, title)
        operation = Operation("edit", actor)
        changed = await self.repository.images.edit_many(ids, edit, operation)
        return operation.id, changed

    async def edit(self, image_id: int, values: dict[str, str | list[str] | None], *, actor: str) -> Changed:
        """Change title, tags, source_url or page_url. UnknownImage."""
        if isinstance(tags := values.get("tags"), list):
            values = values | {"tags": list(split_tags(tags))}
        return await self.repository.images.edit(image_id, values, Operation("edit", actor))

    async def undo(self, *, actor: str, operation_id: int | None = None) -> Undone:
        """Take back a whole operation, by default the last. NothingToUndo, UnknownOperation."""
        return await self.repository.operations.undo(actor, operation_id)

    async def last_operation(self, actor: str) -> int:
        """What this actor did last and has not taken back, as `undo` takes it. NothingToUndo."""
        return await self.repository.operations.last(actor)

    async def added_by(self, operation_id: int) -> list[int]:
        """Ids of the pictures that an operation added or restored."""
        return await self.repository.operations.added_by(operation_id)

    # --- looking

    async def get(self, image_id: int) -> StoredImage:
        """A picture by id. UnknownImage."""
        return await self.repository.images.get(image_id)

    async def those(self, ids: Sequence[int]) -> list[StoredImage]:
        """Those of the pictures that are there, in the order given, each once. UnknownImage where none is."""
        found = await self.repository.pairs.images(ids)
        if not found:
            raise UnknownImage("None of these pictures is in this library (any more).")
        return [found[image_id] for image_id in dict.fromkeys(ids) if image_id in found]

    async def added_by_whom(self, image_id: int) -> str | None:
        """Who added a picture; None where that is no longer known."""
        return await self.repository.operations.actor_of_addition(image_id)

    async def page(
        self,
        *,
        cursor: int | None = None,
        offset: int = 0,
        limit: int = 50,
        sort: Sort = "added",
        descending: bool = True,
        tags: Sequence[str] = (),
        words: str | None = None,
    ) -> Page:
        """A part of the library, by default newest first; `tags` and `words` filter as Arrangement says.

        From the place `offset` on, or behind the picture `cursor`.
        """
        arrangement = Arrangement(sort, descending, tuple(tags), words)
        total = await self.repository.listings.count(arrangement) if cursor is None and not offset else None
        images = await self.repository.listings.page(arrangement, limit=limit + 1, offset=offset, after=cursor)
        rest = images[limit - 1].id if len(images) > limit else None
        return Page(tuple(images[:limit]), rest, total)

    async def days(self, arrangement: Arrangement, *, utc_offset_minutes: int = 0) -> tuple[DayOfPictures, ...]:
        """How many pictures there are of each day, in the order of the arrangement: by `added`, or by `taken`.

        `utc_offset_minutes`: by whose clock something was added on a day.
        """
        offset = timedelta(minutes=utc_offset_minutes)
        return tuple(await self.repository.listings.days(arrangement, utc_offset=offset))

    async def position(self, image_id: int, arrangement: Arrangement) -> Position:
        """Where a picture stands in the library as it is arranged. UnknownImage."""
        return await self.repository.listings.position(arrangement, image_id)

    async def removed(self, *, offset: int = 0, limit: int = 50) -> tuple[tuple[RemovedImage, ...], int]:
        """Some of the pictures that were removed and are still kept, lately removed first; and how many these are."""
        rows = await self.repository.trash.page(offset=offset, limit=limit)
        kept = timedelta(days=self.settings.undo_days)
        found = (RemovedImage(image, by, image.deleted_at + kept) for image, by in rows if image.deleted_at)
        return tuple(found), await self.repository.images.count_removed()

    async def get_removed(self, image_id: int) -> StoredImage:
        """A removed picture that is still kept. UnknownImage."""
        return await self.repository.trash.get(image_id)

    async def history(self, *, before: int | None = None, limit: int = 50) -> tuple[PastOperation, ...]:
        """What was done to the library, newest first, with ids below `before`."""
        return tuple(await self.repository.operations.history(before=before, limit=limit))

    async def tags(self) -> dict[str, int]:
        """The most frequent tags with the number of their pictures."""
        return await self.repository.images.tags(MAX_TAGS)

    async def warm_up(self) -> None:
        """Load the network and the index, so that the first search need not; without a network all else is served."""
        try:
            await self.networks.current()
        except NetworkError as error:
            logger.warning("nothing can be searched for or added: %s", error)

    async def level(self) -> Level:
        """How level the index was; it is level afterwards, so that the next search need not wait."""
        before = self.networks.seq
        active, head = await self.networks.current()
        return Level(active.index.size, max(0, head.seq - before), active.calibration.fitted)

    async def status(self) -> Status:
        """The library at a glance; of one whose network cannot be run here, too."""
        active, problem = None, None
        try:
            active, head = await self.networks.current()
        except NetworkError as error:
            problem, head = str(error), await self.repository.feed.head()
        assert head.network
        index = active.index if active else None
        return Status(
            data_dir=str(self.settings.data_dir),
            database=self.database.name,
            images=await self.repository.images.count_live(),
            removed=await self.repository.images.count_removed(),
            source_missing=await self.repository.images.count_missing(),
            network=head.network,
            next_network=head.next_network,
            features=await self.repository.images.features(),
            calibrated=bool(active and active.calibration.fitted),
            disk_bytes=await self.pool.run(bytes_used, self.settings.data_dir),
            files_url=self.settings.files_url,
            original_bytes=await self.repository.images.original_bytes(),
            index_kind=index.kind if index else "none",
            index_size=index.size if index else 0,
            index_seq=index.seq if index else 0,
            last_seq=head.seq,
            checkpoint_seq=index.checkpoint_seq if index else None,
            tally=await self.repository.subscribers.tally(),
            outdated=await self.checker.renewal.waiting(),
            network_problem=problem,
        )

    # --- measuring, changing over

    async def bench(self, plan: benching.BenchPlan, *, progress: Progress = no_progress) -> benching.BenchReport:
        """How well edited copies of a sample of the library are found; nothing is written. TooFewPictures."""
        active, _ = await self.networks.current()
        return await benching.bench(
            self.search,
            self.repository.images,
            self._original,
            self.duplicates.relatives,
            self.pool,
            plan,
            network=str(active.network),
            progress=progress,
        )

    async def use_network(self, name: str, *, progress: Progress = no_progress) -> bool:
        """Make another network the library's own: re-embed all pictures, switch, calibrate where none is shipped.

        The old embeddings serve until the switch; interrupted, it goes on where it stopped. Returns whether the
        library is calibrated now. UnknownNetwork, WeightsUnavailable, NetworkBuildFailed.
        """
        wanted = await self.pool.run(self.networks.reference, name)
        if (await self.repository.feed.head()).network != wanted:
            await reembed(self.repository, self.networks, self.originals, self.pool, wanted, progress)
        active, _ = await self.networks.current()
        if active.calibration.fitted:
            return True
        return await fitting.calibrate(self.repository, self.networks, self.originals, self.pool, progress)

    async def _search_fetched(self, fetched: Fetched, plan: SearchPlan) -> SearchResult:
        result = await self._searcher.search(fetched.content, plan)
        return replace(result.after("fetch", fetched.took_ms), from_page=fetched.is_of_page)

    async def _original(self, image: StoredImage) -> Pixels:
        """The pixels of a stored picture, as its features were computed from. An ImageError if the file is gone."""
        return (await self.originals.decoded(image)).pixels
