"""Draws the icons of extension and page, the page's icon.svg in the sizes that browsers want: usage: draw.py."""

from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parent
OF_THE_PAGE = HERE.parents[1] / "api" / "web" / "icons"
SIZES = (16, 32, 48, 128)
PAGE_SIZES = (180, 192, 512)
MASKABLE = 512
SAFE = 0.66  # of a maskable icon's width: what lies outside may be cut away
ACCENT, WHITE, FAINT = (179, 69, 15, 255), (255, 255, 255, 255), (225, 181, 159, 255)
FINE = 32  # drawn 32 times as large as the drawing's 32 units, then made smaller


def drawn() -> Image.Image:
    image = Image.new("RGBA", (32 * FINE, 32 * FINE))
    draw = ImageDraw.Draw(image)

    def box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        return (x * FINE, y * FINE, (x + width) * FINE, (y + height) * FINE)

    draw.rounded_rectangle(box(0, 0, 32, 32), 7 * FINE, fill=ACCENT)
    draw.rounded_rectangle(box(5, 6, 15, 13), 2 * FINE, outline=FAINT, width=2 * FINE)
    draw.rounded_rectangle(box(12, 13, 15, 13), 2 * FINE, fill=ACCENT, outline=WHITE, width=2 * FINE)
    hills = [(14.5, 23.5), (18, 19.5), (20.5, 22), (22, 20.5), (24.5, 23.5)]
    draw.polygon([(x * FINE, y * FINE) for x, y in hills], fill=WHITE)
    return image


def maskable() -> Image.Image:
    """The same in the middle of a ground that reaches to the edges."""
    image = Image.new("RGBA", (MASKABLE, MASKABLE), ACCENT)
    small = drawn().resize((round(MASKABLE * SAFE),) * 2, Image.Resampling.LANCZOS)
    image.paste(small, ((MASKABLE - small.width) // 2,) * 2, small)
    return image


def sized(size: int) -> Image.Image:
    return drawn().resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for size in SIZES:
        sized(size).save(HERE / f"{size}.png", optimize=True)
    OF_THE_PAGE.mkdir(exist_ok=True)
    for size in PAGE_SIZES:
        sized(size).save(OF_THE_PAGE / f"{size}.png", optimize=True)
    maskable().save(OF_THE_PAGE / "maskable.png", optimize=True)
