"""Parts of the network's training, on made-up maps: whole runs take an hour.

Keras takes seconds to import: only the process that runs these tests does it, not each that collects them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

PICTURES, TOLD, LOUD = 120, 8, 24  # numbers of a view that tell pictures apart, and that tell nothing


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    from training import copy_network

    monkeypatch.setattr(copy_network, "COPY", TOLD)
    monkeypatch.setattr(copy_network, "SHRUNK_TO", 0.01)  # these numbers are as loud as no network's


@pytest.fixture
def maps() -> NDArray[np.float16]:
    """(n, VIEWS, c): views of a picture share a few quiet numbers, the others are loud and of the view."""
    from training import copy_network

    random = np.random.default_rng(4)
    told = np.repeat(random.normal(size=(PICTURES, 1, TOLD)), copy_network.VIEWS, 1)
    told += 0.2 * random.normal(size=told.shape)
    loud = 5 * random.normal(size=(PICTURES, copy_network.VIEWS, LOUD))
    return np.concatenate([told, loud], 2).astype(np.float16)


def network() -> "keras.Model":
    import keras

    seen = keras.Input((TOLD + LOUD,))
    return keras.Model(seen, keras.layers.Dense(TOLD, name="copy")(keras.layers.Activation("linear")(seen)))


def found(made: "keras.Model", maps: NDArray[np.float16], rows: NDArray[np.intp]) -> float:
    """The share of views whose picture is the nearest."""
    from training.copy_network import outputs, unit

    pictures, views = (unit(outputs(made, maps[rows, view])[0]) for view in (0, 9))
    return float(((views @ pictures.T).argmax(1) == np.arange(len(rows))).mean())


def test_discriminant_head_finds_pictures_that_it_was_not_fitted_on(maps: NDArray[np.float16]) -> None:
    from training.copy_network import discriminate

    made, kept, held = network(), np.arange(80), np.arange(80, PICTURES)
    assert found(made, maps, held) < 0.3
    discriminate(made, maps, kept)
    assert found(made, maps, held) > 0.8


def test_the_same_pictures_give_the_same_head(maps: NDArray[np.float16]) -> None:
    from training.copy_network import discriminate

    first, second = network(), network()
    for made in (first, second):
        discriminate(made, maps, np.arange(80))
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        assert np.allclose(one, other)


def test_main_directions_are_orthogonal_and_of_length_one(maps: NDArray[np.float16]) -> None:
    from training.copy_network import main_directions

    directions = main_directions(maps[:, 0].astype(np.float32), 6)
    assert np.allclose(directions.T @ directions, np.eye(6), atol=1e-4)


def test_pictures_that_are_left_out_are_known_by_their_stems(tmp_path: Path) -> None:
    from training.copy_network import listed

    for folder, names in (("all", ("a.jpg", "b.png", "c.txt")), ("judged", ("b.webp",))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
    assert [path.name for path in listed([tmp_path / "all"], [tmp_path / "judged"])] == ["a.jpg"]
    for number in range(9):
        (tmp_path / "all" / f"{number}.png").touch()
    some = listed([tmp_path / "all", tmp_path / "judged"], [], most=3)
    assert len(some) == 4  # three of the large folder, and all of the small one
    assert some == listed([tmp_path / "all", tmp_path / "judged"], [], most=3)
