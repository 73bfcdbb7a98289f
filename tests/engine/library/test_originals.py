"""Reading stored pictures: as they were added, as pixels, as something for others."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_jxl  # noqa: F401 - Pillow writes JPEG XL with it
import pytest
from PIL import Image as PillowImage

from engine import EngineSettings, SearchService, StoredImage, open_service
from engine.domain import HandcraftedFeatures, Image, Keypoints, Pixels, StoredFeatures
from engine.errors import TooCostly, UnreadableFile
from engine.library.originals import DETAIL_SIDE, MAX_JPEG_SIDE, PREVIEW_SIDE, Originals
from engine.pictures import imaging, stripping
from tests.conftest import SHIPPED, jpeg, original_of, thumbnail_of
from tests.engine.library.conftest import painted
from tests.engine.pictures.test_raw import dng
from tests.small_library import painting

CONTENT = (SHIPPED / "rocket.jpg").read_bytes()


@pytest.fixture
async def opened(settings: EngineSettings) -> AsyncIterator[tuple[SearchService, Originals, StoredImage]]:
    async with open_service(settings) as service:
        added = await service.add_bytes(CONTENT, name="rocket.jpg", actor="test")
        assert added.id
        yield service, service.originals, await service.get(added.id)


Opened = tuple[SearchService, Originals, StoredImage]


def whole(image: StoredImage) -> StoredFeatures:
    return StoredFeatures(
        image, HandcraftedFeatures(None, Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1.0))
    )


async def test_file_is_the_very_file_that_was_added(opened: Opened) -> None:
    _, originals, image = opened
    assert await originals.file(image) == CONTENT


@pytest.mark.parametrize("kind", ["JPEG2000", "JXL", "raw"])
async def test_kinds_that_browsers_do_not_show_are_given_as_jpeg(settings: EngineSettings, kind: str) -> None:
    content = dng(jpeg(painting(7)), (320, 240))
    if kind != "raw":
        buffer = BytesIO()
        PillowImage.fromarray(painting(7)).save(buffer, kind)
        content = buffer.getvalue()
    async with open_service(settings) as service:
        added = await service.add_bytes(content, name="a.jp2", actor="test")
        assert added.id
        image = await service.get(added.id)
        assert image.media_type in ("image/jp2", "image/jxl", "image/x-raw")
        assert await service.originals.file(image) == content
        shared = await service.originals.served(image, whole=False)
        assert (shared.media_type, shared.filename) == ("image/jpeg", "a.jpg")
        assert isinstance(shared.content, bytes)
        assert shared.content.startswith(b"\xff\xd8\xff")
        assert (await service.originals.preview(image)).startswith(b"\xff\xd8\xff")
        assert (await service.checker.check(repair=False, purge=False, deep=True, actor="test")).sound


async def test_nothing_of_a_purged_picture_stays_in_the_cache(opened: Opened) -> None:
    service, originals, image = opened
    assert await originals.detail(whole(image)) is not None
    kept = service.settings.cache_dir / "details" / image.sha256[:2] / f"{image.sha256}.jpg"
    assert kept.is_file()
    await service.remove([image.id], actor="test")
    await service.checker.check(repair=False, purge=True, actor="test")
    assert not kept.exists()


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


async def test_reduced_picture_is_kept_to_be_compared_in_detail(
    small: SearchService, originals: Originals, tmp_path: Path
) -> None:
    added = await small.add_bytes(jpeg(painting(3, 1600, 1200)), name="3.jpg", actor="test")
    assert added.id
    image, details = await small.get(added.id), tmp_path / "details"
    assert not list(details.rglob("*.jpg"))  # not before it is needed
    picture = await originals.detail(whole(image))
    assert picture is not None
    grey = picture.grey
    assert grey.dtype == np.uint8
    assert grey.shape == (DETAIL_SIDE * 3 // 4, DETAIL_SIDE)
    expected = cv2.resize(painting(3, 1600, 1200), grey.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(cv2.cvtColor(expected, cv2.COLOR_RGB2GRAY).astype(int) - grey).mean() < 3
    (kept,) = details.rglob("*.jpg")
    assert kept.stem == image.sha256
    before, written = kept.read_bytes(), kept.stat().st_mtime_ns
    original_of(small, image).unlink()
    again = await originals.detail(whole(image))  # the reduced one is enough
    assert again is not None
    assert again is not None
    assert np.array_equal(again.grey, grey)
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == (before, written)


async def test_reduced_picture_is_made_again_when_the_cache_is_emptied_or_torn(
    small: SearchService, originals: Originals, tmp_path: Path
) -> None:
    added = await small.add_bytes(painted(3), name="3.jpg", actor="test")
    assert added.id
    image, details = await small.get(added.id), tmp_path / "details"
    picture = await originals.detail(whole(image))
    assert picture is not None
    grey = picture.grey
    assert grey.shape == (120, 160)  # never enlarged
    for spoil in (lambda: shutil.rmtree(details), lambda: next(details.rglob("*.jpg")).write_bytes(b"torn")):
        spoil()
        again = await originals.detail(whole(image))
        assert again is not None
        assert again is not None
        assert np.array_equal(again.grey, grey)
        assert len(list(details.rglob("*.jpg"))) == 1


async def test_lost_or_damaged_original_has_nothing_to_be_compared_in_detail(
    small: SearchService, originals: Originals, tmp_path: Path
) -> None:
    for number, content in ((3, None), (4, b"no picture")):
        added = await small.add_bytes(painted(number), name=f"{number}.jpg", actor="test")
        assert added.id
        image = await small.get(added.id)
        original_of(small, image).unlink()
        if content:
            original_of(small, image).write_bytes(content)
        assert await originals.detail(whole(image)) is None
    assert not list((tmp_path / "details").rglob("*.jpg"))


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


async def preview_of(settings: EngineSettings, content: bytes, name: str = "a.png") -> tuple[Pixels, bytes]:
    """What is made to look at of a picture, which must be at hand afterwards or be the file's own."""
    async with open_service(settings) as service:
        added = await service.add_bytes(content, name=name, actor="test")
        assert added.id
        image = await service.get(added.id)
        assert await service.originals.preview_at_hand(image) is None
        preview = await service.originals.preview_of(image)
        assert await service.originals.preview_at_hand(image) in (preview, None)
        return imaging.decode(preview, side=10**5, max_bytes=10**8, max_pixels=10**9).pixels, preview


