"""Machines that share one library, whose servers are real ones on this machine; and PicTrace's image."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.milvus import StandaloneMilvus
from tests.object_store import Bucket
from tests.postgresql import PostgresServer
from tests.system.podman import Podman

ROOT = Path(__file__).parents[2]
Machine = Callable[[str], Command]


@pytest.fixture
def shared_database(postgresql: PostgresServer) -> Iterator[str]:
    """The URL of a database that is empty."""
    with postgresql.database(migrated=False) as url:
        yield url


@pytest.fixture
def on_servers(shared_database: str, bucket: Bucket, standalone_milvus: StandaloneMilvus) -> dict[str, str]:
    """Settings of a library that has all of it on servers."""
    standalone_milvus.start()  # where a test before has left it stopped
    return {
        "PICTRACE_DATABASE_URL": shared_database,
        "PICTRACE_FILES_URL": bucket.url,
        "PICTRACE_INDEX": "milvus",
        "PICTRACE_MILVUS_URI": standalone_milvus.uri,
    }


@pytest.fixture
def machine(on_servers: dict[str, str], tmp_path: Path) -> Machine:
    """The commands as on a machine of this name: it shares nothing with the others but the servers."""

    def made(name: str) -> Command:
        command = Command(tmp_path / name / "data")
        command.env |= on_servers | {"PICTRACE_CACHE_DIR": str(tmp_path / name / "cache")}
        return command

    return made


@pytest.fixture(scope="session")
def podman() -> Podman:
    if not shutil.which("podman"):
        pytest.skip("podman is not installed; `make test-system` installs it where there is apt")
    return Podman()


@pytest.fixture(scope="session")
def base(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> str:
    return podman.base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def image(podman: Podman, base: str) -> Iterator[str]:
    """PicTrace's own, built of this checkout."""
    podman.build("localhost/pictrace", base, ROOT)
    yield "localhost/pictrace"
    podman("rmi", "--force", "localhost/pictrace")
