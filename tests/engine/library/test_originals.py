"""Reading stored pictures: as they were added, as pixels, as something for others."""

from collections.abc import AsyncIterator

import pytest

from engine import EngineSettings, SearchService, StoredImage, open_service
from engine.errors import UnreadableFile
from engine.library.originals import Originals
from engine.pictures import imaging
from tests.conftest import SHIPPED, original_of, thumbnail_of

CONTENT = (SHIPPED / "rocket.jpg").read_bytes()


@pytest.fixture
async def opened(settings: EngineSettings) -> AsyncIterator[tuple[SearchService, Originals, StoredImage]]:
    async with open_service(settings) as service:
        added = await service.add_bytes(CONTENT, name="rocket.jpg", actor="test")
        assert added.id
        yield service, service.originals, await service.get(added.id)


Opened = tuple[SearchService, Originals, StoredImage]


async def test_file_is_the_very_file_that_was_added(opened: Opened) -> None:
    _, originals, image = opened
    assert await originals.file(image) == CONTENT


async def test_altered_file_is_not_taken_for_the_original(opened: Opened) -> None:
    service, originals, image = opened
    path = original_of(service, image)
    path.write_bytes(CONTENT[:-1] + b"\0")
    with pytest.raises(UnreadableFile, match="altered or damaged"):
        await originals.file(image)
    with pytest.raises(UnreadableFile):
        await originals.decoded(image)


async def test_picture_within_the_limits_of_its_time_stays_readable(settings: EngineSettings, opened: Opened) -> None:
    _, _, image = opened
    async with open_service(settings.model_copy(update={"max_pixels": 1000, "max_bytes": 1000})) as stricter:
        assert (await stricter.originals.decoded(image)).width == image.width


async def test_lost_original_is_previewed_by_its_thumbnail(opened: Opened) -> None:
    service, originals, image = opened
    original_of(service, image).unlink()
    preview = imaging.decode_thumbnail(await originals.preview(image, side=1280, max_ratio=10))
    assert max(preview.shape[:2]) == imaging.THUMBNAIL_SIDE
    thumbnail_of(service, image).unlink()
    with pytest.raises(UnreadableFile, match="lost"):
        await originals.preview(image, side=1280, max_ratio=10)


async def test_preview_of_a_strip_gets_borders(opened: Opened) -> None:
    _, originals, image = opened
    height, width = imaging.decode_thumbnail(await originals.preview(image, side=400, max_ratio=1.0)).shape[:2]
    assert height == width == 400
