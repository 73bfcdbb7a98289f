"""What pictures are ordered by name by: as people order names, whatever the database."""

import re
import unicodedata

MAX_KEY = 200  # characters; databases take no key of any length into an index
NUMBER = re.compile("0*([0-9]{1,99})")


def name_key(name: str) -> str:
    """`IMG_9.jpg` comes before `img_10.JPG`, and `Äpfel.jpg` before `Birnen.jpg`.

    Upper and lower case are one, accents come after their letters, and before each number stands how many digits it
    has, so that texts compare as numbers do.
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    return NUMBER.sub(lambda found: f"{len(found[1]):02}{found[1]}", plain)[:MAX_KEY]
