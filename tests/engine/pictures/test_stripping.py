"""Files without metadata: the same pixels, nothing else said, whatever the file is like."""

import struct
import time
import tracemalloc
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms, ImageSequence
from PIL.PngImagePlugin import PngInfo

from engine import SearchService
from engine.pictures import imaging
from engine.pictures.decoding import Limits
from engine.pictures.stripping import JFIF, REBUILDERS, is_upright, strip
from tests.conftest import Filled, photograph

JPEG, PNG, WEBP, GIF = "image/jpeg", "image/png", "image/webp", "image/gif"
SECRETS = (b"SERIAL-4711", b"Jane Doe", b"52.5163", b"a comment", b"<x:xmpmeta", b"PRIVATE")
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta>Jane Doe 52.5163 PRIVATE</x:xmpmeta>"
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
MINIMAL_EXIF = bytes.fromhex("4d4d002a 00000008 0001 0112 0003 00000001 0006 0000 00000000")
LIMITS: dict[str, Any] = {"side": 4000, "max_bytes": 10**8, "max_pixels": 10**8}


def picture(seed: int = 1, width: int = 90, height: int = 60) -> PillowImage.Image:
    ramp = np.linspace(0, 200, width, dtype=np.float32)[None, :, None] * np.ones((height, 1, 3), np.float32)
    noise = np.random.default_rng(seed).integers(0, 55, (height, width, 3))
    return PillowImage.fromarray((ramp + noise).astype(np.uint8))


def exif(orientation: int | None = 6) -> bytes:
    """What a camera writes: make, owner, serial number, position."""
    tags = PillowImage.Exif()
    if orientation is not None:
        tags[0x0112] = orientation
    tags[0x010F] = "PRIVATE"
    tags.get_ifd(0x8769)[0xA430] = "Jane Doe"
    tags.get_ifd(0x8769)[0xA431] = "SERIAL-4711"
    tags.get_ifd(0x8825)[29] = "52.5163"
    tags.get_ifd(0x8825)[2] = (52.0, 30.0, 58.7)
    return tags.tobytes()


