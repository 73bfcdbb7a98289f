"""`pictrace`, or `python -m shell`."""

import signal


def main() -> None:
    """The entry point of `pictrace`."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)  # reading modules takes a second: Ctrl-C simply ends it
    from shell import cli

    signal.signal(signal.SIGINT, usual)
    cli.main()


if __name__ == "__main__":
    main()
