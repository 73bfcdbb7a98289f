"""Mends what is wrong with the pictures of a library: what was made of an original is made again."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from engine.concurrency import CpuPool
from engine.domain import Image, StoredImage
from engine.errors import ImageError, UnreadableFile
from engine.features import orb, registry
from engine.library.active_network import Networks
from engine.library.faults import FEATURES, LOST, THUMBNAIL, Faults
from engine.library.originals import MEDIA_TYPES, Originals
from engine.pictures import imaging
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)


class Mender:
    """Mends the pictures of one library."""

    def __init__(self, repository: Repository, networks: Networks, originals: Originals, pool: CpuPool) -> None:
        self._repository = repository
        self._networks = networks
        self._originals = originals
        self._pool = pool

    async def mend(self, found: Faults, actor: str) -> tuple[int, int]:
        """Returns how many pictures were taken out, and how many could not be mended."""
        lost = await self._there(found.ids(*LOST))
        lost_ids = [image.id for image in lost if await self._is_lost(image)]
        taken_out = await self._repository.images.take_out(lost_ids, Operation("repair", actor))
        operation = Operation("remake", actor)  # apart, for there is nothing in it to undo
        unmended: set[int] = set()
        await self._each(found.ids("bad_tags"), self._mend_tags, unmended)
        await self._each(found.ids("unknown_media_type"), self._mend_media_type, unmended)
        await self._each(found.ids("bad_size"), self._mend_size, unmended)
        await self._each(found.ids(*THUMBNAIL), self._make_thumbnail, unmended)
        await self._each(found.ids(*FEATURES), lambda image: self._make_features(image, operation), unmended)
        mended = await self._there(found.ids(*THUMBNAIL, *FEATURES) - unmended)
        await self._repository.features.compare_anew([image.id for image in mended])
        return taken_out, len(unmended)

    async def remake(self, image: StoredImage, operation: Operation) -> None:
        """Make all that was made of a picture's original again."""
        await self._make_thumbnail(image)
        await self._make_features(image, operation)
        await self._repository.features.compare_anew([image.id])

    async def _each(
        self, ids: Iterable[int], mend: Callable[[StoredImage], Awaitable[None]], unmended: set[int]
    ) -> None:
        """Mend pictures one after another; those that are no longer in the library are passed over."""
        for image in await self._there(ids):
            try:
                await mend(image)
            except ImageError as error:
                logger.warning("picture %d could not be mended: %s", image.id, error)
                unmended.add(image.id)

    async def _there(self, ids: Iterable[int]) -> list[StoredImage]:
        return [image for image in [await self._repository.images.if_there(one) for one in sorted(ids)] if image]

    async def _is_lost(self, image: StoredImage) -> bool:
        """Whether the original is still not what it was: its disk may be back since the check looked."""
        return await self._originals.sha256_of(await self._originals.key_of(image)) != image.sha256

    async def _mend_tags(self, image: StoredImage) -> None:
        await self._repository.cells.put_readable_tags(image.id)

    async def _mend_media_type(self, image: StoredImage) -> None:
        name = await self._originals.key_of(image)
        if await self._originals.sha256_of(name) != image.sha256:
            raise UnreadableFile(f"The original of picture {image.id} is not there as it was added.")
        await self._repository.cells.put(image.id, media_type=MEDIA_TYPES[f".{name.rpartition('.')[2]}"])

    async def _mend_size(self, image: StoredImage) -> None:
        content = await self._originals.file(image)
        original = await self._decoded(image)
        await self._repository.cells.put(image.id, width=original.width, height=original.height, byte_size=len(content))

    async def _make_thumbnail(self, image: StoredImage) -> None:
        pixels = (await self._decoded(image)).pixels
        thumbnail = await self._pool.run(imaging.encode_thumbnail, pixels)
        await self._repository.files.replace_thumbnail(image.sha256, thumbnail)

    async def _decoded(self, image: StoredImage, *, of_parts: bool = False) -> Image:
        """A picture, of which is noted what people should know of it: an older PicTrace did not."""
        decoded = await self._originals.decoded(image, of_parts=of_parts)
        await self._repository.images.put_warnings(image.id, decoded.warnings)
        return decoded

    async def _make_features(self, image: StoredImage, operation: Operation) -> None:
        _, head = await self._networks.current()
        wanted = [network for network in (head.network, head.next_network) if network]
        embedders = {network: await self._networks.embedder(network) for network in wanted}
        decoded = await self._decoded(image, of_parts=True)
        pixels = imaging.reduced(decoded.pixels, imaging.LIBRARY_SIDE)
        parts = await self._pool.run(registry.parts, decoded, embedders)
        handcrafted = await self._pool.run(registry.handcrafted, pixels)
        for network, embedder in embedders.items():
            embedding = await self._pool.run(embedder.embed, pixels)
            await self._repository.features.put_embeddings(network, {image.id: embedding})
        await self._repository.features.put_features(image.id, handcrafted, orb.VERSION, operation, parts)
