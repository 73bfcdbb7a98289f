"""How tests damage a library, and look whether it is right again."""

from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.sql import Delete, Update

from engine import SearchService
from engine.domain import CheckReport
from engine.storage.tables import embeddings, hashes, images, keypoints
from tests.conftest import jpeg, original_of, photograph

SHORT = update(embeddings).where(embeddings.c.image_id == 3).values(vector=b"\0\0\0")
TYPE = update(images).where(images.c.id == 3).values(media_type="image/x-odd")


async def check(service: SearchService, **wishes: Any) -> CheckReport:
    given: dict[str, Any] = {"repair": False, "purge": False, "actor": "test"} | wishes
    return await service.checker.check(**given)


async def lose(service: SearchService, *ids: int) -> None:
    for image_id in ids:
        original_of(service, await service.get(image_id)).unlink()


async def alter(service: SearchService, image_id: int, *, longer: bool = False) -> None:
    """Turn over the last byte of an original, or add one."""
    path = original_of(service, await service.get(image_id))
    content = path.read_bytes()
    path.write_bytes(content + b"\0" if longer else content[:-1] + bytes([content[-1] ^ 0xFF]))


async def execute(service: SearchService, *statements: Update | Delete | str) -> None:
    async with service.database.write() as connection:
        for one in statements:
            await connection.execute(text(one) if isinstance(one, str) else one)


async def rows_of_features(service: SearchService) -> list[int]:
    async with service.database.read() as connection:
        return [
            int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in (embeddings, hashes, keypoints)
        ]


def found_in(report: CheckReport) -> set[tuple[str, int]]:
    return {(one.code, one.id) for one in report.findings}


async def use(service: SearchService, name: str = "coffee.png") -> None:
    """Search, list, get, compare and group: nothing of it may fail."""
    for weak in (False, True):
        await service.search(jpeg(photograph(name)[20:, 30:]), weak=weak, limit=6)
    page = await service.page()
    for image in page.images:
        assert await service.get(image.id) == image
        await service.search_stored(image.id, weak=True)
    await service.page(tags=["space"])
    await service.page(words="o")
    await service.tags()
    await service.duplicates.compare()
    await service.duplicates.compare(thorough=True)
    await service.duplicates.groups()
    await service.status()
