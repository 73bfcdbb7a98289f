"""Pictures that are not in the library, compared with each other."""

import numpy as np
import pytest

from engine import Fingerprint, SearchService
from engine.errors import NotAnImage
from engine.pictures.augment import EDITS
from tests.conftest import jpeg, photograph
from tests.small_library import menu, painting

CAT = jpeg(photograph("chelsea.png"))
COPIES = {
    "the same file": CAT,
    "smaller": jpeg(np.ascontiguousarray(photograph("chelsea.png")[::2, ::2]), 70),
    "mirrored": jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1])),
    "screenshot": jpeg(
        EDITS["screenshot"](photograph("chelsea.png"), np.random.default_rng(5), photograph("coffee.png"))
    ),
}


@pytest.mark.parametrize("content", COPIES.values(), ids=COPIES)
async def test_copies_are_the_same(service: SearchService, content: bytes) -> None:
    match = await service.comparing.compare(content, CAT)
    assert match is not None
    assert match.lane == "same"
    assert match.evidence.exact == (content == CAT)


async def test_others_are_not(service: SearchService) -> None:
    for one, other in (
        (jpeg(menu(0, 1)), jpeg(menu(0, 2))),
        (CAT, jpeg(photograph("coffee.png"))),
        (jpeg(painting(1)), jpeg(painting(2))),
    ):
        match = await service.comparing.compare(one, other)
        assert match is None or match.lane != "same"


async def test_what_may_be_the_same_is_known_by_its_fingerprint(service: SearchService) -> None:
    kept = [await service.comparing.fingerprint(jpeg(painting(seed))) for seed in range(4)]
    kept.insert(2, await service.comparing.fingerprint(CAT))
    asked = await service.comparing.fingerprint(COPIES["smaller"])
    assert (await service.comparing.likely(asked, kept, most=3))[0] == 2
    assert await service.comparing.likely(asked, [], most=3) == []
    assert len(await service.comparing.likely(asked, [kept[2]] * 9, most=3)) == 3


async def test_fingerprint_of_another_network_is_known_by_its_hash_only(service: SearchService) -> None:
    made = await service.comparing.fingerprint(CAT)
    other = Fingerprint("another/1", made.phash, made.vector[:8])
    flat = Fingerprint("another/1", None, made.vector[:8])
    assert await service.comparing.likely(made, [flat, other], most=3) == [1]


async def test_nothing_is_kept_and_what_is_no_picture_is_refused(service: SearchService) -> None:
    with pytest.raises(NotAnImage):
        await service.comparing.compare(CAT, b"words")
    assert (await service.status()).images == 0
