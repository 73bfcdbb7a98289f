"""`pictrace`, or `python -m shell`."""

import gc
import signal


def main() -> None:
    """The entry point of `pictrace`."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)  # reading modules takes a moment: Ctrl-C simply ends it
    gc.disable()  # nothing of a module is garbage; looking for some, now and at the end, is a third of a short command
    from shell import cli

    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, usual)
    cli.main()


if __name__ == "__main__":
    main()
