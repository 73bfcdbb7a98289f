"""Files, folders and zips: what is in them is found, what is dangerous is refused, and nothing leads outside."""

import os
import struct
import zipfile
from pathlib import Path

import pytest

from engine import EngineSettings, PicTraceError
from engine.pictures.sources import LeftAlone, Refused, Source, expand, how_many

PICTURE = b"\xff\xd8\xff" + b"x" * 100


@pytest.fixture
def small(settings: EngineSettings) -> EngineSettings:
    return settings.model_copy(update={"max_bytes": 1000, "max_archive_bytes": 5000, "max_archive_files": 20})


def names(path: Path, settings: EngineSettings) -> list[str]:
    return [one.name for one in expand(path, settings) if isinstance(one, Source)]


def refusals(path: Path, settings: EngineSettings) -> list[tuple[str, str]]:
    return [(one.name, one.error.code) for one in expand(path, settings) if isinstance(one, Refused)]


def passed_over(path: Path, settings: EngineSettings) -> list[tuple[str, str]]:
    return [(one.name, one.reason) for one in expand(path, settings) if isinstance(one, LeftAlone)]


def write(folder: Path, names_and_contents: dict[str, bytes]) -> None:
    for name, content in names_and_contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_folder_is_walked_in_order_of_names(tmp_path: Path, small: EngineSettings) -> None:
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "deep/er/c.webp", ".git/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PICTURE)
    zipped(tmp_path / "deep" / "more.zip", {"inside.jpg": PICTURE})
    assert names(tmp_path, small) == ["a.PNG", "b.jpg", "inside.jpg", "c.webp"]


def test_where_a_file_was_found_is_told_from_the_path_as_it_is_given(
    tmp_path: Path, small: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t", {"a/same.jpg": PICTURE, "b/same.jpg": PICTURE, "b/.hidden": b"-", "c/film.mp4": b"-"})
    (tmp_path / "t" / "b" / "self.jpg").symlink_to("self.jpg")
    members = {
        "a/same.jpg": PICTURE,
        "b/same.jpg": PICTURE,
        "b/more.zip": b"-",
        "c/notes.txt": b"-",
        "__MACOSX/x": b"-",
    }
    zipped(tmp_path / "t" / "trip.zip", members)
    (tmp_path / "t" / "worse.zip").write_bytes(b"no zip")
    in_zip = ["__MACOSX", "a/same.jpg", "b/more.zip", "b/same.jpg", "c/notes.txt"]
    assert [one.where for one in expand(Path("t"), small)] == [
        *(f"t/trip.zip: {path}" for path in in_zip),
        "t/worse.zip",
        "t/a/same.jpg",
        "t/b/.hidden",
        "t/b/same.jpg",
        "t/b/self.jpg",
        "t/c/film.mp4",
    ]
    assert [one.where for one in expand(Path("gone"), small)] == ["gone"]
    assert [one.where for one in expand(Path("t/a/same.jpg"), small)] == ["t/a/same.jpg"]


def test_single_file_is_tried_whatever_its_name(tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "picture").write_bytes(PICTURE)
    (source,) = expand(tmp_path / "picture", small)
    assert isinstance(source, Source)
    assert source.read() == PICTURE
    assert source.file is not None
    assert source.file.size == len(PICTURE)


def test_missing_file_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    assert refusals(tmp_path / "nowhere.jpg", small) == [("nowhere.jpg", "unreadable_file")]


def test_pipe_is_refused_without_waiting(tmp_path: Path, small: EngineSettings) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusals(tmp_path / "pipe.jpg", small) == [("pipe.jpg", "unreadable_file")]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read every folder; test_shell has the same through the command")
def test_unreadable_folder_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "open.jpg").write_bytes(PICTURE)
    assert refusals(tmp_path, small) == [("closed", "unreadable_file")]
    assert names(tmp_path, small) == ["open.jpg"]


