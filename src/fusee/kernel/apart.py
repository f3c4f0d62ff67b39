"""What a process does first that another one has begun: it keeps apart from that."""

import os
from contextlib import suppress
from typing import Final

LAST: Final = 19  # the lowest priority (setpriority(2)): behind everything else
_MOST_FILES: Final = 1 << 16  # that are looked at where the system does not tell which there are
_FIRST_TO_END: Final = 1000  # the most that can be said of a process


def stand_alone(last: int) -> None:
    """Before all else: be no part of the other one's session, and have none of its files with higher numbers.

    What Python itself opens is not inherited, so what is here without being so was meant for others.
    """
    with suppress(OSError):
        os.setsid()  # Ctrl-C lets it end what it does. Not every Python can have a process begin with a session.
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except (OSError, ValueError):
        numbers = list(range(min(os.sysconf("SC_OPEN_MAX"), _MOST_FILES)))
    for number in numbers:
        with suppress(OSError):
            if number > last and os.get_inheritable(number):
                os.close(number)


def step_back(nice: int) -> None:
    """Let all others go before this process by so much. Linux may weigh sessions first, of which it has its own.

    Where memory runs out, Linux shall end this process and not the one that it works for (proc_pid_oom_score_adj(5)).
    """
    process = os.getpid()  # `os.nice` is about the thread that calls it, on Linux, and this about the first one
    now = min(LAST, os.getpriority(os.PRIO_PROCESS, process) + nice)
    os.setpriority(os.PRIO_PROCESS, process, now)
    for name, value in (("autogroup", now), ("oom_score_adj", _FIRST_TO_END)):
        with suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(str(value))


def at_large(allowed: str) -> None:
    """Run on any of the processors that the other one may run on (`another.processors`)."""
    with suppress(OSError):
        if allowed:
            os.sched_setaffinity(0, map(int, allowed.split(",")))


def leave_folder() -> None:
    """Keep none busy that the other one works in, and may take away. The cache may be named by its place there."""
    from fusee.kernel.cache import default_folder

    with suppress(OSError):  # it may be gone: then there is none to keep busy
        os.environ["FUSEE_CACHE"] = os.path.abspath(default_folder())
        os.chdir(os.sep)
