"""Pictures come in portions and in order; what fails is said, and leaves nothing behind."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from engine import EngineSettings, SearchService
from engine.domain import AddResult, FileSeen, PictureWarning
from engine.errors import DataDirNotWritable, DiskFull, LibraryBusy, UnknownOperation, UnreadableFile
from engine.library import adding
from engine.library.adding import Adder, Given
from engine.pictures.sources import Refused, Remote, Source, expand
from engine.storage.additions import Additions
from engine.storage.local_files import LocalFiles
from engine.storage.tables import images
from engine.storage.writing import write_whole
from tests.conftest import SHIPPED, Filled, add_paths, cut_short, jpeg, photograph
from tests.engine.library.conftest import DIMENSIONS, Web, Work, paint, painted
from tests.rows import files_in, lines

URL = "https://pictures.test/7.jpg"


def source(number: int, *, size: int | None = None) -> Source:
    content = painted(number)
    return Source(f"{number}.jpg", lambda: content, len(content) if size is None else size)


def unreadable() -> bytes:
    raise UnreadableFile("It cannot be read: gone.")


async def add(service: SearchService, *sources: Given, **said: Any) -> list[AddResult]:
    return [result async for result in service.add(sources, actor="test", **said)]


def statuses(results: list[AddResult]) -> list[tuple[str, str]]:
    return [(one.name, one.status) for one in results]


@pytest.fixture
def portions_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "PORTION_PICTURES", 2)
    monkeypatch.setattr(adding, "COMPARED_BEHIND", 2)


@pytest.fixture
def stored(small: SearchService, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were stored in each transaction."""
    additions = small.repository.additions
    put = additions.add
    sizes: list[int] = []

    async def noted(prepared: Any, operation: Any) -> Any:
        sizes.append(len(prepared))
        return await put(prepared, operation)

    monkeypatch.setattr(additions, "add", noted)
    return sizes


# --- results


async def test_each_source_has_its_result_in_order(small: SearchService, web: Web) -> None:
    web.pages[URL] = painted(7)
    results = await add(
        small,
        source(1),
        Refused("folder", UnreadableFile("This is a folder.")),
        Source("gone.jpg", unreadable, 0),
        Source("text.jpg", lambda: b"no picture", 10),
        source(1),
        Remote("7.jpg", URL),
        Remote("8.jpg", "https://pictures.test/8.jpg"),
        source(2),
    )
    assert statuses(results) == [
        ("1.jpg", "added"),
        ("folder", "rejected"),
        ("gone.jpg", "rejected"),
        ("text.jpg", "rejected"),
        ("1.jpg", "duplicate"),
        ("7.jpg", "added"),
        ("8.jpg", "rejected"),
        ("2.jpg", "added"),
    ]
    codes = ["unreadable_file", "unreadable_file", "not_an_image", "fetch_failed"]
    assert [one.code for one in results if one.status == "rejected"] == codes
    assert results[1].message == "This is a folder."
    assert [one.operation_id for one in results if one.status == "added"] == [1, 1, 1]
    assert all(one.operation_id is None for one in results if one.status != "added")


async def test_nothing_to_add_is_no_operation(small: SearchService) -> None:
    assert await add(small) == []
    assert statuses(await add(small, Refused("x", UnreadableFile("no")))) == [("x", "rejected")]
    assert await lines(small.repository) == []


async def test_picture_of_a_web_page_is_added_with_both_urls(small: SearchService, web: Web) -> None:
    page = "https://pictures.test/post"
    web.pages[URL], web.named[page] = painted(7), URL
    added, other = await add(small, Remote("post", page), source(1))
    assert (added.name, added.status, added.from_page, other.from_page) == ("7.jpg", "added", True, False)
    image = await small.get(added.id or 0)
    assert (image.filename, image.source_url, image.page_url) == ("7.jpg", URL, page)
    (again,) = await add(small, Remote("post", page))
    assert (again.name, again.status, again.from_page) == ("7.jpg", "duplicate", True)
    web.pages[URL] = painted(8)
    said = {"source_url": "https://said.test/", "page_url": "https://said.test/page"}
    (result,) = await add(small, Remote("post", page), **said)
    image = await small.get(result.id or 0)
    assert {"source_url": image.source_url, "page_url": image.page_url} == said


