"""Arrays by name in an .npz file."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write(path: Path, **arrays: NDArray[Any]) -> Path:
    """To exactly this path: NumPy would add its own ending."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return path


def read(path: Path, *names: str) -> list[NDArray[Any]]:
    """Raises ValueError or OSError for a file that `write` did not write whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return [saved[name] for name in names]
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, RuntimeError) as error:  # NotImplementedError is one
        raise ValueError(f"{path.name} does not hold what it should ({error})") from error
