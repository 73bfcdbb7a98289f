"""Embeddings and hashes in Milvus, by its asynchronous client: for Milvus Lite, a single server and a cluster."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.concurrency import CpuPool
from engine.errors import IndexUnreachable, InvalidSetting
from engine.index.graph import CONNECTIVITY, EXPANSION_ADD, LEAST_EXPANSION
from engine.index.hamming import BITS
from engine.index.hits import Hits, Keys, Vectors, nearest

if TYPE_CHECKING:
    from pymilvus import AsyncMilvusClient

TIMEOUT_S = 10.0  # of one call; else the client tries for minutes
PATIENT_S = 600.0  # of making an index, and of loading it
PORTION = 1000  # vectors a message: 8 MB at 2048 dimensions
LEVEL = 0  # key of the row that says how level a collection is; pictures' keys are greater
# Else a new connection to the same address shares the pause that an earlier one is in.
NEW_EACH_TIME = {"grpc.use_local_subchannel_pool": 1}
STRONG = "Strong"  # what was added by anybody is found
LITE = "milvus_lite"  # how the version of Milvus Lite begins
# Hashes that are asked for above what is wanted: as near as the last one are many, of which those with the least keys
# count. The second where the first is not enough; of still more some are taken.
EQUALS = (60, 2_000)


class Milvus:
    """One Milvus server, or file of Milvus Lite. Every method may raise IndexUnreachable."""

    def __init__(self, uri: str, token: str | None, pool: CpuPool) -> None:
        self.uri = uri
        self._token = token
        self._pool = pool
        self._client: AsyncMilvusClient | None = None

    async def reach(self) -> None:
        """InvalidSetting where the client is not installed."""
        client = await self.client()
        async with self.translated():
            await client.list_collections(timeout=TIMEOUT_S)

    def index(self, name: str, dimensions: int) -> "MilvusIndex":
        return MilvusIndex(self, self._pool, name, Embedded(dimensions))

    async def hash_index(self, name: str) -> "MilvusIndex | None":
        """None in Milvus Lite, which knows embeddings only."""
        client = await self.client()
        async with self.translated():
            version = str(await client.get_server_version(timeout=TIMEOUT_S))
        return None if version.startswith(LITE) else MilvusIndex(self, self._pool, name, Hashed())

    async def client(self) -> "AsyncMilvusClient":
        if self._client is None:
            self._client = await self._pool.run(self._make_client)  # Milvus Lite starts, and reads its file
        return self._client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.close()

    @asynccontextmanager
    async def translated(self) -> AsyncIterator[None]:
        """Errors of the client become the engine's; the next call begins with a new connection.

        The client itself would wait longer and longer before it looks whether a server is there again.
        """
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, grpc.RpcError, OSError, TimeoutError) as error:
            await self.close()
            raise IndexUnreachable(
                f"The index in Milvus at {self.uri} cannot be reached ({_reason(error)}); try again later."
            ) from error

    def _make_client(self) -> "AsyncMilvusClient":
        try:
            from pymilvus import AsyncMilvusClient
            from pymilvus.exceptions import MilvusException
        except ImportError as error:
            raise InvalidSetting(
                "PICTRACE_INDEX: milvus needs a package that is not installed: pip install pictrace[milvus]."
            ) from error
        # It writes every error that it raises to the log as well, also those that it deals with itself.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        for name in [name for name in logging.root.manager.loggerDict if name.startswith("pymilvus.")]:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        if self.uri.endswith(".db"):
            logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)  # its server is in this process
            Path(self.uri).parent.mkdir(parents=True, exist_ok=True)
        try:
            return AsyncMilvusClient(
                self.uri, token=self._token or "", timeout=TIMEOUT_S, dedicated=True, grpc_options=NEW_EACH_TIME
            )
        except (MilvusException, OSError, RuntimeError) as error:
            hint = " A file of Milvus Lite serves one process at a time." if self.uri.endswith(".db") else ""
            raise IndexUnreachable(
                f"The index in Milvus at {self.uri} cannot be opened ({_reason(error)}).{hint}"
            ) from error


class Form(Protocol):
    """How vectors lie in a collection, and are compared."""

    type: str
    dimensions: int
    index: Mapping[str, Any]
    equals: Sequence[int]  # how many above what is wanted are asked for, one after the other

    @property
    def of_level(self) -> Any:
        """Any vector, for the row that holds the level."""
        ...

    def sent(self, vectors: Vectors) -> list[Any]: ...

    def search_params(self, count: int) -> dict[str, Any]: ...

    def distances(self, told: list[float]) -> NDArray[np.float32]: ...


class Embedded:
    """float32 vectors under cosine distance, in a graph."""

    type = "FLOAT_VECTOR"  # Milvus Lite has no other
    index: Mapping[str, Any] = {
        "index_type": "HNSW",
        "metric_type": "COSINE",
        "params": {"M": CONNECTIVITY, "efConstruction": EXPANSION_ADD},
    }
    equals: Sequence[int] = (0,)

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    @property
    def of_level(self) -> list[float]:
        return [1.0] + [0.0] * (self.dimensions - 1)

    def sent(self, vectors: Vectors) -> list[Any]:
        return list(np.asarray(vectors, np.float32))

    def search_params(self, count: int) -> dict[str, Any]:
        return {"metric_type": "COSINE", "params": {"ef": max(LEAST_EXPANSION, count)}}

    def distances(self, told: list[float]) -> NDArray[np.float32]:
        return 1 - np.array(told, np.float32)


class Hashed:
    """64-bit hashes, all of them compared (docs/adr/0030)."""

    type = "BINARY_VECTOR"
    dimensions = BITS
    index: Mapping[str, Any] = {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}}
    equals: Sequence[int] = EQUALS
    of_level = bytes(BITS // 8)

    def sent(self, vectors: Vectors) -> list[Any]:
        return [value.to_bytes(BITS // 8, "big") for value in vectors.tolist()]

    def search_params(self, count: int) -> dict[str, Any]:
        return {"metric_type": "HAMMING", "params": {}}

    def distances(self, told: list[float]) -> NDArray[np.float32]:
        return np.array(told, np.float32)


class MilvusIndex:
    """Vectors in a collection of their own. Every method may raise IndexUnreachable."""

    kind = "milvus"

    def __init__(self, milvus: Milvus, pool: CpuPool, name: str, form: Form) -> None:
        self._milvus = milvus
        self._pool = pool
        self._name = name
        self._form = form

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        client = await self._milvus.client()
        for start in range(0, len(keys), PORTION):
            rows = await self._pool.run(self._rows, keys[start : start + PORTION], vectors[start : start + PORTION])
            async with self._milvus.translated():
                await client.upsert(self._name, rows, timeout=TIMEOUT_S)

    async def remove(self, keys: Keys) -> None:
        client = await self._milvus.client()
        for start in range(0, len(keys), PORTION):
            async with self._milvus.translated():
                await client.delete(self._name, ids=keys[start : start + PORTION].tolist(), timeout=TIMEOUT_S)

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        if not len(queries):
            return []
        for equals in self._form.equals:
            asked = count + equals
            found = await self._told(queries, asked)
            if not any(_goes_on(hits, asked, count) for hits in found):
                break
        return [nearest(hits.keys, hits.distances, count) for hits in found]

    async def _told(self, queries: Vectors, count: int) -> list[Hits]:
        """As the server says, equals in any order."""
        client = await self._milvus.client()
        asked = count + 1  # the row of the level may be among them
        async with self._milvus.translated():
            found = await client.search(
                self._name,
                data=self._form.sent(queries),
                anns_field="vector",
                limit=asked,
                search_params=self._form.search_params(asked),
                consistency_level=STRONG,
                timeout=TIMEOUT_S,
            )
        answers = []
        for hits in found:
            pairs = [(hit.id, hit.distance) for hit in hits if hit.id != LEVEL]  # servers name the key otherwise
            keys = np.array([key for key, _ in pairs], np.int64)
            answers.append(Hits(keys, self._form.distances([distance for _, distance in pairs])))
        return answers

    async def size(self) -> int:
        rows = await self._query(filter=f"key != {LEVEL}", output_fields=["count(*)"])
        return int(rows[0]["count(*)"])

    async def level(self) -> int | None:
        """Up to which change it is level with the library; None where there is no whole index."""
        client = await self._milvus.client()
        async with self._milvus.translated():
            if not await client.has_collection(self._name, timeout=TIMEOUT_S):
                return None
            if "vector" not in await client.list_indexes(self._name, timeout=TIMEOUT_S):
                return None  # somebody is building it, or has been interrupted; a server would not load it
            await client.load_collection(self._name, timeout=PATIENT_S)  # nothing where it is loaded
        rows = await self._query(filter=f"key == {LEVEL}", output_fields=["seq"])
        return int(rows[0]["seq"]) if rows else None

    async def mark(self, seq: int) -> None:
        """It is level up to `seq` now."""
        client = await self._milvus.client()
        row = {"key": LEVEL, "vector": self._form.of_level, "seq": seq}
        async with self._milvus.translated():
            await client.upsert(self._name, [row], timeout=TIMEOUT_S)

    async def rebuild(self, portions: AsyncIterator[tuple[Keys, Vectors]], seq: int) -> None:
        """Make it anew; until it is whole it has no level."""
        from pymilvus import AsyncMilvusClient, DataType

        client = await self._milvus.client()
        schema = AsyncMilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType[self._form.type], dim=self._form.dimensions)
        schema.add_field("seq", DataType.INT64)
        async with self._milvus.translated():
            await client.drop_collection(self._name, timeout=TIMEOUT_S)
            await client.create_collection(self._name, schema=schema, consistency_level=STRONG, timeout=TIMEOUT_S)
        async for keys, vectors in portions:
            await self.add(keys, vectors)
        async with self._milvus.translated():
            await self._make_index(client)
            await client.load_collection(self._name, timeout=PATIENT_S)
        await self.mark(seq)

    async def _make_index(self, client: "AsyncMilvusClient") -> None:
        import grpc

        params = client.prepare_index_params()
        params.add_index("vector", index_name="vector", **self._form.index)
        try:
            await client.create_index(self._name, params, timeout=PATIENT_S)
        except grpc.RpcError as error:
            # Milvus Lite makes it, but cannot be asked when it is ready.
            code = getattr(error, "code", None)
            if not (code and code() is grpc.StatusCode.UNIMPLEMENTED):
                raise
            if "vector" not in await client.list_indexes(self._name, timeout=TIMEOUT_S):
                raise

    def _rows(self, keys: Keys, vectors: Vectors) -> list[dict[str, Any]]:
        sent = self._form.sent(vectors)
        return [{"key": key, "vector": vector, "seq": 0} for key, vector in zip(keys.tolist(), sent, strict=True)]

    async def _query(self, **wanted: Any) -> list[dict[str, Any]]:
        client = await self._milvus.client()
        async with self._milvus.translated():
            return list(await client.query(self._name, consistency_level=STRONG, timeout=TIMEOUT_S, **wanted))


def _goes_on(hits: Hits, asked: int, count: int) -> bool:
    """Whether there may be more that are as near as the last one wanted."""
    return len(hits.keys) >= asked > count and bool(hits.distances[count - 1] == hits.distances[asked - 1])


def _reason(error: BaseException) -> str:
    """What the client says, as the end of a sentence."""
    said = getattr(error, "message", None) or getattr(error, "strerror", None) or ""
    details = getattr(error, "details", None)
    if not said and callable(details):
        said = details()
    lines = str(said or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
