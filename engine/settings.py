"""The engine's settings: read once by an entry point, passed down, never imported as a global."""

import base64
import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from platformdirs import user_cache_path, user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import InvalidSetting
from engine.unknown_settings import unknown
from engine.wrong_values import wrong_value

MEGABYTE = 1024 * 1024
ENV_FILE = ".env"
WEBHOOK_SECRET = "whsec_"  # what one begins with
# Keys and passwords have no place in it; nor has anything that one client or another would read differently.
MILVUS = re.compile(r"https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?/?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?/?|[^:]+\.db")
BUCKET = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]{1,254}(/(?!\.{1,2}(/|$))[A-Za-z0-9._=-]+)*/?")
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*")

SECRET = re.compile(r"^AWS_.*(KEY|TOKEN)|_(KEY|TOKEN|PASSWORD|SECRET|WEBHOOK_URL)$")  # names of variables

# It goes into a header of HTTP, within brackets.
CONTACT = re.compile(r"(?=.{1,200}$)(https?://[!-'*-~]+|(mailto:)?[!-'*-?A-~]+@[!-'*-?A-~]+)")


def _in_home(variable: str, find: Callable[[str], Path]) -> Path:
    """Our folder in one of the user's. InvalidSetting."""
    try:
        return find("pictrace")
    except RuntimeError as error:
        raise InvalidSetting(f"{variable}: this user has no home folder, so a path must be given.") from error


def _absolute(path: Path) -> Path:
    """The path with its `~` and from the root. ValueError."""
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:  # there is no such user, or this one has no home folder
        raise ValueError(f"{error} Give the whole path") from error
    except OSError as error:  # the working directory has been deleted
        raise ValueError("There is no working directory any more; give the whole path") from error


def split_at_commas(value: object) -> object:
    """What is written with commas between in the environment, as a tuple; anything else as it is."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


# Written with commas between in the environment.
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_at_commas)]


def _encoding_of(path: Path) -> str:
    """How a `.env` is encoded: UTF-8, or what Windows writes, which begins with a mark. InvalidSetting."""
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise InvalidSetting(f"{path} cannot be read: {error.strerror}.") from error
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSetting(f"{path} is not UTF-8 in line {line}: save it in this encoding.") from error
    if "\0" in text:
        raise InvalidSetting(f"{path} is not UTF-8, for it has NUL characters: save it in this encoding.")
    return encoding


def parse_database_url(url: str) -> URL:
    """A database's URL, with the driver that PicTrace uses where none is named. ValueError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ValueError("This is no database URL, such as postgresql://USER:PASSWORD@HOST/NAME") from error
    named = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}.get(parsed.drivername)
    return parsed.set(drivername=named) if named else parsed


