"""Searching, explaining, checking and changing networks, on real pictures."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from engine import Edit, EngineSettings, SearchService, open_service
from engine.index.local import InProcess
from engine.pictures import augment, imaging
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths, jpeg, photograph
from tests.indexes import in_process

EDITED = {
    "crop": Edit.CROPPED,
    "mirror": Edit.MIRRORED,
    "turn": Edit.ROTATED,
    "screenshot": Edit.INSIDE_LARGER,
    "paste": Edit.INSIDE_LARGER,
    "grayscale": Edit.GRAYSCALE,
    "blur": Edit.BLURRED,
    "sticker": Edit.OVERLAID,
    "stretch": Edit.STRETCHED,
    "recompress": Edit.RECOMPRESSED,
    "meme": None,
    "noise": None,
    "pixelate": None,
    "shrink": None,
    "story": None,
    "perspective": None,
}


@pytest.mark.parametrize("edit", EDITED)
async def test_edited_copy_is_found_as_the_same_picture(filled: Filled, edit: str) -> None:
    async with filled() as service:
        for seed, name in enumerate(("astronaut.png", "coffee.png", "motorcycle_left.png")):
            copy = augment.apply(edit, photograph(name), photograph("chelsea.png")[50:, 60:], seed=seed)
            result = await service.search(jpeg(copy))
            best = next(m for m in result.matches if m.image.filename == name)
            assert best.lane == "same", name
            assert best.p_same > (0.6 if edit == "sticker" else 0.8)  # another thing in its place looks alike
            assert best.evidence.structure is not None
            if word := EDITED[edit]:
                assert word in best.evidence.edits
        assert set(result.timings_ms) == {"total", "catch_up", "read", "match", "detail", "rank"}


@pytest.mark.parametrize("share", [0.9, 0.8, 0.65, 0.5])
async def test_plain_crop_is_the_same_picture_and_lies_where_it_was_cut(filled: Filled, share: float) -> None:
    """Also of a picture that is mostly smooth sky (rocket.jpg)."""
    async with filled() as service:
        for name in ("rocket.jpg", "coffee.png", "camera.png", "chelsea.png"):
            pixels = photograph(name)
            height, width = pixels.shape[:2]
            top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
            best = (await service.search(jpeg(pixels[top : height - top, left : width - left]))).matches[0]
            assert (best.image.filename, best.lane) == (name, "same")
            assert best.evidence.outline
            first, _, third, _ = best.evidence.outline
            margin = (1 - share) / 2 / share
            assert np.allclose([first, third], [[-margin, -margin], [1 + margin, 1 + margin]], atol=0.06)


async def test_stranger_is_not_the_same_as_anything(filled: Filled) -> None:
    async with filled() as service:
        for name in ("moon.png", "text.png", "page.png", "brick.png", "hubble_deep_field.jpg", "ihc.png"):
            result = await service.search((SHIPPED / name).read_bytes(), weak=True)
            assert all(match.lane == "alike" for match in result.matches), name


def written(words: str, *, size: tuple[int, int] = (600, 400), ground: int = 255) -> bytes:
    page = PillowImage.new("RGB", size, (ground, ground, ground))
    ImageDraw.Draw(page).text((20, 20), words, fill=(0, 0, 0), font=ImageFont.load_default(22))
    buffer = BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


async def test_flat_blank_and_text_pictures_are_not_the_same_as_each_other(service: SearchService) -> None:
    pages = {
        "white": written(""),
        "grey": written("", ground=128),
        "black": written("", ground=0),
        "upright": written("", size=(400, 600)),
        "one line": written("The quick brown fox"),
        "another line": written("jumps over the lazy dog"),
        "lines": written("\n".join(["when shall we three", "meet again", "in thunder, lightning", "or in rain?"])),
        "other lines": written("\n".join(["when the hurlyburly's", "done, when the battle's", "lost", "and won."])),
    }
    for name, content in pages.items():
        await service.add_bytes(content, name=name, actor="test")
    for name, content in pages.items():
        again = imaging.decode(content, side=1000, max_bytes=10**7, max_pixels=10**7).pixels
        for query in (content, jpeg(again, 70)):
            found = (await service.search(query, weak=True)).matches
            assert {m.image.filename for m in found if m.lane == "same"} <= {name}


async def test_torn_checkpoint_is_passed_over_and_mended(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        active, _ = await service.networks.current()
        for one in (active.index.embeddings, active.index.looks):
            assert isinstance(one, InProcess)
            await one.checkpoint()
    of_copies, of_looks = sorted((settings.data_dir / "index").glob("*.exact"))
    assert of_copies.name.startswith("pictrace-1-1-")
    assert of_looks.name.startswith("pictrace-1-1-looks-")
    of_looks.write_bytes(of_looks.read_bytes()[:-100])
    async with open_service(settings) as service:
        assert (await service.search((SHIPPED / "rocket.jpg").read_bytes())).matches[0].evidence.exact
        assert (await service.checker.check(repair=True, purge=False, actor="test")).torn_checkpoints == 1
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


@pytest.mark.parametrize("index", ["exact", "hnsw"])
async def test_index_written_down_serves_the_next_start(filled: Filled, settings: EngineSettings, index: str) -> None:
    async with filled(index=index) as service:
        expected = (await service.search(jpeg(photograph("camera.png"), 50))).matches
        await (await in_process(service)).checkpoint()
    changed = settings.model_copy(update={"index": index})
    async with open_service(changed) as service:
        await add_paths(service, SHIPPED / "moon.png")
        matches = (await service.search(jpeg(photograph("camera.png"), 50))).matches
        status = await service.status()
        assert [m.image.id for m in matches[:1]] == [m.image.id for m in expected[:1]]
        assert (status.index_kind, status.index_size) == (index, 7)


async def test_exact_and_hnsw_give_the_same_answers(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as exact, open_service(settings.model_copy(update={"index": "hnsw"})) as hnsw:
        for name in PHOTOGRAPHS[:3]:
            query = jpeg(augment.apply("crop", photograph(name), photograph(name), seed=2))
            answers = [[m.image.id for m in (await s.search(query)).matches] for s in (exact, hnsw)]
            assert answers[0] == answers[1]


@pytest.mark.parametrize("edit", ["meme", "write_text", "pad", "sticker", "stripes"])
async def test_what_two_pictures_share_in_a_frame_is_no_proof(service: SearchService, edit: str) -> None:
    """The same caption, text, border, sticker or lines on different pictures."""
    grey = np.full((100, 100, 3), 128, np.uint8)
    shown = {name: cv2.resize(photograph(name), (480, 360)) for name in PHOTOGRAPHS}
    framed = {name: jpeg(augment.apply(edit, pixels, grey, seed=3)) for name, pixels in shown.items()}
    for name, content in framed.items():
        if name != "rocket.jpg":
            await service.add_bytes(content, name=name, actor="test")
    matches = (await service.search(framed["rocket.jpg"], weak=True)).matches
    assert [match.image.filename for match in matches if match.lane == "same"] == []
    if edit != "stripes":  # which are not seen through yet
        matches = (await service.search(jpeg(shown["coffee.png"]))).matches
        assert [match.image.filename for match in matches[:1]] == ["coffee.png"]


async def test_lines_over_the_whole_picture_are_seen_through(filled: Filled) -> None:
    async with filled() as service:
        lined = augment.apply(
            "stripes", cv2.resize(photograph("coffee.png"), (480, 320)), photograph("rocket.jpg"), seed=4
        )
        (first, *_) = (await service.search(jpeg(lined))).matches
        assert (first.image.filename, first.lane) == ("coffee.png", "same")