def saved(image: PillowImage.Image, name: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def texts() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", "Jane Doe")
    info.add_text("Comment", "a comment", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add(b"tIME", bytes((7, 231, 1, 1, 1, 1, 1)))
    info.add(b"prVt", b"PRIVATE")
    return info


def frames() -> list[PillowImage.Image]:
    return [picture(seed) for seed in range(3)]


def every_file() -> dict[str, tuple[bytes, str]]:
    """By a name of its own, each kind of file with everything in it that is to go; and its media type."""
    whole = {"exif": exif(), "icc_profile": ICC}
    moving = {"save_all": True, "append_images": frames()[1:], "duration": 50, "loop": 3}
    see_through = picture().convert("RGBA")
    see_through.putalpha(120)
    paletted = picture().quantize(16)
    deep = PillowImage.fromarray(np.linspace(0, 65535, 5400).astype(np.uint16).reshape(60, 90))
    return {
        "jpeg": (saved(picture(), "JPEG", comment=b"a comment", xmp=XMP, **whole), JPEG),
        "jpeg progressive": (saved(picture(), "JPEG", progressive=True, xmp=XMP, **whole), JPEG),
        "jpeg with restarts": (saved(picture(), "JPEG", restart_marker_blocks=1, subsampling=0, **whole), JPEG),
        "jpeg grey": (saved(picture().convert("L"), "JPEG", exif=exif()), JPEG),
        "jpeg cmyk": (saved(picture().convert("CMYK"), "JPEG", xmp=XMP, **whole), JPEG),
        "jpeg rgb": (saved(picture(), "JPEG", keep_rgb=True, exif=exif()), JPEG),
        "mpo": (saved(picture(), "MPO", save_all=True, append_images=frames()[1:], exif=exif()), JPEG),
        "png": (saved(picture(), "PNG", pnginfo=texts(), **whole), PNG),
        "png palette": (saved(paletted, "PNG", transparency=3, pnginfo=texts(), exif=exif()), PNG),
        "png deep": (saved(deep, "PNG", pnginfo=texts(), exif=exif()), PNG),
        "png moving": (saved(frames()[0], "PNG", pnginfo=texts(), **moving, **whole), PNG),
        "webp": (saved(picture(), "WEBP", xmp=XMP, **whole), WEBP),
        "webp lossless": (saved(picture(), "WEBP", lossless=True, exif=exif()), WEBP),
        "webp simple": (saved(picture(), "WEBP"), WEBP),
        "webp see-through": (saved(see_through, "WEBP", xmp=XMP, **whole), WEBP),
        "webp moving": (saved(frames()[0], "WEBP", xmp=XMP, **moving, **whole), WEBP),
        "gif": (saved(picture(), "GIF", comment=b"a comment"), GIF),
        "gif see-through": (saved(paletted, "GIF", transparency=3, comment=b"a comment"), GIF),
        "gif moving": (saved(frames()[0], "GIF", comment=b"a comment", **moving), GIF),
    }


FILES = every_file()


def stripped(content: bytes, media_type: str) -> bytes:
    """The file stripped, with what holds of every one checked."""
    result = strip(content, media_type)
    assert result is not None
    assert not [secret for secret in SECRETS if secret in result]
    assert strip(result, media_type) == result
    before, after = imaging.decode(content, **LIMITS), imaging.decode(result, **LIMITS)
    assert (before.width, before.height) == (after.width, after.height)
    assert np.array_equal(before.pixels, after.pixels)
    return result


def opened(content: bytes) -> PillowImage.Image:
    return PillowImage.open(BytesIO(content))


def orientation_of(content: bytes) -> int:
    image = opened(content)
    image.load()
    return int(image.getexif().get(0x0112, 1))


@pytest.mark.parametrize("name", FILES)
def test_pixels_profile_orientation_and_every_frame_stay_and_all_else_goes(name: str) -> None:
    content, media_type = FILES[name]
    result = stripped(content + b"PRIVATE behind the picture", media_type)
    assert len(result) <= len(content)
    before, after = opened(content), opened(result)
    before.load()
    after.load()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert after.info.get("loop") == before.info.get("loop")
    assert orientation_of(result) == orientation_of(content)
    assert dict(after.getexif()) in ({}, {0x0112: 6})
    assert not {"xmp", "comment", "mp", "Author", "Comment"} & set(after.info)
    if name != "mpo":  # its second picture goes
        shown = [
            [(np.asarray(frame.convert("RGBA")).tobytes(), frame.info.get("duration")) for frame in frames_of]
            for frames_of in (ImageSequence.Iterator(before), ImageSequence.Iterator(after))
        ]
        assert shown[0] == shown[1]


@pytest.mark.parametrize("orientation", [None, *range(9)])
@pytest.mark.parametrize("media_type", [JPEG, PNG, WEBP])
def test_exif_is_written_for_a_turned_picture_only(media_type: str, orientation: int | None) -> None:
    name = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}[media_type]
    result = stripped(saved(picture(), name, exif=exif(orientation)), media_type)
    is_turned = orientation is not None and 2 <= orientation <= 8
    assert orientation_of(result) == (orientation if is_turned else 1)
    assert (MINIMAL_EXIF[:18] in result) == is_turned


@pytest.mark.parametrize("spelling", [b'tiff:Orientation="6"', b"<tiff:Orientation>6</tiff:Orientation>"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_orientation_that_only_xmp_tells_goes(spelling: bytes, is_packed: bool) -> None:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", spelling.decode(), zip=is_packed)
    for content, media_type in (
        (saved(picture(), "JPEG", xmp=spelling), JPEG),
        (saved(picture(), "WEBP", xmp=spelling), WEBP),
        (saved(picture(), "PNG", pnginfo=info), PNG),
    ):
        assert orientation_of(stripped(content, media_type)) == 1


def test_png_exif_with_a_wrong_checksum_turns_nothing() -> None:
    content = bytearray(saved(picture(), "PNG", exif=exif()))
    assert orientation_of(stripped(bytes(content), PNG)) == 6
    at = content.index(b"eXIf")
    content[at + 4 + int.from_bytes(content[at - 4 : at], "big")] ^= 1
    assert orientation_of(stripped(bytes(content), PNG)) == 1


# --- JPEG by hand


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


PLAIN = saved(picture(), "JPEG")
JFIF_END = 20  # of a JPEG that Pillow wrote: its start, and an APP0 of 18 bytes


def with_segments(*segments: bytes, content: bytes = PLAIN) -> bytes:
    return content[:JFIF_END] + b"".join(segments) + content[JFIF_END:]


def test_jpeg_without_metadata_stays_as_it_is() -> None:
    assert stripped(PLAIN, JPEG) == PLAIN


def test_jpeg_segments_other_than_those_that_count_go() -> None:
    gone = [segment(marker, b"PRIVATE " * 8) for marker in (*range(0xE0, 0xF0), 0xFE)]
    gone += [
        segment(0xE1, XMP_NAME + XMP),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x08Jane Doe"),
        segment(0xEE, b"AdobePRIV"),
    ]
    assert stripped(with_segments(*gone), JPEG) == PLAIN
    assert strip(with_segments(segment(0xE2, b"MPF\0PRIVATE")), JPEG) == PLAIN


def test_jpeg_segments_that_count_lose_what_decoders_do_not_read() -> None:
    thumbnail = b"JFIF\0\1\2\0\0\1\0\1\1\1PRIVATE"
    content = PLAIN[:2] + segment(0xE0, thumbnail) + segment(0xE0, b"JFXX\0\x10PRIVATE") + PLAIN[JFIF_END:]
    assert stripped(content, JPEG)[2:JFIF_END] == segment(0xE0, thumbnail[:12] + b"\0\0")
    adobe = b"Adobe\0\x64\0\0\0\0\1"
    assert stripped(with_segments(segment(0xEE, adobe + b"PRIVATE")), JPEG) == with_segments(segment(0xEE, adobe))


def test_large_profile_in_several_segments_stays() -> None:
    parts = [segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 3)) + bytes([n]) * 60_000) for n in (1, 2, 3)]
    content = with_segments(*parts)
    assert stripped(with_segments(segment(0xE1, b"PRIVATE"), *parts), JPEG) == content


