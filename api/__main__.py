"""`pictrace-api`, or `python -m api`."""

import signal


def main() -> None:
    """The entry point of `pictrace-api`."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)  # reading modules takes a second: Ctrl-C simply ends it
    from api import command

    signal.signal(signal.SIGINT, usual)
    command.main()


if __name__ == "__main__":
    main()
