"""The webhook as a receiver sees it: signed, at least once, in order, and whatever becomes of either side."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from engine import EngineSettings
from engine.concurrency import CpuPool
from engine.domain import Evidence, Match
from engine.library import webhook
from engine.library.webhook import Webhook
from engine.storage import webhook_events
from engine.storage.repository import Repository
from tests.engine.storage.test_subscribers import query, watch
from tests.rows import add, remove
from tests.webhook_receiver import PATH, SECRET, Receiver, receiver, until

__all__ = ["receiver"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for longer than it must be."""
    monkeypatch.setattr(webhook, "FIRST_PAUSE", timedelta(milliseconds=20))


Sender = Callable[[Repository], Webhook]


@pytest.fixture
def sender(settings: EngineSettings, receiver: Receiver, pool: CpuPool) -> Sender:
    """The webhook of a process that has a library open."""

    def make(repository: Repository) -> Webhook:
        return Webhook(EngineSettings(_env_file=None, **(settings.model_dump() | receiver.settings)), repository, pool)

    return make


@asynccontextmanager
async def begun(sending: Webhook, repository: Repository, url: str) -> AsyncIterator[None]:
    """Delivering, from before the first change on."""

    async def has_begun() -> bool:
        known = await repository.webhook_events.endpoint(url)
        return known is not None and not known.is_gone

    async with sending.delivering():
        await until(has_begun)
        yield


async def waiting(sending: Webhook, events: int) -> bool:
    return (await sending.state()).waiting == events


on_both = pytest.mark.databases("sqlite", "postgresql")


@on_both
async def test_receiver_is_told_what_is_added_removed_and_found(
    repository: Repository, sender: Sender, receiver: Receiver
) -> None:
    sending = sender(repository)
    async with begun(sending, repository, receiver.url):
        await add(repository, 1, 2)
        await remove(repository, 1)
        waited = await watch(repository.subscribers, "telegram:1001", query(7), seq=0)
        found = Match(await repository.images.get(2), "same", 0.987654, 0.99, False, Evidence())
        assert await repository.subscribers.unwatch(waited.id, "telegram:1001", found)
        assert not await repository.subscribers.unwatch(waited.id, "telegram:1001", found)
        await until(lambda: len(receiver.got) == 4)
        await until(lambda: waiting(sending, 0))
    assert sorted(receiver.told) == [("image.added", 1), ("image.added", 2), ("image.removed", 1), ("watch.hit", 2)]
    (hit,) = [event for _, event in receiver.got if event["type"] == "watch.hit"]
    assert hit["data"]["score"] == 0.9877
    assert (hit["data"]["watch_id"], hit["data"]["query_sha256"]) == (waited.id, query(7).sha256)
    assert "1001" not in json.dumps(hit["data"] | {"query_sha256": ""})  # who asked is nobody's business


@on_both
async def test_of_several_processes_one_tells_of_each_change(
    repository: Repository, elsewhere: Repository, sender: Sender, receiver: Receiver
) -> None:
    async with begun(sender(repository), repository, receiver.url), sender(elsewhere).delivering():
        for number in range(1, 31):
            await add(repository if number % 2 else elsewhere, number)
        await until(lambda: len(receiver.got) >= 30)
        await asyncio.sleep(0.1)
    assert receiver.told == [("image.added", number) for number in range(1, 31)]
    assert len({event_id for event_id, _ in receiver.got}) == 30


async def test_what_fails_comes_again_with_the_same_id(
    repository: Repository, sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500, 302, 401, 204]
    async with begun(sender(repository), repository, receiver.url):
        await add(repository, 1)
        await until(lambda: len(receiver.got) == 4)
    assert len({event_id for event_id, _ in receiver.got}) == 1
    assert receiver.elsewhere == 0
    for status in (500, 302, 401):
        assert f"it answers {status}; the next try is in" in caplog.text
    assert "s3cret" not in caplog.text
    assert SECRET not in caplog.text


async def test_what_one_process_could_not_tell_the_next_one_does(
    repository: Repository, elsewhere: Repository, sender: Sender, receiver: Receiver
) -> None:
    receiver.answers = [503]
    first = sender(repository)
    async with begun(first, repository, receiver.url):
        await add(repository, 1)

        async def has_failed() -> bool:
            return (await first.state()).failures > 0

        await until(has_failed)
    await add(repository, 2)
    receiver.answers, receiver.got = [204], []
    async with sender(elsewhere).delivering():
        await until(lambda: len(receiver.got) == 2)
    assert sorted(receiver.told) == [("image.added", 1), ("image.added", 2)]


async def test_event_that_is_refused_holds_no_other_up(
    repository: Repository, sender: Sender, receiver: Receiver
) -> None:
    receiver.refused = {1}
    sending = sender(repository)
    async with begun(sending, repository, receiver.url):
        await add(repository, 1, 2, 3)
        await until(lambda: {2, 3} <= {number for _, number in receiver.told})
        await until(lambda: waiting(sending, 1))


async def test_endpoint_that_is_gone_is_told_nothing_more(
    repository: Repository, sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [410, 204]
    async with begun(sender(repository), repository, receiver.url):
        await add(repository, 1, 2)
        await until(lambda: "wants no more" in caplog.text)
        await add(repository, 3)
        await asyncio.sleep(0.1)
    assert receiver.told == [("image.added", 1)]
    async with begun(sender(repository), repository, receiver.url):  # started again: from then on
        await add(repository, 4)
        await until(lambda: len(receiver.got) == 2)
    assert receiver.told[-1] == ("image.added", 4)


async def test_what_is_given_up_is_said(
    repository: Repository,
    sender: Sender,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_events, "GIVE_UP", timedelta(0))
    receiver.answers = [500]
    sending = sender(repository)
    async with begun(sending, repository, receiver.url):
        await add(repository, 1)
        await until(lambda: "1 events for the webhook were given up" in caplog.text)
    state = await sending.state()
    assert (state.waiting, state.given_up) == (0, 1)


async def test_server_that_is_not_there_is_no_fault_of_the_library(
    repository: Repository, sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.url = "http://127.0.0.1:1" + PATH
    sending = sender(repository)
    async with begun(sending, repository, receiver.url):
        await add(repository, 1)
        await until(lambda: "the webhook at http://127.0.0.1:1 was not told" in caplog.text)
    assert "s3cret" not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


async def test_without_a_url_there_is_no_webhook(
    repository: Repository, settings: EngineSettings, pool: CpuPool
) -> None:
    sending = Webhook(settings, repository, pool)
    await sending.run()  # ends at once
    await add(repository, 1)
    assert (await sending.state()).waiting == 0


def test_pauses_grow_to_an_hour_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pauses = [webhook._pause_after(failures).total_seconds() for failures in (0, 1, 5, 30, 10_000)]
    assert 2.5 <= pauses[0] <= 5
    assert 5 <= pauses[1] <= 10
    assert 80 <= pauses[2] <= 160
    assert all(1800 <= pause <= 3600 for pause in pauses[3:])
