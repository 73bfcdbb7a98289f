"""Draws a conversation with the bot: usage: conversation.py FOLDER. Needs Chromium and a font with emoji.

The bot answers on a throw-away library of the samples, by way of the tests' Bot API server on loopback; what was said
is drawn as a chat shows it. The documentation shows bot.webp.
"""

import asyncio
import base64
import html
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.async_api import async_playwright

from bot.app import opened
from bot.settings import BotSettings
from docs.images.screenshots import FLAGS
from engine.pictures import imaging
from engine.pictures.augment import EDITS
from tests.telegram.server import FakeTelegram
from tests.telegram.world import User

Json = dict[str, Any]
TITLES = {"chelsea.png": "Chelsea, the cat", "coffee.png": "Coffee at noon", "rocket.jpg": "Falcon 9, night launch"}
ADMIN, ADA, BORIS = 500, 1001, 1002
STYLE = """
body { margin: 0; padding: 28px; display: flex; gap: 28px; background: #f4f5f7; width: max-content;
  font: 15px/1.35 "DejaVu Sans", "Noto Color Emoji", sans-serif; color: #1c1e21; }
section { width: 430px; height: 850px; box-sizing: border-box; padding: 14px; background: #d5e3ec;
  border-radius: 18px; overflow: hidden; display: flex; flex-direction: column; gap: 7px; }
.message, .keys { flex-shrink: 0; }
.message { max-width: 350px; background: #fff; border-radius: 14px; padding: 8px 11px; overflow: hidden; }
.message.mine { align-self: flex-end; background: #e3f8d2; }
.message.photo { padding: 0; width: 350px; }
.message.photo p { padding: 7px 11px; }
.message.mine.photo { width: 190px; }
p { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
img { display: block; width: 100%; }
.album { display: grid; grid-template-columns: repeat(6, 1fr); gap: 2px; }
.album img { height: 96px; object-fit: cover; grid-column: span 2; }
.album img:nth-child(-n+2) { height: 140px; grid-column: span 3; }
.keys { max-width: 350px; display: flex; flex-direction: column; gap: 4px; }
.keys div { display: flex; gap: 4px; }
.keys span { flex: 1; text-align: center; background: #5b7f9566; color: #fff; text-shadow: 0 0 2px #345;
  font-weight: bold; border-radius: 9px; padding: 7px 2px; font-size: 13.5px; }
"""


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="pictrace-conversation-") as scratch:
        async with FakeTelegram() as telegram:
            settings = BotSettings(
                _env_file=None,
                data_dir=Path(scratch),
                telegram_token=telegram.token,
                telegram_api=telegram.url,
                admin_ids=(ADMIN,),
            )
            sections = await talk(settings, telegram)
        page = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(sections)}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            shown = await browser.new_page(viewport={"width": 1430, "height": 920}, device_scale_factor=1.5)
            await shown.set_content(page)
            await shown.locator("body").screenshot(path=folder / "bot.png")
            await browser.close()


async def talk(settings: BotSettings, telegram: FakeTelegram) -> list[str]:
    """What is said, as three screens."""
    async with opened(settings) as application:
        running = asyncio.create_task(application.run())
        service = application.service
        added = await service.samples.add(actor="samples")
        for result in added:
            if result.name in TITLES:
                await service.edit(result.id or 0, {"title": TITLES[result.name]}, actor="samples")
        ada, boris, admin = telegram.user(ADA, "Ada"), telegram.user(BORIS, "Boris"), telegram.user(ADMIN, "Admin")
        originals = {one.name: await service.originals.file(await service.get(one.id or 0)) for one in added}
        cat = pixels(originals["chelsea.png"])
        screenshot = EDITS["screenshot"](cat, np.random.default_rng(12), pixels(originals["coffee.png"]))
        question = telegram.say(ada, photo=imaging.encode_jpeg(screenshot, quality=90))
        (answer,) = await said(telegram, ada, 1)
        telegram.press(ada, answer, "❓ 1")
        *_, why = await said(telegram, ada, 2)
        elsewhere = telegram.group(-1007, "Friends of cats", members=[ada, boris])
        mirrored = imaging.encode_jpeg(np.ascontiguousarray(cat[:, ::-1]), quality=80)
        posted = telegram.say(boris, photo=mirrored, caption="Look who I met", chat=elsewhere)
        mention = telegram.summon(ada, "@pictrace_bot who is this?", chat=elsewhere, reply_to=posted)
        guest = await telegram.until(lambda: [one for one in telegram.guest_answers() if "photo" in one])
        smaller = imaging.encode_jpeg(np.ascontiguousarray(pixels(originals["rocket.jpg"])[::2, ::2]), quality=90)
        adding = telegram.say(admin, photo=smaller, caption="/add Launch day #space #2026")
        report = await said(telegram, admin, 2)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return [
            screen(telegram, [question, answer, why]),
            screen(telegram, [posted, mention, guest[0] | {"from": telegram.world.bot}]),
            screen(telegram, [adding, *report]),
        ]


async def said(telegram: FakeTelegram, who: User, count: int) -> list[Json]:
    await telegram.until(lambda: len(telegram.sent(who)) >= count)
    await telegram.quiet(0.5)
    return telegram.sent(who)


def screen(telegram: FakeTelegram, messages: list[Json]) -> str:
    drawn, album = [], ""
    for message in messages:
        if "media_group_id" in message:
            album += image(telegram, message)
            continue
        if album:
            drawn.append(f'<div class="message photo"><div class="album">{album}</div></div>')
            album = ""
        mine = " mine" if message["from"]["id"] in (ADMIN, ADA) else ""
        words = marked(message)
        shown = f"<p>{words}</p>" if words else ""
        if "photo" in message:
            drawn.append(f'<div class="message photo{mine}">{image(telegram, message)}{shown}</div>')
        else:
            drawn.append(f'<div class="message{mine}">{shown}</div>')
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        keys = "".join(
            "<div>" + "".join("<span>" + html.escape(key["text"]) + "</span>" for key in row) + "</div>" for row in rows
        )
        drawn.append(f'<div class="keys">{keys}</div>' if keys else "")
    return f"<section>{''.join(drawn)}</section>"


def marked(message: Json) -> str:
    """The words with what is bold or italic in them; Telegram counts in UTF-16."""
    words = (message.get("text") or message.get("caption") or "").encode("utf-16-le")
    entities = message.get("entities") or message.get("caption_entities") or []
    marks = {"bold": "b", "italic": "i"}
    drawn, at = "", 0
    for entity in sorted(entities, key=lambda one: int(one["offset"])):
        if entity["type"] in marks:
            start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
            inner = html.escape(words[start:end].decode("utf-16-le"))
            tag = marks[entity["type"]]
            drawn += html.escape(words[at:start].decode("utf-16-le")) + f"<{tag}>{inner}</{tag}>"
            at = end
    return drawn + html.escape(words[at:].decode("utf-16-le"))


def image(telegram: FakeTelegram, message: Json) -> str:
    content = telegram.file(message["photo"][-1]["file_id"])
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'


def pixels(content: bytes) -> Any:
    return imaging.decode(content, side=1000, max_bytes=10**8, max_pixels=10**8).pixels


if __name__ == "__main__":
    target = Path(sys.argv[1])
    asyncio.run(main(target))
    Image.open(target / "bot.png").convert("RGB").save(target / "bot.webp", quality=86)
