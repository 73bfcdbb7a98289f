"""Reads the tensors of a PyTorch weights file (the format before PyTorch 1.6) without PyTorch.

The file is four pickles (magic number, protocol, system facts, state dict), a pickled list of storage keys, and then
for each storage an 8-byte element count and raw little-endian values. Only the names that such a file needs can be
unpickled; anything else is refused, so that a weights file cannot run code.
"""

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
STORAGE_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


@dataclass(frozen=True)
class _Tensor:
    storage_key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in elements, and not always contiguous: they must be honoured


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The state dict as arrays by name.

    Raises ValueError when the file is of another kind, ForbiddenName when it asks for more than weights need.
    """
    with path.open("rb") as file:
        try:
            magic = _Unpickler(file).load()
        except ForbiddenName:
            raise
        except Exception as error:  # whatever bytes of another kind do to an unpickler
            raise ValueError(f"{path.name} is not a PyTorch weights file of the format before 1.6") from error
        if magic != MAGIC:
            raise ValueError(f"{path.name} is not a PyTorch weights file of the format before 1.6")
        for _ in ("protocol", "system facts"):
            _Unpickler(file).load()
        described = _Unpickler(file)
        tensors: dict[str, _Tensor] = described.load()
        keys: list[str] = _Unpickler(file).load()
        storages = {}
        for key in keys:
            dtype = np.dtype(described.storage_dtypes[key])
            (count,) = struct.unpack("<q", file.read(8))
            storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: _view(storages[tensor.storage_key], tensor) for name, tensor in tensors.items()}


def _view(storage: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    reach = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True)) + 1
    if min(tensor.offset, *tensor.strides, 0) < 0 or reach > storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    strides = tuple(s * storage.itemsize for s in tensor.strides)
    return as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)


def _rebuild_tensor(
    storage_key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage_key, offset, tuple(shape), tuple(strides))


class ForbiddenName(pickle.UnpicklingError):
    """A weights file asks for something that weights do not need."""


class _Unpickler(pickle.Unpickler):
    ALLOWED: ClassVar[dict[tuple[str, str], Callable[..., Any] | str]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        **{("torch", name): name for name in STORAGE_TYPES},
    }

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.storage_dtypes: dict[str, str] = {}

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self.ALLOWED[module_name, global_name]
        except KeyError:
            raise ForbiddenName(f"{module_name}.{global_name} is not allowed in a weights file") from None

    def persistent_load(self, pid: Any) -> str:
        _kind, storage_type, key, _device, _count, *_view = pid
        self.storage_dtypes[key] = STORAGE_TYPES[storage_type]
        return str(key)
