"""`python -m engine` is `pictrace`."""

from engine.cli import main

main()
