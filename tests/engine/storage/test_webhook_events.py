"""What a webhook has yet to be told: each change once, in order, and no longer than it makes sense."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain import WebhookState
from engine.storage import clock, webhook_events
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.webhook_events import GIVE_UP, LONGEST_PAUSE, WebhookEvents
from tests.rows import add, edit, lines, remove

pytestmark = pytest.mark.databases("sqlite", "postgresql")
URL, OTHER_URL = "https://example.org/pictrace", "https://example.org/other"
PAUSE = timedelta(minutes=1)
AHEAD = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def kept(repository: Repository) -> WebhookEvents:
    """Of a library with one picture, which is told of from now on."""
    await add(repository, 1)
    await repository.webhook_events.begin(URL)
    return repository.webhook_events


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Lets time pass: all that is asked of the clock from then on."""

    def pass_(by: timedelta) -> None:
        now = clock.now() + by
        monkeypatch.setattr(clock, "now", lambda: now)

    return pass_


async def told(kept: WebhookEvents) -> list[tuple[str, int]]:
    """Type and picture of what waits, in order."""
    bodies = [json.loads(event.body) for event in await kept.waiting(1000)]
    return [(body["type"], body["data"]["id"]) for body in bodies]


async def test_what_happened_before_it_was_begun_is_not_told(kept: WebhookEvents) -> None:
    assert not await kept.is_due(URL)
    await kept.collect(URL)
    assert await told(kept) == []


async def test_each_change_is_told_once_and_in_order(kept: WebhookEvents, repository: Repository) -> None:
    await add(repository, 2, 3)
    await edit(repository, 2, title="Harbour")  # is not told
    await remove(repository, 3)
    await repository.operations.undo("test")
    assert await kept.is_due(URL)
    for _ in range(2):
        await kept.collect(URL)
    assert await told(kept) == [("image.added", 2), ("image.added", 3), ("image.removed", 3), ("image.added", 3)]
    bodies = [json.loads(event.body) for event in await kept.waiting(10)]
    assert [body["data"].get("restored") for body in bodies] == [False, False, None, True]
    assert bodies[0]["data"]["image"]["title"] == "Harbour"
    assert datetime.fromisoformat(bodies[0]["timestamp"]).tzinfo


async def test_what_is_delivered_is_told_no_more(kept: WebhookEvents, repository: Repository) -> None:
    await add(repository, 2, 3)
    await kept.collect(URL)
    first, _ = await kept.waiting(10)
    await kept.delivered(URL, [first.id])
    assert await told(kept) == [("image.added", 3)]
    assert await kept.state(URL) == WebhookState(1, 0, 0)


async def test_changes_are_read_in_portions_and_none_is_left_out(
    kept: WebhookEvents, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_events, "COLLECTED", 2)
    await add(repository, 2, 3, 4)
    await edit(repository, 4, title="Harbour")
    assert await kept.state(URL) == WebhookState(3, 0, 0)
    await kept.collect(URL)
    assert len(await told(kept)) == 2
    await kept.collect(URL)
    await kept.delivered(URL, [event.id for event in await kept.waiting(10)])
    assert not await kept.is_due(URL)


async def test_after_a_failure_it_is_left_alone_and_the_event_comes_after_the_others(
    kept: WebhookEvents, repository: Repository, later: Callable[[timedelta], None]
) -> None:
    await add(repository, 2, 3)
    await kept.collect(URL)
    first, second = await kept.waiting(10)
    assert await kept.failed(URL, first, PAUSE) == 0
    assert not await kept.is_due(URL)
    assert await kept.state(URL) == WebhookState(2, 1, 0)
    later(PAUSE)
    assert await kept.is_due(URL)
    assert await kept.waiting(10) == [second, first]  # with the ids and bodies as they were
    await kept.delivered(URL, [second.id])
    assert (await kept.state(URL)).failures == 0


async def test_pause_that_a_wrong_clock_has_noted_is_not_kept(
    kept: WebhookEvents, repository: Repository, later: Callable[[timedelta], None]
) -> None:
    await add(repository, 2)
    await kept.collect(URL)
    (event,) = await kept.waiting(10)
    later(timedelta(days=400))
    await kept.failed(URL, event, LONGEST_PAUSE)
    later(-timedelta(days=400))
    await add(repository, 3)
    assert await kept.is_due(URL)


