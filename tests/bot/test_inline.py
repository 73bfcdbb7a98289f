"""`@bot words` anywhere lists pictures by title and tag."""

from typing import Any

import pytest

from tests.bot.conftest import StartTalk, Talk
from tests.telegram.server import FakeTelegram
from tests.telegram.world import User

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.inline.TYPING_S", 0.0)


async def listed(talk: Talk, user: User, words: str, **how: Any) -> Json:
    """What is listed to someone who writes these words after the bot's name."""
    query = talk.telegram.inline(user, words, **how)
    await talk.telegram.until(lambda: talk.telegram.world.inline_queries[query] is not None)
    await talk.settled()
    answer = talk.telegram.world.inline_queries[query]
    assert answer is not None
    return answer


def titles(answer: Json) -> list[str]:
    return [one["title"] for one in answer["results"]]


async def test_pictures_are_listed_by_title_name_and_tag(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, "/start")
    await talk.service.edit(2, {"title": "Chelsea <3", "tags": ["pets"]}, actor="test")
    await talk.service.edit(3, {"tags": ["food", "pets"], "page_url": "https://example.org/cup"}, actor="test")
    answer = await listed(talk, talk.ada, "coffee")
    assert titles(answer) == ["coffee.png"]
    assert answer["is_personal"] is True
    (coffee,) = answer["results"]
    assert (coffee["id"], coffee["description"], coffee["caption"]) == ("3", "#food #pets", "coffee.png")
    assert coffee["reply_markup"]["inline_keyboard"][0][0]["url"] == "https://example.org/cup"
    assert telegram.world.files.known[coffee["photo_file_id"]].kind == "photo"
    assert sorted(titles(await listed(talk, talk.ada, "#pets"))) == ["Chelsea <3", "coffee.png"]
    assert titles(await listed(talk, talk.ada, "chelsea #Pets")) == ["Chelsea <3"]  # as phones begin words
    assert titles(await listed(talk, talk.ada, "pets")) != []
    assert len(titles(await listed(talk, talk.ada, ""))) == 6


async def test_what_telegram_lacks_is_sent_for_a_moment_without_a_sound(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, "/start")
    before = len(telegram.messages(talk.ada))
    await listed(talk, talk.ada, "")
    assert len(telegram.messages(talk.ada)) == before
    (sent,) = (call for call in telegram.calls if call.method == "sendMediaGroup")
    assert sent.params["disable_notification"] is True
    await listed(talk, talk.ada, "")
    assert sum(call.method == "sendMediaGroup" for call in telegram.calls) == 1


async def test_strangers_are_sent_to_the_bot_first(talk: Talk, telegram: FakeTelegram) -> None:
    answer = await listed(talk, talk.boris, "coffee")
    assert answer["results"] == []
    assert answer["button"] == {"text": "Сначала напишите мне", "start_parameter": "inline"}
    await talk.ask(talk.boris, "/start inline")
    assert titles(await listed(talk, talk.boris, "coffee")) == ["coffee.png"]


async def test_all_are_listed_what_telegram_has_where_the_setting_lets_them(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on(bot_inline="all") as talk:
        assert titles(await listed(talk, talk.boris, "coffee")) == []
        await talk.ask(talk.ada, "/start")
        await listed(talk, talk.ada, "coffee")
        assert titles(await listed(talk, talk.boris, "coffee")) == ["coffee.png"]


async def test_setting_switches_it_off(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_inline="off") as talk:
        await talk.ask(talk.ada, "/start")
        query = telegram.inline(talk.ada, "coffee")
        await talk.settled()
        assert telegram.world.inline_queries[query] is None
        assert "inline_query" not in (telegram.updates.allowed or [])


async def test_nothing_found_is_said_and_more_come_as_people_scroll(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.ask(talk.ada, "/start")
    answer = await listed(talk, talk.ada, "zeppelin")
    assert (answer["results"], answer["button"]["text"]) == ([], "No picture has these words")
    monkeypatch.setattr("bot.inline.LISTED", 4)
    first = await listed(talk, talk.ada, "")
    second = await listed(talk, talk.ada, "", offset=first["next_offset"])
    assert len({*titles(first), *titles(second)}) == 6
    assert not second.get("next_offset")
    assert (await listed(talk, talk.ada, "", offset="nonsense"))["results"]


async def test_query_that_comes_too_late_or_is_followed_by_another_is_left_out(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await talk.ask(talk.ada, "/start")
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    telegram.fail("answerInlineQuery", status=400, description=too_old)
    query = telegram.inline(talk.ada, "coffee")
    await talk.settled()
    assert telegram.world.inline_queries[query] is None
    assert "Traceback" not in caplog.text
    monkeypatch.setattr("bot.inline.TYPING_S", 0.2)
    first = telegram.inline(talk.ada, "co")
    assert titles(await listed(talk, talk.ada, "coffee")) == ["coffee.png"]
    assert telegram.world.inline_queries[first] is None


async def test_nothing_of_a_query_is_stored(talk: Talk) -> None:
    await listed(talk, talk.boris, "my secret")
    async with talk.service.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM inbox")).scalar() == 0
