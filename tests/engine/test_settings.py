"""The engine's settings: defaults for a laptop, and an error that names the variable for everything else."""

import errno
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.settings import ApiSettings
from bot.settings import BotSettings
from engine.errors import InvalidSetting
from engine.settings import EngineSettings, configuration, split_at_commas, webhook_key


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without a setting, and a folder without a `.env`."""
    for name in os.environ:
        if name.startswith("PICTRACE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_a_setting_all_has_a_default() -> None:
    settings = EngineSettings.load()
    assert settings.data_dir.is_absolute()
    assert settings.cache_dir.is_absolute()
    assert (settings.database_url, settings.files_url, settings.network, settings.weights) == (None,) * 4
    assert settings.index == "auto"
    assert settings.workers == (os.cpu_count() or 1)
    assert settings.max_bytes == 64 * 1024 * 1024
    assert settings.fetch_allow == ()
    assert settings.fetch_contact is None
    assert not settings.serve_metadata


def test_every_field_says_what_it_is_for() -> None:
    for name, field in EngineSettings.model_fields.items():
        assert field.description, name
        assert field.description.endswith((".", ")")), name


def test_environment_is_read_by_prefix_and_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WORKERS", "3"), ("INDEX", "hnsw"), ("MAX_BYTES", ""), ("SOMETHING_ELSE", "x")):
        monkeypatch.setenv(f"PICTRACE_{name}", value)
    monkeypatch.setenv("UNDO_DAYS", "1")
    settings = EngineSettings.load()
    assert (settings.workers, settings.index, settings.max_bytes) == (3, "hnsw", 64 * 1024 * 1024)
    assert settings.undo_days == 30


def test_what_is_passed_comes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PICTRACE_WORKERS=3\nPICTRACE_UNDO_DAYS=4\nPICTRACE_MAX_PIXELS=5\n")
    monkeypatch.setenv("PICTRACE_UNDO_DAYS", "6")
    monkeypatch.setenv("PICTRACE_MAX_PIXELS", "7")
    settings = EngineSettings.load(max_pixels=8)
    assert (settings.workers, settings.undo_days, settings.max_pixels) == (3, 6, 8)


def test_client_of_object_stores_finds_its_keys_though_they_stand_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_EMPTY", "OTHER_KEY"):
        monkeypatch.setenv(name, "before")  # so that it is as before afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_REGION", "of the environment")
    (tmp_path / ".env").write_text("AWS_ACCESS_KEY_ID=key\nAWS_REGION=of the file\nAWS_EMPTY=\nOTHER_KEY=x\n")
    EngineSettings.load()
    assert os.environ["AWS_ACCESS_KEY_ID"] == "key"
    assert os.environ["AWS_REGION"] == "of the environment"
    assert "AWS_EMPTY" not in os.environ
    assert "OTHER_KEY" not in os.environ


def test_what_is_set_of_the_client_of_buckets_is_told_where_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert "AWS_REGION" not in configuration(with_secrets=True)
    monkeypatch.setenv("PICTRACE_FILES_URL", "s3://pictures")
    assert configuration(with_secrets=True)["AWS_REGION"] == "eu-west-3"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_file_may_be_written_by_windows(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    (tmp_path / ".env").write_bytes(f"{mark}PICTRACE_WORKERS=3\r\nPICTRACE_DATA_DIR=/tmp/Käse\r\n".encode(encoding))
    settings = EngineSettings.load()
    assert (settings.workers, settings.data_dir) == (3, Path("/tmp/Käse"))


@pytest.mark.parametrize(
    "content",
    [
        "A=1\nPICTRACE_DATA_DIR=/tmp/Käse\n".encode("latin-1"),
        "PICTRACE_WORKERS=3\n".encode("utf-16-le"),
        b"\xff\xfeP\x00I",
        b"AWS_REGION=a\0b\n",
        bytes(range(256)),
    ],
)
def test_file_in_another_encoding_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(InvalidSetting, match=r"^\.env is not UTF-8.*: save it in this encoding\.$"):
        EngineSettings.load()


def test_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=1\nB=2\nC=K\xe4se\n")
    with pytest.raises(InvalidSetting, match=r"in line 3:"):
        EngineSettings.load()


def test_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").touch()

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InvalidSetting, match=r"^\.env cannot be read: Permission denied\.$"):
        EngineSettings.load()


def test_folder_of_its_name_is_no_file(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert EngineSettings.load().undo_days == 30


def test_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_DATA_DIR: this user has no home folder"):
        EngineSettings.load()
    monkeypatch.setenv("PICTRACE_DATA_DIR", "/data")
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_CACHE_DIR: this user has no home folder"):
        EngineSettings.load()
    monkeypatch.setenv("PICTRACE_CACHE_DIR", "~/cache")
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_CACHE_DIR: .*home directory"):
        EngineSettings.load()
    monkeypatch.setenv("PICTRACE_CACHE_DIR", "/cache")
    assert EngineSettings.load().data_dir == Path("/data")


def test_deleted_working_directory_is_no_place_for_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert EngineSettings.load(data_dir="/data").data_dir == Path("/data")
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_DATA_DIR: There is no working directory any more"):
        EngineSettings.load(data_dir="data")


@pytest.mark.parametrize("name", ["data_dir", "cache_dir", "weights"])
def test_paths_are_absolute_and_know_the_home_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for given, path in (("~/pictures", Path("/home/ada/pictures")), ("here", tmp_path / "here"), ("/there", "/there")):
        monkeypatch.setenv(f"PICTRACE_{name.upper()}", str(given))
        assert getattr(EngineSettings.load(), name) == Path(path)
    monkeypatch.setenv(f"PICTRACE_{name.upper()}", "~nobody-of-this-name/pictures")
    with pytest.raises(InvalidSetting, match=rf"^PICTRACE_{name.upper()}: .*[^.]\.$"):
        EngineSettings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", "0"),
        ("workers", "257"),
        ("workers", "two"),
        ("max_bytes", "0"),
        ("max_pixels", "-1"),
        ("max_archive_bytes", "0"),
        ("max_archive_files", "0"),
        ("fetch_timeout_s", "0"),
        ("fetch_timeout_s", "301"),
        ("undo_days", "-1"),
        ("undo_days", "36501"),
        ("index", "faiss"),
        ("serve_metadata", "perhaps"),
        ("fetch_allow", "http://intranet"),
        ("fetch_contact", "somebody"),
        ("files_url", "https://bucket"),
        ("database_url", "nonsense"),
        ("milvus_uri", "host:19530"),
        ("webhook_url", "example.org/hook"),
        ("webhook_url", "ftp://example.org/hook"),
        ("webhook_url", "https://ada:secret@example.org/hook"),
        ("webhook_url", "https://example.org/hook#part"),
        ("webhook_url", "https://example.org/a hook"),
        ("webhook_url", "https://example.org:99999/"),
        ("webhook_url", "https://"),
        ("webhook_secret", "secret"),
        ("webhook_secret", "whsec_not base64"),
        ("webhook_secret", "whsec_c2hvcnQ="),
        ("webhook_secret", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="),
    ],
)
def test_wrong_value_is_told_by_its_variable_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PICTRACE_{name.upper()}", value)
    with pytest.raises(InvalidSetting) as caught:
        EngineSettings.load()
    said = str(caught.value)
    assert said.startswith(f"PICTRACE_{name.upper()}: ")
    assert said.endswith(".")
    assert not said.endswith("..")
    assert "Value error" not in said
    assert "\n" not in said
    assert isinstance(caught.value.__cause__, ValidationError)


def test_what_is_wrong_of_two_settings_together_names_the_one_that_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_INDEX", "milvus")
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_MILVUS_URI: say where Milvus is"):
        EngineSettings.load()
    monkeypatch.setenv("PICTRACE_MILVUS_URI", "http://host:19530")
    assert EngineSettings.load().milvus_uri == "http://host:19530"


def test_file_of_milvus_is_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert EngineSettings.load(milvus_uri="vectors.db").milvus_uri == str(tmp_path / "vectors.db")
    assert EngineSettings.load(milvus_uri="~/vectors.db").milvus_uri == "/home/ada/vectors.db"


@pytest.mark.parametrize(
    "hosts",
    ["intranet", "intranet:8080, 10.0.0.7", "[::1]:8000,::1", "a-b.c_d.test , ", "2001:db8::7,[2001:db8::7]", " , "],
)
def test_hosts_with_or_without_a_port_are_taken_between_commas(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_FETCH_ALLOW", hosts)
    assert EngineSettings.load().fetch_allow == tuple(one.strip() for one in hosts.split(",") if one.strip())


@pytest.mark.parametrize(
    "host", ["http://host", "host/path", "10.0.0.0/8", "*.example.org", "*", "host:", "host:0", "host:123456", "a b"]
)
def test_what_is_no_host_is_refused_by_name(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_FETCH_ALLOW", f"good.example,{host}")
    with pytest.raises(InvalidSetting) as caught:
        EngineSettings.load()
    assert str(caught.value).startswith(f"PICTRACE_FETCH_ALLOW: {host!r} is neither a host nor host:port")


@pytest.mark.parametrize(
    ("value", "split"),
    [("a, b,,c ", ("a", "b", "c")), ("", ()), (("a,b",), ("a,b",)), (["x"], ["x"]), (7, 7), (None, None)],
)
def test_text_is_split_at_commas_and_nothing_else_is(value: Any, split: Any) -> None:
    assert split_at_commas(value) == split


def test_settings_cannot_be_changed() -> None:
    settings = EngineSettings.load()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, "workers", 3)  # noqa: B010


def test_token_is_not_shown() -> None:
    settings = EngineSettings.load(milvus_token="root:secret-word")
    assert "secret-word" not in f"{settings} {settings!r}"
    assert settings.milvus_token
    assert settings.milvus_token.get_secret_value() == "root:secret-word"


@pytest.mark.parametrize("contact", ["https://example.org/bots?a=b", "ops@example.org", "mailto:ops+web@example.org"])
def test_contact_is_an_address_that_people_can_be_reached_at(contact: str) -> None:
    assert EngineSettings.load(fetch_contact=contact).fetch_contact == contact


@pytest.mark.parametrize(
    "contact",
    ["ops", "ftp://example.org", "a b@example.org", "ops@exämple.org", "a@b)", "a@b\r\nX: y", "https://e/" + "a" * 200],
)
def test_what_could_not_stand_in_a_header_is_no_contact(contact: str) -> None:
    with pytest.raises(InvalidSetting, match="PICTRACE_FETCH_CONTACT"):
        EngineSettings.load(fetch_contact=contact)


def test_webhook_needs_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_WEBHOOK_URL", "https://example.org/hook?token=1")
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_WEBHOOK_SECRET: .* makes one\.$"):
        EngineSettings.load()
    secret = "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
    monkeypatch.setenv("PICTRACE_WEBHOOK_SECRET", secret)
    settings = EngineSettings.load()
    assert settings.webhook_url == "https://example.org/hook?token=1"
    assert secret not in repr(settings)
    assert webhook_key(secret) == b"x" * 32


def test_wrong_secret_of_a_webhook_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_WEBHOOK_SECRET", "whsec_hidden")
    with pytest.raises(InvalidSetting) as caught:
        EngineSettings.load()
    assert "hidden" not in str(caught.value)


def test_where_a_webhook_is_counts_as_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_WEBHOOK_URL", "https://example.org/hook?token=1")
    monkeypatch.setenv("PICTRACE_WEBHOOK_SECRET", "whsec_hidden")
    assert not [name for name in configuration(with_secrets=False) if name.startswith("PICTRACE_")]
    assert {"PICTRACE_WEBHOOK_URL", "PICTRACE_WEBHOOK_SECRET"} <= configuration(with_secrets=True).keys()


@pytest.mark.parametrize("door", [EngineSettings, ApiSettings, BotSettings])
def test_every_door_takes_a_databases_url_without_its_driver(door: type[EngineSettings]) -> None:
    assert door.load(database_url="postgresql://ada@db/p").database_url == "postgresql+asyncpg://ada@db/p"


@pytest.mark.parametrize("door", [ApiSettings, BotSettings])
def test_settings_of_a_door_take_the_place_of_none_of_the_engines_checks(door: type[EngineSettings]) -> None:
    """A check of a subclass replaces that of its parent which has the same name."""
    checks = [name for name in vars(door) if name.startswith("_") and not name.startswith("__")]
    engines = [name for name, value in vars(EngineSettings).items() if callable(value) or hasattr(value, "__func__")]
    assert checks
    assert set(checks).isdisjoint(engines), checks
