"""Files as Telegram keeps them: photos as a few JPEGs of ascending size, everything else byte for byte."""

import base64
import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageOps

from tests.telegram.rules import WRONG_FILE, Refused, check_photo, decoded

PHOTO_SIDES = (90, 320, 1280)
FOLDERS = {
    "photo": "photos",
    "document": "documents",
    "sticker": "stickers",
    "voice": "voice",
    "thumbnail": "thumbnails",
}


@dataclass(eq=False)
class StoredFile:
    """A file that bots know by its `file_id`."""

    file_id: str
    unique_id: str
    kind: str
    content: bytes
    size: int
    path: str
    stale: bool = False
    told: Any = None
    """What a message holds for it: the list of sizes of a photo, the object of anything else."""


@dataclass
class Files:
    known: dict[str, StoredFile] = field(default_factory=dict)
    paths: dict[str, StoredFile] = field(default_factory=dict)

    def keep(self, kind: str, content: bytes, *, size: int | None = None, extension: str = "bin") -> StoredFile:
        number = len(self.known) + 1
        digest = hashlib.sha256(kind.encode() + content).digest()
        file_id = base64.urlsafe_b64encode(digest + number.to_bytes(4, "big") + digest[:25]).decode().rstrip("=")
        path = f"{FOLDERS.get(kind, kind + 's')}/file_{number}.{extension}"
        unique = "AQAD" + base64.urlsafe_b64encode(digest[:8]).decode().rstrip("=")
        stored = StoredFile(file_id, unique, kind, content, len(content) if size is None else size, path)
        self.known[file_id] = self.paths[path] = stored
        return stored

    def get(self, file_id: str) -> StoredFile:
        stored = self.known.get(file_id)
        if stored is None or stored.stale:
            raise Refused(400, WRONG_FILE)
        return stored

    def photo(self, content: bytes, *, file_size: int | None = None) -> list[dict[str, Any]]:
        """The sizes that Telegram makes of a photo, smallest first; refused as Telegram refuses."""
        check_photo(content)
        opened = decoded(content)
        assert opened is not None
        picture = ImageOps.exif_transpose(opened)
        if picture.mode in ("RGBA", "LA", "P", "PA"):
            clear = picture.convert("RGBA")
            picture = Image.new("RGBA", clear.size, "white")
            picture.alpha_composite(clear)
        picture = picture.convert("RGB")
        longest = max(picture.size)
        sides = [side for side in PHOTO_SIDES if side < longest]
        sides += [longest] if longest <= PHOTO_SIDES[-1] else []
        sizes: list[dict[str, Any]] = []
        stored = []
        for side in sides:
            override = file_size if side == sides[-1] else None
            kept, told = self._size("photo", picture, side, size=override)
            stored.append(kept)
            sizes.append(told)
        for one in stored:
            one.told = sizes
        return sizes

    def thumbnail(self, content: bytes) -> dict[str, Any] | None:
        opened = decoded(content)
        if opened is None:
            return None
        try:
            return self._size("thumbnail", ImageOps.exif_transpose(opened).convert("RGB"), 320)[1]
        except (OSError, ValueError, SyntaxError):
            return None

    def _size(
        self, kind: str, picture: Image.Image, side: int, *, size: int | None = None
    ) -> tuple[StoredFile, dict[str, Any]]:
        content, width, height = _scaled(picture, side)
        stored = self.keep(kind, content, size=size, extension="jpg")
        return stored, _told(stored, width=width, height=height)

    def document(
        self, name: str, content: bytes, mime: str | None, *, file_size: int | None = None, pictured: bool = True
    ) -> dict[str, Any]:
        stored = self.keep("document", content, size=file_size, extension=name.rpartition(".")[2] or "bin")
        thumbnail = self.thumbnail(content) if pictured and (mime or "").startswith("image/") else None
        stored.told = _told(stored, file_name=name, mime_type=mime, thumbnail=thumbnail)
        return dict(stored.told)

    def sticker(self, content: bytes, kind: str, film: bytes | None = None) -> dict[str, Any]:
        """A static sticker is its picture; of a moving one, `content` is the preview, and `film` the whole."""
        moving = {"animated": "tgs", "video": "webm"}
        kept = film or f"{kind} sticker of ".encode() + content[:16] if kind in moving else content
        stored = self.keep("sticker", kept, extension=moving.get(kind, "webp"))
        stored.told = _told(
            stored,
            type="regular",
            width=512,
            height=512,
            is_animated=kind == "animated",
            is_video=kind == "video",
            emoji="🙂",
            thumbnail=self.thumbnail(content),
        )
        return dict(stored.told)

    def video_note(self, preview: bytes | None, content: bytes) -> dict[str, Any]:
        """A round video, which has no name."""
        stored = self.keep("video_note", content, extension="mp4")
        stored.told = _told(stored, length=240, duration=3, thumbnail=self.thumbnail(preview) if preview else None)
        return dict(stored.told)

    def film(
        self,
        kind: str,
        preview: bytes | None,
        content: bytes,
        *,
        file_size: int | None = None,
        cover: bytes | None = None,
    ) -> dict[str, Any]:
        """A "video", which may have a cover, or an "animation"."""
        stored = self.keep(kind, content, size=file_size, extension="mp4")
        stored.told = _told(
            stored,
            width=640,
            height=360,
            duration=3,
            mime_type="video/mp4",
            file_name=f"{kind}.mp4",
            thumbnail=self.thumbnail(preview) if preview else None,
            cover=self.photo(cover) if cover else None,
        )
        return dict(stored.told)

    def voice(self, content: bytes = b"OggS voice") -> dict[str, Any]:
        stored = self.keep("voice", content, extension="oga")
        stored.told = _told(stored, duration=2, mime_type="audio/ogg")
        return dict(stored.told)


_made: dict[tuple[bytes, int], tuple[bytes, int, int]] = {}  # most tests send the same few pictures


def _scaled(picture: Image.Image, side: int) -> tuple[bytes, int, int]:
    """A picture as a JPEG of at most this side; its width and height."""
    key = hashlib.sha256(f"{picture.mode} {picture.size}".encode() + picture.tobytes()).digest(), side
    if key not in _made:
        scaled = picture.copy()
        if max(scaled.size) > side:
            scale = side / max(scaled.size)
            scaled = scaled.resize(
                (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
            )
        out = io.BytesIO()
        scaled.save(out, "JPEG", quality=87)
        _made[key] = out.getvalue(), scaled.width, scaled.height
    return _made[key]


def _told(stored: StoredFile, **more: Any) -> dict[str, Any]:
    told = {"file_id": stored.file_id, "file_unique_id": stored.unique_id, "file_size": stored.size, **more}
    return {key: value for key, value in told.items() if value is not None}
