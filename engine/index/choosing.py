"""Chooses what holds the index of a library: the one place that knows the back ends by name."""

from engine.concurrency import CpuPool
from engine.domain import NetworkHead, NetworkRef
from engine.index.base import IndexServer
from engine.index.following import Embeddings, PerceptualHashes
from engine.index.library_index import LibraryIndex
from engine.index.local import InProcess
from engine.index.milvus import Milvus
from engine.index.on_server import HashesInMemory, HashesOnServer, OnServer, hashes_name, index_name
from engine.index.pgvector import Pgvector
from engine.settings import EngineSettings
from engine.storage.repository import Repository


def server(settings: EngineSettings, repository: Repository, pool: CpuPool, *, read_only: bool) -> IndexServer | None:
    """The server that the settings name; None where the index is in this process.

    It is for a library that is only read, too: bringing a server's index level is no reading.
    """
    if read_only:
        return None
    match settings.index:
        case "pgvector":
            return Pgvector(repository.database, pool)
        case "milvus":
            token = settings.milvus_token.get_secret_value() if settings.milvus_token else None
            return Milvus(settings.milvus_uri or "", token, pool)
        case _:
            return None


async def library_index(
    settings: EngineSettings,
    repository: Repository,
    pool: CpuPool,
    at: IndexServer | None,
    network: NetworkRef,
    heads: tuple[NetworkHead, ...],
    *,
    read_only: bool,
) -> LibraryIndex:
    """The index of one network of a library, at a server or in this process; a part of its own for each head."""
    count_parts = repository.features.count_parts
    if at is None:
        kind = "auto" if settings.index == "pgvector" or settings.index == "milvus" else settings.index
        directory = settings.data_dir / "index"
        local = [InProcess(repository, pool, directory, network, head, kind, read_only=read_only) for head in heads]
        return LibraryIndex(repository.feed, local[0], local[0], local[1] if local[1:] else None, count_parts)
    library = await repository.settings.identity()
    on_server = [
        OnServer(
            at.index(index_name(library, network, head), head.dimensions),
            Embeddings(repository.features, network, head, pool),
            repository.database,
            pool,
        )
        for head in heads
    ]
    phashes = PerceptualHashes(repository.features)
    compares = await at.hash_index(hashes_name(library))
    hashes = HashesOnServer(compares, phashes, repository.database, pool) if compares else HashesInMemory(phashes, pool)
    return LibraryIndex(repository.feed, on_server[0], hashes, on_server[1] if on_server[1:] else None, count_parts)
