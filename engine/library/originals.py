"""Reads stored pictures: their files, their pixels, and what is made of them for others."""

import asyncio
import re
from pathlib import Path

from engine.concurrency import CpuPool
from engine.domain import Image, Pixels, ServedFile, StoredFeatures, StoredImage
from engine.errors import DamagedImage, FilesUnreachable, ImageError, TooCostly, TooManyPixels, UnreadableFile
from engine.features import hashes
from engine.features.detail import Picture
from engine.pictures import imaging, parts, raw, stripping
from engine.pictures.decoding import Decoders
from engine.storage.files import FileStore, extension_of, original_key
from engine.storage.jpeg_cache import JpegCache

PREVIEW_QUALITY, SHARED_QUALITY = 88, 92
PREVIEW_SIDE, PREVIEW_VERSION = 2_048, 1
DETAIL_SIDE, DETAIL_QUALITY = 1_024, 88  # of what pictures are compared in detail by
MEDIA_TYPES = {extension: media_type for media_type, extension in imaging.EXTENSIONS.items()}
MAX_JPEG_SIDE = 65_500  # what JPEG encoders take
TOO_COSTLY = "A JPEG of picture {} takes more memory or time to make than it may."
LOST = "The file of picture {} is lost: run `pictrace check`."


def thumbnail_pixels(files: FileStore, sha256: str) -> Pixels | None:
    """A picture's thumbnail for those who compute, in a thread of theirs; None where it is lost or damaged.

    `pictrace check` finds it then; the picture is still found by its features.
    """
    try:
        return imaging.decode_thumbnail(files.thumbnail(sha256))
    except (OSError, DamagedImage, FilesUnreachable):
        return None


