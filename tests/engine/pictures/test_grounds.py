"""Grounds: what a transparent picture is put on, by what is drawn."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFilter, ImageFont

from engine.domain import Image
from engine.features import hashes
from engine.pictures import grounds, imaging
from engine.pictures.grounds import BLACK, GREY, WHITE

CLEAR = (0, 0, 0, 0)
Colour = tuple[int, ...]


def logo(colour: Colour, *, side: int = 400, ring: Colour | None = None) -> PillowImage.Image:
    """A name over a ring with a hole, on nothing."""
    image = PillowImage.new("RGBA", (400, 400), CLEAR)
    draw = ImageDraw.Draw(image)
    draw.ellipse((80, 30, 320, 270), outline=ring or colour, width=50)
    draw.text((40, 290), "Nordwind", font=ImageFont.load_default(72), fill=colour)
    return image.resize((side, side), PillowImage.Resampling.LANCZOS)


def decoded(image: PillowImage.Image, kind: str = "PNG", **options: object) -> Image:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return imaging.decode(buffer.getvalue(), side=1000, max_bytes=10**8, max_pixels=10**8)


@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        ((10, 10, 10), WHITE),
        ((200, 30, 60), WHITE),
        ((128, 128, 128), WHITE),
        ((205, 205, 205), WHITE),
        ((255, 255, 255), BLACK),
        ((240, 240, 220), BLACK),
    ],
)
@pytest.mark.parametrize("side", [60, 400, 1500])
def test_ground_is_one_that_the_drawing_stands_out_from(colour: Colour, ground: int, side: int) -> None:
    assert grounds.ground_of(logo((*colour, 255), side=side)) == ground


def test_drawing_in_white_and_black_is_put_on_grey() -> None:
    both = logo((255, 255, 255, 255), ring=(0, 0, 0, 255))
    assert grounds.ground_of(both) == GREY


def test_white_drawing_with_a_soft_shadow_is_not_put_on_white() -> None:
    white = logo((255, 255, 255, 255))
    shadow = PillowImage.new("RGBA", white.size, (0, 0, 0, 255))
    shadow.putalpha(white.getchannel("A").filter(ImageFilter.GaussianBlur(8)).point(lambda level: level // 2))
    assert grounds.ground_of(PillowImage.alpha_composite(shadow, white)) in (BLACK, GREY)


def test_white_stays_where_only_the_rim_or_only_the_inside_is_white() -> None:
    sticker = PillowImage.new("RGBA", (300, 300), CLEAR)
    ImageDraw.Draw(sticker).ellipse((20, 20, 280, 280), fill=(40, 90, 160, 255), outline=(255, 255, 255, 255), width=8)
    assert grounds.ground_of(sticker) == WHITE
    outlined = PillowImage.new("RGBA", (300, 300), CLEAR)
    ImageDraw.Draw(outlined).ellipse((20, 20, 280, 280), fill=(255, 255, 255, 255), outline=(0, 0, 0, 255), width=8)
    assert grounds.ground_of(outlined) == WHITE


def test_white_and_black_logo_are_two_pictures() -> None:
    white, black = decoded(logo((255, 255, 255, 255))), decoded(logo((0, 0, 0, 255)))
    assert (white.ground, black.ground) == (BLACK, WHITE)
    first, second = hashes.phash(white.pixels), hashes.phash(black.pixels)
    assert first is not None
    assert second is not None
    assert hashes.hamming(first, second) > 32


@pytest.mark.parametrize(
    ("kind", "mode"),  # only PNG keeps a palette with transparency
    [*((kind, mode) for kind in ("PNG", "WEBP", "TIFF", "AVIF") for mode in ("RGBA", "LA")), ("PNG", "P")],
)
def test_every_kind_of_transparency_counts(kind: str, mode: str) -> None:
    image = logo((255, 255, 255, 255)).convert(mode)
    found = decoded(image, kind)
    assert found.ground == BLACK
    assert found.pixels[150, 100].min() > 200
    assert found.pixels[150, 200].max() < 60


def test_transparent_colour_of_a_png_or_gif_counts() -> None:
    palette = PillowImage.new("P", (100, 100), 0)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    ImageDraw.Draw(palette).rectangle((20, 20, 80, 80), fill=1)
    for kind in ("PNG", "GIF"):
        assert decoded(palette, kind, transparency=0).ground == BLACK
    grey = palette.convert("L")
    assert decoded(grey, "PNG", transparency=0).ground == BLACK


def test_large_picture_is_put_on_the_same_ground_in_all_its_bands() -> None:
    image = PillowImage.new("RGBA", (4200, 3000), CLEAR)
    draw = ImageDraw.Draw(image)
    draw.rectangle((200, 100, 4000, 1400), fill=(255, 255, 255, 255))
    draw.rectangle((200, 2500, 4000, 2900), fill=(60, 60, 60, 255))
    found = decoded(image, "PNG", compress_level=1)
    assert found.ground == BLACK
    assert found.pixels[:, :5].max() == 0


def test_next_to_no_transparency_changes_nothing() -> None:
    photograph = np.random.default_rng(4).integers(0, 256, (300, 300, 4), np.uint8)
    photograph[..., 3] = 255
    photograph[0, :20, 3] = 0  # 0.02 %
    assert grounds.ground_of(PillowImage.fromarray(photograph)) == WHITE
    photograph[..., :3], photograph[..., 3] = 250, 252
    assert grounds.ground_of(PillowImage.fromarray(photograph)) == WHITE


def test_picture_all_of_which_is_hidden_is_shown_as_if_it_were_opaque() -> None:
    hidden = logo((255, 255, 255, 255)).convert("RGB").convert("RGBA")
    hidden.putalpha(0)
    found = decoded(hidden)
    assert found.ground is None
    assert found.pixels.std() > 50
    blank = PillowImage.new("RGBA", (60, 40), CLEAR)
    assert decoded(blank).ground == WHITE
    assert decoded(blank).pixels.min() == 255


def test_opaque_picture_is_as_it_is() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 60, 3), np.uint8)
    for mode in ("RGB", "RGBA"):
        found = decoded(PillowImage.fromarray(pixels).convert(mode))
        assert np.array_equal(found.pixels, pixels)
        assert found.ground == WHITE
