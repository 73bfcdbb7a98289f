"""Searching, explaining, checking and changing networks, on real pictures."""

import asyncio
import os
import time
from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from sqlalchemy import text

from engine import Edit, EngineSettings, PicTraceError, SearchService, open_service
from engine.domain import Image, Vector
from engine.errors import InvalidLimit, NetworkMismatch, UnknownImage
from engine.features import hashes, registry
from engine.index.hits import Hits, Near
from engine.index.library_index import LibraryIndex
from engine.pictures import augment, imaging
from engine.pictures.sources import expand
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths, jpeg, original_of, photograph, thumbnail_of
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
            assert best.p_same > 0.9
            assert best.evidence.structure is not None
            if word := EDITED[edit]:
                assert word in best.evidence.edits
        assert set(result.timings_ms) == {"total", "catch_up", "read", "match", "rank"}


class Crowded:
    """An index of so many pictures that only what is this near comes up; of their hashes none."""

    def __init__(self, index: LibraryIndex, within: float) -> None:
        self._index, self._within = index, within

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        found = await self._index.search(vectors, count)
        return [[one for one in hits if one.cosine >= self._within] for hits in found]

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = 64) -> list[Hits]:
        return [Hits(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in phashes]


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_turned_crop_is_found_where_its_upright_likes_are_many(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    async with filled() as service:
        serving, _ = await service._networks.current()
        name = "coffee.png"
        copy = np.ascontiguousarray(np.rot90(photograph(name)[60:, 100:], turns))
        (image,) = (await service.page(words="coffee")).images
        stored = await service._repository.features.embedding(
            image.id, serving.network, serving.embedder.network.dimensions
        )
        assert stored is not None
        cosine = float(stored @ serving.embedder.embed(copy))
        monkeypatch.setattr(serving.matcher._recall, "_index", Crowded(serving.index, within=cosine + 0.05))
        (best,) = (await service.search(jpeg(copy))).matches
        assert (best.image.filename, best.lane) == (name, "same")
        assert Edit.ROTATED in best.evidence.edits


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


@pytest.mark.databases("sqlite", "postgresql")
async def test_search_from_a_stored_picture_leaves_it_out(filled: Filled) -> None:
    async with filled() as service:
        (image,) = (await service.page(words="rocket")).images
        first = await service.search_stored(image.id, weak=True)
        assert image.id not in [match.image.id for match in first.matches]
        (settings, path) = (service.settings, original_of(service, image))
        assert path.is_relative_to(settings.data_dir)
        thumbnail_of(service, image).unlink()  # then the original serves
        again = await service.search_stored(image.id, weak=True)
        assert {match.image.id for match in again.matches} == {match.image.id for match in first.matches}
        with pytest.raises(UnknownImage):
            await service.search_stored(999)


async def test_what_a_search_passes_over_is_as_if_it_had_never_been_there(settings: EngineSettings) -> None:
    """In every stage: nearest embeddings and hashes, a closer look, regions; each place falls to the next in line."""
    async with open_service(settings) as service:
        for name in ("coffee.png", "rocket.jpg", "camera.png", "astronaut.png"):
            pixels = photograph(name)
            for number, quality in enumerate((40, 55, 70, 95)):  # equals, which crowd out others where they count
                content = jpeg(pixels[: -1 - number], quality)
                await service.add_bytes(content, name=f"{name} {number}", actor="test")
        await service.add_bytes(jpeg(photograph("chelsea.png")), name="chelsea", actor="test")
        images = (await service.page(limit=50)).images
        gone = frozenset(image.id for image in images if image.filename.startswith("coffee"))
        queries = [
            jpeg(augment.apply(edit, photograph("coffee.png"), photograph("rocket.jpg"), seed=3))
            for edit in ("recompress", "mirror", "write_text", "stripes", "paste", "screenshot", "collage", "mix")
        ]
        queries.append(await service.originals.file(await service.get(min(gone))))
        passed = [(await service.search(query, weak=True, limit=20, without=gone)).matches for query in queries]
        await service.remove(sorted(gone), actor="test")
        for query, matches in zip(queries, passed, strict=True):
            assert matches == (await service.search(query, weak=True, limit=20)).matches
            assert matches


async def test_same_bytes_are_the_same_picture_without_an_edit(filled: Filled) -> None:
    async with filled() as service:
        for name in PHOTOGRAPHS:
            best = (await service.search((SHIPPED / name).read_bytes())).matches[0]
            assert (best.image.filename, best.lane, best.score, best.p_same) == (name, "same", 1.0, 1.0)
            assert best.evidence.exact
            assert best.evidence.edits == ()


async def test_stranger_is_not_the_same_as_anything(filled: Filled) -> None:
    async with filled() as service:
        for name in ("moon.png", "text.png", "page.png", "brick.png", "hubble_deep_field.jpg", "ihc.png"):
            result = await service.search((SHIPPED / name).read_bytes(), weak=True)
            assert all(match.lane == "alike" for match in result.matches), name


async def test_nothing_near_is_an_empty_answer_and_weak_shows_the_nearest(filled: Filled) -> None:
    async with filled() as service:
        query = (SHIPPED / "text.png").read_bytes()
        assert (await service.search(query)).matches == ()
        shown = (await service.search(query, weak=True)).matches
        assert len(shown) == 5
        assert all(match.weak for match in shown)


async def test_answer_is_filled_up_with_weak_ones_behind_the_others(filled: Filled) -> None:
    async with filled() as service:
        matches = (await service.search(jpeg(photograph("coffee.png"), 60), limit=4)).matches
        assert len(matches) == 4
        assert [match.weak for match in matches] == [False, True, True, True]
        scores = [match.score for match in matches[1:]]
        assert scores == sorted(scores, reverse=True)


async def test_answers_are_the_same_each_time(filled: Filled) -> None:
    async with filled() as service:
        query = jpeg(augment.apply("mix", photograph("rocket.jpg"), photograph("coffee.png"), seed=5))
        first, *others = [await service.search(query) for _ in range(3)]
        assert all(other.matches == first.matches for other in others)


async def test_empty_library_answers_nothing(service: SearchService) -> None:
    assert (await service.search(jpeg(photograph("coffee.png")), weak=True)).matches == ()


@pytest.mark.parametrize("limit", [0, -1, 51, 10_000])
async def test_limit_out_of_range_is_refused(service: SearchService, limit: int) -> None:
    with pytest.raises(InvalidLimit, match="between 1 and 50"):
        await service.search(jpeg(photograph("coffee.png")), limit=limit)


async def test_searching_does_not_store_the_query(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        before = await service.status()
        await service.search(jpeg(photograph("chelsea.png")[20:200]))
        after = await service.status()
        assert (after.images, after.last_seq) == (before.images, before.last_seq)


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


async def test_why_is_a_picture_of_both(filled: Filled) -> None:
    async with filled() as service:
        copy = augment.apply("screenshot", photograph("coffee.png"), photograph("rocket.jpg"), seed=11)
        best = (await service.search(jpeg(copy))).matches[0]
        drawn = PillowImage.open(BytesIO((await service.explain(jpeg(copy), best.image.id)).picture))
        assert drawn.format == "JPEG"
        assert drawn.width > 900
        pixels = np.asarray(drawn).astype(int)
        accent = (np.abs(pixels - (214, 84, 32)).max(axis=2) < 40).sum()
        assert accent > 500  # the outline


async def test_why_works_for_pictures_that_do_not_match(filled: Filled) -> None:
    async with filled() as service:
        other = (await service.search((SHIPPED / "rocket.jpg").read_bytes())).matches[0].image.id
        assert (await service.explain(jpeg(photograph("coffee.png")), other)).picture.startswith(b"\xff\xd8")
        with pytest.raises(UnknownImage):
            await service.explain(jpeg(photograph("coffee.png")), 999)


@pytest.mark.databases("sqlite", "postgresql")
async def test_check_finds_and_mends_what_was_lost(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        originals = sorted(p for p in (settings.data_dir / "originals").rglob("*") if p.is_file())
        thumbnails = sorted(p for p in (settings.data_dir / "thumbnails").rglob("*") if p.is_file())
        originals[0].unlink()
        originals[1].write_bytes(originals[1].read_bytes()[:-1] + b"?")
        good = [t for t in thumbnails if t.stem not in {o.stem for o in originals[:2]}]
        good[0].unlink()
        good[1].write_bytes(b"")
        (settings.data_dir / "originals" / "ab").mkdir(exist_ok=True)
        for name, age_s in (
            ("ab" + 62 * "0" + ".jpg", 7200),
            (".left.123.partial", 7200),
            ("ab" + 62 * "1" + ".jpg", 0),
        ):
            path = settings.data_dir / "originals" / "ab" / name
            path.write_bytes(b"nobody's")
            os.utime(path, (time.time() - age_s, time.time() - age_s))
        repository = service._repository
        async with repository.database.write() as connection:
            await connection.execute(text("DELETE FROM embeddings WHERE image_id = (SELECT max(id) FROM images)"))
            await connection.execute(text("UPDATE keypoints SET version = 0 WHERE image_id = 3"))
        found = await service.checker.check(repair=False, purge=False, deep=True, actor="test")
        assert (found.missing_originals, found.altered_original) == (1, 1)
        assert (found.missing_thumbnails, found.orphaned_files) == (2, 2)
        assert found.stale_features == 2
        assert not found.sound
        assert (await service.checker.check(repair=True, purge=False, deep=True, actor="test")).repaired
        assert (await service.checker.check(repair=False, purge=False, deep=True, actor="test")).sound
        assert (await service.status()).images == len(PHOTOGRAPHS) - 2
        assert path.exists()  # so young a file may belong to an addition under way
        undone = await service.undo(actor="test")
        assert (undone.kind, undone.images) == ("repair", 2)


@pytest.mark.databases("sqlite", "postgresql")
async def test_picture_that_lost_its_files_is_stored_anew(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        before = (await service.search((SHIPPED / "rocket.jpg").read_bytes())).matches[0].image
        for path in settings.data_dir.rglob(f"{before.sha256}*"):
            path.unlink()
        (result,) = await add_paths(service, SHIPPED / "rocket.jpg")
        assert (result.status, result.id) == ("duplicate", before.id)
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


async def test_emptied_database_beside_pictures_is_damage_and_loses_nothing(
    filled: Filled, settings: EngineSettings
) -> None:
    async with filled():
        pass
    (settings.data_dir / "pictrace.db").write_bytes(b"")
    with pytest.raises(PicTraceError, match="backup") as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "library_damaged"
    assert sum(p.is_file() for p in (settings.data_dir / "originals").rglob("*")) == len(PHOTOGRAPHS)


async def test_torn_checkpoint_is_passed_over_and_mended(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await (await in_process(service)).checkpoint()
    (checkpoint,) = (settings.data_dir / "index").glob("*.exact")
    assert checkpoint.name.startswith("efficientnet-lite2-1-")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
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


@pytest.mark.databases("sqlite", "postgresql")
async def test_library_changes_its_network_while_others_search(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service, open_service(settings) as other:
        query = jpeg(photograph("chelsea.png")[:, ::-1])
        before = (await other.search(query)).matches[0].image.id
        seen: list[tuple[int, int]] = []
        changing = asyncio.create_task(
            service.use_network("efficientnet-lite0", progress=lambda d, t: seen.append((d, t)))
        )
        added = await other.add_bytes((SHIPPED / "moon.png").read_bytes(), name="moon.png", actor="test")
        assert await changing
        assert seen[-1][0] == seen[-1][1]
        assert (await other.search(query)).matches[0].image.id == before
        status = await other.status()
        assert status.network.name == "efficientnet-lite0"
        assert status.features["embedding"] == status.images == len(PHOTOGRAPHS) + 1
        assert (await other.search((SHIPPED / "moon.png").read_bytes())).matches[0].image.id == added.id
    with pytest.raises(NetworkMismatch, match="networks use efficientnet-lite2"):
        async with open_service(settings.model_copy(update={"network": "efficientnet-lite2"})):
            pass


async def test_bad_queries_are_refused_with_a_code(filled: Filled) -> None:
    async with filled() as service:
        for content, code in ((b"", "empty_file"), (b"hello", "not_an_image"), (b"<svg/>", "unsupported_format")):
            with pytest.raises(PicTraceError) as caught:
                await service.search(content)
            assert caught.value.code == code


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


@pytest.mark.parametrize("shape", [(1, 1, 3), (5000, 1, 3), (1, 5000, 3), (2, 3000, 3), (40, 3000, 3)])
async def test_tiny_and_thin_pictures_are_pictures(service: SearchService, shape: tuple[int, int, int]) -> None:
    content = jpeg(np.random.default_rng(1).integers(0, 255, shape, np.uint8))
    added = await service.add_bytes(content, name="thin.jpg", actor="test")
    assert added.status == "added"
    await add_paths(service, SHIPPED / "coffee.png")
    assert (await service.search(content)).matches[0].evidence.exact
    again = jpeg(np.random.default_rng(1).integers(0, 255, shape, np.uint8), 60)
    await service.search(again, weak=True)
    assert added.id
    assert ((await service.explain(again, added.id)).picture).startswith(b"\xff\xd8")


async def test_missing_thumbnail_does_not_stop_a_search(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        thumbnails = sorted((settings.data_dir / "thumbnails").rglob("*.jpg"))
        for path, content in zip(thumbnails, [None, b"", b"x" * 3000] * 2, strict=True):
            path.unlink() if content is None else path.write_bytes(content)
        matches = (await service.search(jpeg(photograph("coffee.png"), 70), weak=True)).matches
        assert "coffee.png" in {m.image.filename for m in matches}
        assert (await service.search((SHIPPED / "coffee.png").read_bytes())).matches[0].evidence.exact


@pytest.mark.databases("sqlite", "postgresql")
async def test_admin_key_is_known_again_and_void_after_the_next(service: SearchService) -> None:
    assert not await service.admin_key.fits("")
    first = await service.admin_key.make()
    assert await service.admin_key.fits(first)
    second = await service.admin_key.make()
    assert await service.admin_key.fits(second)
    assert not await service.admin_key.fits(first)
    assert len(second) >= 40


@pytest.mark.databases("sqlite", "postgresql")
async def test_title_and_tags_are_kept(service: SearchService) -> None:
    sources = list(expand(SHIPPED / "rocket.jpg", service.settings))
    results = service.add(sources, actor="test", title="Falcon 9", tags=["space", "night"], page_url="https://x.test/")
    (result,) = [result async for result in results]
    assert result.id
    image = await service.get(result.id)
    assert (image.title, image.tags, image.page_url) == ("Falcon 9", ("space", "night"), "https://x.test/")
    assert (image.width, image.height, image.media_type) == (640, 427, "image/jpeg")


async def test_lines_over_the_whole_picture_are_seen_through(filled: Filled) -> None:
    async with filled() as service:
        lined = augment.apply(
            "stripes", cv2.resize(photograph("coffee.png"), (480, 320)), photograph("rocket.jpg"), seed=4
        )
        (first, *_) = (await service.search(jpeg(lined))).matches
        assert (first.image.filename, first.lane) == ("coffee.png", "same")


@pytest.mark.databases("sqlite", "postgresql")
async def test_hashes_follow_the_library(filled: Filled) -> None:
    async with filled() as service:
        serving, _ = await service._networks.current()
        phash = hashes.phash(photograph("coffee.png"))
        assert phash is not None
        coffee = (await service.search(jpeg(photograph("coffee.png")))).matches[0].image.id

        async def nearest(count: int) -> list[int]:
            (hits,) = await serving.index.near_hashes([phash], count)
            return [int(key) for key in hits.keys]

        assert (await nearest(2))[0] == coffee
        await service.remove([coffee], actor="test")
        await service.level()
        assert coffee not in await nearest(10)
        await service.undo(actor="test")
        await service.level()
        assert await nearest(1) == [coffee]


async def test_points_that_agree_lie_where_the_picture_does(filled: Filled) -> None:
    """On a screen, and in a mirrored part of another picture: each on the query and on the picture it was found in."""
    coffee, ground = photograph("coffee.png"), photograph("motorcycle_left.png").copy()
    ground[60:360, 80:530] = cv2.resize(coffee[:, ::-1], (450, 300), interpolation=cv2.INTER_AREA)
    screen = augment.apply("screenshot", coffee, photograph("chelsea.png"), seed=3)
    async with filled() as service:
        serving, _ = await service._networks.current()
        for query in (screen, ground):
            features = registry.extract(Image(query, "image/png", *query.shape[1::-1]), "", serving.embedder)
            candidates = await serving.matcher.examine(query, features, 3, 0.0)
            proof = candidates.found[0].proof
            assert proof
            assert proof.is_proved
            assert proof.geometry
            assert proof.keypoints > 20
            laid = cv2.perspectiveTransform(proof.geometry.query_points[None].astype(np.float64), proof.transform)[0]
            assert np.median(np.abs(laid - proof.geometry.stored_points)) < 0.02
