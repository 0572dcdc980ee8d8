"""An interruption is told once, and the ones after it are nothing to the very end."""

from __future__ import annotations

import signal
import subprocess
import sys

SCRIPT = """
import sys, time
from pipeline.engine.signals import interrupted_once
class Last:
    def __del__(self, sleep=time.sleep):  # when Python has given its signal handlers up
        sleep(0.3)
last = Last()
try:
    with interrupted_once():
        print("at work", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def test_further_interruptions_do_not_change_how_the_program_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.returncode == 130
        assert process.stdout.read() == b"interrupted\n"
