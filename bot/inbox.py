"""The inbox: updates are stored before they are acknowledged, and answered from there, fairly and one by one.

The questions of one person are answered in order, with a pause between them; nobody waits behind the many pictures of
somebody else. Light commands and buttons do not queue. A killed process leaves its work in the inbox, and the next
process goes on with it.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, InlineQuery, Message, Update, User
from pydantic import ValidationError

from bot import keyboards
from bot.addressing import Attention, command_in, is_addressed, is_wanted, person_id
from bot.commands import COMMANDS
from bot.delivery import Sending
from bot.storage import BotStorage, Waiting
from engine import LibraryError

logger = logging.getLogger(__name__)

T = TypeVar("T")

ALBUM_S = 0.8  # an album is taken as complete this long after its last picture came
ATTEMPTS = 10  # an update is given up after so many processes have died while they worked on it
LIGHT_AT_ONCE = 16
WORDS = ("caption", "caption_entities", "reply_to_message", "external_reply", "quote")  # of a message with a picture
PATIENCE_S = 2.0  # nobody is told of a pause after an answer that is shorter
TIDY_S = 2.0  # for answers that are broken off, to take away messages that are out of date
RETRY_S = 5.0  # after the library could not be written


@dataclass
class Turn:
    """One question in its turn: one update, or those of an album, in order."""

    updates: list[Update]
    person: int | str  # whose queue it stands in; an album that may not be for the bot stands in one of its own
    sending: Sending
    storage: BotStorage
    album: str | None = None
    ready_at: float = 0.0
    operation_id: int | None = None
    is_given_up: bool = False
    sent: int = 0
    """Messages of the answer that are out, perhaps by a process that died."""
    inline_message_id: str | None = None
    is_sent: bool = False
    is_done: bool = False
    had_to_wait: bool = False
    reacted_to: Message | None = None
    reacting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _at: int = 0

    @property
    def ids(self) -> list[int]:
        return [update.update_id for update in self.updates]

    @property
    def messages(self) -> list[Message]:
        return [update.message for update in self.updates if update.message]

    @property
    def guest_message(self) -> Message | None:
        """The question to a guest, from a chat that the bot is no member of."""
        return self.updates[0].guest_message

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """The answer goes out, and the question is crossed off, before any other answer goes out."""
        async with self.sending():
            self._at = 0
            yield
            self.is_sent = True
            await self.done()

    async def once(self, send: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Send one of the messages of an answer; None where a process that died has sent it."""
        self._at += 1
        if self._at <= self.sent:
            return None
        message = await send()
        self.sent = self._at
        await self.storage.note_sent(self.ids, self.sent)
        return message

    async def done(self) -> None:
        """The question is answered; it will never be answered again."""
        if not self.is_done:
            await self.storage.done(self.ids)
        self.is_done = True

    async def leave(self) -> None:
        """Nothing can be done for now: the question waits for a button to be pressed."""
        await self.storage.leave(self.ids)
        self.is_done = True

    async def note_inline_message(self, inline_message_id: str) -> None:
        """Note the message that is out already, and becomes the answer to a guest."""
        self.inline_message_id = inline_message_id
        await self.storage.note_inline_message(self.ids, inline_message_id)

    async def note_operation(self, operation_id: int | None) -> None:
        """Note the operation that has begun: after a crash the next process goes on with it, and begins no other."""
        if operation_id is not None and operation_id != self.operation_id:
            self.operation_id = operation_id
            await self.storage.note_operation(self.ids, operation_id)


def without_edits(update: Update) -> Update:
    """An edited message as though it had just been written."""
    if update.edited_message is None:
        return update
    return update.model_copy(update={"message": update.edited_message, "edited_message": None})


def _addition_in(update: Update) -> str | None:
    """The key of a message that is an /add."""
    message = update.message
    is_addition = message and command_in(message.text or message.caption) == "add"
    return message_key(message) if message and is_addition else None


def message_key(message: Message) -> str:
    """What a message is known by, whatever is written in it."""
    return f"{message.chat.id}:{message.message_id}"


Work = Coroutine[Any, Any, None]
Call = Callable[[Turn], Work]


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom the inbox calls: to `answer` a turn, and to tell people that theirs has `arrived`, or that it `waits`.

    `lists`: answers an inline query, which is of use only at once and not stored.
    """

    answer: Call
    arrived: Call
    waits: Call
    lists: Callable[[InlineQuery], Work]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many questions are answered at a time, and the pause between two answers to the same person."""

    at_once: int
    cooldown_s: float


