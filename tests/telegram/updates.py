"""Updates on their way to the bot: kept until confirmed, polled for or posted to a webhook."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp

from tests.telegram.rules import Refused

Json = dict[str, Any]
NOT_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")
ATTEMPTS = 8


class Updates:
    def __init__(self, check: Callable[[Json], None], changed: Callable[[], None]) -> None:
        self._check = check
        self._changed = changed
        self._next = 700_001
        self.history: dict[int, Json] = {}
        self.waiting: dict[int, Json] = {}
        self.repeats: list[Json] = []
        self.allowed: list[str] | None = None
        self.webhook: Json = {}
        self.on_reply: Callable[[aiohttp.ClientResponse], Awaitable[None]] | None = None
        """What a webhook's answer is given to: it may hold a method to call."""
        self._poll: asyncio.Event | None = None
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(40)
        self.last_error: tuple[int, str] | None = None

    @property
    def pending(self) -> int:
        return len(self.waiting) + len(self.repeats)

    def put(self, kind: str, content: Json) -> int | None:
        """Queue an update; None where the bot did not ask for such updates."""
        if (kind not in self.allowed) if self.allowed else (kind in NOT_BY_DEFAULT):
            return None
        number = self._next
        self._next += 1
        update: Json = {"update_id": number, kind: content}
        self._check(update)
        self.history[number] = self.waiting[number] = update
        self._tell(update)
        return number

    def repeat(self, update_id: int) -> None:
        update = self.history[update_id]
        if update_id not in self.waiting:
            self.repeats.append(update)
        self._tell(update)

    def _tell(self, update: Json) -> None:
        self._news.set()
        self._changed()
        if self.webhook:
            self._start(update)

    # polling

    async def poll(self, params: Json) -> list[Json]:
        if self.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self.stop_poll()
        self.allow(params)
        self._confirm(params.get("offset", 0))
        limit = min(max(params.get("limit", 100), 1), 100)
        ended = self._poll = asyncio.Event()
        deadline = time.monotonic() + min(max(params.get("timeout", 0), 0), 50)
        try:
            while True:
                if ended.is_set():
                    raise Refused(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                        "running",
                    )
                if batch := [*self.repeats, *self.waiting.values()][:limit]:
                    del self.repeats[:limit]
                    return batch
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), left)
        finally:
            if self._poll is ended:
                self._poll = None

    def stop_poll(self) -> None:
        """End the poll that is waiting, if any, with a conflict."""
        if self._poll is not None:
            self._poll.set()
            self._poll = None
            self._news.set()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = sorted(self.waiting)[max(len(self.waiting) + offset, 0)] if self.waiting else 0
        for update_id in [update_id for update_id in self.waiting if update_id < offset]:
            del self.waiting[update_id]
        self._changed()

    def allow(self, params: Json) -> None:
        if "allowed_updates" in params:
            self.allowed = params["allowed_updates"] or None

    # webhook

    def set_webhook(self, params: Json) -> None:
        self.stop_poll()
        self.allow(params)
        self.webhook = dict(params) if params["url"] else {}
        self._slots = asyncio.Semaphore(min(max(params.get("max_connections", 40), 1), 100))
        if params.get("drop_pending_updates"):
            self.drop()
        if self.webhook:
            waiting = [*self.repeats, *self.waiting.values()]
            for update in waiting:
                self._start(update)

    def drop(self) -> None:
        self.waiting.clear()
        self.repeats.clear()

    def info(self) -> Json:
        told: Json = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": "certificate" in self.webhook,
            "pending_update_count": self.pending,
        }
        if self.webhook:
            told |= {"max_connections": self.webhook.get("max_connections", 40), "ip_address": "127.0.0.1"}
        if self.allowed:
            told["allowed_updates"] = self.allowed
        if self.webhook and self.last_error:
            told["last_error_date"], told["last_error_message"] = self.last_error
        return told

    def _start(self, update: Json) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(update, self.webhook))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, update: Json, webhook: Json) -> None:
        """Post an update until the bot takes it; an update that never is stays pending."""
        async with self._slots:
            for attempt in range(ATTEMPTS):
                if self.webhook is not webhook:
                    return
                if await self._post(update, webhook):
                    self.waiting.pop(update["update_id"], None)
                    if update in self.repeats:
                        self.repeats.remove(update)
                    self._changed()
                    return
                await asyncio.sleep(min(0.05 * 2**attempt, 1))

    async def _post(self, update: Json, webhook: Json) -> bool:
        headers = {}
        if secret := webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        self._session = self._session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        try:
            async with self._session.post(webhook["url"], json=update, headers=headers, ssl=False) as response:
                if 200 <= response.status < 300:
                    if self.on_reply:
                        await self.on_reply(response)
                    return True
                problem = f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            problem = f"Connection failed: {error or type(error).__name__}"
        self.last_error = (int(time.time()), problem)
        return False

    async def close(self) -> None:
        self.stop_poll()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