async def test_file_that_breaks_off_is_said_to_also_where_it_is_there_already(
    small: SearchService, tmp_path: Path
) -> None:
    content = cut_short(painted(1))
    file = tmp_path / "cut.jpg"
    file.write_bytes(content)
    (added, twin) = await add(small, *expand(file, small.settings), Source("twin.jpg", lambda: content, len(content)))
    assert (added.status, [one.code for one in added.warnings]) == ("added", ["cut_short"])
    assert (twin.status, twin.warnings) == ("duplicate", added.warnings)
    for source in (*expand(file, small.settings), Source("again.jpg", lambda: content, len(content))):
        (again,) = await add(small, source)
        assert (again.status, again.warnings) == ("duplicate", (PictureWarning.of_code("cut_short"),))
    async with small.database.write() as connection:  # as an older PicTrace has left it
        await connection.execute(update(images).values(warnings=None))
    assert (await add(small, Source("again.jpg", lambda: content, len(content))))[0].warnings == ()
    await small.remove([1], actor="test")
    (restored,) = await add(small, Source("again.jpg", lambda: content, len(content)))
    assert (restored.status, restored.warnings) == ("restored", added.warnings)
    assert (await small.get(1)).warnings == (PictureWarning.of_code("cut_short"),)


async def test_what_is_said_of_an_addition_is_said_of_each_picture(small: SearchService, web: Web) -> None:
    web.pages[URL] = painted(7)
    results = await add(
        small, source(1), Remote("7.jpg", URL), title="A title", tags=["one", "two"], page_url="https://p"
    )
    stored = [await small.get(one.id or 0) for one in results]
    assert [(one.title, one.tags, one.page_url) for one in stored] == [("A title", ("one", "two"), "https://p")] * 2
    assert [one.source_url for one in stored] == [None, URL]
    (again,) = await add(small, source(2), source_url="https://said.test/")
    assert (await small.get(again.id or 0)).source_url == "https://said.test/"


async def test_said_address_counts_more_than_the_one_that_was_fetched(small: SearchService, web: Web) -> None:
    web.pages[URL] = painted(7)
    (result,) = await add(small, Remote("7.jpg", URL), source_url="https://said.test/")
    assert (await small.get(result.id or 0)).source_url == "https://said.test/"


# --- portions


@pytest.mark.usefixtures("portions_of_two")
async def test_so_many_pictures_are_stored_in_one_transaction(small: SearchService, stored: list[int]) -> None:
    results = await add(small, *(source(number) for number in range(1, 6)))
    assert statuses(results) == [(f"{number}.jpg", "added") for number in range(1, 6)]
    assert stored == [2, 2, 1]
    assert {operation for operation, *_ in await lines(small.repository)} == {1}


async def test_large_files_fill_a_portion_sooner(
    small: SearchService, stored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "PORTION_BYTES", 100)
    await add(small, source(1, size=60), source(2, size=60), source(3, size=100), source(4, size=1))
    assert stored == [2, 1, 1]


@pytest.mark.usefixtures("portions_of_two")
async def test_sources_are_taken_as_they_are_needed(small: SearchService) -> None:
    """A folder of a million files is not listed before its first picture is stored."""
    taken: list[int] = []

    def many() -> Iterator[Given]:
        for number in range(1, 13):
            taken.append(number)
            yield source(number)

    results = small.add(many(), actor="test")
    await anext(results)
    assert len(taken) < 12
    assert len([one async for one in results]) == 11


# --- going on, and stopping


async def test_addition_goes_on_with_an_operation(small: SearchService) -> None:
    begun = await small.begin_addition(actor="ada")
    first = await add(small, source(1), operation_id=begun)
    second = await add(small, source(2), operation_id=begun)
    assert {one.operation_id for one in first + second} == {begun}
    assert (await small.undo(actor="test", operation_id=begun)).images == 2
    with pytest.raises(UnknownOperation):
        await add(small, source(3), operation_id=begun)
    assert await small.repository.images.live_ids() == []


