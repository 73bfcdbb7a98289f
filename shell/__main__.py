"""`python -m shell` is `pictrace`."""

from shell.cli import main

main()
