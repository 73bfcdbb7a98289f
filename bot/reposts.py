"""Says when a picture was posted in a group before, where the group's administrators have asked for that."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Chat, Message

from bot.addressing import place_of
from bot.answers import Answers
from bot.asked import AskedPicture, Refusal, pictures_in
from bot.inbox import Turn
from bot.posted_pictures import PostedPicture, PostedPictures, RepostGroups
from bot.telegram_files import TelegramFiles
from bot.texts import Text
from engine import LibraryError, PicTraceError, SearchService, ServerUnreachable

logger = logging.getLogger(__name__)

CANDIDATES = 3  # earlier pictures that one is compared with
NOT_THERE = "replied"  # as Telegram says that a message is gone
SUPERGROUP = "-100"  # how the ids of supergroups begin


class Reposts:
    """Looks at the pictures of the groups that want it, and remembers them for a while."""

    def __init__(
        self,
        service: SearchService,
        files: TelegramFiles,
        answers: Answers,
        posted: PostedPictures,
        groups: RepostGroups,
        *,
        days: int,
    ) -> None:
        self._service = service
        self._files = files
        self._answers = answers
        self._posted = posted
        self.groups = groups
        self.days = days

    async def tidy(self) -> None:
        """Forget what was posted too long ago."""
        await self._posted.forget_old(self.days)

    async def look_at(self, turn: Turn, messages: Sequence[Message], t: Text) -> None:
        """Remember the pictures of one message or an album; a word to each that was posted before.

        What cannot be read, and what cannot be proved, says nothing; nor is anything said of what was deleted since.
        """
        together = {message.message_id for message in messages}
        earlier = [(message, await self._earlier(message, together)) for message in messages]
        said = [(message, one) for message, one in earlier if one]
        if not said or messages[0].chat.id not in self.groups.ids:  # or forgotten meanwhile
            await turn.done()
            return
        async with turn.answering():
            for message, one in said:
                url, at = link_to(message.chat, one), t.moment(one.at)
                text = t("repost-linked", url=url, at=at) if url else t("repost-unlinked", at=at)
                place = replace(place_of(message), only_as_reply=True)
                try:
                    await turn.once(partial(self._answers.say, place, text))
                except TelegramBadRequest as error:
                    if NOT_THERE not in error.message:
                        raise
                    logger.info("a picture was posted again in group %d, and deleted since", message.chat.id)

    async def _earlier(self, message: Message, together: Collection[int]) -> PostedPicture | None:
        """The earlier picture that one of a message's is the same as; those of messages `together` do not count."""
        earlier = None
        for picture in _files_in(message):
            try:
                earlier = await self._look(message, picture, together) or earlier
            except ServerUnreachable:
                raise  # it is looked at once the server is back
            except (Refusal, PicTraceError) as error:
                logger.info("a picture of group %d cannot be looked at: %s", message.chat.id, error)
        return earlier

    async def _look(self, message: Message, picture: AskedPicture, together: Collection[int]) -> PostedPicture | None:
        """The earliest picture of the group that is the same, as far as it can be proved; the new one is remembered."""
        assert picture.file_id
        content = await self._files.read(picture)
        async with self._answers.computing:
            fingerprint = await self._service.comparing.fingerprint(content)
        known = [one for one in await self._posted.of(message.chat.id) if one.message_id not in together]
        places = await self._service.comparing.likely(fingerprint, [one.fingerprint for one in known], most=CANDIDATES)
        found = [known[place] for place in sorted(places)]
        new = PostedPicture(message.chat.id, message.message_id, picture.file_id, fingerprint, message.date)
        if message.chat.id in self.groups.ids:
            await self._posted.remember(new)
        for candidate in found:
            if await self._is_same(content, candidate):
                return candidate
        return None

    async def _is_same(self, content: bytes, candidate: PostedPicture) -> bool:
        """Whether an earlier picture, fetched again, is proved to be the same; not so where it is gone."""
        try:
            earlier = await self._files.download(candidate.file_id)
            async with self._answers.computing:
                match = await self._service.comparing.compare(content, earlier)
        except LibraryError:
            raise
        except (Refusal, PicTraceError):
            return False
        return match is not None and match.lane == "same"


def link_to(chat: Chat, picture: PostedPicture) -> str | None:
    """The link to an earlier message of a group; plain groups have none."""
    number = str(chat.id)
    if picture.message_id is None or not number.startswith(SUPERGROUP):
        return None
    if chat.username:
        return f"https://t.me/{chat.username}/{picture.message_id}"
    return f"https://t.me/c/{number.removeprefix(SUPERGROUP)}/{picture.message_id}"


def _files_in(message: Message) -> list[AskedPicture]:
    """The pictures that a message holds; links are none."""
    try:
        return [one for one in pictures_in(message) if one.file_id]
    except Refusal:
        return []
