"""A backup's file: any tar program reads it, it is gone on with, and it tells what is damaged."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.errors import BackupDamaged
from engine.features.hashes import sha256
from engine.storage.backup_file import BLOCK, CONFIGURATION, DATABASE, END, MANIFEST, PIECE, SUMS, BackupFile
from engine.storage.files import original_key, thumbnail_key

CONTENTS = [b"x" * length for length in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, PIECE + 1)]
PICTURES = {original_key(sha256(content), ".png"): content for content in CONTENTS}
THUMBNAILS = {thumbnail_key(sha256(content)): b"thumbnail" for content in CONTENTS}


def made(path: Path) -> Path:
    with BackupFile.begin(path) as backup:
        for key, content in (PICTURES | THUMBNAILS).items():
            backup.append(key, content)
        database = path.with_name("database")
        database.write_bytes(b"d" * 2_000)
        backup.append_file(DATABASE, database)
        backup.append(CONFIGURATION, b"PICTRACE_PORT='5000'\n")
        backup.finish({"pictures": len(CONTENTS)})
    return path


async def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    with BackupFile.open(made(tmp_path / "a.tar")) as backup:
        assert backup.manifest()["pictures"] == len(CONTENTS)
        for key, content in (PICTURES | THUMBNAILS).items():
            assert await backup.read(key) == content
        assert await backup.sizes([*PICTURES, "originals/no"]) == [*map(len, CONTENTS), None]
        assert [one.key async for some in backup.walk("thumbnails") for one in some] == list(THUMBNAILS)
        backup.extract(DATABASE, tmp_path / "extracted")
        with pytest.raises(FileNotFoundError):
            backup.read_now("originals/no")
    assert (tmp_path / "extracted").read_bytes() == b"d" * 2_000
    assert (tmp_path / "extracted").stat().st_mode & 0o777 == 0o600


def test_other_programs_read_and_check_it(tmp_path: Path) -> None:
    path = made(tmp_path / "a.tar")
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert names == [*PICTURES, *THUMBNAILS, DATABASE, CONFIGURATION, SUMS, MANIFEST]
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", path, "-C", tmp_path / "out"], check=True)
    done = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=tmp_path / "out", capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"")


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.floats(0, 1))
async def test_one_that_was_broken_off_anywhere_is_gone_on_with(kept: float, tmp_path: Path) -> None:
    (tmp_path / "whole.tar").unlink(missing_ok=True)
    whole = made(tmp_path / "whole.tar").read_bytes()
    path = tmp_path / "broken-off"
    path.write_bytes(whole[: int(kept * len(whole))])
    if path.stat().st_size < len(whole) - len(END):
        with pytest.raises(BackupDamaged):
            BackupFile.open(path)
    with BackupFile.begin(path) as backup:
        sizes = await backup.sizes(list(PICTURES | THUMBNAILS))
        there = [size for size in sizes if size is not None]
        assert sizes[: len(there)] == there  # those at the beginning, and no piece of another
        for key, content in list((PICTURES | THUMBNAILS).items())[len(there) :]:
            backup.append(key, content)
        backup.append_file(DATABASE, tmp_path / "database")
        backup.append(CONFIGURATION, b"PICTRACE_PORT='5000'\n")
        backup.finish({"pictures": len(CONTENTS)})
    assert path.read_bytes() == whole


@pytest.mark.parametrize("key", [next(reversed(PICTURES)), next(iter(THUMBNAILS)), DATABASE, SUMS])
def test_what_is_not_as_it_was_written_is_named(key: str, tmp_path: Path) -> None:
    path = made(tmp_path / "a.tar")
    with tarfile.open(path) as archive:
        at = archive.getmember(key).offset_data
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)

    def read() -> None:
        with BackupFile.open(path) as backup:
            backup.manifest()
            backup.read_now(key)

    with pytest.raises(BackupDamaged, match=f"is damaged: {key}"):
        read()


def test_piece_that_was_torn_before_it_was_gone_on_with_is_noticed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with BackupFile.begin(path) as backup:
        backup.append(original_key(sha256(b"a picture"), ".png"), b"a pictur!")
        with pytest.raises(BackupDamaged, match="Delete it"):
            backup.finish({})


def test_one_of_a_newer_version_and_what_is_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with pytest.raises(BackupDamaged, match="cannot be read"):
        BackupFile.open(path)
    path.write_bytes(b"\x89PNG" * 1000)
    with pytest.raises(BackupDamaged, match="no finished backup"):
        BackupFile.open(path)
    path.unlink()
    with BackupFile.begin(path) as backup:
        backup.append(DATABASE, b"")
        backup.append(CONFIGURATION, b"")
        backup.append(SUMS, b"")
        backup.append(MANIFEST, json.dumps({"format": 2}).encode())
    with BackupFile.open(path) as backup, pytest.raises(BackupDamaged, match="newer PicTrace"):
        backup.manifest()
