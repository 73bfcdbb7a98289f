"""Checks a library: what it has lost or has left over is counted, and mended where that is asked."""

import time
from dataclasses import replace

from engine.concurrency import CpuPool
from engine.domain import CheckReport, Progress, Stop, never, no_progress
from engine.errors import TooManyMissing
from engine.index.checkpoints import Checkpoints
from engine.library.active_network import Networks
from engine.library.faults import LOST, Faults
from engine.library.inspection import Inspection
from engine.library.mending import Mender
from engine.library.originals import Originals
from engine.library.renewal import Renewal
from engine.settings import EngineSettings
from engine.storage.files import StoredFile
from engine.storage.repository import Repository
from engine.storage.upkeep import undo_horizon

GRACE_S = 3600  # files are written before their rows: younger ones may belong to an addition under way
FEW, SHARE = 20, 0.01  # more missing originals than both are likelier a disk that is not there than a loss


class Checker:
    """Checks one library."""

    def __init__(
        self,
        settings: EngineSettings,
        repository: Repository,
        networks: Networks,
        originals: Originals,
        pool: CpuPool,
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._networks = networks
        self._pool = pool
        self._inspection = Inspection(repository, networks, originals, pool)
        self._mender = Mender(repository, networks, originals, pool)
        self.renewal = Renewal(repository, originals, self._mender, pool)

    async def check(
        self,
        *,
        repair: bool,
        purge: bool,
        actor: str,
        deep: bool = False,
        allow_missing: int | None = None,
        progress: Progress = no_progress,
        stop: Stop = never,
    ) -> CheckReport:
        """Count what is wrong: in rows, sizes of files, headers of thumbnails, index checkpoints; and what is nobody's.

        `deep` also reads all originals, and compares thumbnails and features with them; stopped, the next deep check
        goes on. `purge` deletes removed pictures for good. `repair` mends what was found, and takes pictures without
        an original out of the library: TooManyMissing, with nothing changed, where these are more than
        `allow_missing`, or without that number so many that likely the place of the originals is not there.
        """
        if repair or purge:
            self._repository.database.require_writable()
        outdated = await self.renewal.waiting()
        if repair:
            await self.renewal.renew()
        seen_anew = outdated - await self.renewal.waiting() if repair else 0
        found = Faults()
        await self._inspection.look_at_cells(found)
        is_whole = await self._inspection.look_at_files(found, progress, stop)
        # The files first, the rows after: a picture whose row comes meanwhile has no orphans.
        orphans = await self._repository.upkeep.orphans(await self._old_files())
        checkpoints = await self._checkpoints()
        torn = [(one, path) for one in checkpoints for path in await self._pool.run(one.torn)]
        damaged_pages = await self._repository.upkeep.damaged_pages()
        if deep and is_whole:
            is_whole = await self._inspection.look_deep(found, progress, stop)
        report = CheckReport(
            **found.counts(),
            orphaned_files=len(orphans),
            torn_checkpoints=len(torn),
            damaged_pages=damaged_pages,
            unfinished=not is_whole,
            findings=found.findings(),
        )
        is_mending = repair and is_whole and not report.sound
        if is_mending:
            await self._refuse_too_many(found, allow_missing)
        if purge:
            report = replace(report, purged=await self._repository.upkeep.purge(undo_horizon(0), actor))
        if is_mending:
            taken_out, unmended = await self._mender.mend(found, actor)
            await self._repository.upkeep.drop_orphans(orphans)
            for one, path in torn:
                one.drop(path)
            report = replace(report, repaired=True, taken_out=taken_out, unmended=unmended)
        return replace(report, outdated=await self.renewal.waiting(), seen_anew=seen_anew)

    async def _old_files(self) -> list[StoredFile]:
        """Files that no addition under way can have written."""
        latest = time.time() - GRACE_S
        return [file async for portion in self._repository.files.walk() for file in portion if file.modified < latest]

    async def _checkpoints(self) -> list[Checkpoints]:
        active, _ = await self._networks.current()
        folder = self._settings.data_dir / "index"
        return [Checkpoints(folder, active.network, head) for head in active.embedder.network.heads]

    async def _refuse_too_many(self, found: Faults, allow_missing: int | None) -> None:
        lost = len(found.ids(*LOST))
        total = await self._repository.images.count_live()
        is_much = lost >= total or (lost > FEW and lost > SHARE * total)
        if lost and (is_much if allow_missing is None else lost > allow_missing):
            are = "The original of 1 picture is" if lost == 1 else f"The originals of {lost:,} pictures are"
            raise TooManyMissing(
                f"{are} missing or altered, of {total:,} in the library: probably a disk is not mounted, or a folder "
                f"was moved. Nothing was changed. Look at {self._repository.files.place} first; `pictrace check "
                f"--repair --allow-missing {lost}` takes these pictures out of the library."
            )