def test_links_in_a_circle_end(tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    (tmp_path / "a.jpg").write_bytes(PICTURE)
    assert names(tmp_path, small) == ["a.jpg"]
    assert refusals(tmp_path, small) == [("self.jpg", "unreadable_file")]


def test_too_large_file_is_refused_unread(tmp_path: Path, small: EngineSettings) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(10**12)
    (source,) = expand(tmp_path / "large.jpg", small)
    assert isinstance(source, Source)
    with pytest.raises(PicTraceError) as caught:
        source.read()
    assert caught.value.code == "file_too_large"


def test_name_that_is_no_text_becomes_text(tmp_path: Path, small: EngineSettings) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    path.write_bytes(PICTURE)
    (source,) = expand(tmp_path, small)
    assert source.name == "caf\ufffd.jpg"
    assert isinstance(source, Source)
    assert source.read() == PICTURE


def test_zip_members_are_read_from_the_zip(tmp_path: Path, small: EngineSettings) -> None:
    path = zipped(
        tmp_path / "a.zip", {"x/b.jpg": PICTURE, "a.jpg": PICTURE * 2, "readme.txt": b"-", "__MACOSX/a.jpg": b"-"}
    )
    sources = [one for one in expand(path, small) if isinstance(one, Source)]
    assert [one.name for one in sources] == ["a.jpg", "b.jpg"]
    assert [one.read() for one in sources] == [PICTURE * 2, PICTURE]  # the zip is still open behind the walk


@pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg"])
def test_zip_names_that_lead_outside_are_taken_by_their_last_part(
    name: str, tmp_path: Path, small: EngineSettings
) -> None:
    path = zipped(tmp_path / "a.zip", {name: PICTURE, "good.jpg": PICTURE})
    assert refusals(path, small) == []
    assert sorted(one.rpartition("\\")[2] for one in names(path, small)) == ["evil.jpg", "good.jpg"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_member_that_unpacks_to_too_much_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    path = zipped(tmp_path / "bomb.zip", {"bomb.jpg": b"\0" * 4000})
    (source,) = expand(path, small)
    assert isinstance(source, Source)
    with pytest.raises(PicTraceError) as caught:
        source.read()
    assert caught.value.code == "file_too_large"


def test_member_that_lies_about_its_size_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    path = zipped(tmp_path / "liar.zip", {"liar.jpg": b"\0" * 4000})
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    (source,) = expand(path, small)
    assert isinstance(source, Source)
    with pytest.raises(PicTraceError) as caught:
        source.read()
    assert caught.value.code in ("bad_archive", "file_too_large")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({f"{n}.jpg": PICTURE for n in range(21)}, "archive_too_large"),
        ({f"{n}.jpg": b"\0" * 900 for n in range(6)}, "archive_too_large"),
    ],
)
def test_zip_of_too_much_is_refused_as_a_whole(
    members: dict[str, bytes], code: str, tmp_path: Path, small: EngineSettings
) -> None:
    path = zipped(tmp_path / "big.zip", members)
    assert refusals(path, small) == [("big.zip", code)]
    assert names(path, small) == []


def test_zip_inside_a_zip_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.jpg": PICTURE})
    path = zipped(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes(), "b.jpg": PICTURE})
    assert refusals(path, small) == [("inner.zip", "bad_archive")]
    assert names(path, small) == ["b.jpg"]


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert refusals(tmp_path / "a.zip", small) == [("a.zip", "bad_archive")]


def test_truncated_zip_is_refused(tmp_path: Path, small: EngineSettings) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": os.urandom(900)})
    path.write_bytes(path.read_bytes()[:-30])
    assert refusals(path, small) == [("a.zip", "bad_archive")]


