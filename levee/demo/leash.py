"""Runs a program that ends when its parent does, even where the parent is killed without a word.

    python leash.py PARENT_PID PROGRAM [ARGUMENT...]

The kernel is asked to send SIGKILL on the parent's death (prctl, Linux), then the program takes this one's place.
Only the standard library, so that it starts at once.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit(f"cannot bind {program[0]} to its parent: {os.strerror(ctypes.get_errno())}")
    # The parent may have died before the kernel was asked.
    if os.getppid() != parent:
        sys.exit(f"{program[0]} is not started: its parent has gone")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
