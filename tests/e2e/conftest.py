"""Libraries for the commands: made once, copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SHIPPED, Command

Holding = Callable[..., None]


@pytest.fixture(scope="session")
def made_libraries(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Path]:
    made: dict[tuple[str, ...], Path] = {}

    def library(names: tuple[str, ...]) -> Path:
        if names not in made:
            folder = tmp_path_factory.mktemp("made") / "library"
            assert Command(folder)("add", *(SHIPPED / name for name in names)).returncode == 0
            made[names] = folder
        return made[names]

    return library


@pytest.fixture
def holding(made_libraries: Callable[[tuple[str, ...]], Path], data_dir: Path) -> Holding:
    """Puts a library that holds these of scikit-image's pictures into the data folder."""

    def put(*names: str) -> None:
        shutil.copytree(made_libraries(names), data_dir)

    return put