@pytest.mark.parametrize("damaged", [slice(100, 140), slice(30, 35)])
def test_damaged_member_is_refused_and_the_rest_read(damaged: slice, tmp_path: Path, small: EngineSettings) -> None:
    path = zipped(tmp_path / "a.zip", {"a.jpg": os.urandom(500), "b.jpg": PICTURE})
    content = bytearray(path.read_bytes())
    content[damaged] = bytes(len(content[damaged]))
    path.write_bytes(content)
    first, second = (one for one in expand(path, small) if isinstance(one, Source))
    with pytest.raises(PicTraceError) as caught:
        first.read()
    assert caught.value.code == "bad_archive"
    assert second.read() == PICTURE


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_passed_over_is_told_with_its_reason(packed: bool, tmp_path: Path, small: EngineSettings) -> None:
    contents = {
        "a.jpg": PICTURE,
        "clip.MOV": b"-",
        "drawing.psd": b"-",
        "notes.txt": b"-",
        "without a suffix": PICTURE,
        "unknown.xyz": b"what this is nobody knows",
        "scan.bak": b"8BPS" + b"x" * 20,
        ".hidden.jpg": PICTURE,
        "._a.jpg": b"-",
        "Thumbs.db": b"-",
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg": PICTURE,
        "@eaDir/b.jpg/SYNOPHOTO_THUMB_XL.jpg": PICTURE,
        "my.photoslibrary/originals/1/b.HIF": PICTURE,
        "my.photoslibrary/resources/derivatives/1/b.jpg": PICTURE,
        "Previews/c.jpg": PICTURE,
    }
    folder = tmp_path / "folder"
    if packed:
        folder = zipped(tmp_path / "a.zip", contents)
    else:
        write(folder, contents)
    assert sorted(names(folder, small)) == ["a.jpg", "b.HIF", "c.jpg", "without a suffix"]
    assert sorted(passed_over(folder, small)) == [
        ("._a.jpg", "system"),
        (".hidden.jpg", "hidden"),
        ("@eaDir", "system"),
        ("Thumbs.db", "system"),
        ("clip.MOV", "video"),
        ("derivatives", "system"),
        ("drawing.psd", "unsupported_picture"),
        ("notes.txt", "not_a_picture"),
        ("scan.bak", "unsupported_picture"),
        ("unknown.xyz", "not_a_picture"),
    ]
    assert [one.name for one in expand(folder, small) if isinstance(one, LeftAlone) and one.is_picture_like] == [
        one for one, reason in passed_over(folder, small) if reason == "unsupported_picture"
    ]
    assert how_many(folder, small) == 14


def test_system_folder_that_somebody_names_is_walked(tmp_path: Path, small: EngineSettings) -> None:
    write(tmp_path, {"@eaDir/a.jpg": PICTURE})
    assert names(tmp_path / "@eaDir", small) == ["a.jpg"]


def test_linked_folder_is_followed_once(tmp_path: Path, small: EngineSettings) -> None:
    write(tmp_path, {"elsewhere/a.jpg": PICTURE, "holiday/b.jpg": PICTURE})
    (tmp_path / "holiday" / "one").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "holiday" / "two").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "holiday" / "c.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    (tmp_path / "holiday" / "up").symlink_to(tmp_path)
    assert sorted(names(tmp_path / "holiday", small)) == ["a.jpg", "b.jpg", "c.jpg"]
    assert sorted(passed_over(tmp_path / "holiday", small)) == [
        ("elsewhere", "linked_twice"),
        ("holiday", "linked_twice"),
        ("two", "linked_twice"),
    ]


def test_link_that_leads_nowhere_is_said(tmp_path: Path, small: EngineSettings) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "holiday").symlink_to(tmp_path / "not mounted")
    found = [one for one in expand(tmp_path, small) if isinstance(one, Refused)]
    assert [(one.name, str(one.error)) for one in found] == [
        ("a.jpg", "This link leads to a file that is not there."),
        ("holiday", "This link leads to a file that is not there."),
    ]


def test_pipe_without_a_suffix_is_passed_over_without_waiting(tmp_path: Path, small: EngineSettings) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert passed_over(tmp_path, small) == [("pipe", "not_a_file")]


def test_name_that_steers_a_terminal_is_shown_harmless(tmp_path: Path, small: EngineSettings) -> None:
    write(tmp_path, {"\x1b[2Ja\n\u202egpj.jpg": PICTURE})
    (source,) = expand(tmp_path, small)
    assert isinstance(source, Source)
    assert source.name == "\ufffd[2Ja\ufffd\ufffdgpj.jpg"
    assert source.read() == PICTURE


def test_how_many_there_are_is_not_told_of_what_must_be_unpacked(tmp_path: Path, small: EngineSettings) -> None:
    write(tmp_path, {"a.jpg": PICTURE, "deep/b.jpg": PICTURE})
    zipped(tmp_path / "c.zip", {"c.jpg": PICTURE, "d.jpg": PICTURE})
    assert how_many(tmp_path, small) == 4
    assert how_many(tmp_path / "a.jpg", small) == 1
    write(tmp_path, {"more.tar.gz": b"-"})
    assert how_many(tmp_path, small) is None


def test_own_library_is_left_alone(tmp_path: Path, small: EngineSettings) -> None:
    settings = small.model_copy(update={"data_dir": tmp_path / "Pictures" / "pictrace"})
    write(tmp_path / "Pictures", {"a.jpg": PICTURE, "pictrace/originals/b.jpg": PICTURE})
    assert names(tmp_path / "Pictures", settings) == ["a.jpg"]
    assert passed_over(tmp_path / "Pictures", settings) == [("pictrace", "system")]
