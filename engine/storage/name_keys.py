"""What pictures are ordered by name by: as people order names, whatever the database."""

import re

MAX_KEY = 200  # characters; databases take no key of any length into an index
NUMBER = re.compile("0*([0-9]{1,99})")


def name_key(name: str) -> str:
    """`IMG_9.jpg` comes before `img_10.JPG`: upper and lower case are one, and numbers are compared as numbers.

    Before each number stands how many digits it has, so that texts compare as numbers do.
    """
    return NUMBER.sub(lambda found: f"{len(found[1]):02}{found[1]}", name.casefold())[:MAX_KEY]