async def test_only_what_fails_is_given_up(
    kept: WebhookEvents, repository: Repository, later: Callable[[timedelta], None]
) -> None:
    await add(repository, 2, 3)
    await kept.collect(URL)
    later(GIVE_UP * 2)
    await add(repository, 4)
    await kept.collect(URL)
    assert len(await told(kept)) == 3  # nobody was there to send them, but it may be told yet
    first, *_ = await kept.waiting(10)
    assert await kept.failed(URL, first, PAUSE) == 2
    assert await told(kept) == [("image.added", 4)]
    assert await kept.state(URL) == WebhookState(1, 1, 2)


async def test_endpoint_that_is_gone_is_told_nothing_until_it_is_begun_again(
    kept: WebhookEvents, repository: Repository
) -> None:
    await add(repository, 2)
    await kept.collect(URL)
    await kept.stop(URL)
    await add(repository, 3)
    await kept.collect(URL)
    assert (await told(kept), await kept.is_due(URL), await kept.state(URL)) == ([], False, WebhookState())
    await kept.begin(URL)
    await add(repository, 4)
    await kept.collect(URL)
    assert await told(kept) == [("image.added", 4)]


async def test_another_url_is_told_what_waits(kept: WebhookEvents, repository: Repository) -> None:
    await add(repository, 2)
    await kept.collect(URL)
    await kept.failed(URL, (await kept.waiting(1))[0], PAUSE)
    await add(repository, 3)
    await kept.begin(OTHER_URL)
    assert not await kept.is_due(URL)
    assert await kept.is_due(OTHER_URL)
    await kept.collect(OTHER_URL)
    assert sorted(await told(kept)) == [("image.added", 2), ("image.added", 3)]


async def test_what_is_not_told_yet_stays_in_the_feed(
    kept: WebhookEvents, repository: Repository, later: Callable[[timedelta], None]
) -> None:
    await add(repository, 2, 3)
    await repository.feed.trim(2, AHEAD)
    assert [line[1] for line in await lines(repository)] == [2, 3]
    await kept.collect(URL)
    await repository.feed.trim(2, AHEAD)
    assert [line[1] for line in await lines(repository)] == [3]


async def test_webhook_that_nobody_serves_holds_the_feed_no_longer_than_it_makes_sense(
    kept: WebhookEvents, repository: Repository, later: Callable[[timedelta], None]
) -> None:
    await add(repository, 2, 3)
    later(GIVE_UP + timedelta(hours=1))
    await repository.feed.trim(3, AHEAD)
    assert await lines(repository) == []
    assert await kept.collect(URL) == 2  # is said
    assert await kept.collect(URL) == 0


async def test_picture_that_is_purged_is_told_by_its_id(kept: WebhookEvents, repository: Repository) -> None:
    await add(repository, 2)
    await remove(repository, 2)
    await repository.upkeep.purge(AHEAD, "test")
    await kept.collect(URL)
    bodies = [json.loads(event.body) for event in await kept.waiting(10)]
    assert [(body["data"]["id"], body["data"]["image"]) for body in bodies] == [(2, None), (2, None)]


LONG = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3000)


@pytest.mark.databases("sqlite")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=LONG, tags=st.lists(LONG, max_size=50), url=LONG)
async def test_event_is_small_whatever_is_said_of_a_picture(
    kept: WebhookEvents, repository: Repository, title: str, tags: list[str], url: str
) -> None:
    values: dict[str, Any] = {"title": 30 * title, "tags": tags, "source_url": 9 * url}
    await repository.images.edit(1, values, Operation("edit", "test"))
    await remove(repository, 1)
    await repository.operations.undo("test")
    await kept.collect(URL)
    for event in await kept.waiting(1000):
        assert len(event.body.encode()) < 128 * 1024
        json.loads(event.body)
    await kept.delivered(URL, [event.id for event in await kept.waiting(1000)])
