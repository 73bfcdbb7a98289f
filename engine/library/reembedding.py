"""Changes a library over to another network, while the old one serves."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from engine.concurrency import CpuPool
from engine.domain import NetworkRef, PreparedPart, StoredImage, Vector
from engine.errors import ImageError
from engine.features import registry
from engine.library.active_network import Networks
from engine.library.originals import Originals
from engine.pictures import imaging
from engine.storage.repository import Repository

Embedded = tuple[Vector, tuple[PreparedPart, ...]]  # a picture's embedding, and the parts of a long one with theirs
AT_ONCE = 32  # pictures stored in one transaction


async def reembed(
    repository: Repository,
    networks: Networks,
    originals: Originals,
    pool: CpuPool,
    network: NetworkRef,
    progress: Callable[[int, int], None],
) -> None:
    """Give every picture its embedding of `network`, then make that the library's own. Goes on where it stopped.

    WeightsUnavailable, NetworkBuildFailed; an ImageError where the original of a picture is gone.
    """
    embedder = await networks.embedder(network)
    await repository.settings.set_next_network(network)
    total = await repository.images.count_live()

    async def embed(image: StoredImage) -> Embedded:
        decoded = await originals.decoded(image, of_parts=True)
        pixels = imaging.reduced(decoded.pixels, imaging.LIBRARY_SIDE)
        return await pool.run(embedder.embed, pixels), await pool.run(registry.parts, decoded, {network: embedder})

    while True:
        lacking = await repository.features.lacking(network, AT_ONCE)
        if not lacking:
            await _embed_removed(repository, network, embed)
            if await repository.settings.switch_network(network, "engine"):
                progress(total, total)
                return
        await _put(repository, network, {image.id: await embed(image) for image in lacking})
        progress(total - await repository.features.count_lacking(network), total)


async def _embed_removed(
    repository: Repository, network: NetworkRef, embed: Callable[[StoredImage], Awaitable[Embedded]]
) -> None:
    """What an undo may bring back is to be found then; what cannot be read any more holds nothing up."""
    after = 0
    while removed := await repository.features.lacking(network, AT_ONCE, removed=True, after=after):
        after = removed[-1].id
        made = {}
        for image in removed:
            with suppress(ImageError):
                made[image.id] = await embed(image)
        await _put(repository, network, made)


async def _put(repository: Repository, network: NetworkRef, made: dict[int, Embedded]) -> None:
    vectors = {image_id: vector for image_id, (vector, _) in made.items()}
    await repository.features.put_embeddings(
        network, vectors, {image_id: parts for image_id, (_, parts) in made.items()}
    )
