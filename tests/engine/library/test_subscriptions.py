"""Verdicts and watches."""

import io

import numpy as np
import pytest
from PIL import Image

from engine import PicTraceError, SearchService
from engine.pictures.augment import EDITS
from tests.conftest import SHIPPED, Filled, add_paths, jpeg, original_of, photograph

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ADA, BORIS = "chat:ada", "chat:boris"
MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))


async def ids(service: SearchService, content: bytes, **how: object) -> list[int]:
    return [match.image.id for match in (await service.search(content, **how)).matches]  # type: ignore[arg-type]


async def add(service: SearchService, name: str) -> int:
    (added,) = await add_paths(service, SHIPPED / name)
    assert added.id
    return added.id


async def test_pair_called_wrong_is_not_shown_to_that_subscriber_again(filled: Filled) -> None:
    async with filled() as service:
        first, *_ = await ids(service, MIRRORED)
        await service.subscriptions.judge(MIRRORED, first, right=False, subscriber=ADA)
        assert first not in await ids(service, MIRRORED, subscriber=ADA, weak=True)
        assert (await ids(service, MIRRORED, subscriber=BORIS))[0] == first
        assert (await ids(service, MIRRORED))[0] == first


async def test_verdict_holds_for_the_picture_saved_again_and_for_no_other(filled: Filled) -> None:
    async with filled() as service:
        first, *_ = await ids(service, MIRRORED)
        await service.subscriptions.judge(MIRRORED, first, right=False, subscriber=ADA)
        again = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]), quality=60)
        assert first not in await ids(service, again, subscriber=ADA)
        upright = jpeg(photograph("chelsea.png"))
        assert (await ids(service, upright, subscriber=ADA))[0] == first


async def test_even_the_very_same_file_is_left_out_once_it_is_called_wrong(filled: Filled) -> None:
    async with filled() as service:
        content = (SHIPPED / "coffee.png").read_bytes()
        first, *_ = await ids(service, content)
        await service.subscriptions.judge(content, first, right=False, subscriber=ADA)
        assert first not in await ids(service, content, subscriber=ADA, weak=True)


async def test_last_verdict_on_a_pair_counts(filled: Filled) -> None:
    async with filled() as service:
        first, *_ = await ids(service, MIRRORED)
        for right in (True, False, True):
            await service.subscriptions.judge(MIRRORED, first, right=right, subscriber=ADA)
        tally = (await service.status()).tally
        assert (tally.right, tally.wrong) == (1, 0)
        assert (await ids(service, MIRRORED, subscriber=ADA))[0] == first


async def test_verdict_on_an_unknown_picture_is_refused(filled: Filled) -> None:
    async with filled() as service:
        with pytest.raises(PicTraceError) as caught:
            await service.subscriptions.judge(MIRRORED, 999, right=True, subscriber=ADA)
        assert caught.value.code == "unknown_image"


@pytest.mark.databases("sqlite")  # `appeared` and `due_watches` meet the other below
@pytest.mark.parametrize("edit", ["crop", "mirror", "screenshot", "turn", "recolour", "meme", "recompress"])
async def test_picture_that_is_waited_for_is_found_once_it_is_added(service: SearchService, edit: str) -> None:
    await add_paths(service, SHIPPED / "chelsea.png", SHIPPED / "rocket.jpg")
    query = jpeg(EDITS[edit](photograph("astronaut.png"), np.random.default_rng(5), photograph("coffee.png")))
    watch = await service.watches.begin(query, subscriber=ADA, reference="where")
    assert await service.watches.due() == []
    await add(service, "camera.png")
    added = await add(service, "astronaut.png")
    (due,) = await service.watches.due()
    assert (due.id, due.subscriber, due.reference) == (watch.id, ADA, "where")
    match = await service.watches.appeared(due, query)
    assert match
    assert match.image.id == added
    assert match.lane == "same"


async def test_what_is_not_acknowledged_is_told_again_and_what_is_not_again(service: SearchService) -> None:
    watch = await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    await add(service, "chelsea.png")
    for _ in range(2):  # as after a crash between telling and acknowledging
        (due,) = await service.watches.due()
        assert await service.watches.appeared(due, MIRRORED)
    assert await service.watches.end(watch.id, subscriber=ADA)
    assert not await service.watches.end(watch.id, subscriber=ADA)
    assert await service.watches.due() == []