@pytest.mark.usefixtures("portions_of_two")
async def test_once_stopped_what_was_begun_is_stored_and_nothing_more_is_begun(small: SearchService) -> None:
    asked: list[int] = []

    def many() -> Iterator[Given]:
        for number in range(1, 20):
            asked.append(number)
            yield source(number)

    results = [one async for one in small.add(many(), actor="test", stop=lambda: len(asked) >= 4)]
    assert statuses(results) == [(f"{number}.jpg", "added") for number in range(1, 5)]
    assert asked == [1, 2, 3, 4]
    assert await small.repository.images.live_ids() == [1, 2, 3, 4]


async def test_stopped_before_it_began_nothing_is_read(small: SearchService) -> None:
    assert await add(small, Source("x", lambda: pytest.fail("it was read"), 1), stop=lambda: True) == []


@pytest.mark.usefixtures("portions_of_two")
async def test_addition_that_nobody_waits_for_leaves_no_file_without_its_row(
    small: SearchService, data_dir: Path
) -> None:
    results = small.add([source(number) for number in range(1, 9)], actor="test")
    first = await anext(results)
    await results.aclose()
    live = [await small.get(one) for one in await small.repository.images.live_ids()]
    assert first.id in [image.id for image in live]
    assert {path.rsplit("/", 1)[1].split(".")[0] for path in files_in(data_dir)} == {image.sha256 for image in live}


# --- failures


