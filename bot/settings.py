"""The bot's settings: the engine's, and what speaking with Telegram needs."""

import os
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from engine import EngineSettings, split_at_commas

TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{3,128}")


# Written with commas between in the environment.
Ids = Annotated[tuple[int, ...], NoDecode, BeforeValidator(split_at_commas)]


class BotSettings(EngineSettings):
    """From the environment or `.env`, with the prefix PICTRACE_."""

    telegram_token: SecretStr | None = Field(default=None, description="The bot's token, as @BotFather gave it.")
    admin_ids: Ids = Field(
        default=(), description="Telegram ids of those who may add and remove by the bot; `/start` tells yours."
    )
    telegram_api: str = Field(
        default="https://api.telegram.org", description="Another Bot API server than Telegram's own."
    )
    telegram_webhook: str | None = Field(
        default=None, description="Public https address that Telegram is to send updates to, instead of long polling."
    )
    telegram_webhook_host: str = Field(default="127.0.0.1", description="The address that the webhook is served on.")
    telegram_webhook_port: int = Field(
        default=8081, ge=0, le=65535, description="The port that the webhook is served on, behind your proxy."
    )
    bot_running: int = Field(
        default_factory=lambda: 2 * (os.cpu_count() or 1),
        ge=1,
        le=256,
        description="Questions that the bot works on at a time, over all chats.",
    )
    bot_sending: int = Field(
        default=1, ge=1, le=64, description="Answers that go out at a time; a killed bot may repeat as many."
    )
    bot_cooldown_s: float = Field(
        default=1, ge=0, le=3600, description="Seconds between two answers to the same person; more pictures wait."
    )
    bot_guests: bool = Field(
        default=True, description="Whether the bot answers in chats that it is no member of (Telegram's guest mode)."
    )
    bot_guest_limit: int = Field(
        default=6, ge=0, le=1000, description="Such questions a minute from the same person; 0: no limit."
    )
    bot_inline: Literal["known", "all", "off"] = Field(
        default="known",
        description="Whom `@bot words` lists pictures: whoever has written to the bot (`known`), `all`, or `off`.",
    )
    bot_repost_days: int = Field(
        default=30, ge=1, le=365, description="Days that pictures of a group with `/reposts on` are remembered."
    )

    @field_validator("telegram_token")
    @classmethod
    def _token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("This is no bot token, which looks like 123456:ABC-DEF")
        return token

    @field_validator("telegram_api", "telegram_webhook")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        wrong = ValueError("This is no http(s) address, such as https://bot.example.org/telegram")
        try:
            parts = urlsplit(url)
            is_reachable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise wrong from None
        is_plain = re.fullmatch(r"[A-Za-z0-9/_.~-]*", parts.path) and not parts.query and not parts.fragment
        if parts.scheme not in ("http", "https") or not is_reachable or not is_plain:
            raise wrong
        return url.rstrip("/")
