"""The pages on operations and on trouble say what the code does."""

import re
import sqlite3
import threading
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.storage import KEPT
from docs.write_reference import PAGES
from engine import EngineSettings
from engine.concurrency import CpuPool
from engine.library import webhook
from engine.library.webhook import Webhook
from engine.settings import webhook_key
from engine.storage import jpeg_cache, webhook_events
from engine.storage.repository import Repository
from tests.rows import add, blank, new_repository, repository, url
from tests.webhook_receiver import SECRET, until

__all__ = ["blank", "new_repository", "repository", "url"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
OPERATIONS, TROUBLE = ((DOCS / name).read_text() for name in ("operations.md", "troubleshooting.md"))
ERRORS = set(re.findall(r'<a id="(\w+)"></a>', PAGES["errors.md"]()))


def block(language: str) -> str:
    """The only piece of code in this language."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)
    return str(code)


def test_codes_lead_to_what_is_said_of_them() -> None:
    links = re.findall(r"\[`(\w+)`\]\(reference/errors\.md#(\w+)\)", TROUBLE)
    assert links
    assert all(code == anchor and code in ERRORS for code, anchor in links)
    for page in (OPERATIONS, TROUBLE):
        linked_or_not = set(re.findall(r"`([a-z]+_[a-z_]+)`", page)) & {*ERRORS, "wrong_host", "library_too_new"}
        assert linked_or_not <= ERRORS


def test_events_are_those_that_are_sent() -> None:
    assert set(re.findall(r"^\| `(\w+\.\w+)` \|", OPERATIONS, re.MULTILINE)) == {
        *webhook_events.TYPES.values(),
        webhook_events.HIT,
    }


def test_times_and_sizes_are_those_of_the_code() -> None:
    settings = EngineSettings(_env_file=None)
    assert (settings.undo_days, KEPT.days, webhook_events.GIVE_UP.days) == (30, 2, 3)
    assert jpeg_cache.MAX_BYTES == 2_000_000_000
    assert (webhook.TIMEOUT_S, webhook.TOGETHER, webhook.FIRST_PAUSE.seconds) == (15, 20, 5)
    assert webhook_events.LONGEST_PAUSE.seconds == 3600


def test_statements_that_forget_a_person_are_understood(blank: Path) -> None:
    connection = sqlite3.connect(f"file:{blank}?mode=ro", uri=True)
    statements = [one for one in block("sql").split(";") if one.strip()]
    assert len(statements) == 5
    for statement in statements:
        connection.execute(f"EXPLAIN {statement}")
    connection.close()


@pytest.fixture
def told() -> list[tuple[str, int]]:
    return []


async def test_receiver_of_the_page_takes_what_is_sent(
    repository: Repository, settings: EngineSettings, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "EVERY_S", 0.01)
    shown: dict[str, Any] = {"print": lambda *words: told.append(words)}
    exec(block("python").replace("whsec_...", SECRET).partition("HTTPServer((")[0], shown)
    monkeypatch.setattr(shown["Receiver"], "log_message", lambda *_: None)
    with HTTPServer(("127.0.0.1", 0), shown["Receiver"]) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        given = {"webhook_url": f"http://127.0.0.1:{server.server_port}/", "webhook_secret": SECRET}
        changed = EngineSettings(_env_file=None, **(settings.model_dump() | given))
        await repository.webhook_events.begin(given["webhook_url"])
        with CpuPool(1) as pool:
            async with Webhook(changed, repository, pool).delivering():
                await add(repository, 1, 2)
                await until(lambda: len(told) == 2)
        server.shutdown()
        serving.join()
    assert told == [("image.added", 1), ("image.added", 2)]


def test_command_that_makes_a_secret_makes_one_that_is_taken() -> None:
    assert "echo whsec_$(openssl rand -base64 32)" in OPERATIONS
    assert len(webhook_key(SECRET)) == 32
