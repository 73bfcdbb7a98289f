"""Looks behind a library's index."""

from engine import SearchService
from engine.index.local import InProcess


async def in_process(service: SearchService) -> InProcess:
    """The index of an open library, which is held in this process."""
    active, _ = await service.networks.current()
    assert isinstance(active.index.embeddings, InProcess)
    return active.index.embeddings