def encoded(pixels: Pixels, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    PillowImage.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


async def test_preview_is_sharp_and_at_most_2048_pixels(settings: EngineSettings) -> None:
    large = cv2.resize(painting(3), (3000, 2250), interpolation=cv2.INTER_CUBIC)
    pixels, _ = await preview_of(settings, encoded(large, "PNG"))
    assert pixels.shape == (1536, 2048, 3)
    assert np.abs(pixels.astype(int) - cv2.resize(large, (2048, 1536), interpolation=cv2.INTER_AREA)).mean() < 3


async def test_preview_of_a_small_picture_is_not_enlarged(settings: EngineSettings) -> None:
    pixels, _ = await preview_of(settings, encoded(painting(3), "PNG"))
    assert pixels.shape == painting(3).shape


async def test_small_jpeg_is_its_own_preview_without_its_metadata(settings: EngineSettings) -> None:
    tags = PillowImage.Exif()
    tags[0x010F] = "a secret"
    content = encoded(painting(3), "JPEG", exif=tags.tobytes())
    _, preview = await preview_of(settings, content, "a.jpg")
    assert preview == stripping.strip(content, "image/jpeg")
    assert b"a secret" not in preview
    assert not list((settings.cache_dir / "previews").rglob("*.jpg"))


async def test_preview_is_upright_whatever_the_file_says(settings: EngineSettings) -> None:
    tags = PillowImage.Exif()
    tags[0x0112] = 6
    pixels, preview = await preview_of(settings, encoded(painting(3), "JPEG", exif=tags.tobytes()), "a.jpg")
    assert pixels.shape == (480, 360, 3)
    assert b"Exif" not in preview


async def test_preview_of_a_long_page_can_be_read(settings: EngineSettings) -> None:
    """A page of 1 : 12 within 2,048 pixels would be 170 pixels wide."""
    page = np.vstack([cv2.resize(painting(number), (600, 450)) for number in range(16)])
    pixels, _ = await preview_of(settings, encoded(page, "PNG"))
    assert pixels.shape == page.shape


async def test_preview_of_a_strip_is_one_that_jpeg_can_hold(settings: EngineSettings) -> None:
    strip = np.zeros((8, 70_000, 3), np.uint8)
    strip[:, ::50] = 255
    pixels, _ = await preview_of(settings, encoded(strip, "PNG"))
    assert max(pixels.shape) <= MAX_JPEG_SIDE


async def test_preview_goes_with_its_picture_and_is_made_once(opened: Opened) -> None:
    service, originals, image = opened
    kept = service.settings.cache_dir / "previews" / image.sha256[:2] / f"{image.sha256}.jpg"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"\xff\xd8 as before \xff\xd9")
    assert await originals.preview_at_hand(image) == b"\xff\xd8 as before \xff\xd9"
    await service.remove([image.id], actor="test")
    assert kept.exists()
    await service.checker.check(repair=False, purge=True, actor="test")
    assert not kept.exists()


async def test_preview_of_what_is_too_dear_is_smaller_and_of_what_is_lost_there_is_none(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, originals, image = opened
    sides, decoded = list[int](), Originals.decoded

    async def dear(self: Originals, image: StoredImage, *, side: int, of_parts: bool = False) -> Image:
        sides.append(side)
        if len(sides) == 1:
            raise TooCostly("for a test")
        return await decoded(self, image, side=side, of_parts=of_parts)

    monkeypatch.setattr(Originals, "decoded", dear)
    await originals.preview_of(replace(image, width=PREVIEW_SIDE + 1))
    assert sides == [PREVIEW_SIDE, imaging.LIBRARY_SIDE]
    original_of(service, image).unlink()
    with pytest.raises(UnreadableFile):
        await originals.preview_of(image)
