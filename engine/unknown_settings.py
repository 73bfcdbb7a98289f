"""Variables that look like a setting of PicTrace and are none: a mistyped name would be ignored without a word."""

from collections.abc import Iterable
from difflib import get_close_matches

PREFIX = "PICTRACE_"
# What a door or a file of `deploy/` reads and the engine does not: one `.env` serves them all.
OF_DOORS = frozenset(
    PREFIX + name
    for name in (
        *("HOST", "PORT", "API_WORKERS", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "ADMIN_KEY", "SEARCH_KEY", "RATE_LIMIT"),
        *("MAX_RUNNING", "MAX_WAITING", "MAX_UPLOADED_ARCHIVE_BYTES", "SAMPLES"),
        *("TELEGRAM_TOKEN", "ADMIN_IDS", "TELEGRAM_API", "TELEGRAM_WEBHOOK", "TELEGRAM_WEBHOOK_HOST"),
        *("TELEGRAM_WEBHOOK_PORT", "BOT_RUNNING", "BOT_SENDING", "BOT_COOLDOWN_S", "BOT_GUESTS", "BOT_GUEST_LIMIT"),
        *("BOT_INLINE", "BOT_REPOST_DAYS"),
        *("DOMAIN", "UPSTREAM", "PICTURES"),
    )
)


def unknown(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name that begins as a setting does and is none.

    `given`: names of variables. `known`: the engine's own, in capitals with their prefix.
    """
    names = OF_DOORS.union(known)
    sentences = []
    for name in sorted({one for one in given if one.startswith(PREFIX)}):
        if name.upper() in names:  # they are read in any case
            continue
        near = get_close_matches(name.upper(), names, n=1, cutoff=0.85)
        meant = f" Is {near[0]} meant?" if near else ""
        sentences.append(f"{name} is no setting of PicTrace, and is ignored.{meant}")
    return sentences
