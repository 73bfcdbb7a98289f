"""Which language a chat is spoken to in."""

from aiogram.types import User

from bot.storage import BotStorage
from bot.texts import Text, nearest_language, text_in


async def text_for(storage: BotStorage, chat_id: int, user: User | None) -> Text:
    """The language that was chosen for a chat, or else the one that this person's Telegram speaks."""
    chosen = await storage.language(chat_id)
    return text_in(chosen or nearest_language(user.language_code if user else None))
