"""Archives: names in any code page, no entry lost for its name, and nothing that unpacks to more than it may."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import py7zr
import pytest
from backports import zstd
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine import EngineSettings, PicTraceError
from engine.pictures import archives
from engine.pictures.sources import LeftAlone, Refused, Source, expand

PICTURE = b"\xff\xd8\xff" + b"x" * 100
MEGABYTE = 1024 * 1024
PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".tar": lambda content: content,
    ".tar.gz": gzip.compress,
    ".tgz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar.zst": zstd.compress,
}
UTF8 = 0x800


@pytest.fixture
def small(settings: EngineSettings, tmp_path: Path) -> EngineSettings:
    limits = {"max_bytes": 1000, "max_archive_bytes": 50_000, "max_archive_files": 20}
    return settings.model_copy(update={**limits, "cache_dir": tmp_path / "cache"})


def names(path: Path, settings: EngineSettings) -> list[str]:
    return [one.name for one in expand(path, settings) if isinstance(one, Source)]


def contents(path: Path, settings: EngineSettings) -> dict[str, bytes]:
    return {one.name: one.read() for one in expand(path, settings) if isinstance(one, Source)}


def refusal(path: Path, settings: EngineSettings) -> PicTraceError:
    (one,) = expand(path, settings)
    assert isinstance(one, Refused)
    return one.error


def zip_of(entries: Iterable[tuple[bytes, int, bytes]], content: bytes = PICTURE) -> bytes:
    """A zip whose entries have these names as they are, these flags, and these extra fields."""
    body, directory, number = b"", b"", 0
    for name, flags, extra in entries:
        common = struct.pack(
            "<HHHHHIIIHH", 20, flags, 0, 0, 0, zlib.crc32(content), len(content), len(content), len(name), len(extra)
        )
        directory += (
            b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name + extra
        )
        body += b"PK\x03\x04" + common + name + extra + content
        number += 1
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, number, number, len(directory), len(body), 0)
    return body + directory + end


def named(path: Path, settings: EngineSettings, *raw: bytes, flags: int = 0) -> list[str]:
    path.write_bytes(zip_of((name, flags, b"") for name in raw))
    return names(path, settings)


def tar_of(*members: tuple[str | tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", errors="surrogateescape") as archive:
        for name, content in members:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def seven_zip(path: Path, members: dict[str, bytes], *, password: str | None = None) -> Path:
    with py7zr.SevenZipFile(path, "w", password=password) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return path


# --- names in zips


@pytest.mark.parametrize(
    ("name", "encoding", "flags"),
    [
        ("写真ソ表.jpg", "cp932", 0),  # the second bytes of two letters are those of a backslash
        ("旅行/写真ソ表.jpg", "cp932", 0),
        ("照片/北京旅行.jpg", "gb18030", 0),
        ("Отпуск в горах.jpg", "cp866", 0),
        ("Übung é.jpg", "utf-8", 0),
        ("Übung é.jpg", "utf-8", UTF8),
        ("Übung é.jpg", "cp437", 0),
    ],
)
def test_name_is_right(name: str, encoding: str, flags: int, tmp_path: Path, small: EngineSettings) -> None:
    assert named(tmp_path / "a.zip", small, name.encode(encoding), flags=flags) == [name.rpartition("/")[2]]


def test_unicode_name_beside_another_is_taken_if_it_belongs_to_it(tmp_path: Path, small: EngineSettings) -> None:
    def extra(raw: bytes) -> bytes:
        field = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + "写真.jpg".encode()
        return struct.pack("<HH", 0x7075, len(field)) + field

    entries = [(b"a?.jpg", 0, extra(b"a?.jpg")), (b"renamed.jpg", 0, extra(b"before.jpg"))]
    (tmp_path / "a.zip").write_bytes(zip_of(entries))
    assert sorted(names(tmp_path / "a.zip", small)) == ["renamed.jpg", "写真.jpg"]


def test_name_that_is_not_what_its_flag_says_costs_no_other(tmp_path: Path, small: EngineSettings) -> None:
    found = named(tmp_path / "a.zip", small, b"\xff\xfe.jpg", b"b.jpg", flags=UTF8)
    assert len(found) == 2
    assert "b.jpg" in found


def test_name_written_in_two_ways_is_read(tmp_path: Path, small: EngineSettings) -> None:
    content = zip_of([("é.jpg".encode(), 0, b"")])
    (tmp_path / "a.zip").write_bytes(content.replace("é.jpg".encode(), b"_\x82.jpg", 1))
    assert contents(tmp_path / "a.zip", small) == {"é.jpg": PICTURE}


def test_backslash_leads_into_a_folder_only_where_no_slash_does(tmp_path: Path, small: EngineSettings) -> None:
    assert named(tmp_path / "a.zip", small, b"x\\b.jpg", b"__MACOSX\\b.jpg") == ["b.jpg"]
    assert named(tmp_path / "b.zip", small, b"x\\b.jpg", b"y/c.jpg") == ["x\\b.jpg", "c.jpg"]


def test_same_names_and_no_names_are_all_taken(tmp_path: Path, small: EngineSettings) -> None:
    found = named(tmp_path / "a.zip", small, b"a/b.jpg", b"a/b.jpg", b"../b.jpg", b"", b"a/..", b"...", b"n\0ul.jpg")
    assert sorted(found) == [
        "b.jpg",
        "b.jpg",
        "b.jpg",
        "n\ufffdul.jpg",
        *(one for one in sorted(found) if "picture-" in one),
    ]
    assert sum("picture-" in one for one in found) == 3


def test_entry_without_a_suffix_is_looked_at(tmp_path: Path, small: EngineSettings) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("picture", PICTURE)
        archive.writestr("text", b"text")
    found = list(expand(tmp_path / "a.zip", small))
    assert [one.name for one in found if isinstance(one, Source)] == ["picture"]
    assert [one.name for one in found if isinstance(one, LeftAlone)] == ["text"]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.tuples(st.binary(max_size=30), st.booleans()), max_size=15))
def test_whatever_the_names_are_no_entry_is_lost(
    entries: list[tuple[bytes, bool]], tmp_path: Path, small: EngineSettings
) -> None:
    files = [(name, UTF8 if flagged else 0, b"") for name, flagged in entries if not name.endswith(b"/")]
    (tmp_path / "a.zip").write_bytes(zip_of(files))
    found = list(archives.members(tmp_path / "a.zip", small))
    assert [one.read(1000) for one in found] == [PICTURE] * len(files)
    for one in expand(tmp_path / "a.zip", small):
        assert one.name.encode()


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0/\\")).filter(bool), max_size=10),
    flagged=st.booleans(),
)
def test_names_in_utf_8_come_back(written: list[str], flagged: bool, tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of((name.encode(), UTF8 * flagged, b"") for name in written))
    assert sorted(one.path for one in archives.members(tmp_path / "a.zip", small)) == sorted(written)


@pytest.mark.parametrize("encoding", ["cp932", "gb18030"])
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_names_of_windows_are_never_lost(
    data: st.DataObject, encoding: str, tmp_path: Path, small: EngineSettings
) -> None:
    letters = st.characters(codec=encoding, exclude_characters="\0/\\¢£¬‖−〜", exclude_categories=["C"])
    written = data.draw(st.lists(st.text(letters, min_size=1), min_size=1, max_size=8))
    (tmp_path / "a.zip").write_bytes(zip_of((f"{name}.jpg".encode(encoding), 0, b"") for name in written))
    found = list(expand(tmp_path / "a.zip", small))
    assert len(found) == len(written)
    assert not any(isinstance(one, Refused) for one in found)


# --- what cannot be read of a zip


def test_entry_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, small: EngineSettings) -> None:
    content = bytearray(zip_of([(b"a.jpg", 0, b""), (b"b.jpg", 1, b""), (b"c.jpg", 0, b""), (b"d", 1, b"")]))
    at = content.index(b"PK\x01\x02", content.index(b"b.jpg", content.index(b"PK\x01\x02")))
    content[at + 10 : at + 12] = struct.pack("<H", 99)  # of c.jpg: a compression that nobody knows
    (tmp_path / "a.zip").write_bytes(content)
    errors = {}
    for one in expand(tmp_path / "a.zip", small):
        try:
            errors[one.name] = "" if isinstance(one, Source) and one.read() else str(one.error)  # type: ignore[union-attr]
        except PicTraceError as error:
            errors[one.name] = str(error)
    assert errors["a.jpg"] == ""
    assert errors["b.jpg"] == "b.jpg is encrypted."
    assert errors["c.jpg"].startswith("c.jpg cannot be unpacked (")
    assert errors["d"] == "d is encrypted."


def test_zip_cut_short_is_said_to_be(tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of([(b"a.jpg", 0, b"")])[:80])
    error = refusal(tmp_path / "a.zip", small)
    assert (error.code, str(error)) == (
        "bad_archive",
        "a.zip is cut short or damaged: the list of its files is missing.",
    )


# --- tar


@pytest.mark.parametrize("suffix", PACKED)
def test_tar_is_read_in_its_order(suffix: str, tmp_path: Path, small: EngineSettings) -> None:
    link = tarfile.TarInfo("link.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    content = tar_of(
        ("../z.jpg", PICTURE),
        (link, b""),
        ("folder/a.png", PICTURE * 2),
        ("notes.txt", b"-"),
        ("large.jpg", bytes(3000)),
        ("no suffix", PICTURE),
    )
    path = tmp_path / f"a{suffix}"
    path.write_bytes(PACKED[suffix](content))
    found = list(expand(path, small))
    assert [one.name for one in found] == ["z.jpg", "link.jpg", "a.png", "notes.txt", "large.jpg", "no suffix"]
    sources = {one.name: one for one in found if isinstance(one, Source)}
    assert [(one.name, one.reason) for one in found if isinstance(one, LeftAlone)] == [
        ("link.jpg", "not_a_file"),
        ("notes.txt", "not_a_picture"),
    ]
    assert [sources[name].read() for name in ("no suffix", "a.png", "z.jpg")] == [PICTURE, PICTURE * 2, PICTURE]
    with pytest.raises(PicTraceError) as caught:
        sources["large.jpg"].read()
    assert caught.value.code == "file_too_large"
    assert not [one for one in tmp_path.rglob("*") if one.name.endswith((".jpg", ".png"))]


def test_name_in_a_tar_is_right_in_any_code_page(tmp_path: Path, small: EngineSettings) -> None:
    raw = os.fsdecode("写真ソ表.jpg".encode("cp932"))
    (tmp_path / "a.tar").write_bytes(tar_of((raw, PICTURE)))
    assert contents(tmp_path / "a.tar", small) == {"写真ソ表.jpg": PICTURE}


@pytest.mark.parametrize("suffix", PACKED)
def test_tar_of_too_much_is_refused_as_a_whole(suffix: str, tmp_path: Path, small: EngineSettings) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(PACKED[suffix](tar_of(("notes.txt", bytes(60_000)), ("a.jpg", PICTURE))))
    assert refusal(path, small).code == "archive_too_large"
    path.write_bytes(PACKED[suffix](tar_of(*((f"{number}.jpg", b"") for number in range(21)))))
    assert refusal(path, small).code == "archive_too_large"


def test_header_of_a_tar_that_is_itself_a_bomb_is_not_read(tmp_path: Path, settings: EngineSettings) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 64 * MEGABYTE
    (tmp_path / "a.tgz").write_bytes(gzip.compress(header.tobuf() + bytes(header.size)))
    assert refusal(tmp_path / "a.tgz", settings).code == "bad_archive"


@pytest.mark.parametrize("suffix", PACKED)
def test_what_is_no_tar_is_refused(suffix: str, tmp_path: Path, small: EngineSettings) -> None:
    for content in (b"", b"no tar at all", PACKED[suffix](b"nor this" * 100)):
        (tmp_path / f"a{suffix}").write_bytes(content)
        assert refusal(tmp_path / f"a{suffix}", small).code == "bad_archive"


@pytest.mark.parametrize("suffix", PACKED)
def test_tar_cut_short_gives_what_is_before(suffix: str, tmp_path: Path, settings: EngineSettings) -> None:
    pictures = {f"{number}.jpg": random.Random(number).randbytes(60_000) for number in range(40)}
    content = PACKED[suffix](tar_of(*pictures.items()))
    (tmp_path / f"a{suffix}").write_bytes(content[: len(content) // 2])
    *before, last = expand(tmp_path / f"a{suffix}", settings)
    assert isinstance(last, Refused)
    assert last.error.code == "bad_archive"
    read = {}
    for one in before:
        with suppress(PicTraceError):  # the last of them
            read[one.name] = one.read() if isinstance(one, Source) else b""
    assert read == {name: pictures[name] for name in read}
    assert len(read) >= len(before) - 1 > 3


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".tar", ".tar.xz", ".7z", ".zip"])
def test_damage_anywhere_is_said_and_nothing_else(
    data: st.DataObject, suffix: str, tmp_path: Path, small: EngineSettings
) -> None:
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"a{suffix}"
    pictures = {"a.jpg": PICTURE, "b/c.jpg": PICTURE * 2}
    if whole.exists():
        pass
    elif suffix == ".7z":
        seven_zip(whole, pictures)
    elif suffix == ".zip":
        whole.write_bytes(zip_of((name.encode(), UTF8, b"") for name in pictures))
    else:
        whole.write_bytes(PACKED[suffix](tar_of(*pictures.items())))
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 9_999)) * len(content) // 10_000] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    for one in expand(path, small):
        if isinstance(one, Source):
            with suppress(PicTraceError):
                one.read()


# --- 7z


def test_seven_zip_is_read(tmp_path: Path, small: EngineSettings) -> None:
    members = {"b/写真.jpg": PICTURE, "a.png": PICTURE * 2, "notes.txt": b"-", "large.jpg": bytes(3000), "x": PICTURE}
    path = seven_zip(tmp_path / "a.7z", members)
    found = list(expand(path, small))
    sources = {one.name: one for one in found if isinstance(one, Source)}
    assert list(sources) == ["写真.jpg", "a.png", "large.jpg", "x"]
    assert [sources[name].read() for name in ("x", "a.png", "写真.jpg")] == [PICTURE, PICTURE * 2, PICTURE]
    with pytest.raises(PicTraceError) as caught:
        sources["large.jpg"].read()
    assert caught.value.code == "file_too_large"
    assert not [one for one in tmp_path.rglob("*") if one.name.endswith((".jpg", ".png"))]


def test_seven_zip_of_too_much_is_refused_as_a_whole(tmp_path: Path, small: EngineSettings) -> None:
    path = seven_zip(tmp_path / "a.7z", {"notes.txt": bytes(60_000), "a.jpg": PICTURE})
    assert refusal(path, small).code == "archive_too_large"
    path = seven_zip(tmp_path / "b.7z", {f"{number}.jpg": PICTURE for number in range(21)})
    assert refusal(path, small).code == "archive_too_large"


def test_damaged_file_of_a_seven_zip_costs_no_other_block(tmp_path: Path, small: EngineSettings) -> None:
    first, second = random.Random(1).randbytes(900), random.Random(2).randbytes(900)
    path = tmp_path / "a.7z"
    copied = [{"id": py7zr.FILTER_COPY}]
    with py7zr.SevenZipFile(path, "w", filters=copied) as archive:
        archive.writestr(first, "a.jpg")
        archive.writestr(second, "b.jpg")
    content = bytearray(path.read_bytes())
    at = content.index(first)
    content[at + 100 : at + 120] = bytes(20)
    path.write_bytes(content)
    sources = {one.name: one for one in expand(path, small) if isinstance(one, Source)}
    with pytest.raises(PicTraceError) as caught:
        sources["a.jpg"].read()
    assert (caught.value.code, str(caught.value)) == ("bad_archive", "a.jpg cannot be unpacked (it is damaged).")
    assert sources["b.jpg"].read() == second


def test_encrypted_seven_zip_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    path = seven_zip(tmp_path / "a.7z", {"a.jpg": PICTURE}, password="secret")
    assert str(refusal(path, small)) == "a.7z is encrypted."


@pytest.mark.parametrize("content", [b"", b"no 7z at all", b"7z\xbc\xaf\x27\x1c" + bytes(40)])
def test_what_is_no_seven_zip_is_refused(content: bytes, tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "a.7z").write_bytes(content)
    assert refusal(tmp_path / "a.7z", small).code == "bad_archive"


def test_missing_library_is_named(tmp_path: Path, small: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py7zr", None)
    (tmp_path / "a.7z").write_bytes(b"-")
    error = refusal(tmp_path / "a.7z", small)
    assert (error.code, str(error)) == (
        "bad_archive",
        "a.7z is a 7z; to read it: `pip install 'pictrace[archives]'`.",
    )


def test_suffix_of_an_archive_may_have_two_parts() -> None:
    found = {
        name: archives.archive_suffix(name) for name in ("a.ZIP", "b.tar.gz", "c.tgz", "d.7z", "e.gz", "f.jpg", "zip")
    }
    assert found == {
        "a.ZIP": ".zip", "b.tar.gz": ".tar.gz", "c.tgz": ".tgz", "d.7z": ".7z", "e.gz": None,
        "f.jpg": None, "zip": None,
    }  # fmt: skip
