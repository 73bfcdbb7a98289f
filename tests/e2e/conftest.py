"""Libraries for the commands: made once, copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SHIPPED, Command, Templates

Holding = Callable[..., None]


@pytest.fixture
def holding(templates: Templates, data_dir: Path) -> Holding:
    """Puts a library that holds these of scikit-image's pictures into the data folder, as the command makes it."""

    def put(*names: str) -> None:
        def make(folder: Path) -> None:
            assert Command(folder)("add", *(SHIPPED / name for name in names)).returncode == 0

        shutil.copytree(templates.folder("-".join(["added", *names]), make), data_dir)

    return put
