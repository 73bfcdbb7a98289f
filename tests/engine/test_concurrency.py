"""Places are shared out fairly."""

import asyncio

from engine.concurrency import FairPlaces, Place


async def begun(places: FairPlaces, client: str | None) -> asyncio.Task[Place]:
    """Somebody who wants a place; has it by now if it was free."""
    task = asyncio.create_task(places.take(client))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_one_client_holds_no_more_than_its_share() -> None:
    places = FairPlaces(4, each=2)
    asked = [await begun(places, "a") for _ in range(3)]
    assert [task.done() for task in asked] == [True, True, False]
    assert (await begun(places, "b")).done()
    assert (places.waiting, places.waiting_of("a"), places.waiting_of("b")) == (1, 1, 0)
    asked[0].result().end()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked[2].done()


async def test_the_owner_may_have_all_places() -> None:
    places = FairPlaces(3, each=1)
    assert all([(await begun(places, None)).done() for _ in range(3)])
    assert not places.may_take(None)


async def test_clients_are_served_in_turn_however_many_one_has_waiting() -> None:
    places = FairPlaces(1, each=1)
    held = await places.take("a")
    served: list[str] = []

    async def work(client: str) -> None:
        place = await places.take(client)
        served.append(client)
        await asyncio.sleep(0)
        place.end()

    tasks = [asyncio.create_task(work(client)) for client in ("a", "a", "a", "b", "c")]
    await asyncio.sleep(0)
    held.end()
    await asyncio.gather(*tasks)
    assert served == ["a", "b", "c", "a", "a"]


async def test_place_that_is_left_early_is_free_but_still_counts_for_its_client() -> None:
    places = FairPlaces(2, each=1)
    place = await places.take("a")
    place.leave()
    assert not places.may_take("a")
    assert (await begun(places, "b")).done()
    assert (await begun(places, "c")).done()
    place.end()
    assert not places.may_take("a")  # for there is none left
    assert place.is_left


async def test_who_goes_away_while_waiting_takes_no_place() -> None:
    places = FairPlaces(1, each=1)
    held = await places.take("a")
    gone, next_one = await begun(places, "b"), await begun(places, "c")
    gone.cancel()
    held.end()
    (await next_one).end()
    assert gone.cancelled() or (await asyncio.gather(gone, return_exceptions=True))
    assert places.may_take("a")
    assert places.waiting == 0


async def test_who_goes_away_at_the_moment_of_its_turn_gives_the_place_on() -> None:
    places = FairPlaces(1, each=1)
    held = await places.take("a")
    gone, next_one = await begun(places, "b"), await begun(places, "c")
    held.end()  # it is the turn of `b`, who has not run yet
    gone.cancel()
    assert await next_one
