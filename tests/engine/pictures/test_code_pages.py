"""Code pages: the one in which names are written is found by the names alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pictures.code_pages import decoded

WRITTEN = {
    "utf-8": ["Übung é.jpg", "写真.jpg", "Фото.jpg"],
    "cp932": ["写真ソ表.jpg", "テスト.jpg", "東京旅行の写真.jpg", "能力表.jpg"],
    "gb18030": ["照片.jpg", "联通.jpg", "北京旅行.jpg", "微信图片_2020.jpg"],
    "big5": ["台灣旅行.jpg", "我的圖片.jpg"],
    "cp949": ["사진.jpg", "서울여행.jpg"],
    "cp866": ["Фото.jpg", "Отпуск в горах.jpg"],
    "cp1251": ["Фото.jpg", "Отпуск.jpg"],
    "cp850": ["Übung é.jpg", "ação.jpg"],
    "cp1252": ["Übung é.jpg", "été.jpg"],
}


@pytest.mark.parametrize("encoding", WRITTEN)
def test_names_are_read_in_the_code_page_in_which_they_are_written(encoding: str) -> None:
    names = WRITTEN[encoding]
    assert decoded([name.encode(encoding) for name in names]) == names
    for name in names:
        assert decoded([b"a.jpg", name.encode(encoding)]) == ["a.jpg", name]


@given(st.lists(st.binary(max_size=40)))
def test_every_name_becomes_some_text(names: list[bytes]) -> None:
    assert len(decoded(names)) == len(names)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_names_in_utf_8_are_never_guessed(names: list[str]) -> None:
    assert decoded([name.encode() for name in names]) == names
