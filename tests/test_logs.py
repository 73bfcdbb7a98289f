"""The logs of the three doors: one format, and no key, token, password or query of a URL in any of them."""

import logging
import signal
from pathlib import Path
from typing import Any

import pytest

import bot.command
import shell.cli
from api.serving import LOGGING
from engine.output import LEFT_OUT, LOG_FORMAT, LogFormatter
from tests.conftest import SHIPPED, Command
from tests.e2e.test_api_process import KEY, api

SECRETS = {
    "PICTRACE_ADMIN_KEY": "secret-of-the-admin",
    "PICTRACE_SEARCH_KEY": "secret-of-searching",
    "PICTRACE_TELEGRAM_TOKEN": "123456:secret-of-telegram",
    "PICTRACE_WEBHOOK_SECRET": "whsec_secretofthewebhooksecretofthewebhook",
    "PICTRACE_WEBHOOK_URL": "http://127.0.0.1:9/secret-of-the-path?secret-of-the-query",
    "PICTRACE_MILVUS_TOKEN": "root:secret-of-milvus",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-bucket",
}


def formatter_of(door: str, monkeypatch: pytest.MonkeyPatch) -> logging.Formatter | None:
    """What a door writes the lines of its log by."""
    if door == "api":
        factory = LOGGING["formatters"]["ours"]["()"]
        assert {handler["formatter"] for handler in LOGGING["handlers"].values()} == {"ours"}
        made: logging.Formatter = factory()
        return made
    given: list[logging.Handler] = []
    monkeypatch.setattr(logging, "basicConfig", lambda level, handlers: given.extend(handlers))
    if door == "bot":
        bot.command._log()
    else:
        monkeypatch.setattr(shell.cli, "app", lambda prog_name: None)
        shell.cli.main()
    (handler,) = given
    return handler.formatter


@pytest.mark.parametrize("door", ["api", "bot", "shell"])
def test_doors_log_in_one_format_and_leave_out_what_is_secret(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    formatter = formatter_of(door, monkeypatch)
    assert isinstance(formatter, LogFormatter)
    assert formatter._fmt == LOG_FORMAT
    for value in SECRETS.values():
        record = logging.LogRecord("engine", logging.WARNING, __file__, 1, "it says: %s.", (value,), None)
        assert "secret" not in formatter.format(record)
        assert LEFT_OUT in formatter.format(record)


@pytest.mark.processes
def test_served_api_writes_down_no_secret(pictrace: Command) -> None:
    set_too: dict[str, Any] = {name: value for name, value in SECRETS.items() if name != "PICTRACE_ADMIN_KEY"}
    with api(pictrace, key=KEY, **set_too) as served:
        admin, kind = f"Bearer {KEY}", "application/json"
        assert served.add((SHIPPED / "coffee.png").read_bytes())[0] == 201
        served.ask("/v1/images?key=secret-of-the-query", Authorization="Bearer secret-that-is-wrong")
        for body in (b'{"url": "http://127.0.0.1/?sig=secret-of-a-url"}', b"secret-of-a-body"):
            served.ask("/v1/search", data=body, Authorization=admin, Content_Type=kind)
        said = served.said
        while "the webhook at http://127.0.0.1:9 was not told" not in said:
            said += (line := served.log.readline())
            assert line, said
        for path in Path(pictrace.env["PICTRACE_DATA_DIR"]).glob("pictrace.db*"):
            path.write_bytes(b"damaged" * 1000)
        assert served.ask("/v1/images", Authorization=admin)[0] == 503
        served.process.send_signal(signal.SIGINT)
        said += served.log.read()
    assert "secret" not in said
    assert KEY not in said
