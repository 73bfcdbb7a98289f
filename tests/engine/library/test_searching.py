"""Answers: what was asked is looked at once, what is stored is not computed again, and nothing is kept of it."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from sqlalchemy import delete

from engine import EngineSettings, PicTraceError, SearchService, open_service
from engine.domain import Edit, Image, PictureWarning, Region
from engine.errors import InvalidLimit, InvalidRegion, TooManyPixels, UnknownImage, UnreadableFile
from engine.library.searching import MAX_LIMIT, PREVIEW_SIDE
from engine.pictures import augment, imaging
from engine.storage.tables import embeddings, keypoints
from tests import collages
from tests.conftest import (
    PHOTOGRAPHS,
    SHIPPED,
    Filled,
    add_paths,
    cut_short,
    jpeg,
    original_of,
    photograph,
    thumbnail_of,
)
from tests.engine.library.conftest import Work, paint, painted
from tests.small_library import menu, painting

STAGES = {"total", "catch_up", "read", "match", "detail", "rank"}


@pytest.fixture
async def gallery(small: SearchService) -> SearchService:
    """Of the pictures 1 to 4."""
    await paint(small, *range(1, 5))
    return small


async def ids(service: SearchService, content: bytes, **wishes: object) -> list[int]:
    found = await service.search(content, weak=True, **wishes)  # type: ignore[arg-type]
    return [match.image.id for match in found.matches]


# --- what is asked


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
async def test_limit_is_looked_at_before_anything_else(small: SearchService, work: Work, limit: int) -> None:
    for act in (small.search(b"no picture", limit=limit), small.search_stored(99, limit=limit)):
        with pytest.raises(InvalidLimit, match=f"between 1 and {MAX_LIMIT}, not {limit}"):
            await act
    assert work.loaded == []


async def test_as_many_as_the_limit_are_found_best_first(gallery: SearchService) -> None:
    for limit in (1, 2, 4, MAX_LIMIT):
        found = (await gallery.search(painted(2, 60), limit=limit, weak=True)).matches
        assert len(found) == min(limit, 4)
        assert found[0].image.id == 2
        assert len({match.image.id for match in found}) == len(found)


async def test_query_is_embedded_once_as_a_whole(gallery: SearchService, work: Work) -> None:
    before = work.embedded
    result = await gallery.search(painted(2))
    assert result.matches[0].evidence.exact
    assert work.embedded == before  # its bytes are stored, and so is its embedding
    await gallery.search(painted(9))
    assert work.embedded == before + 1


async def test_stored_bytes_without_what_was_computed_of_them_are_computed_again(
    gallery: SearchService, work: Work
) -> None:
    async with gallery.database.write() as connection:
        await connection.execute(delete(embeddings).where(embeddings.c.image_id == 1))
    thumbnail_of(gallery, await gallery.get(3)).unlink()
    for number in (1, 3):
        before = work.embedded
        best = (await gallery.search(painted(number))).matches[0]
        assert (best.image.id, best.evidence.exact, best.score) == (number, True, 1.0)
        assert work.embedded > before


async def test_stored_file_that_breaks_off_is_said_to_though_it_is_not_decoded(
    small: SearchService, work: Work
) -> None:
    content = cut_short(painted(1))
    added = await small.add_bytes(content, name="cut.jpg", actor="test")
    assert added.id
    before = work.embedded
    for found in (await small.search(content), await small.search_stored(added.id)):
        assert found.warnings == (PictureWarning.of_code("cut_short"),)
    assert work.embedded == before


async def test_picture_without_keypoints_is_still_found_by_its_bytes(gallery: SearchService) -> None:
    async with gallery.database.write() as connection:
        await connection.execute(delete(keypoints).where(keypoints.c.image_id == 2))
    best = (await gallery.search(painted(2))).matches[0]
    assert (best.image.id, best.evidence.exact) == (2, True)


async def test_why_of_a_picture_without_keypoints_is_told_by_what_there_is(gallery: SearchService) -> None:
    async with gallery.database.write() as connection:
        await connection.execute(delete(keypoints).where(keypoints.c.image_id == 2))
    assert (await gallery.explain(painted(2, 50), 2)).match.image.id == 2


async def test_stages_are_timed_and_sum_up_to_less_than_all(gallery: SearchService) -> None:
    for result in (await gallery.search(painted(9), weak=True), await gallery.search_stored(1, weak=True)):
        assert set(result.timings_ms) == STAGES
        stages = sum(took for stage, took in result.timings_ms.items() if stage != "total")
        assert 0 <= stages <= result.timings_ms["total"] + 0.05


async def test_answer_says_what_was_searched(gallery: SearchService) -> None:
    result = await gallery.search(painted(9))
    assert (result.library_size, result.seq, result.calibrated) == (4, 4, False)
    assert (result.query.width, result.query.height, result.query.preview) == (160, 120, None)
    await gallery.remove([1], actor="test")
    again = await gallery.search(painted(9))
    assert (again.library_size, again.seq) == (3, 5)


async def test_preview_is_a_small_jpeg_of_the_query(small: SearchService) -> None:
    large = np.zeros((300, 1000, 3), np.uint8)
    large[:, :500] = 200
    result = await small.search(jpeg(large), preview=True)
    assert result.query.preview
    shown = imaging.decode_thumbnail(result.query.preview)
    assert shown.shape == (PREVIEW_SIDE * 300 // 1000, PREVIEW_SIDE, 3)
    assert (result.query.width, result.query.height) == (1000, 300)


async def test_nothing_is_kept_of_a_query(gallery: SearchService) -> None:
    before = await gallery.repository.feed.head()
    await gallery.search(painted(9), weak=True, preview=True)
    await gallery.search_stored(1)
    assert await gallery.repository.feed.head() == before


# --- what is compared in detail


async def test_picture_that_only_shares_a_layout_is_a_variant_and_tells_what_differs(small: SearchService) -> None:
    for number in range(3):
        await small.add_bytes(jpeg(menu(number, 1)), name=f"{number}.jpg", actor="test")
    for number in range(3):
        for content, lane in ((1, "same"), (2, "variant")):
            asked = jpeg(menu(number, content), 60)
            best = (await small.search(asked, weak=True)).matches[0]
            why = (await small.explain(asked, number + 1)).match
            for match in (best, why):
                assert (match.image.id, match.lane) == (number + 1, lane)
                assert (match.p_same > 0.5) == (lane == "same")
                assert match.evidence.structure is not None
                assert match.evidence.outline is not None
                assert match.evidence.edits == () or lane == "same"
                assert bool(match.evidence.differs) == (lane == "variant")


async def test_lost_original_is_judged_by_its_thumbnail_alone(small: SearchService) -> None:
    await small.add_bytes(jpeg(menu(1, 1)), name="1.jpg", actor="test")
    original_of(small, await small.get(1)).unlink()
    best = (await small.search(jpeg(menu(1, 2), 60), weak=True)).matches[0]
    assert (best.image.id, best.lane) == (1, "same")


# --- what is passed over


async def test_picture_that_is_passed_over_is_no_match_though_its_bytes_are_the_same(gallery: SearchService) -> None:
    assert (await ids(gallery, painted(2)))[0] == 2
    assert 2 not in await ids(gallery, painted(2), without=frozenset([2]))
    assert sorted(await ids(gallery, painted(2), without=frozenset([2, 3]))) == [1, 4]
    assert await ids(gallery, painted(2), without=frozenset(range(9))) == []


async def test_nothing_that_is_stored_of_a_picture_that_is_passed_over_is_used(
    gallery: SearchService, work: Work
) -> None:
    before = work.embedded
    await gallery.search(painted(2), without=frozenset([1]))
    assert work.embedded == before
    await gallery.search(painted(2), without=frozenset([2]))
    assert work.embedded == before + 1


async def test_what_a_subscriber_called_wrong_is_left_out_for_them_alone(gallery: SearchService) -> None:
    await gallery.subscriptions.judge(painted(2), 2, subscriber="ada", right=False)
    assert 2 not in await ids(gallery, painted(2), subscriber="ada")
    assert (await ids(gallery, painted(2), subscriber="boris"))[0] == (await ids(gallery, painted(2)))[0] == 2
    assert 3 in await ids(gallery, painted(3), subscriber="ada")
    assert await ids(gallery, painted(2), subscriber="ada", without=frozenset([1, 3])) == [4]


async def test_search_from_a_stored_picture_computes_nothing_of_it(gallery: SearchService, work: Work) -> None:
    (twin,) = await paint(gallery, 1)
    assert twin == 1
    before = work.embedded
    found = await gallery.search_stored(1, weak=True)
    assert sorted(match.image.id for match in found.matches) == [2, 3, 4]
    assert (found.query.width, found.query.height) == (160, 120)
    assert work.embedded == before


async def test_search_from_what_is_lost_says_so(gallery: SearchService) -> None:
    image = await gallery.get(1)
    thumbnail_of(gallery, image).unlink()
    original_of(gallery, image).unlink()
    with pytest.raises(UnreadableFile, match="picture 1"):
        await gallery.search_stored(1)
    with pytest.raises(UnknownImage):
        await gallery.search_stored(99)


# --- why


async def test_why_says_what_a_search_says(gallery: SearchService) -> None:
    query = painted(2, 50)
    found = (await gallery.search(query)).matches[0]
    explained = await gallery.explain(query, 2)
    assert (explained.match.image.id, explained.match.lane, explained.calibrated) == (2, "same", False)
    assert explained.match.score == pytest.approx(found.score, abs=0.02)
    assert explained.picture.startswith(b"\xff\xd8")


async def test_why_of_a_lost_original_is_an_error_and_of_an_unknown_picture_another(gallery: SearchService) -> None:
    original_of(gallery, await gallery.get(3)).unlink()
    with pytest.raises(UnreadableFile, match="picture 3"):
        await gallery.explain(painted(3, 50), 3)
    with pytest.raises(UnknownImage):
        await gallery.explain(painted(3, 50), 99)


async def test_why_without_an_embedding_is_told_by_what_there_is(gallery: SearchService) -> None:
    async with gallery.database.write() as connection:
        await connection.execute(delete(embeddings).where(embeddings.c.image_id == 2))
    explained = await gallery.explain(painted(2, 50), 2)
    assert (explained.match.image.id, explained.match.evidence.cosine) == (2, 0.0)


# --- real pictures


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


async def test_bad_queries_are_refused_with_a_code(filled: Filled) -> None:
    async with filled() as service:
        for content, code in ((b"", "empty_file"), (b"hello", "not_an_image"), (b"<svg/>", "unsupported_format")):
            with pytest.raises(PicTraceError) as caught:
                await service.search(content)
            assert caught.value.code == code


@pytest.mark.parametrize("shape", [(1, 1, 3), (1500, 1, 3), (1, 1500, 3), (2, 1000, 3), (40, 900, 3)])
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


# --- animations and videos

SMALL = (160, 120)  # as `painted` makes them


def animation(numbers: list[int], kind: str = "GIF") -> bytes:
    frames = [PillowImage.fromarray(painting(number, *SMALL)) for number in numbers]
    buffer = BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    return buffer.getvalue()


def video(numbers: list[int], path: Path, *, each: int = 10) -> bytes:
    """Each painting for so many frames."""
    height, width = painting(1, *SMALL).shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height))
    for number in numbers:
        for _ in range(each):
            writer.write(cv2.cvtColor(painting(number, *SMALL), cv2.COLOR_RGB2BGR))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_further_frames_of_an_animation_are_tried(gallery: SearchService, kind: str) -> None:
    found = await gallery.search(animation([20, 21, 22, 3], kind), preview=True)
    assert (found.matches[0].image.id, found.matches[0].lane) == (3, "same")
    assert found.query.preview
    shown = imaging.decode(found.query.preview, side=480, max_bytes=10**7, max_pixels=10**7).pixels
    assert np.abs(shown.astype(int) - painting(3, *SMALL)).mean() < 12  # the frame that was found
    assert set(found.timings_ms) == STAGES
    assert sum(ms for stage, ms in found.timings_ms.items() if stage != "total") <= found.timings_ms["total"] + 1


async def test_first_frame_that_is_found_is_enough(gallery: SearchService, work: Work) -> None:
    before = work.embedded
    found = await gallery.search(animation([2, 3, 4], "PNG"))
    assert (found.matches[0].image.id, work.embedded) == (2, before + 1)


async def test_animation_of_which_no_frame_is_found_is_answered_by_its_first(gallery: SearchService) -> None:
    moving = animation([20, 21], "PNG")
    assert not [match for match in (await gallery.search(moving)).matches if match.lane == "same"]
    assert await ids(gallery, moving) == await ids(gallery, painted(20, 100))


async def test_why_shows_the_frame_that_matches(gallery: SearchService) -> None:
    assert (await gallery.explain(animation([20, 3], "PNG"), 3)).match.lane == "same"
    assert (await gallery.explain(animation([20, 21], "PNG"), 3)).match.lane != "same"


async def test_short_video_is_asked_with_and_never_added(gallery: SearchService, tmp_path: Path) -> None:
    content = video([20, 3], tmp_path / "moving.mp4")
    found = await gallery.search(content)
    assert (found.matches[0].image.id, found.matches[0].lane) == (3, "same")
    refused = await gallery.add_bytes(content, name="moving.mp4", actor="test")
    assert (refused.status, refused.code) == ("rejected", "unsupported_format")


async def test_stored_animation_is_found_by_its_bytes(small: SearchService, work: Work) -> None:
    content = animation([1, 2], "PNG")
    added = await small.add_bytes(content, name="moving.png", actor="test")
    before = work.embedded
    found = await small.search(content)
    assert (found.matches[0].image.id, found.matches[0].evidence.exact) == (added.id, True)
    assert work.embedded == before


# --- a region of the query


async def test_region_is_looked_for_and_what_is_found_lies_in_the_whole_query(service: SearchService) -> None:
    names = ("coffee.png", "chelsea.png", "rocket.jpg", "astronaut.png")
    await add_paths(service, *(SHIPPED / name for name in names))
    collage = collages.made("four with gutters", [photograph(name) for name in names], seed=3)
    content = jpeg(collage.pixels)
    for name, piece in zip(names, collage.pieces, strict=True):
        result = await service.search(content, region=piece)
        best = result.matches[0]
        assert (best.image.filename, best.lane) == (name, "same")
        assert (result.query.width, result.query.height) == (collage.pixels.shape[1], collage.pixels.shape[0])
        outline = best.evidence.outline
        assert outline
        assert piece.x - 0.2 < min(x for x, _ in outline) < max(x for x, _ in outline) < piece.x + piece.width + 0.2
        assert best.evidence.region
        assert collages.overlap(best.evidence.region, piece) > 0.95
        for box in best.evidence.differs:
            assert collages.overlap(box, piece) > 0
        assert len(result.regions) == 4  # of the whole query, whatever part was asked with
        assert all(max(collages.overlap(one, box) for box in result.regions) > 0.8 for one in collage.pieces)
        explained = await service.explain(content, best.image.id, region=piece)
        assert explained.match.lane == "same"
        assert explained.match.evidence.outline == best.evidence.outline
        assert imaging.decode_own(explained.picture) is not None


async def test_region_of_the_very_file_is_no_exact_match_and_the_whole_region_is(service: SearchService) -> None:
    await add_paths(service, SHIPPED / "coffee.png", SHIPPED / "rocket.jpg")
    content = (SHIPPED / "coffee.png").read_bytes()
    (best, *_) = (await service.search(content, region=Region(0.2, 0.1, 0.6, 0.7))).matches
    assert (best.image.filename, best.lane, best.evidence.exact) == ("coffee.png", "same", False)
    assert Edit.CROPPED in best.evidence.edits
    (best, *_) = (await service.search(content, region=Region(0, 0, 1, 1))).matches
    assert best.evidence.exact


async def test_region_of_a_stored_picture_is_cut_from_its_original(service: SearchService) -> None:
    """A piece of a thumbnail of 320 pixels would have 60."""
    large = np.asarray(cv2.resize(photograph("rocket.jpg"), (2_560, 1_708), interpolation=cv2.INTER_CUBIC), np.uint8)
    small = photograph("coffee.png")
    large[200:600, 300:900] = cv2.resize(small, (600, 400))
    whole, piece = await add_bytes(service, jpeg(large)), await add_bytes(service, jpeg(small, 80))
    region = Region(300 / 2_560, 200 / 1_708, 600 / 2_560, 400 / 1_708)
    (best, *_) = (await service.search_stored(whole, region=region)).matches
    assert (best.image.id, best.lane) == (piece, "same")
    assert whole not in {match.image.id for match in (await service.search_stored(whole, region=region)).matches}


async def test_too_small_a_region_is_refused(gallery: SearchService) -> None:
    for act in (
        gallery.search(painted(9), region=Region(0, 0, 0.1, 0.5)),
        gallery.search_stored(1, region=Region(0, 0, 0.1, 0.5)),
        gallery.explain(painted(9), 1, region=Region(0, 0, 0.1, 0.5)),
    ):
        with pytest.raises(InvalidRegion, match="16 x 60 pixels"):
            await act


async def test_picture_that_is_too_large_for_a_region_is_cut_from_a_smaller_one(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_paths(service, SHIPPED / "coffee.png", SHIPPED / "rocket.jpg")
    decoders = service._decoders
    decode, sides = decoders.decode_query, []

    async def refusing(content: bytes, *, side: int) -> Image:
        sides.append(side)
        if side > imaging.QUERY_SIDE:
            raise TooManyPixels("Too many.")
        return await decode(content, side=side)

    monkeypatch.setattr(decoders, "decode_query", refusing)
    content = (SHIPPED / "coffee.png").read_bytes()
    (best, *_) = (await service.search(content, region=Region(0.2, 0.1, 0.6, 0.7))).matches
    assert best.image.filename == "coffee.png"
    assert sides == [2_000, imaging.QUERY_SIDE]


async def add_bytes(service: SearchService, content: bytes) -> int:
    added = await service.add_bytes(content, name="a.jpg", actor="test")
    assert added.id
    return added.id


# --- pictures with some tags


async def test_only_pictures_with_all_the_tags_are_searched(gallery: SearchService) -> None:
    for image_id, tags in {1: ["sea"], 2: ["sea", "summer"], 3: ["summer"]}.items():
        await gallery.edit(image_id, {"tags": tags}, actor="test")
    for asked, wanted in {("sea",): {1, 2}, ("summer", "sea"): {2}, ("Sea",): set(), ("sea", "winter"): set()}.items():
        result = await gallery.search(painted(9), tags=asked, weak=True)
        assert ({match.image.id for match in result.matches}, result.library_size) == (wanted, len(wanted))
    assert {match.image.id for match in (await gallery.search_stored(1, tags=["sea"], weak=True)).matches} == {2}
    untagged = (await gallery.search(painted(3), tags=["sea"], weak=True)).matches  # its very bytes are in
    assert {match.image.id for match in untagged} == {1, 2}
    assert (await gallery.search(painted(1), tags=["sea"])).matches[0].evidence.exact


async def test_more_than_five_are_given_where_more_are_asked_for(small: SearchService) -> None:
    await paint(small, *range(1, 31))
    found = (await small.search(painted(40), limit=MAX_LIMIT, weak=True)).matches
    assert len(found) == 30
    few = (await small.search(painted(40), limit=5, weak=True)).matches
    assert [match.image.id for match in found[:5]] == [match.image.id for match in few]
