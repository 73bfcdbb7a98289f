"""The command from within: what is said at once when it is to stop."""

import asyncio
import os
import signal

import pytest

from shell import cli


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_first_ctrl_c_says_that_it_stops_and_the_second_interrupts(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = signal.getsignal(number)
    with cli._stop_on_interrupt(cli.STOPPING) as stopped:
        assert signal.getsignal(number) is not usual
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stopped.wait(), 10)
        assert capsys.readouterr().err == f"{cli.STOPPING}\n"
        assert signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL)  # the second is not held up
    signal.signal(number, usual)