async def test_strangers_make_no_watch_due_for_long(service: SearchService) -> None:
    await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    for name in ("coffee.png", "rocket.jpg", "camera.png"):
        await add(service, name)
        for due in await service.watches.due():
            assert await service.watches.appeared(due, MIRRORED) is None
        assert await service.watches.due() == []


async def test_picture_that_comes_back_has_appeared_too(service: SearchService) -> None:
    added = await add(service, "chelsea.png")
    operation = await service.remove([added], actor="test")
    await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    assert await service.watches.due() == []
    await service.undo(actor="test", operation_id=operation)
    (due,) = await service.watches.due()
    match = await service.watches.appeared(due, MIRRORED)
    assert match
    assert match.image.id == added


async def test_same_picture_is_waited_for_once(service: SearchService) -> None:
    first = await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    assert (await service.watches.begin(MIRRORED, subscriber=ADA, reference="")).id == first.id
    assert (await service.watches.begin(MIRRORED, subscriber=BORIS, reference="")).id != first.id
    assert (await service.status()).tally.watches == 2
    assert [watch.id for watch in await service.watches.of(ADA)] == [first.id]


async def test_nobody_cancels_for_another(service: SearchService) -> None:
    watch = await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    assert not await service.watches.end(watch.id, subscriber=BORIS)
    assert len(await service.watches.of(ADA)) == 1


async def test_postponed_watch_waits_for_what_comes_next(service: SearchService) -> None:
    await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    added = await add(service, "chelsea.png")
    (due,) = await service.watches.due()
    await service.watches.postpone(due)
    assert await service.watches.due() == []
    operation = await service.remove([added], actor="test")
    await service.undo(actor="test", operation_id=operation)
    assert len(await service.watches.due()) == 1


async def test_forgetting_deletes_all_of_one_and_nothing_of_others(filled: Filled) -> None:
    async with filled() as service:
        first, second, *_ = await ids(service, MIRRORED)
        for who in (ADA, BORIS):
            await service.subscriptions.judge(MIRRORED, first, right=True, subscriber=who)
            await service.subscriptions.judge(MIRRORED, second, right=False, subscriber=who)
            await service.watches.begin(MIRRORED, subscriber=who, reference="")
        gone = await service.subscriptions.forget(ADA)
        assert (gone.right, gone.wrong, gone.watches) == (1, 1, 1)
        left = (await service.status()).tally
        assert (left.right, left.wrong, left.watches) == (1, 1, 1)


async def test_what_was_kept_for_one_can_be_kept_for_another(filled: Filled) -> None:
    async with filled() as service:
        first, *_ = await ids(service, MIRRORED)
        await service.subscriptions.judge(MIRRORED, first, right=False, subscriber=ADA)
        await service.subscriptions.judge(MIRRORED, first, right=False, subscriber=BORIS)
        await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
        await service.subscriptions.rename(ADA, BORIS)
        assert first not in await ids(service, MIRRORED, subscriber=BORIS)
        assert first in await ids(service, MIRRORED, subscriber=ADA)
        assert len(await service.watches.of(BORIS)) == 1


async def test_watch_outlives_a_change_of_network(service: SearchService) -> None:
    await service.watches.begin(MIRRORED, subscriber=ADA, reference="")
    await service.use_network("efficientnet-lite0")
    await add(service, "chelsea.png")
    (due,) = await service.watches.due()
    assert await service.watches.appeared(due, MIRRORED)


async def test_preview_is_a_jpeg_of_bounded_size_and_shape(service: SearchService) -> None:
    strip = np.full((40, 3000, 3), 90, np.uint8)
    strip[:, ::7] = 200
    added = await service.add_bytes(jpeg(strip), name="strip.jpg", actor="test")
    image = await service.get(added.id or 0)
    preview = Image.open(io.BytesIO(await service.originals.preview(image, side=1000, max_ratio=10)))
    assert preview.format == "JPEG"
    assert max(preview.size) <= 1000
    assert max(preview.size) / min(preview.size) <= 10.1
    original_of(service, image).unlink()
    assert (await service.originals.preview(image)).startswith(b"\xff\xd8")  # of the thumbnail
