"""What a file is likely to be, told by its name and by how it begins: a picture, or something to be passed over."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Literal

# Why something in a folder or an archive is passed over; the words are a contract with other programs.
PassedOverReason = Literal[
    "not_a_picture",  # a text, a document, music...
    "video",
    "unsupported_picture",  # a person would call it a picture, but its format cannot be read
    "hidden",  # its name begins with a dot
    "system",  # made by a system, a NAS or a program (PicTrace too) for itself, e.g. thumbnails
    "linked_twice",  # a folder that was walked already, by another way
    "not_a_file",  # a pipe, a device; a link in an archive
]

# Tried whatever they hold: who names a file so takes it for a picture.
SUFFIXES = frozenset(
    [
        ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib",
        ".tif", ".tiff", ".avif", ".svg", ".mpo", ".heic", ".heics", ".heif", ".heifs", ".hif", ".jp2", ".j2k",
        ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf",
    ]
)  # fmt: skip
UNSUPPORTED_SUFFIXES = frozenset(
    [
        ".psd", ".psb", ".ai", ".eps", ".xcf", ".kra", ".pcx", ".tga", ".ico", ".icns", ".cur", ".exr", ".hdr",
        ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".dds", ".wmf", ".emf", ".cdr", ".jxr", ".wdp", ".crw", ".x3f",
        ".mrw",
    ]
)  # fmt: skip
VIDEO_SUFFIXES = frozenset(
    [
        ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".3g2", ".wmv",
        ".flv", ".ogv", ".vob",
    ]
)  # fmt: skip
# Known to be something else; what has any other suffix, or none, is looked at.
OTHER_SUFFIXES = frozenset(
    [
        ".txt", ".md", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".xls", ".xlsx", ".ods", ".csv", ".ppt", ".pptx",
        ".odp", ".htm", ".html", ".css", ".js", ".json", ".xml", ".xmp", ".aae", ".thm", ".lrv", ".log", ".ini", ".db",
        ".py", ".mp3", ".m4a", ".wav", ".flac", ".ogg", ".aac", ".rar", ".exe", ".dll", ".iso", ".dmg",
    ]
)  # fmt: skip

HEAD_BYTES = 512  # of a file, by which its kind is told
PICTURE_BEGINNINGS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",  # TIFF, and most camera raw
    b"MM\x00*",
    b"\xff\x0a",  # JPEG XL
    b"\x00\x00\x00\x0cJXL \r\n\x87\n",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"IIU\x00",  # Panasonic raw
    b"IIRO",  # Olympus raw
    b"IIRS",
    b"FUJIFILMCCD-RAW",
)
UNSUPPORTED_BEGINNINGS = (
    b"8BPS",  # Photoshop
    b"gimp xcf",
    b"\x76\x2f\x31\x01",  # OpenEXR
    b"#?RADIANCE",
    b"\xc5\xd0\xd3\xc6",  # EPS with a preview
    b"DDS ",
    b"\x00\x00\x01\x00",  # an icon
    *(b"P%d\n" % number for number in range(1, 8)),  # Netpbm
)
VIDEO_BEGINNINGS = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01")
# A major brand after `ftyp`: HEIF, AVIF, and Canon's raw.
PICTURE_BRANDS = frozenset(
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx "]
)
BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # lengths of the second header of a BMP

# In small letters, as systems that do not tell capitals apart write them in both.
SYSTEM_FOLDERS = frozenset(
    [
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        ".@__thumb",
        "$recycle.bin",  # Windows
        "recycle.bin",
        "recycler",
        "system volume information",
        "__macosx",  # macOS
        ".appledouble",
        ".fseventsd",
        ".spotlight-v100",
        ".documentrevisions-v100",
        ".temporaryitems",
        ".thumbnails",  # Linux, Android
        "lost+found",
    ]
)
SYSTEM_FILES = frozenset([".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", ".nomedia", ".picasa.ini"])
SYSTEM_BEGINNINGS = ("._", "synophoto_thumb", ".trash")  # AppleDouble; Synology; macOS, Linux
PHOTO_LIBRARIES = (".photoslibrary", ".photolibrary", ".aplibrary", ".migratedphotolibrary")
DERIVED_FOLDERS = frozenset(["derivatives", "thumbnails", "previews", "proxies"])  # in a photo library
LIGHTROOM_PREVIEWS = ".lrdata"


def reason_by_name(parts: Sequence[str]) -> PassedOverReason | None:
    """Why a file or folder is left alone for its name, the last of the parts of its path; None where it is not."""
    name = parts[-1].casefold()
    is_system = (
        name in SYSTEM_FOLDERS
        or name in SYSTEM_FILES
        or name.startswith(SYSTEM_BEGINNINGS)
        or name.endswith(LIGHTROOM_PREVIEWS)
        or (name in DERIVED_FOLDERS and any(part.casefold().endswith(PHOTO_LIBRARIES) for part in parts[:-1]))
    )
    if is_system:
        return "system"
    return "hidden" if name.startswith(".") and name.strip(".") else None


def reason_by_suffix(name: str) -> PassedOverReason | None:
    """Why a file is passed over for its suffix, without a look at it."""
    suffix = PurePath(name).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return "video"
    if suffix in UNSUPPORTED_SUFFIXES:
        return "unsupported_picture"
    return "not_a_picture" if suffix in OTHER_SUFFIXES else None


def reason_by_content(head: bytes) -> PassedOverReason | None:
    """Why a file that begins so is passed over; None for a picture that may be tried."""
    if looks_like_picture(head):
        return None
    if head.startswith(UNSUPPORTED_BEGINNINGS) or b"<svg" in head or head[:24].endswith(b"EPSF-3.0"):
        return "unsupported_picture"
    is_video = head[4:8] == b"ftyp" or head.startswith(VIDEO_BEGINNINGS) or _riff(head) == b"AVI "
    return "video" if is_video else "not_a_picture"


def looks_like_picture(head: bytes) -> bool:
    """Whether a file that begins so is of a format that may be tried."""
    return (
        head.startswith(PICTURE_BEGINNINGS)
        or _riff(head) == b"WEBP"
        or (head[4:8] == b"ftyp" and head[8:12] in PICTURE_BRANDS)
        or (head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS)
    )


def _riff(head: bytes) -> bytes:
    return head[8:12] if head.startswith(b"RIFF") else b""
