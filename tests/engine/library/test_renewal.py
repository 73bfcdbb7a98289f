"""Pictures that an older PicTrace has seen otherwise are made anew."""

import asyncio

import cv2
import numpy as np
import pytest
from sqlalchemy import delete, select, update

from engine import EngineSettings, SearchService, open_service
from engine.domain import FEATURES_VERSION, Pixels, StoredImage
from engine.errors import LibraryBusy
from engine.library import renewal
from engine.library.originals import Originals
from engine.pictures import imaging
from engine.storage.tables import changes, embeddings, images, parts
from tests.conftest import jpeg, original_of, photograph
from tests.engine.pictures.test_taking import DATE, dated

BEFORE = np.full((100, 100, 3), 255, np.uint8)  # as a white drawing was seen on white
POSTS = ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "camera.png")
PAGE = np.vstack([cv2.resize(photograph(name), (450, 400)) for name in POSTS])


async def outdate(service: SearchService, *ids: int) -> None:
    """As an older PicTrace has left them: without parts."""
    async with service.database.write() as connection:
        await connection.execute(update(images).where(images.c.id.in_(ids)).values(features_version=0, warnings=None))
        await connection.execute(delete(parts).where(parts.c.image_id.in_(ids)))
        await connection.execute(delete(embeddings).where(embeddings.c.image_id.in_(ids), embeddings.c.part > 0))


async def versions(service: SearchService) -> set[int]:
    async with service.database.read() as connection:
        return set((await connection.scalars(select(images.c.features_version))).all())


async def until(service: SearchService, outdated: int) -> None:
    async with asyncio.timeout(60):
        while (await service.status()).outdated > outdated:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def remade(service: SearchService) -> list[int]:
    async with service.database.read() as connection:
        query = select(changes.c.image_id).where(changes.c.kind == "reembedded").order_by(changes.c.image_id)
        return list((await connection.scalars(query)).all())


async def add(service: SearchService, content: bytes, name: str) -> int:
    added = await service.add_bytes(content, name=name, actor="test")
    assert added.id
    return added.id