def webhook_key(secret: str) -> bytes:
    """The key that a webhook is signed by, of the secret as it is set. ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(WEBHOOK_SECRET), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(WEBHOOK_SECRET) or not 24 <= len(key) <= 64:
        raise ValueError(
            f"A webhook's secret is {WEBHOOK_SECRET} and 24 to 64 bytes in base64; echo "
            f"{WEBHOOK_SECRET}$(openssl rand -base64 32) makes one"
        )
    return key


def _is_endpoint(url: str) -> bool:
    """Whether a URL is one that can be posted to as it stands."""
    try:
        parts = urlsplit(url)
        is_reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = re.fullmatch(r"[!-~]{1,2000}", url) and "@" not in parts.netloc and not parts.fragment
    return parts.scheme in ("http", "https") and is_reachable and bool(is_plain)


def configuration(*, with_secrets: bool) -> dict[str, str]:
    """What is set of PicTrace, and of the client of buckets where one is used, by variable.

    Without secrets a database's URL has no password, and keys and tokens are left out. InvalidSetting.
    """
    given = _given()
    if "PICTRACE_FILES_URL" not in given:
        given = {name: value for name, value in given.items() if name.startswith("PICTRACE_")}
    if with_secrets:
        return given
    if url := given.get("PICTRACE_DATABASE_URL"):
        try:
            given["PICTRACE_DATABASE_URL"] = parse_database_url(url).set(password=None).render_as_string()
        except ValueError:
            del given["PICTRACE_DATABASE_URL"]
    return {name: value for name, value in given.items() if not SECRET.search(name)}


def configured_secrets() -> tuple[str, ...]:
    """Keys, tokens and passwords that are set, for logs to leave out; none where the settings cannot be read."""
    try:
        return tuple(value for name, value in _given().items() if SECRET.search(name))
    except InvalidSetting:
        return ()


def unknown_variables() -> list[str]:
    """A sentence for each variable that looks like a setting and is none. InvalidSetting."""
    return unknown(_given(), (f"PICTRACE_{name}".upper() for name in EngineSettings.model_fields))


def _given() -> dict[str, str]:
    """What is set of PicTrace and of the client of buckets, in the environment or `.env`, by variable."""
    given = {**dotenv_values(ENV_FILE, encoding=_encoding_of(Path(ENV_FILE))), **os.environ}
    return {name: value for name, value in sorted(given.items()) if name.startswith(("PICTRACE_", "AWS_")) and value}


class EngineSettings(BaseSettings):
    """From the environment or `.env`, with the prefix PICTRACE_; every field has a default fit for a laptop."""

    model_config = SettingsConfigDict(
        env_prefix="PICTRACE_", env_file=ENV_FILE, extra="ignore", frozen=True, env_ignore_empty=True
    )

    data_dir: Path = Field(
        default_factory=lambda: _in_home("PICTRACE_DATA_DIR", user_data_path),
        description="Where the library lies; made when missing.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: _in_home("PICTRACE_CACHE_DIR", user_cache_path),
        description="Where converted networks lie, and thumbnails of a bucket.",
    )
    database_url: str | None = Field(
        default=None,
        description="Another database than `pictrace.db` in the data folder: `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    files_url: str | None = Field(
        default=None,
        description="Where the pictures' files are, if not in the data folder: a bucket, as `s3://bucket/folder`.",
    )
    network: str | None = Field(
        default=None,
        description="The network of a new library; an existing one is switched by `pictrace networks use`.",
    )
    weights: Path | None = Field(default=None, description="Keras' ImageNet weights (.h5) for `resnet50`.")
    index: Literal["auto", "exact", "hnsw", "pgvector", "milvus"] = Field(
        default="auto",
        description=(
            "The embedding index: in each process, exact or HNSW (`auto` changes over at 20,000 pictures); for all "
            "processes, `pgvector` or `milvus`."
        ),
    )
    milvus_uri: str | None = Field(
        default=None, description="Where Milvus is: `http://host:19530`, or a file of Milvus Lite that ends in `.db`."
    )
    milvus_token: SecretStr | None = Field(
        default=None, description="What Milvus lets in by: `user:password`, or a key."
    )
    workers: int = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1), ge=1, le=256, description="Threads that compute."
    )
    max_bytes: int = Field(default=64 * MEGABYTE, ge=1, description="Largest picture file, in bytes.")
    max_pixels: int = Field(
        default=110_000_000, ge=1, description="Largest picture that is decoded, in pixels (width times height)."
    )
    max_source_pixels: int = Field(
        default=250_000_000, ge=1, description="Largest JPEG: it is decoded at a half to an eighth of its sides."
    )
    max_archive_bytes: int = Field(
        default=20_000 * MEGABYTE, ge=1, description="Largest sum of the unpacked files of one archive, in bytes."
    )
    max_archive_files: int = Field(default=200_000, ge=1, description="Most files in one archive.")
    fetch_allow: Hosts = Field(
        default=(), description="Hosts, or `host:port`, that URLs may lead to though they are not public."
    )
    fetch_contact: str | None = Field(
        default=None,
        description="An e-mail address or URL that servers of fetched URLs are told, to reach whoever runs this.",
    )
    fetch_timeout_s: float = Field(default=15, gt=0, le=300, description="Seconds that a URL may take in all.")
    webhook_url: str | None = Field(
        default=None, description="An http(s) URL that is told what is added and removed, and which watches are hit."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="What it is signed by: `whsec_` and 24 to 64 bytes in base64."
    )
    undo_days: int = Field(default=30, ge=0, le=36_500, description="Days before removed pictures are purged.")
    serve_metadata: bool = Field(
        default=False,
        description=(
            "Whether originals are served with their metadata (position, camera, names) to those without the admin key "
            "(0: no)."
        ),
    )

    @field_validator("data_dir", "cache_dir", "weights")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return _absolute(path) if path else path

    @field_validator("fetch_allow")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not HOST.fullmatch(host):
                raise ValueError(f"{host!r} is neither a host nor host:port; no scheme, path, range or asterisk")
        return hosts

    @field_validator("fetch_contact")
    @classmethod
    def _contact(cls, contact: str | None) -> str | None:
        if contact and not CONTACT.fullmatch(contact):
            raise ValueError("This is neither an e-mail address nor an http(s) URL of at most 200 plain characters")
        return contact

    @field_validator("webhook_url")
    @classmethod
    def _endpoint(cls, url: str | None) -> str | None:
        if url and not _is_endpoint(url):
            raise ValueError(
                "This is no http(s) URL of plain characters, such as https://example.org/pictrace; a password is no "
                "part of it"
            )
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret:
            webhook_key(secret.get_secret_value())
        return secret

    @field_validator("database_url")
    @classmethod
    def _url(cls, url: str | None) -> str | None:
        return parse_database_url(url).render_as_string(hide_password=False) if url else None

    @field_validator("files_url")
    @classmethod
    def _bucket(cls, url: str | None) -> str | None:
        if url and not BUCKET.fullmatch(url):
            raise ValueError("This is no bucket of an S3-compatible store, such as s3://bucket or s3://bucket/folder")
        return url.rstrip("/") if url else None

    @field_validator("milvus_uri")
    @classmethod
    def _milvus(cls, uri: str | None) -> str | None:
        if uri and not MILVUS.fullmatch(uri):
            raise ValueError(
                "Milvus is at http://HOST:19530, or in a file whose name ends in .db; a password is no part of it"
            )
        return str(_absolute(Path(uri))) if uri and uri.endswith(".db") and "://" not in uri else uri

    @model_validator(mode="after")
    def _index_has_a_place(self) -> Self:
        if self.index == "milvus" and not self.milvus_uri:
            raise ValueError("PICTRACE_MILVUS_URI: say where Milvus is, such as http://HOST:19530")
        return self

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError(
                "PICTRACE_WEBHOOK_SECRET: a webhook is signed by it; echo whsec_$(openssl rand -base64 32) makes one"
            )
        return self

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Settings from the environment; InvalidSetting names the variable that is wrong."""
        encoding = _encoding_of(Path(ENV_FILE))
        for name, value in dotenv_values(ENV_FILE, encoding=encoding).items():
            if name.startswith("AWS_") and value:  # the client of object stores looks for them in the environment only
                os.environ.setdefault(name, value)
        try:
            return cls(_env_file_encoding=encoding, **overrides)
        except ValidationError as error:
            first = error.errors()[0]
            message = wrong_value(first).rstrip(".")
            # Of a list, without the place in it; what is wrong of several together names its variable itself.
            variable = f"PICTRACE_{first['loc'][0]}: ".upper() if first["loc"] else ""
            raise InvalidSetting(f"{variable}{message}.") from error