def test_segments_between_the_scans_of_a_progressive_jpeg_go() -> None:
    content = saved(picture(), "JPEG", progressive=True)
    second = content.index(b"\xff\xc4", content.index(b"\xff\xda"))
    hidden = segment(0xFE, b"a comment") + segment(0xE1, b"Exif\0\0" + exif())
    assert stripped(content[:second] + hidden + content[second:], JPEG) == content


def test_exif_in_two_segments_is_one() -> None:
    whole = exif().removeprefix(b"Exif\0\0")
    content = with_segments(segment(0xE1, b"Exif\0\0" + whole[:20]), segment(0xE1, b"Exif\0\0" + whole[20:]))
    assert orientation_of(stripped(content, JPEG)) == 6


def test_second_pictures_videos_and_trailers_go() -> None:
    for behind in (PLAIN, b"\0\0\0\x18ftypmp42 PRIVATE", b"\xff\xd9", b"SEFT" + b"\0" * 20, b"\xff" * 9):
        assert stripped(PLAIN + behind, JPEG) == PLAIN


@pytest.mark.parametrize(
    "content",
    [
        PLAIN[:-2],  # no end
        PLAIN[:JFIF_END] + b"\0" + PLAIN[JFIF_END:],  # garbage between segments
        with_segments(b"\xff\xe1\0\1"),  # a length that does not even count itself
        with_segments(b"\xff\xe1\xff\xff"),
        with_segments(segment(0xF0, b"")),
        with_segments(b"\xff\xd8"),
        with_segments(b"\xff\x01"),
        with_segments(segment(0xDC, b"\0\x10")),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + segment(0xDA, b"") + b"\xff\xd9",
    ],
)
def test_damaged_jpeg_is_not_followed(content: bytes) -> None:
    assert strip(content, JPEG) is None


# --- PNG by hand


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PLAIN_PNG = saved(picture(), "PNG")
HEADER_END = 8 + 25


def with_chunks(*chunks: bytes) -> bytes:
    return PLAIN_PNG[:HEADER_END] + b"".join(chunks) + PLAIN_PNG[HEADER_END:]


def test_png_chunks_that_decide_how_it_looks_stay_and_others_go() -> None:
    kept = [
        chunk(b"gAMA", struct.pack(">I", 45_455)),
        chunk(
            b"cHRM", b"\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a\x98\0\0\x17\x70"
        ),
        chunk(b"sRGB", b"\0"),
        chunk(b"cICP", b"\1\x0d\0\1"),
        chunk(b"sBIT", b"\5\6\5"),
        chunk(b"mDCV", bytes(24)),
        chunk(b"cLLI", bytes(8)),
        chunk(b"bKGD", bytes(6)),
        chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    ]
    gone = [chunk(kind, b"PRIVATE") for kind in (b"tIME", b"prVt", b"vpAg", b"sPLT", b"hIST", b"caBX", b"zzZz")]
    assert stripped(with_chunks(*gone, *kept, *gone), PNG) == with_chunks(*kept)
    assert stripped(PLAIN_PNG, PNG) == PLAIN_PNG


