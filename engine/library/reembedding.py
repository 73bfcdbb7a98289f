"""Changes a library over to another network, while the old one serves."""

from collections.abc import Callable

from engine.concurrency import CpuPool
from engine.domain import NetworkRef
from engine.library.active_network import Networks
from engine.library.originals import Originals
from engine.storage.repository import Repository

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
    while True:
        lacking = await repository.features.lacking(network, AT_ONCE)
        if not lacking and await repository.settings.switch_network(network, "engine"):
            progress(total, total)
            return
        vectors = {}
        for image in lacking:
            decoded = await originals.decoded(image)
            vectors[image.id] = await pool.run(embedder.embed, decoded.pixels)
        await repository.features.put_embeddings(network, vectors)
        progress(total - await repository.features.count_lacking(network), total)