def png(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


async def outdated_library(settings: EngineSettings) -> tuple[int, int, int, int]:
    """A photograph, a drawing that is seen as ever, one that is seen otherwise, and a long picture."""
    async with open_service(settings) as service:
        ordinary = await add(service, jpeg(photograph("coffee.png")), "coffee.jpg")
        as_ever = await add(service, png(photograph("chelsea.png")), "chelsea.png")
        otherwise = await add(service, png(photograph("rocket.jpg")), "rocket.png")
        page = await add(service, jpeg(PAGE), "page.jpg")
        stored = await service.get(otherwise)
        await service.repository.files.replace_thumbnail(stored.sha256, imaging.encode_thumbnail(BEFORE))
        await outdate(service, ordinary, as_ever, otherwise, page)
    return ordinary, as_ever, otherwise, page


async def test_new_pictures_are_up_to_date(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        await add(service, jpeg(photograph("coffee.png")), "coffee.jpg")
        assert await versions(service) == {FEATURES_VERSION}
        assert (await service.status()).outdated == 0


async def test_repair_makes_anew_what_is_seen_otherwise_and_only_that(settings: EngineSettings) -> None:
    ordinary, as_ever, otherwise, page = await outdated_library(settings)
    async with open_service(settings, tidying=False) as service:
        assert (await service.status()).outdated == 4
        looked = await service.checker.check(repair=False, purge=False, actor="test")
        assert (looked.outdated, looked.seen_anew) == (4, 0)
        report = await service.checker.check(repair=True, purge=False, actor="test")
        assert report.sound or report.mended
        assert (report.outdated, report.seen_anew) == (0, 4)
        assert (await service.status()).outdated == 0
        assert await remade(service) == [otherwise, page]
        thumbnail = imaging.decode_thumbnail(await service.originals.thumbnail(await service.get(otherwise)))
        assert thumbnail.mean() < 200
        found = (await service.search(jpeg(PAGE[500:1100]))).matches[0]
        assert (found.image.id, found.lane) == (page, "same")
        assert {ordinary, as_ever}.isdisjoint(await remade(service))
        told = {one: (await service.get(one)).warnings for one in (ordinary, as_ever, otherwise, page)}
        assert told == {ordinary: None, as_ever: (), otherwise: (), page: ()}  # of what was decoded anew


async def test_background_does_the_same_and_goes_on_after_a_break(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, otherwise, page = await outdated_library(settings)
    monkeypatch.setattr(renewal, "WAIT_S", 0)
    monkeypatch.setattr(renewal, "PAUSE_S", 0)
    look, looked = renewal.Renewal._look_at, asyncio.Event()

    async def only_one(self: renewal.Renewal, *args: object) -> bool:
        if looked.is_set():
            await asyncio.Event().wait()  # until the service is closed
        looked.set()
        return await look(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(renewal.Renewal, "_look_at", only_one)
    async with open_service(settings) as service:
        await looked.wait()
        await until(service, 3)
    monkeypatch.setattr(renewal.Renewal, "_look_at", look)
    async with open_service(settings) as service:
        await until(service, 0)
        assert await remade(service) == [otherwise, page]


async def test_picture_whose_original_is_lost_holds_nothing_up(settings: EngineSettings) -> None:
    _, _, otherwise, page = await outdated_library(settings)
    async with open_service(settings, tidying=False) as service:
        image = await service.get(otherwise)
        original_of(service, image).unlink()
        before = await service.originals.thumbnail(image)
        await service.checker.renewal.renew()
        assert (await service.status()).outdated == 1  # it waits for its file
        assert await service.originals.thumbnail(image) == before
        assert await remade(service) == [page]


async def undate(service: SearchService) -> None:
    """As an older PicTrace has left all pictures: it did not ask when they were taken."""
    async with service.database.write() as connection:
        await connection.execute(update(images).values(taken_at=None, taken_version=0))


async def dates(service: SearchService) -> dict[str, str | None]:
    return {image.filename: image.taken_at for image in (await service.page()).images}


async def test_dates_of_older_pictures_are_read_once_and_nothing_is_made_anew(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_service(settings) as service:
        await add(service, dated(), "dated.jpg")
        await add(service, jpeg(photograph("coffee.png")), "undated.jpg")
        lost = await add(service, dated(written="1999:01:02 03:04:05"), "lost.jpg")
        assert await dates(service) == {"dated.jpg": DATE, "undated.jpg": None, "lost.jpg": "1999-01-02T03:04:05"}
        await undate(service)
        path = original_of(service, await service.get(lost))
        path.rename(path.with_suffix(".away"))
    monkeypatch.setattr(renewal, "WAIT_S", 0)
    async with open_service(settings) as service:
        async with asyncio.timeout(60):
            while len(await service.repository.dates.lacking(9)) > 1:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        assert await dates(service) == {"dated.jpg": DATE, "undated.jpg": None, "lost.jpg": None}
        assert [image.id for image in await service.repository.dates.lacking(9)] == [lost]  # it waits for its file
        path.with_suffix(".away").rename(path)
        await service.checker.check(repair=True, purge=False, actor="test")
        assert (await dates(service))["lost.jpg"] == "1999-01-02T03:04:05"
        assert await service.repository.dates.lacking(9) == []
        assert await remade(service) == []


async def test_dates_are_read_on_where_it_was_broken_off(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "PORTION", 1)
    async with open_service(settings, tidying=False) as service:
        for number in range(3):
            await add(service, dated(written=f"200{number}:01:01 00:00:00"), f"{number}.jpg")
        await undate(service)
        asked, read = list[int](), Originals.taken_at

        async def breaking(self: Originals, image: StoredImage) -> str | None:
            asked.append(image.id)
            if asked == [1, 2]:
                raise LibraryBusy("for a test")
            return await read(self, image)

        monkeypatch.setattr(Originals, "taken_at", breaking)
        with pytest.raises(LibraryBusy):
            await service.checker.renewal.renew()
        await service.checker.renewal.renew()
        assert asked == [1, 2, 2, 3]
        assert sorted(filter(None, (await dates(service)).values())) == [f"200{n}-01-01T00:00:00" for n in range(3)]