class Inbox:
    """Takes updates in, and has them answered, a Turn at a time."""

    def __init__(
        self,
        bot: Bot,
        me: User,
        storage: BotStorage,
        sending: Sending,
        calls: Calls,
        pace: Pace,
        attention: Attention,
    ) -> None:
        self._bot = bot
        self._me = me
        self._attention = attention
        self._lists = calls.lists
        self._storage = storage
        self._sending = sending
        self._answer = calls.answer
        self._arrived = calls.arrived
        self._waits = calls.waits
        self._pace = pace
        self._queues: OrderedDict[int | str, deque[Turn]] = OrderedDict()
        self._busy: set[int | str] = set()
        self._free_at: dict[int | str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._light = asyncio.Semaphore(LIGHT_AT_ONCE)
        self._changed = asyncio.Event()
        self._closing = False
        self._recovered = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being answered."""
        return self._recovered and not self._tasks and not any(self._queues.values())

    async def recover(self) -> None:
        """Take up what an earlier process has left."""
        left = await self._storage.unanswered()
        if left:
            logger.info("%d updates were left unanswered; they are answered now", len(left))
        for waiting in left:
            if update := await self._read(waiting):
                await self._take(update, waiting)
        self._recovered = True

    async def receive(self, updates: Sequence[Update]) -> None:
        """Store updates; those that are stored already, or are not for this bot, are passed over."""
        for update in updates:
            if update.inline_query:
                self._spawn(self._lists(update.inline_query))
            if update.callback_query and _resumes(update):
                self._spawn(self._resume(update.callback_query))
        wanted = {update.update_id: self._needed(update) for update in updates if await self._wants(update)}
        new = await self._storage.receive(
            {
                update_id: update.model_dump_json(exclude_unset=True, by_alias=True)
                for update_id, update in wanted.items()
            },
            {update_id: key for update_id, update in wanted.items() if (key := _addition_in(update))},
        )
        for update_id in new:
            await self._take(wanted[update_id])

    async def _read(self, waiting: Waiting) -> Update | None:
        """What an earlier process has stored."""
        try:
            return Update.model_validate_json(waiting.payload, context={"bot": self._bot})
        except ValidationError:  # stored by another version; it must not stop the rest
            logger.error("update %d cannot be read any more, and is given up", waiting.update_id)
            await self._storage.done([waiting.update_id])
            return None

    async def _resume(self, pressed: CallbackQuery) -> None:
        """Go on with the question of a guest that was left, where its asker presses the button under the word."""
        with suppress(TelegramAPIError):
            await pressed.answer()
        try:
            asked = keyboards.Resume.unpack(pressed.data or "")
        except (TypeError, ValueError):  # no button of ours
            return
        waiting = await self._storage.left(asked.update)
        update = await self._read(waiting) if waiting else None
        if waiting is None or update is None or pressed.inline_message_id is None:
            return
        is_asker = person_id(update) == pressed.from_user.id
        if is_asker and await self._storage.take_up(waiting.update_id, pressed.inline_message_id):
            await self._take(update, replace(waiting, inline_message_id=pressed.inline_message_id))

    def _needed(self, update: Update) -> Update:
        """What is stored of an update: of what people only show each other, no words."""
        update = without_edits(update)
        message = update.message
        if message is None or message.media_group_id or self._is_meant(message) or not self._attention.is_on(message):
            return update
        bare = {
            "caption": None,
            "caption_entities": None,
            "reply_to_message": None,
            "external_reply": None,
            "quote": None,
        }
        return update.model_copy(update={"message": message.model_copy(update=bare)})

    async def _wants(self, update: Update) -> bool:
        if _resumes(update):
            return False
        try:
            wanted = is_wanted(update, self._me, self._attention)
        except Exception:  # one odd update must not stop the others
            logger.exception("update %d cannot be made sense of, and is passed over", update.update_id)
            return False
        if wanted and update.edited_message:
            return not await self._storage.was_added_from(message_key(update.edited_message))
        return wanted

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            self._changed.clear()
            soonest = self._start_ready()
            try:
                await asyncio.wait_for(self._changed.wait(), None if soonest is None else max(0.0, soonest - _now()))
            except TimeoutError:
                continue

    async def close(self, grace_s: float) -> None:
        """Begin no more answers, and let those finish that are under way; the rest stays in the inbox."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=TIDY_S)

    async def _take(self, update: Update, left: Waiting | None = None) -> None:
        message = update.message
        person = person_id(update)
        album = f"{message.chat.id}:{message.media_group_id}" if message and message.media_group_id else None
        # People may only be showing an album to each other: until one of its messages speaks to the bot, nothing else
        # that they ask waits behind it.
        queue: int | str = album if message and album and not self._is_meant(message) else person
        if message and not album and self._attention.is_on(message) and not self._is_meant(message):
            queue = f"posted:{message.chat.id}"  # nobody waits behind what people show each other
        turn = self._waiting_album(person, album) if album else None
        if turn:
            turn.updates.append(update)
            turn.updates.sort(key=lambda one: one.update_id)
            turn.ready_at = _now() + ALBUM_S
            if turn.person == album and queue == person:
                del self._queues[album]
                self._enqueue(turn, person)
            self._spawn(self._arrived(turn))
            return
        turn = Turn([update], queue, self._sending, self._storage, album)
        if left:
            turn.operation_id = left.operation_id
            turn.sent = left.sent
            turn.inline_message_id = left.inline_message_id
            turn.is_given_up = left.attempts >= ATTEMPTS
        if is_light(update):
            self._spawn(self._answer_light(turn))
            return
        turn.ready_at = _now() + ALBUM_S if album else 0.0
        self._spawn(self._arrived(turn))
        self._enqueue(turn, queue)

    def _enqueue(self, turn: Turn, person: int | str) -> None:
        queue = self._queues.setdefault(person, deque())
        pause = self._free_at.get(person, 0.0) - _now()
        turn.person = person
        turn.had_to_wait = bool(queue) or person in self._busy or pause > PATIENCE_S
        queue.append(turn)
        if turn.had_to_wait:
            self._spawn(self._waits(turn))
        self._changed.set()

    def _waiting_album(self, person: int, album: str) -> Turn | None:
        waiting = (*self._queues.get(person, ()), *self._queues.get(album, ()))
        return next((turn for turn in waiting if turn.album == album), None)

    def _is_meant(self, message: Message) -> bool:
        try:
            return is_addressed(message, self._me)
        except Exception:
            logger.exception("message %d cannot be made sense of", message.message_id)
            return False

    def _start_ready(self) -> float | None:
        """When the next question can be started, None if something else must happen first. Starts all that can be."""
        soonest: float | None = None
        for person in list(self._queues):
            queue = self._queues[person]
            free_at = self._free_at.get(person, 0.0)
            if person in self._busy:
                continue
            if not queue:
                if free_at <= _now():
                    del self._queues[person]
                    self._free_at.pop(person, None)
                else:
                    soonest = _earlier(soonest, free_at)
                continue
            if self._closing or len(self._busy) >= self._pace.at_once:
                return None  # whoever ends sets `_changed`
            ready_at = max(queue[0].ready_at, free_at)
            if ready_at > _now():
                soonest = _earlier(soonest, ready_at)
                continue
            self._busy.add(person)
            self._queues.move_to_end(person)  # whoever was answered goes behind all others
            self._spawn(self._answer_queued(queue.popleft()))
        return soonest

    async def _answer_queued(self, turn: Turn) -> None:
        try:
            await self._answer_one(turn)
        finally:
            self._busy.discard(turn.person)
            self._free_at[turn.person] = _now() + self._pace.cooldown_s
            self._changed.set()

    async def _answer_light(self, turn: Turn) -> None:
        async with self._light:
            await self._answer_one(turn)

    async def _answer_one(self, turn: Turn) -> None:
        has_begun = False
        while not turn.is_done:
            try:
                if not turn.is_sent:
                    if not has_begun:
                        await self._storage.begin(turn.ids)
                    has_begun = True
                    await self._answer(turn)
                await turn.done()
            except asyncio.CancelledError:
                if has_begun and not turn.is_sent:
                    await asyncio.shield(self._storage.put_back(turn.ids))
                raise
            except Exception as error:
                # `answer` apologises for its own errors. Here the inbox cannot be written, e.g. on a full disk, or the
                # database server is away.
                unforeseen = not isinstance(error, LibraryError)
                logger.error(
                    "update %s is not crossed off yet (%s); again in %.0f s",
                    turn.ids,
                    error,
                    RETRY_S,
                    exc_info=unforeseen,
                )
                await asyncio.sleep(RETRY_S)

    def _spawn(self, work: Work) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("a note to a chat failed: %s", error, exc_info=error)


def is_light(update: Update) -> bool:
    """Whether an update asks nothing that takes time, so that it need not queue."""
    if update.callback_query:
        return keyboards.is_of(update.callback_query.data, *keyboards.LIGHT)
    if update.message is None:
        return True
    command = COMMANDS.get(command_in(update.message.text) or "")
    return command is not None and command.is_light


def _resumes(update: Update) -> bool:
    """Whether the button was pressed under a message that is known by this press only."""
    return bool(update.callback_query and keyboards.is_of(update.callback_query.data, keyboards.Resume))


def _earlier(one: float | None, other: float) -> float:
    return other if one is None else min(one, other)


def _now() -> float:
    return time.monotonic()
