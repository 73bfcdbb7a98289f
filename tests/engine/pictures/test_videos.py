"""Short videos: their frames, as far as they are looked at, and what is refused."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.errors import DamagedImage, TooManyPixels, UnsupportedFormat
from engine.pictures import imaging, videos
from engine.pictures.videos import Video
from tests.small_library import painting

LIMITS: dict[str, Any] = {"side": 1000, "max_bytes": 10**7, "max_pixels": 10**7}
KINDS = {"mp4": "mp4v", "webm": "VP80"}


def written(path: Path, levels: list[float], width: int = 320, height: int = 240) -> bytes:
    """A video of one painting, in each frame as bright as is said."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*KINDS[path.suffix[1:]]), 25, (width, height))
    for level in levels:
        frame = (painting(5, width, height) * level).astype(np.uint8)
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_frame_that_shows_something_is_that_of_a_query(tmp_path: Path, kind: str) -> None:
    content = written(tmp_path / f"fading.{kind}", [number / 40 for number in range(40)])
    image = imaging.decode_query(content, **LIMITS)
    assert image.frame >= 2 * videos.EACH
    assert (image.width, image.height, image.is_animated) == (320, 240, True)
    expected = painting(5, 320, 240) * (image.frame / 40)
    assert np.abs(image.pixels - expected).mean() < 15
    further = imaging.decode_further(content, **LIMITS).pixels
    assert further.shape == (4, 240, 320, 3)
    assert further[-1].mean() > further[0].mean()


def test_no_more_of_a_video_is_looked_at_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(tmp_path / "long.mp4", [1.0] * 50)
    assert Video(content, 10**7).count == 50
    assert [number for number, _ in Video(content, 10**7).in_turn()] == list(range(0, 50, videos.EACH))
    monkeypatch.setattr(videos, "MAX_FRAMES", 7)
    assert [number for number, _ in Video(content, 10**7).in_turn()] == [0, 6]
    monkeypatch.setattr(videos, "MAX_PIXELS", 320 * 240 * 3)
    assert Video(content, 10**7).count == 3


def test_too_large_a_video_is_refused(tmp_path: Path) -> None:
    content = written(tmp_path / "large.mp4", [1.0])
    with pytest.raises(TooManyPixels):
        Video(content, 320 * 240 - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_video_is_refused(tmp_path: Path, kind: str) -> None:
    content = written(tmp_path / f"whole.{kind}", [1.0] * 20)
    for damaged in (content[:40], content[:30] + bytes(200)):
        with pytest.raises(DamagedImage, match="video"):
            imaging.decode_query(damaged, **LIMITS)


@pytest.mark.parametrize("kind", KINDS)
def test_video_is_no_picture(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnsupportedFormat, match="video"):
        imaging.decode(written(tmp_path / f"whole.{kind}", [1.0]), **LIMITS)


def test_list_of_addresses_is_no_video(tmp_path: Path) -> None:
    """FFmpeg knows kinds of files that only name others; none of them is asked of it."""
    other = tmp_path / "other.mp4"
    written(other, [1.0])
    for content in (f"#EXTM3U\n#EXTINF:1,\n{other}\n", f"ffconcat version 1.0\nfile '{other}'\n"):
        with pytest.raises(Exception, match="not a picture"):
            imaging.decode_query(content.encode(), **LIMITS)
        with pytest.raises(DamagedImage):
            Video(content.encode(), 10**7)
