"""`pictrace-bot`, or `python -m bot`."""

import signal


def main() -> None:
    """The entry point of `pictrace-bot`."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)  # reading modules takes a second: Ctrl-C simply ends it
    from bot import command

    signal.signal(signal.SIGINT, usual)
    command.main()


if __name__ == "__main__":
    main()