def test_exif_behind_the_pixels_of_a_png_counts() -> None:
    end = PLAIN_PNG.index(b"\0\0\0\0IEND")
    content = PLAIN_PNG[:end] + chunk(b"eXIf", exif().removeprefix(b"Exif\0\0")) + PLAIN_PNG[end:]
    assert stripped(content, PNG) == with_chunks(chunk(b"eXIf", MINIMAL_EXIF))


@pytest.mark.parametrize(
    "content",
    [
        with_chunks(chunk(b"CgBI", b"\0\0\0\0")),  # it cannot be shown without
        with_chunks(chunk(b"gAMA", b"\0\0\xb1\x8f")[:-1] + b"\0"),  # a wrong checksum
        with_chunks(chunk(b"gAMA", b"\0\0\xb1\x8fPRIVATE")),
        with_chunks(*[chunk(b"gAMA", b"\0\0\xb1\x8f")] * 2),
        with_chunks(struct.pack(">I", 2**32 - 1) + b"teXt"),
        PLAIN_PNG[:8] + PLAIN_PNG[HEADER_END:],
        PLAIN_PNG[:HEADER_END] + chunk(b"IEND", b""),
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_damaged_png_is_not_followed(content: bytes) -> None:
    assert strip(content, PNG) is None


# --- WebP by hand


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = b"".join(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks)
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts


VP8 = saved(picture(), "WEBP")[20:]
SIZE = (89).to_bytes(3, "little") + (59).to_bytes(3, "little")


def extended(flags: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + SIZE


def test_webp_is_built_anew_with_flags_that_are_true() -> None:
    said = ((b"EXIF", exif(1)), (b"XMP ", XMP), (b"PRIV", b"PRIVATE"))
    image = (b"VP8 ", VP8)
    assert stripped(riff(extended(0x0C), (b"odd ", b"PRIVATE"), image, *said), WEBP) == riff(extended(0), image)
    turned = riff(extended(0x0C), image, (b"EXIF", exif(6)), (b"XMP ", XMP))
    assert stripped(turned, WEBP) == riff(extended(0x08), image, (b"EXIF", MINIMAL_EXIF))
    assert stripped(riff(image, *said), WEBP) == riff(image)
    unflagged = riff(extended(0), (b"ICCP", b"PRIVATE"), image, (b"EXIF", exif(6)))  # decoders pass over both
    assert stripped(unflagged, WEBP) == riff(extended(0), image)


def test_what_is_no_picture_goes_from_the_frames_of_a_moving_webp() -> None:
    frame = bytes(6) + SIZE + b"\x32\0\0\0"
    image = riff((b"VP8 ", VP8))[12:]
    head = (extended(0x02), (b"ANIM", bytes(6)))
    content = riff(*head, (b"ANMF", frame + image + riff((b"priv", b"PRIVATE"))[12:]))
    assert stripped(content, WEBP) == riff(*head, (b"ANMF", frame + image))


@pytest.mark.parametrize(
    "content",
    [
        riff(),
        riff(extended(0)),
        riff(extended(0), (b"VP8 ", VP8), (b"VP8 ", VP8)),
        riff((b"VP8X", bytes(12)), (b"VP8 ", VP8)),
        riff((b"EXIF", exif()), (b"VP8 ", VP8)),
        riff((b"VP8 ", VP8))[:-1],
        riff(extended(2), (b"ANMF", bytes(8))),
        b"RIFF" + struct.pack("<I", len(VP8) + 33) + riff(extended(0), (b"VP8 ", VP8))[8:] + b"\0\0\0",
    ],
)
def test_damaged_webp_is_not_followed(content: bytes) -> None:
    assert strip(content, WEBP) is None


# --- GIF by hand

SCREEN = b"GIF89a\1\0\1\0\x80\0\0" + b"\xff\0\0\0\0\xff"
PIXEL = b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0"
CONTROL = b"\x21\xf9\4\0\5\0\0\0"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\3\1\2\0\0"


def test_gif_extensions_that_decide_how_it_looks_stay_and_others_go() -> None:
    profile = b"\x21\xff\x0bICCRGBG1012\4abcd\0"
    gone = (
        b"\x21\xfe\x09a comment\0"
        b"\x21\xff\x0bXMP DataXMP\x07PRIVATE\0"
        b"\x21\xff\x0bPRIVATE 1.0\x07PRIVATE\0"
        b"\x21\x01\x0c" + bytes(12) + b"\x07PRIVATE\0"
        b"\x21\x42\x07PRIVATE\0"
    )
    content = SCREEN + gone + LOOP + profile + gone + CONTROL + gone + PIXEL + gone + b"\x3bPRIVATE"
    assert stripped(content, GIF) == SCREEN + LOOP + profile + CONTROL + PIXEL + b"\x3b"


def test_gif_extensions_that_stay_lose_what_decoders_do_not_read() -> None:
    long_loop, long_control = LOOP[:-1] + b"\x07PRIVATE\0", CONTROL[:-1] + b"\x07PRIVATE\0"
    empty_loop = b"\x21\xff\x0bNETSCAPE2.0\x07PRIVATE\0"
    content = SCREEN + empty_loop + long_loop + long_control + PIXEL + b"\x3b"
    assert stripped(content, GIF) == SCREEN + LOOP + CONTROL + PIXEL + b"\x3b"
    assert strip(SCREEN + b"\x21\x42\0" + PIXEL + b"\x3b", GIF) == SCREEN + PIXEL + b"\x3b"


@pytest.mark.parametrize(
    "content",
    [
        SCREEN + b"\x3b",
        SCREEN + PIXEL,
        SCREEN + b"\0" + PIXEL + b"\x3b",
        SCREEN + b"\x21\xf9\3\0\5\0\0" + PIXEL + b"\x3b",
        SCREEN + PIXEL[:-1] + b"\x3b",
        b"GIF90a" + SCREEN[6:] + PIXEL + b"\x3b",
        SCREEN[:12],
    ],
)
def test_damaged_gif_is_not_followed(content: bytes) -> None:
    assert strip(content, GIF) is None


# --- whatever comes


@pytest.mark.parametrize("media_type", ["image/heic", "image/avif", "image/tiff", "image/bmp", "text/html", ""])
def test_other_kinds_are_not_followed(media_type: str) -> None:
    assert strip(PLAIN, media_type) is None


@pytest.mark.parametrize("name", FILES)
def test_truncated_file_is_not_followed(name: str) -> None:
    content, media_type = FILES[name]
    end = content.index(b"\xff\xd9") + 2 if name == "mpo" else len(content)
    for cut in (*range(min(end, 200)), *range(200, end, 97), end - 1):
        assert strip(content[:cut], media_type) is None, cut


@pytest.mark.parametrize("media_type", REBUILDERS)
def test_mutated_files_are_followed_to_one_result_or_not_at_all(media_type: str) -> None:
    random = np.random.default_rng(5)
    followed = 0
    for content in [content for content, kind in FILES.values() if kind == media_type]:
        for _ in range(300):
            broken = bytearray(content)
            for at in random.integers(0, len(broken), random.integers(1, 6)):
                broken[at] = random.integers(256)
            if random.random() < 0.3:
                at = int(random.integers(len(broken)))
                broken[at : at + int(random.integers(9))] = random.bytes(int(random.integers(40)))
            result = strip(bytes(broken), media_type)
            if result is not None:
                followed += 1
                assert len(result) <= len(broken) + 64
                assert strip(result, media_type) == result
    assert followed > 10


def many(count: int) -> dict[str, tuple[bytes, str]]:
    """Files that are made to cost time, of a size in proportion to `count`."""
    start = b"\xff\xd8" + segment(0xC0, b"") + segment(0xDA, b"")
    entries = b"MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03\0\0\0\1\0\x06\0\0" * 5400
    return {
        "stuffed scan": (start + b"\xff\0" * count + b"\xff\xd9", JPEG),
        "scan of nothing but 0xff": (start + b"\xff" * 2 * count, JPEG),
        "fill bytes": (b"\xff\xd8" + b"\xff" * 2 * count, JPEG),
        "comments": (b"\xff\xd8" + b"\xff\xfe\0\2" * count, JPEG),
        "exif": (b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + entries) * (count // 20_000) + PLAIN[2:], JPEG),
        "xmp": (with_segments(segment(0xE1, XMP_NAME + b'tiff:Orientation="' * 3000) * (count // 20_000)), JPEG),
        "chunks": (with_chunks(chunk(b"prVt", b"") * count), PNG),
        "pixels in chunks": (with_chunks(chunk(b"IDAT", b"") * count), PNG),
        "riff chunks": (riff(extended(0), *[(b"priv", b"")] * count, (b"VP8 ", VP8)), WEBP),
        "sub-blocks": (SCREEN + b"\x2c" + bytes(9) + b"\2" + b"\1\1" * count + b"\0\x3b", GIF),
        "extensions": (SCREEN + b"\x21\xfe\0" * count + PIXEL + b"\x3b", GIF),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", many(0))
def test_time_and_memory_are_in_proportion_to_the_size(name: str) -> None:
    took = []
    for count in (40_000, 160_000):
        content, media_type = many(count)[name]
        started = time.process_time()
        strip(content, media_type)
        took.append(time.process_time() - started)
    assert took[1] <= 10 * took[0] + 0.3  # four times the size; sixteen times the time would be quadratic
    tracemalloc.start()
    strip(content, media_type)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * len(content) + 100_000


async def test_stripped_copy_that_comes_back_is_the_same_picture(filled: Filled) -> None:
    def part(name: str, turns: int) -> PillowImage.Image:
        """As a camera stores what its orientation turns upright again."""
        return PillowImage.fromarray(np.ascontiguousarray(np.rot90(photograph(name)[40:290, 60:400], turns)))

    cat, pot, sky, face = part("chelsea.png", 1), part("coffee.png", 2), part("rocket.jpg", 3), part("astronaut.png", 0)
    originals = [
        (saved(cat, "JPEG", exif=exif(6), icc_profile=ICC, xmp=XMP, comment=b"a comment", quality=90), JPEG),
        (saved(pot, "PNG", exif=exif(3), icc_profile=ICC, pnginfo=texts()), PNG),
        (saved(sky, "WEBP", exif=exif(8), icc_profile=ICC, xmp=XMP), WEBP),
        (saved(face, "GIF", comment=b"a comment"), GIF),
    ]
    async with filled() as service:
        for number, (original, media_type) in enumerate(originals):
            added = await service.add_bytes(original, name=f"{number}", actor="test")
            assert added.id
            image = await service.get(added.id)
            served = await service.originals.served(image, whole=False)
            assert isinstance(served.content, bytes)
            assert served.content == stripped(original, media_type)
            assert (served.media_type, served.filename) == (media_type, f"{number}")
            best = (await service.search(served.content)).matches[0]
            assert (best.image.id, best.lane) == (image.id, "same"), media_type
            assert best.p_same is not None
            assert best.p_same >= 0.95, media_type
            again = await service.add_bytes(served.content, name="again", actor="test")
            assert image.id in again.near
            await service.undo(actor="test")
            assert await service.originals.file(await service.get(image.id)) == original


@pytest.mark.processes
async def test_very_large_picture_is_given_as_a_smaller_jpeg_where_it_takes_too_much(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = PillowImage.linear_gradient("L").convert("RGB").resize((8000, 6000))
    added = await service.add_bytes(saved(wide, "TIFF", compression="tiff_lzw"), name="wide.tif", actor="test")
    assert added.id
    for memory, side in ((530, 8000), (280, 2000)):
        monkeypatch.setattr(service._decoders, "_limits", Limits(memory_bytes=memory * 1024 * 1024, look_s=0.005))
        served = await service.originals.served(await service.get(added.id), whole=False)
        assert (served.media_type, served.filename) == (JPEG, "wide.jpg")
        assert isinstance(served.content, bytes)
        assert max(opened(served.content).size) == side
        assert strip(served.content, JPEG) == served.content


@pytest.mark.parametrize("orientation", [None, 1, 6])
@pytest.mark.parametrize("is_jfif", [True, False])
def test_stripped_jpeg_says_whether_it_is_upright(orientation: int | None, is_jfif: bool) -> None:
    content = saved(picture(), "JPEG", exif=exif(orientation))
    if not is_jfif:
        content = content[:2] + content[20:]
    stripped = strip(content, JPEG)
    assert stripped
    assert (JFIF in stripped) == is_jfif
    assert is_upright(stripped) == (orientation != 6)
