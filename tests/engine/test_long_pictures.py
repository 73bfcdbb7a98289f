"""Scrolled screenshots, strips and panoramas: found by a piece of them, and finding the pictures in them."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from sqlalchemy import func, select

from engine import Edit, EngineSettings, SearchService, open_service
from engine.domain import Pixels
from engine.storage.tables import embeddings, parts
from tests.conftest import Filled, jpeg, photograph

POSTS = ("rocket.jpg", "chelsea.png", "coffee.png", "astronaut.png", "camera.png", "motorcycle_left.png")
WIDTH, HEIGHT = 540, 900  # of a screenful


def scrolled(names: Sequence[str], *, width: int = WIDTH) -> Pixels:
    """A page of posts, each a picture and a line of words."""
    rows = []
    for number, name in enumerate(names, 1):
        picture = photograph(name)
        inner = width - 40
        small = cv2.resize(picture, (inner, round(inner * picture.shape[0] / picture.shape[1])))
        row = np.full((small.shape[0] + 70, width, 3), 255, np.uint8)
        row[10 : 10 + small.shape[0], 20 : 20 + inner] = small
        words = f"Post {number}: seen {137 * number} times"
        cv2.putText(row, words, (22, small.shape[0] + 45), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
        rows.append(row)
    return np.vstack(rows)


PAGE = scrolled(POSTS)
STRIP = np.hstack([cv2.resize(photograph(name), (480, 400)) for name in ("chelsea.png", "coffee.png", "rocket.jpg")])


PANELS = [cv2.resize(piece, (540, 400)) for name in POSTS for piece in np.array_split(photograph(name), 3)]
TALL, PANEL = np.vstack(PANELS), PANELS[10]  # 13 times as high as wide


async def add(service: SearchService, pixels: Pixels, name: str) -> int:
    added = await service.add_bytes(jpeg(pixels, 92), name=name, actor="test")
    assert added.id is not None, added
    return added.id


@pytest.mark.parametrize("top", [0, 350, 1200, len(PAGE) - HEIGHT])
async def test_screenful_is_the_same_picture_cropped_and_lies_where_it_was_cut(
    filled: Filled, settings: EngineSettings, top: int
) -> None:
    async with open_service(settings) as service:
        page = await add(service, PAGE, "page.jpg")
        result = await service.search(jpeg(PAGE[top : top + HEIGHT], 70))
    best = result.matches[0]
    assert (best.image.id, best.lane, best.evidence.edits) == (page, "same", (Edit.CROPPED,))
    assert best.evidence.place
    place = best.evidence.place
    shares = (place.x, place.y, place.width, place.height)
    assert np.allclose(shares, (0, top / len(PAGE), 1, HEIGHT / len(PAGE)), atol=0.02)
    assert [match.image.id for match in result.matches].count(page) == 1
    assert result.library_size == 1


async def test_panel_of_a_strip_is_found(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        strip = await add(service, STRIP, "strip.jpg")
        best = (await service.search(jpeg(STRIP[:, 480:960], 70))).matches[0]
    assert (best.image.id, best.lane) == (strip, "same")
    assert best.evidence.place
    assert best.evidence.place.x == pytest.approx(1 / 3, abs=0.02)
    assert best.evidence.place.width == pytest.approx(1 / 3, abs=0.02)


async def test_whole_long_picture_is_found_as_such(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        page = await add(service, PAGE, "page.jpg")
        best = (await service.search(jpeg(cv2.resize(PAGE, None, fx=0.8, fy=0.8), 60))).matches[0]
        assert (best.image.id, best.lane, best.evidence.place) == (page, "same", None)
        assert Edit.CROPPED not in best.evidence.edits


async def test_long_query_finds_the_pictures_in_it(filled: Filled) -> None:
    async with filled() as service:
        result = await service.search(jpeg(scrolled(("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg")), 80))
    same = [match for match in result.matches if match.lane == "same"]
    assert {match.image.filename for match in same} >= {"chelsea.png", "coffee.png", "astronaut.png"}
    assert all(Edit.INSIDE_LARGER in match.evidence.edits for match in same)
    for match in same:
        assert match.evidence.outline
        ys = [y for _, y in match.evidence.outline]
        assert -0.05 <= min(ys) < max(ys) <= 1.05
        assert max(ys) - min(ys) < 0.4


async def test_long_query_that_is_stored_finds_the_pictures_in_it_too(filled: Filled) -> None:
    page = jpeg(scrolled(("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg")), 80)
    async with filled() as service:
        added = await service.add_bytes(page, name="page.jpg", actor="test")
        result = await service.search(page)
    assert (result.matches[0].image.id, result.matches[0].evidence.exact) == (added.id, True)
    assert {match.image.filename for match in result.matches[1:] if match.lane == "same"} >= {
        "chelsea.png",
        "coffee.png",
    }
    assert len({match.image.id for match in result.matches}) == len(result.matches)


async def test_why_shows_the_place(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        page = await add(service, PAGE, "page.jpg")
        shown = await service.explain(jpeg(PAGE[1000:1900], 70), page)
    assert shown.match.lane == "same"
    assert shown.match.evidence.place
    drawn = cv2.imdecode(np.frombuffer(shown.picture, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    accent = (np.abs(drawn.astype(int) - (32, 84, 214)).max(axis=2) < 40).sum(axis=0)
    assert accent[: drawn.shape[1] // 2].max() > 300  # the query's side of the outline, and the stored picture's
    assert accent[drawn.shape[1] // 2 - 60 :].max() > 200


async def test_parts_are_embedded_by_another_network_and_go_with_their_picture(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        page = await add(service, PAGE, "page.jpg")
        await add(service, photograph("moon.png"), "moon.png")
        assert (await service.status()).index_size == 2
        assert await service.use_network("efficientnet-lite2")
        async with service.database.read() as connection:
            made = (await connection.execute(select(embeddings.c.network, func.count()).group_by("network"))).all()
            count = await connection.scalar(select(func.count()).select_from(parts))
        assert count
        assert [tuple(row) for row in made] == [("efficientnet-lite2", count + 2)]
        query = jpeg(PAGE[1000:1900], 70)
        assert (await service.search(query)).matches[0].image.id == page
        assert (await service.checker.check(repair=False, purge=False, actor="test", deep=True)).sound
        removal = await service.remove([page], actor="test")
        assert page not in [match.image.id for match in (await service.search(query, weak=True)).matches]
        assert (await service.status()).index_size == 1
        await service.undo(actor="test", operation_id=removal)
        assert (await service.search(query)).matches[0].image.id == page


async def test_screenful_that_is_added_is_a_part_of_the_page_and_no_near_duplicate(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        page = await add(service, PAGE, "page.jpg")
        piece = await add(service, PAGE[1000:1900], "piece.jpg")
        await service.duplicates.compare()
        assert not (await service.duplicates.groups()).groups
        [contained] = await service.duplicates.contained(limit=5)
        assert (contained.part.id, contained.whole.id) == (piece, page)


@pytest.mark.parametrize("is_long_first", [True, False])
async def test_pieces_are_contained_in_a_long_picture_whichever_came_first(
    settings: EngineSettings, is_long_first: bool
) -> None:
    async with open_service(settings) as service:
        page = scrolled(("astronaut.png", "camera.png", "motorcycle_left.png", "moon.png"))
        named = {"page": page, "strip": STRIP, "screenful": page[350 : 350 + HEIGHT], "panel": STRIP[:, 480:960]}
        ids = {name: await add(service, named[name], name) for name in (named if is_long_first else reversed(named))}
        found = {(pair.part.id, pair.whole.id) for pair in await service.duplicates.contained()}
        related = [await service.duplicates.related(ids[name]) for name in ("page", "strip")]
    assert found == {(ids["screenful"], ids["page"]), (ids["panel"], ids["strip"])}
    assert [[one.image.filename for one in of_long.parts] for of_long in related] == [["screenful"], ["panel"]]


@pytest.mark.parametrize(("waited_for", "added"), [(TALL, PANEL), (PANEL, TALL)])
async def test_watch_tells_of_a_panel_of_a_strip_and_of_the_strip_of_a_panel(
    settings: EngineSettings, waited_for: Pixels, added: Pixels
) -> None:
    async with open_service(settings) as service:
        query = jpeg(waited_for, 80)
        await service.watches.begin(query, subscriber="ada", reference="here")
        await add(service, photograph("moon.png"), "moon.png")
        for watch in await service.watches.due():
            assert await service.watches.appeared(watch, query) is None
        new = await add(service, added, "new.jpg")
        (watch,) = await service.watches.due()
        match = await service.watches.appeared(watch, query)
    assert match
    assert (match.image.id, match.lane) == (new, "same")