class Originals:
    """Reads the pictures of one library. Where their files cannot be reached, every method raises FilesUnreachable."""

    def __init__(
        self, files: FileStore, details: JpegCache, previews: JpegCache, decoders: Decoders, pool: CpuPool
    ) -> None:
        """`details`, `previews`: where reduced pictures are kept, once they were needed; both may be emptied."""
        self._files = files
        self._details = details
        self._previews = previews
        self._decoders = decoders
        self._pool = pool

    async def file(self, image: StoredImage) -> bytes:
        """The file, byte for byte as it was added. UnreadableFile where it is missing, altered or damaged."""
        try:
            content = await self._files.read_original(image.sha256, extension_of(image.media_type))
        except OSError as error:
            raise UnreadableFile(
                f"The original of picture {image.id} ({image.filename}) is missing: run `pictrace check`."
            ) from error
        if await asyncio.to_thread(hashes.sha256, content) != image.sha256:
            raise UnreadableFile(
                f"The original of picture {image.id} ({image.filename}) is not the file that was added: it was altered "
                "or damaged. `pictrace check --deep` looks for more such files."
            )
        return content

    async def decoded(self, image: StoredImage, *, side: int = imaging.LIBRARY_SIDE, of_parts: bool = False) -> Image:
        """The picture, by default decoded as it was for its features. An ImageError if its file is gone or damaged.

        `of_parts`: of a long one `side` is the longest side of each of its parts.
        """
        content = await self.file(image)
        return await self._decoders.decode(content, side=side, of_parts=of_parts, **self._limits(image, content))

    async def taken_at(self, image: StoredImage) -> str | None:
        """When its file says that it was taken, as StoredImage has it. An ImageError if it is gone or damaged."""
        content = await self.file(image)
        return (await self._decoders.look(content, **self._limits(image, content))).taken_at

    def _limits(self, image: StoredImage, content: bytes) -> dict[str, int]:
        """What was within the limits when it was added stays readable when they are lowered."""
        pixels = image.width * image.height
        return {
            "max_bytes": len(content),
            "max_pixels": max(self._decoders.max_pixels, pixels),
            "max_source_pixels": max(self._decoders.max_source_pixels, pixels),
        }

    async def pixels_sha256(self, image: StoredImage) -> str | None:
        """Of the whole picture's pixels, upright, whatever its file is. None where they do not tell all there is.

        That is so of animations and camera raw, and of a file that is lost or too costly to decode at its full size.
        """
        if image.media_type == raw.MEDIA_TYPE:
            return None
        try:
            decoded = await self.decoded(image, side=max(image.width, image.height))
        except ImageError:
            return None
        if decoded.is_animated or decoded.pixels.shape[:2] != (image.height, image.width):
            return None
        return f"{decoded.ground} {await self._pool.run(hashes.sha256, decoded.pixels.data.cast('B'))}"

    async def key_of(self, image: StoredImage) -> str:
        """The key of a picture's original; where its media type is damaged, the key that the original is found under.

        An original's name ends as its own bytes say, so that the ending also tells the media type.
        """
        usual = original_key(image.sha256, extension_of(image.media_type))
        if image.media_type in imaging.EXTENSIONS:
            return usual
        possible = [original_key(image.sha256, extension) for extension in MEDIA_TYPES]
        sizes = await self._files.files.sizes(possible)
        return next((key for key, size in zip(possible, sizes, strict=True) if size is not None), usual)

    async def sha256_of(self, key: str) -> str | None:
        """Of the file as it lies there; None where there is none."""
        try:
            content = await self._files.files.read(key)
        except OSError:
            return None
        return await self._pool.run(hashes.sha256, content)

    async def detail(self, stored: StoredFeatures) -> Picture | None:
        """A picture, or a part of it, at most 1,024 pixels a side, to be compared in detail; None if it is lost."""
        image, part = stored.image, stored.part
        content = None if part else await self._pool.run(self._details.get, image.sha256)
        if content is None:
            try:
                pixels = (await self.decoded(image, side=DETAIL_SIDE, of_parts=part is not None)).pixels
            except (ImageError, FilesUnreachable):
                return None  # `pictrace check` finds it
            if part:
                return await self._pool.run(lambda: Picture.of(parts.cut(pixels, part.region)))
            content = await self._pool.run(imaging.encode_jpeg, pixels, quality=DETAIL_QUALITY)
            await self._pool.run(self._details.put, image.sha256, content)
        return await self._pool.run(_picture, content)

    async def thumbnail(self, image: StoredImage) -> bytes:
        """A JPEG of at most 320 pixels. UnreadableFile where it is lost."""
        try:
            return await self._pool.run(self._files.thumbnail, image.sha256)
        except OSError as error:
            raise UnreadableFile(LOST.format(image.id)) from error

    async def thumbnail_file(self, image: StoredImage) -> Path | bytes:
        """The same: where it lies on this machine, whether it is there or not, or what it holds."""
        return self._files.thumbnail_path(image.sha256) or await self.thumbnail(image)

    async def preview(self, image: StoredImage, *, side: int = 1280, max_ratio: float = 10) -> bytes:
        """A JPEG for places that take nothing else, longest side at most `side` pixels.

        Strips get white borders until their sides are at most 1 : `max_ratio`. Where the original is lost, of the
        thumbnail; UnreadableFile where that is lost too.
        """
        try:
            pixels = (await self.decoded(image, side=side)).pixels
        except (ImageError, FilesUnreachable):
            pixels = await self._pool.run(imaging.decode_thumbnail, await self.thumbnail(image))
        return await self._pool.run(
            lambda: imaging.encode_reduced(imaging.widened(pixels, max_ratio), side=side, quality=PREVIEW_QUALITY)
        )

    @staticmethod
    def thumbnail_etag(image: StoredImage) -> str:
        """The `etag` of a picture's thumbnail; another PicTrace may see the picture otherwise."""
        return f"{image.sha256}-320-{image.features_version}"

    async def preview_at_hand(self, image: StoredImage) -> bytes | None:
        """What `preview_of` gave before, if it is still there."""
        return await self._pool.run(self._previews.get, image.sha256)

    async def preview_of(self, image: StoredImage) -> bytes:
        """A JPEG to look at, upright, without metadata, longest side at most 2,048 pixels; it is kept at hand.

        Of a long picture that is the longest side of each of its parts. A JPEG that is no larger is given as it is.
        UnreadableFile where the original is lost.
        """
        if image.media_type == "image/jpeg" and max(image.width, image.height) <= PREVIEW_SIDE:
            content = await self._pool.run(stripping.strip, await self.file(image), image.media_type)
            if content is not None and stripping.is_upright(content):
                return content
        pixels = await self._reduced(image)
        content = await self._pool.run(imaging.encode_reduced, pixels, side=MAX_JPEG_SIDE, quality=PREVIEW_QUALITY)
        await self._pool.run(self._previews.put, image.sha256, content)
        return content

    @staticmethod
    def preview_etag(image: StoredImage) -> str:
        """The `etag` of what `preview_of` gives, known without reading the file."""
        return f"{image.sha256}-preview{PREVIEW_VERSION}-{image.features_version}"

    async def _reduced(self, image: StoredImage) -> Pixels:
        """For a preview; smaller still where that takes too much memory."""
        for side in (PREVIEW_SIDE, imaging.LIBRARY_SIDE):
            try:
                return (await self.decoded(image, side=side, of_parts=True)).pixels
            except (TooCostly, TooManyPixels):
                continue
            except ImageError as error:  # it could be decoded when it was added
                raise UnreadableFile(LOST.format(image.id)) from error
        raise UnreadableFile(TOO_COSTLY.format(image.id))

    async def served(self, image: StoredImage, *, whole: bool) -> ServedFile:
        """The file for others: as it was added if `whole`, else without metadata. UnreadableFile where it is lost.

        Without metadata JPEG, PNG, WebP and GIF keep their pixels, orientation and colour profile, byte for byte; of
        other kinds, and of damaged files, a JPEG is given, of full size unless that takes too much memory. Whether
        there is anything at a path is for the caller to see.
        """
        etag = self.served_etag(image, whole=whole)
        if whole:
            path = self._files.original_path(image.sha256, extension_of(image.media_type))
            return ServedFile(path or await self.file(image), image.media_type, image.filename, etag)
        if image.media_type in stripping.REBUILDERS:
            content = await self.file(image)
            stripped = await self._pool.run(stripping.strip, content, image.media_type)
            if stripped is not None:
                return ServedFile(stripped, image.media_type, image.filename, etag)
        return ServedFile(await self._as_jpeg(image), "image/jpeg", _as_jpeg_name(image.filename), etag)

    @staticmethod
    def served_etag(image: StoredImage, *, whole: bool) -> str:
        """The `etag` of what `served` gives, known without reading the file."""
        return image.sha256 if whole else f"{image.sha256}-shared{stripping.VERSION}"

    async def _as_jpeg(self, image: StoredImage) -> bytes:
        """A JPEG of full size; of a very large picture, which takes too much memory, a quarter of that or less."""
        full = min(max(image.width, image.height), MAX_JPEG_SIDE)
        for side in (full, max(1, full // 4), max(1, full // 8)):
            try:
                decoded = await self.decoded(image, side=side)
            except (TooCostly, TooManyPixels):
                continue
            except ImageError as error:  # it could be decoded when it was added
                raise UnreadableFile(LOST.format(image.id)) from error
            return await self._pool.run(imaging.encode_jpeg, decoded.pixels, quality=SHARED_QUALITY)
        raise UnreadableFile(TOO_COSTLY.format(image.id))


def _picture(content: bytes) -> Picture | None:
    grey, small = imaging.decode_grey(content), imaging.decode_small(content)
    return None if grey is None or small is None else Picture.of_decoded(grey, small)


def _as_jpeg_name(name: str) -> str:
    """`holiday.heic` becomes `holiday.jpg`, and `Mr. Smith` becomes `Mr. Smith.jpg`."""
    return re.sub(r"(?<=.)\.\w{1,5}$", "", name) + ".jpg"
