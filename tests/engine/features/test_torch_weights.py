"""PyTorch's weights are read without PyTorch: values, shapes and strides; and nothing in the file can run."""

import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.features.torch_weights import MAGIC, read_weights


@dataclass(frozen=True)
class Storage:
    key: str
    kind: str  # FloatStorage, LongStorage, ...
    values: NDArray[Any]


@dataclass(frozen=True)
class Tensor:
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __reduce__(self) -> Any:
        """As PyTorch pickles one."""
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, self.offset, self.shape, self.strides, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing: Any) -> Any:
        if not isinstance(thing, Storage):
            return None
        return "storage", getattr(sys.modules["torch"], thing.kind), thing.key, "cpu", thing.values.size, None


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that a file of PyTorch's mentions; they are needed to write one."""
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage", "HalfStorage"):
        setattr(module, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def written(
    path: Path, tensors: dict[str, Tensor], *, magic: int = MAGIC, storages: Iterable[Storage] | None = None
) -> Path:
    """A file of the format before PyTorch 1.6."""
    if storages is None:
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}.values()
    storages = list(storages)
    with path.open("wb") as file:
        for part in (magic, 1001, {"little_endian": True}, OrderedDict(tensors), [one.key for one in storages]):
            _Pickler(file, protocol=2).dump(part)
        for storage in storages:
            file.write(struct.pack("<q", storage.values.size) + storage.values.tobytes())
    return path


def floats(count: int, key: str = "0") -> Storage:
    return Storage(key, "FloatStorage", np.arange(count, dtype="<f4"))


def test_tensors_are_read_by_name_with_shape_and_type(tmp_path: Path) -> None:
    steps = Storage("1", "LongStorage", np.array([7], "<i8"))
    found = read_weights(
        written(
            tmp_path / "w.pth",
            {"conv.weight": Tensor(floats(6), 0, (2, 3), (3, 1)), "bn.steps": Tensor(steps, 0, (), ())},
        )
    )
    assert list(found) == ["conv.weight", "bn.steps"]
    assert found["conv.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["conv.weight"].dtype == np.float32
    assert found["bn.steps"].shape == ()
    assert found["bn.steps"].dtype == np.int64
    assert int(found["bn.steps"]) == 7


def test_strides_are_honoured(tmp_path: Path) -> None:
    """A tensor that was transposed before it was saved lies in its storage as it was before."""
    found = read_weights(written(tmp_path / "w.pth", {"w": Tensor(floats(12), 0, (3, 2, 2), (1, 6, 3))}))
    assert np.array_equal(found["w"], np.arange(12).reshape(2, 2, 3).transpose(2, 0, 1))


def test_tensors_may_share_a_storage_and_begin_inside_it(tmp_path: Path) -> None:
    storage = floats(10)
    tensors = {"a": Tensor(storage, 0, (4,), (1,)), "b": Tensor(storage, 4, (2, 3), (3, 1))}
    found = read_weights(written(tmp_path / "w.pth", tensors))
    assert found["a"].tolist() == [0, 1, 2, 3]
    assert found["b"].tolist() == [[4, 5, 6], [7, 8, 9]]


def test_storages_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    first, second = floats(3, "94"), Storage("7", "FloatStorage", np.array([9, 8], "<f4"))
    tensors = {"a": Tensor(first, 0, (3,), (1,)), "b": Tensor(second, 0, (2,), (1,))}
    found = read_weights(written(tmp_path / "w.pth", tensors, storages=[second, first]))
    assert (found["a"].tolist(), found["b"].tolist()) == ([0, 1, 2], [9, 8])


def test_weights_cannot_be_changed_by_accident(tmp_path: Path) -> None:
    found = read_weights(written(tmp_path / "w.pth", {"w": Tensor(floats(4), 0, (4,), (1,))}))
    with pytest.raises(ValueError, match="read-only"):
        found["w"][0] = 1


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(1, (4,), (1,)), (0, (5,), (1,)), (0, (2, 2), (3, 1)), (-1, (4,), (1,)), (0, (4,), (-1,))],
)
def test_tensor_that_reaches_beyond_its_storage_is_refused(
    tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    path = written(tmp_path / "w.pth", {"w": Tensor(floats(4), offset, shape, strides)})
    with pytest.raises(ValueError, match="beyond its storage"):
        read_weights(path)


def test_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "w.pth", {"w": Tensor(floats(4), 0, (4,), (1,))})
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="beyond its storage"):
        read_weights(path)


def test_another_magic_number_is_refused_by_name(tmp_path: Path) -> None:
    path = written(tmp_path / "other.pth", {}, magic=12)
    with pytest.raises(ValueError, match=r"other\.pth is not a PyTorch weights file"):
        read_weights(path)


def test_numbers_of_another_kind_are_refused(tmp_path: Path) -> None:
    half = Storage("0", "HalfStorage", np.zeros(4, "<f2"))
    path = written(tmp_path / "w.pth", {"w": Tensor(half, 0, (4,), (1,))})
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.HalfStorage is not allowed"):
        read_weights(path)


def test_weights_file_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (exec, ("raise SystemExit('ran')",))

    path = tmp_path / "evil.pth"
    with path.open("wb") as file:
        parts: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {}, OrderedDict(a=Evil()))
        for part in parts:
            pickle.dump(part, file, protocol=2)
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        read_weights(path)


@pytest.mark.parametrize("part", range(5))
def test_no_part_of_a_weights_file_can_run_code(tmp_path: Path, part: int) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (exec, ("raise SystemExit('ran')",))

    parts: list[object] = [MAGIC, 1001, {}, OrderedDict(), []]
    parts[part] = Evil()
    path = tmp_path / "evil.pth"
    path.write_bytes(b"".join(pickle.dumps(one, protocol=2) for one in parts))
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        read_weights(path)


def test_other_weights_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    with pytest.raises(ValueError, match=r"newer\.pth is not a PyTorch weights file"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"plain text", b"PK\x03\x04abc\ndef"])
def test_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.pth is not a PyTorch weights file"):
        read_weights(tmp_path / "other.pth")
