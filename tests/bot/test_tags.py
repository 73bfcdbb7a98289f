"""Among the pictures with a tag only: by the caption, and for a whole chat by /scope."""

import numpy as np

from tests.bot.conftest import StartTalk, Talk, labels
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
NEW = jpeg(photograph("hubble_deep_field.jpg"))
CAT, CUP = 2, 3


async def tag(talk: Talk, image_id: int, *tags: str) -> None:
    await talk.service.edit(image_id, {"tags": list(tags)}, actor="test")


async def test_caption_with_a_tag_looks_among_those_only_and_says_so(talk: Talk, telegram: FakeTelegram) -> None:
    await tag(talk, CAT, "pets", "2024")
    await tag(talk, CUP, "food")
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#pets")
    assert "1 · chelsea.png — " in answer["caption"]
    assert "🏷 Only among #pets" in answer["caption"].splitlines()
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#Pets")  # as phones begin words
    assert "🏷 Only among #pets" in answer["caption"].splitlines()
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="/find is it in here? #pets #2024")
    assert "🏷 Only among #pets #2024" in answer["caption"].splitlines()
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#food")
    assert answer["text"].splitlines() == [
        "Nothing like it is there: the only picture is nothing like yours.",
        "🏷 Only among #food",
    ]
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#none")
    assert answer["text"] == "There is no picture with #none in the library."
    asked = telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    (answer,) = await talk.ask(talk.ada, "/find #food", reply_to=asked)
    assert "🏷 Only among #food" in answer["text"]


async def test_buttons_under_an_answer_stay_among_its_tags(talk: Talk) -> None:
    await tag(talk, CAT, "pets")
    await tag(talk, CUP, "pets")
    await tag(talk, 1, "other")
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#pets")
    assert labels(answer)[-1] == ["More"]
    (more,) = await talk.press(talk.ada, answer, "More")
    assert "2 · coffee.png — " in more["caption"]
    assert "More" not in str(labels(more))
    (nothing,) = await talk.ask(talk.ada, photo=MIRRORED, caption="#other")
    assert await talk.press(talk.ada, nothing, "Tell me when it appears") == []
    assert (await talk.service.status()).tally.watches == 1


async def test_scope_makes_it_the_chats_own_until_it_is_taken_back(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        await tag(talk, CUP, "food")
        (answer,) = await talk.ask(talk.ada, "/scope #food")
        assert answer["text"].startswith("Here I look only among pictures with #food")
        assert "yet" not in answer["text"]
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
        assert "🏷 Only among #food" in answer["text"]
        (answer,) = await talk.ask(talk.boris, photo=MIRRORED)
        assert "🏷" not in answer["caption"]
        (answer,) = await talk.ask(talk.ada, "/scope")
        assert answer["text"].startswith("Here I look only among pictures with #food")
        await talk.press(talk.ada, answer, "All pictures again")
        assert talk.now(answer)["text"].startswith("Here I look among all pictures.")
        (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
        assert "1 · chelsea.png — " in answer["caption"]
        await talk.ask(talk.ada, "/scope #food")
        (answer,) = await talk.ask(talk.ada, "/scope off")
        assert answer["text"].startswith("Here I look among all pictures.")


async def test_what_admins_add_in_such_a_chat_is_tagged_by_itself(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, "/scope #comics")
    assert answer["text"].endswith("No picture has #comics yet.")
    (answer,) = await talk.ask(talk.admin, photo=NEW, caption="/add Deep field #sky")
    assert "id 7 · “Deep field” #sky #comics" in answer["text"]
    assert (await talk.service.get(7)).tags == ("sky", "comics")


async def test_in_a_group_its_administrators_choose_and_forget_takes_it_back(
    talk: Talk, telegram: FakeTelegram
) -> None:
    group = telegram.group(-1001234, "Friends", members=[talk.ada, talk.boris], admins=[talk.boris])
    (answer,) = await talk.ask(talk.ada, "/scope@pictrace_bot #food", chat=group)
    assert answer["text"] == "In a group only its administrators can do this."
    (answer,) = await talk.ask(talk.boris, "/scope@pictrace_bot #food", chat=group)
    assert "#food" in answer["text"]
    callback = telegram.press(talk.ada, answer, "s:")
    await telegram.until(lambda: callback in telegram.answers)
    assert telegram.answers[callback]["show_alert"]
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    assert answer["text"] == "There is no picture with #food in the library."
    await talk.ask(talk.boris, "/forget@pictrace_bot", chat=group)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    assert "1 · chelsea.png — " in answer["caption"]
