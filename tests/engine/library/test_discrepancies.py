"""What is stored of a picture, against what its original gives."""

from engine.library import discrepancies
from engine.pictures import imaging
from tests.conftest import PHOTOGRAPHS, jpeg, photograph


def test_thumbnails_of_one_picture_are_the_same_and_of_two_are_not() -> None:
    thumbnails = [imaging.decode_thumbnail(imaging.encode_thumbnail(photograph(name))) for name in sorted(PHOTOGRAPHS)]
    for number, one in enumerate(thumbnails):
        worse = imaging.decode_thumbnail(jpeg(one, 40))
        assert discrepancies.shows_same(one, worse)
        for other in thumbnails[number + 1 :]:
            assert not discrepancies.shows_same(one, other)


def test_hash_that_is_missing_is_another_than_one_that_is_not() -> None:
    assert discrepancies.is_same_hash(None, None)
    assert not discrepancies.is_same_hash(None, 5)
    assert not discrepancies.is_same_hash(5, None)
    assert discrepancies.is_same_hash(0, 0b111111)
    assert not discrepancies.is_same_hash(0, 0b1111111)