async def failing(small: SearchService, monkeypatch: pytest.MonkeyPatch, at: int, error: Exception) -> None:
    """The transaction number `at` fails."""
    additions = small.repository.additions
    put = additions.add
    calls = [0]

    async def fail(prepared: Any, operation: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise error
        return await put(prepared, operation)

    monkeypatch.setattr(additions, "add", fail)


@pytest.mark.usefixtures("portions_of_two")
@pytest.mark.parametrize("error", [DiskFull("The disk is full."), LibraryBusy("Somebody else writes.")])
async def test_where_nothing_more_can_be_stored_the_results_so_far_come_first(
    small: SearchService, data_dir: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await failing(small, monkeypatch, 2, error)
    results: list[AddResult] = []

    async def all_of_them() -> None:
        async for one in small.add([source(number) for number in range(1, 8)], actor="test"):
            results.append(one)

    with pytest.raises(type(error)):
        await all_of_them()
    assert statuses(results) == [("1.jpg", "added"), ("2.jpg", "added")]
    live = [await small.get(one) for one in await small.repository.images.live_ids()]
    assert [image.filename for image in live] == ["1.jpg", "2.jpg"]
    assert {path.rsplit("/", 1)[1].split(".")[0] for path in files_in(data_dir)} == {image.sha256 for image in live}


async def test_network_that_the_library_wants_meanwhile_is_made_up_for(
    small: SearchService, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library begins to change its network after the pictures were computed, and before they are stored."""
    repository = small.repository
    put = repository.additions.add
    shades = small.networks.reference("shades")
    answers: list[bool] = []

    async def change_before(prepared: Any, operation: Any) -> Any:
        if not answers:
            await repository.settings.set_next_network(shades)
        result = await put(prepared, operation)
        answers.append(result is not None)
        return result

    monkeypatch.setattr(repository.additions, "add", change_before)
    results = await add(small, source(1), source(2))
    assert answers == [False, True]
    assert [one.status for one in results] == ["added", "added"]
    assert await repository.features.count_lacking(shades) == 0
    assert await repository.features.embedding(1, shades, DIMENSIONS) is not None
    assert work.loaded == ["colours", "shades"]


async def test_library_that_is_only_read_takes_nothing_and_no_file_is_written(
    small: SearchService, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small.database, "read_only", True)
    with pytest.raises(DataDirNotWritable):
        await add(small, Source("x", lambda: pytest.fail("it was read"), 1))
    assert files_in(data_dir) == []


# --- what was there before


async def test_file_that_has_not_changed_is_not_read(small: SearchService) -> None:
    seen = FileSeen("/pictures/1.jpg", 5, 7)
    content = painted(1)
    await add(small, Source("1.jpg", lambda: content, 5, seen))
    (again,) = await add(small, Source("1.jpg", lambda: pytest.fail("it was read"), 5, seen))
    assert (again.status, again.unchanged, again.id) == ("duplicate", True, 1)


async def test_bytes_that_are_stored_are_neither_decoded_nor_embedded(small: SearchService, work: Work) -> None:
    await paint(small, 1)
    before = work.embedded
    seen = FileSeen("/pictures/elsewhere.jpg", 5, 7)
    content = painted(1)
    (again,) = await add(small, Source("elsewhere.jpg", lambda: content, 5, seen))
    assert (again.status, again.unchanged, again.id, work.embedded) == ("duplicate", False, 1, before)
    (known,) = await add(small, Source("elsewhere.jpg", lambda: pytest.fail("it was read"), 5, seen))
    assert known.unchanged


async def test_removed_picture_is_brought_back_and_embedded_anew(small: SearchService, work: Work) -> None:
    await paint(small, 1)
    await small.remove([1], actor="test")
    before = work.embedded
    (again,) = await add(small, source(1))
    assert (again.status, again.id) == ("restored", 1)
    assert work.embedded == before + 1
    assert (await small.search(painted(1))).matches[0].image.id == 1


# --- real pictures


@pytest.mark.databases("sqlite", "postgresql")
async def test_picture_that_lost_its_files_is_stored_anew(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        before = (await service.search((SHIPPED / "rocket.jpg").read_bytes())).matches[0].image
        for path in settings.data_dir.rglob(f"{before.sha256}*"):
            path.unlink()
        (result,) = await add_paths(service, SHIPPED / "rocket.jpg")
        assert (result.status, result.id) == ("duplicate", before.id)
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


@pytest.mark.databases("sqlite", "postgresql")
async def test_title_and_tags_are_kept(service: SearchService) -> None:
    sources = list(expand(SHIPPED / "rocket.jpg", service.settings))
    results = service.add(sources, actor="test", title="Falcon 9", tags=["space", "night"], page_url="https://x.test/")
    (result,) = [result async for result in results]
    assert result.id
    image = await service.get(result.id)
    assert (image.title, image.tags, image.page_url) == ("Falcon 9", ("space", "night"), "https://x.test/")
    assert (image.width, image.height, image.media_type) == (640, 427, "image/jpeg")


@pytest.mark.databases("sqlite", "postgresql")
async def test_unchanged_file_is_not_read_again(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(photograph("rocket.jpg")))
    await add_paths(service, path)
    monkeypatch.setattr("engine.pictures.sources.read_file", lambda *_: pytest.fail("it was read"))
    assert (await add_paths(service, path))[0].status == "duplicate"


@pytest.mark.databases("sqlite", "postgresql")
async def test_changed_file_is_read_again(service: SearchService, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(photograph("rocket.jpg")))
    await add_paths(service, path)
    path.write_bytes(jpeg(photograph("coffee.png")))
    assert (await add_paths(service, path))[0].status == "added"


# --- what is cancelled


@pytest.mark.parametrize("moment", ["writing", "between", "storing"])
async def test_addition_that_is_cancelled_leaves_no_file_without_a_row(
    small: SearchService, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()
    write, prepare_one, store = LocalFiles.write, Adder._prepare_one, Additions.add

    async def writing_slowly(self: LocalFiles, key: str, content: bytes) -> None:
        def late() -> None:
            loop.call_soon_threadsafe(reached.set)
            time.sleep(0.3)
            write_whole(self.path(key), content)

        await asyncio.to_thread(late)

    async def written_and_waiting(self: Adder, *given: Any) -> Any:
        prepared = await prepare_one(self, *given)
        if given[0].source.name == "3.jpg":
            reached.set()
            await asyncio.Event().wait()
        return prepared

    async def storing_slowly(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    if moment == "writing":
        monkeypatch.setattr(LocalFiles, "write", writing_slowly)
    elif moment == "between":
        monkeypatch.setattr(Adder, "_prepare_one", written_and_waiting)
    else:
        monkeypatch.setattr(Additions, "add", storing_slowly)
    adding = asyncio.create_task(add(small, *(source(number) for number in range(1, 4))))
    await reached.wait()
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await asyncio.sleep(0.4)  # a thread that would go on has ended by then
    assert files_in(small.settings.data_dir) == []
    monkeypatch.setattr(LocalFiles, "write", write)
    monkeypatch.setattr(Adder, "_prepare_one", prepare_one)
    monkeypatch.setattr(Additions, "add", store)
    assert statuses(await add(small, source(1))) == [("1.jpg", "added")]
    assert len(files_in(small.settings.data_dir)) == 2
