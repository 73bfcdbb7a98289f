"""`python -m engine` was the command until 0.1; it is `python -m shell` now, or `pictrace`."""

import sys

if __name__ == "__main__":
    sys.exit("The command has moved: `python -m shell`, or `pictrace`.")
