"""The API's settings: the engine's, and what serving over HTTP needs."""

import os
import re

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from engine import EngineSettings, Hosts

MEGABYTE = 1024 * 1024


class ApiSettings(EngineSettings):
    """From the environment or `.env`, with the prefix PICTRACE_."""

    host: str = Field(default="127.0.0.1", description="The address that API and page are served on.")
    port: int = Field(default=5000, ge=0, le=65535, description="The port that API and page are served on.")
    api_workers: int = Field(default=1, ge=1, le=64, description="Processes of the API (`pictrace-api --workers`).")
    allowed_hosts: Hosts = Field(
        default=(), description="Names the server may be called by, besides `localhost` and IP addresses."
    )
    trusted_proxies: Hosts = Field(
        default=(), description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed."
    )
    admin_key: SecretStr | None = Field(
        default=None,
        description="An admin key of your own (at least 16 characters), beside the made one.",
    )
    search_key: SecretStr | None = Field(default=None, description="When set, searching and looking need this key too.")
    rate_limit: int = Field(
        default=60, ge=0, description="Searches and fetches a minute for each key, or else address; 0: no limit."
    )
    max_running: int = Field(
        default_factory=lambda: 2 * (os.cpu_count() or 1),
        ge=1,
        description="Searches that run at a time, over all API processes.",
    )
    max_waiting: int = Field(default=128, ge=0, description="Searches that wait for their turn; more get a 503.")
    max_uploaded_archive_bytes: int = Field(
        default=2_000 * MEGABYTE, ge=1, description="Largest archive that is taken by API and page, in bytes."
    )
    samples: bool = Field(default=True, description="Whether an empty library offers sample pictures (0: no).")

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
                raise ValueError(f"{host!r} is not a name; no scheme, port or asterisk")
        return tuple(host.rstrip(".") for host in hosts)

    @field_validator("admin_key", "search_key")
    @classmethod
    def _key(cls, key: SecretStr | None) -> SecretStr | None:
        if key and not re.fullmatch(r"[\x21-\x7e]{16,512}", key.get_secret_value()):
            raise ValueError("A key has 16 to 512 printable ASCII characters and no spaces")
        return key

    @field_validator("search_key")
    @classmethod
    def _two_keys(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key and key == info.data.get("admin_key"):
            raise ValueError("The search key must not be the admin key")
        return key
