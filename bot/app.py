"""Puts the bot together, and runs it beside the API on the same library."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.types import Update, User
from filelock import FileLock, Timeout

from bot import commands, receiving
from bot.adders import Adders, Role
from bot.adding import Adding
from bot.addressing import Attention, actor, chat_and_person, is_addressed
from bot.announcing import Announcing
from bot.answers import Answers
from bot.apologies import Apologies
from bot.conversation import Conversation, NotYours, Parts
from bot.courtesy import Courtesy
from bot.delivery import Sending, create_bot
from bot.guests import Guests, text_of
from bot.handlers import create_routers
from bot.inbox import Calls, Inbox, Pace, Turn
from bot.inline import Inline
from bot.posted_pictures import PostedPictures, RepostGroups
from bot.reposts import Reposts
from bot.settings import BotSettings
from bot.speaking import text_for
from bot.storage import BotStorage
from bot.telegram_files import TelegramFiles
from bot.watching import Watching
from engine import (
    PATIENCE_S,
    LibraryBusy,
    LibraryError,
    SearchService,
    ServerUnreachable,
    on_behalf_of,
    open_service,
)

logger = logging.getLogger(__name__)

AHEAD = 4  # questions under way, mostly waiting for downloads, for each one that is being looked up
GRACE_S = 5.0  # answers under way may finish; the rest stays in the inbox
TIDY_S = 60.0


class Application:
    """A bot on an open library."""

    def __init__(self, bot: Bot, me: User, sending: Sending, service: SearchService, settings: BotSettings) -> None:
        self.bot = bot
        self.me = me
        self.service = service
        self._parts = parts = _parts(bot, me, sending, service, settings)
        self._dispatcher = Dispatcher(disable_fsm=True)
        self._dispatcher.include_routers(*create_routers())
        calls = Calls(self._answer, self._arrived, parts.courtesy.waits, parts.inline.answer)
        pace = Pace(AHEAD * settings.bot_running, settings.bot_cooldown_s)
        attention = Attention(settings.bot_guests, parts.reposts.groups.ids)
        self.inbox = Inbox(bot, me, parts.storage, sending, calls, pace, attention)

    async def run(self) -> None:
        """Receive and answer, until cancelled."""
        settings = self._parts.settings
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._parts.courtesy.close)
            stack.push_async_callback(self.inbox.close, GRACE_S)
            await self._parts.adders.load()
            await self._parts.reposts.groups.load()
            await self.inbox.recover()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.inbox.run())
                    tasks.create_task(self._parts.watching.run())
                    tasks.create_task(self.service.webhook.run())
                    tasks.create_task(self._tidy())
                    tasks.create_task(self._publish())
                    if settings.telegram_webhook:
                        await stack.enter_async_context(receiving.webhook(self.bot, self.inbox, settings))
                    else:
                        tasks.create_task(receiving.poll(self.bot, self.inbox, settings))
            except ExceptionGroup as group:
                raise group.exceptions[0] from None

    async def _arrived(self, turn: Turn) -> None:
        """A question has come, whether it has to wait or not."""
        if turn.guest_message:
            await self._parts.guests.greet(turn)
        else:
            await self._parts.courtesy.arrived(turn)

    async def _answer(self, turn: Turn) -> None:
        """One question; whatever goes wrong is said to whoever asked."""
        parts, (chat_id, person) = self._parts, chat_and_person(turn.updates[0])
        t = text_of(turn.guest_message) if turn.guest_message else await text_for(parts.storage, chat_id, person)
        talk = Conversation(parts, turn, t)
        await parts.courtesy.began(turn)
        try:
            if turn.is_given_up:
                raise RuntimeError("processes died over this update")
            with on_behalf_of(actor(turn.person)):
                await self._hand_over(talk)
        except NotYours:
            pass
        except ServerUnreachable:
            raise  # nothing is lost: it is answered once the server is back
        except Exception as error:
            if turn.is_sent:  # answered; what failed was to cross it off, and is tried again
                raise
            if self._is_overheard(turn):
                logger.exception("pictures of chat %d could not be looked at", chat_id)
                await turn.done()
                return
            await talk.toast()
            await parts.apologies.apologise(turn, error, talk.t, chat_id)
        finally:
            await parts.courtesy.ended(turn)

    def _is_overheard(self, turn: Turn) -> bool:
        """Whether people only show each other something: whatever goes wrong, nobody has asked."""
        return bool(turn.messages) and not any(is_addressed(message, self.me) for message in turn.messages)

    async def _hand_over(self, talk: Conversation) -> None:
        turn = talk.turn
        try:
            await self._dispatcher.feed_update(self.bot, turn.updates[0], talk=talk)
        except TelegramMigrateToChat as moved:  # a group has become a supergroup: the answer goes there
            await self._parts.apologies.moved(talk.chat_id, moved.migrate_to_chat_id)
            turn.updates = [_moved(update, moved.migrate_to_chat_id) for update in turn.updates]
            await self._dispatcher.feed_update(self.bot, turn.updates[0], talk=talk)

    async def _publish(self) -> None:
        """The menus; without them the bot answers as well."""
        try:
            await commands.publish(self.bot)
            adders = {one.user_id: Role.ADDER for one in self._parts.adders.all()}
            for user_id, role in (adders | dict.fromkeys(self._parts.settings.admin_ids, Role.ADMIN)).items():
                language = await self._parts.storage.language(user_id)
                await commands.publish_to(self.bot, user_id, language, groups=False, role=role)
        except Exception:
            logger.exception("the menus could not be published")

    async def _tidy(self) -> None:
        while True:
            try:
                await self._parts.storage.forget_answered()
                await self._parts.reposts.tidy()
                await self.service.database.settle()  # nor does what was asked linger in the write-ahead log
            except LibraryError as error:
                logger.warning("answered updates could not be dropped: %s", error)
            await asyncio.sleep(TIDY_S)


@asynccontextmanager
async def opened(settings: BotSettings) -> AsyncIterator[Application]:
    """The bot on the library of these settings. TelegramUnauthorizedError for a token that is not valid."""
    sending = Sending(settings.bot_sending)
    bot = create_bot(settings, sending)
    async with bot.context(), open_service(settings, patience_s=PATIENCE_S) as service:
        with _alone(settings):
            yield Application(bot, await bot.me(), sending, service, settings)


def _parts(bot: Bot, me: User, sending: Sending, service: SearchService, settings: BotSettings) -> Parts:
    storage = BotStorage(service.database, bot.id)
    posted = PostedPictures(service.database, bot.id)
    groups = RepostGroups(storage, posted)
    apologies = Apologies(bot, service, storage, groups)
    files = TelegramFiles(bot, service, storage)
    answers = Answers(bot, service, files, apologies.sentence, running=settings.bot_running)
    adders = Adders(storage, settings.admin_ids)
    announcing = Announcing(answers, storage, adders)
    return Parts(
        bot=bot,
        me=me,
        settings=settings,
        service=service,
        storage=storage,
        adders=adders,
        files=files,
        answers=answers,
        adding=Adding(bot, service, files, answers, adders, announcing, apologies.sentence),
        watching=Watching(service, files, answers, sending, storage, apologies),
        courtesy=Courtesy(bot, me, storage),
        apologies=apologies,
        guests=Guests(bot, me, service, answers, storage, apologies, limit=settings.bot_guest_limit),
        inline=Inline(bot, service, files, storage, adders, settings),
        reposts=Reposts(service, files, answers, posted, groups, days=settings.bot_repost_days),
    )


@contextmanager
def _alone(settings: BotSettings) -> Iterator[None]:
    """One bot a library: two would both answer what is in the inbox."""
    lock = FileLock(settings.data_dir / "bot.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LibraryBusy(f"Another pictrace-bot answers on the library in {settings.data_dir} already.") from None
    try:
        yield
    finally:
        lock.release()


def _moved(update: Update, chat_id: int) -> Update:
    """An update as though its message had been written in another chat."""
    if update.message is None:
        return update
    chat = update.message.chat.model_copy(update={"id": chat_id})
    return update.model_copy(update={"message": update.message.model_copy(update={"chat": chat})})
