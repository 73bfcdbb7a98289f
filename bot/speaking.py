"""Which language a chat is spoken to in."""

from aiogram.types import Update, User

from bot.storage import BotStorage
from bot.texts import Text, nearest_language, text_in


async def text_for(storage: BotStorage, chat_id: int, user: User | None) -> Text:
    """The language that was chosen for a chat, or else the one that this person's Telegram speaks."""
    chosen = await storage.language(chat_id)
    return text_in(chosen or nearest_language(user.language_code if user else None))


def whom(update: Update) -> tuple[int, User | None]:
    """The chat that an update comes from, and the person."""
    if update.message:
        return update.message.chat.id, update.message.from_user
    if update.callback_query:
        callback = update.callback_query
        return (callback.message.chat.id if callback.message else callback.from_user.id), callback.from_user
    if update.my_chat_member:
        return update.my_chat_member.chat.id, update.my_chat_member.from_user
    return 0, None
