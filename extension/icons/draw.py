"""Draws the extension's icons, the page's icon.svg in the sizes that browsers want: usage: draw.py."""

from pathlib import Path

from PIL import Image, ImageDraw

SIZES = (16, 32, 48, 128)
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


if __name__ == "__main__":
    for size in SIZES:
        drawn().resize((size, size), Image.Resampling.LANCZOS).save(
            Path(__file__).with_name(f"{size}.png"), optimize=True
        )
