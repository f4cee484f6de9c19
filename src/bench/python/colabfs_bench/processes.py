"""Commands with a time limit, and what a daemon has used."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

# How long a killed command may still hang in the kernel before the mount that it waits for is taken away.
STUCK_SECONDS = 5


class Over(Exception):
    """It took longer than its limit."""


class Wrong(Exception):
    """It failed, or what came out is not what should have."""


@dataclass(frozen=True)
class Ended:
    # time.monotonic when it was started
    began: float
    seconds: float
    output: bytes


def run(*command, **more):
    """Runs what must succeed and touches no mount; returns its output."""
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL if "input" not in more else None,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600, **more)
    if done.returncode != 0:
        raise Wrong(f"{' '.join(map(str, command))}: {_last_line(done.stderr) or done.returncode}")
    return done.stdout


def timed(command, directory, limit, unstick, environment=None, statuses=(0,)):
    """Runs a command in a directory that may never answer, and tells how long it took.

    Only the command's own process enters the directory. unstick is called when it survives being killed, and has to end
    whatever it waits for.
    """
    began = time.monotonic()
    with subprocess.Popen(
            ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"', directory, *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            start_new_session=True) as process:
        watch = Watchdog(process, limit, unstick)
        try:
            # Popen.wait with a timeout looks only every 50 ms.
            output, errors = process.communicate()
            seconds = time.monotonic() - began
        except BaseException:
            watch.kill()
            raise
        finally:
            watch.cancel()
    if watch.over:
        raise Over()
    if process.returncode not in statuses:
        raise Wrong(f"{command[0]} ended with {process.returncode}: {_last_line(errors)}")
    return Ended(began, seconds, output)


class Watchdog:
    """Kills a process, and all that it started, when its time is over."""

    def __init__(self, process, limit, unstick):
        self.over = False
        self._process = process
        self._unstick = unstick
        self._timers = [threading.Timer(limit, self._expire), threading.Timer(limit + STUCK_SECONDS, unstick)]
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def cancel(self):
        for timer in self._timers:
            timer.cancel()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _expire(self):
        self.over = True
        self.kill()


def _last_line(text):
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def end(process, patience=10):
    """Ends a program that leads a session of its own, and all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
            break
        except subprocess.TimeoutExpired:
            continue
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Usage:
    """Processor time, user and system, in seconds; the most memory that was resident, in bytes. Children included."""

    cpu: float
    peak: int


def usage(pid):
    """What a process, its descendants, and those of a session that it leads have used so far.

    sshfs parts with the ssh that it starts, which stays in its session.
    """
    cpu = peak = 0
    for one in _family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            # utime, stime, and those of children that have ended (proc(5))
            cpu += sum(int(field) for field in _stat(one)[11:15])
            with open(f"/proc/{one}/status", encoding="utf-8") as file:
                peak += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
    return Usage(cpu / os.sysconf("SC_CLK_TCK"), peak)


def _stat(pid):
    """The fields after the name, which may hold anything: state, parent, group, session, ..."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def _family(pid):
    children = {}
    found = [pid]
    for one in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            _, parent, _, session = _stat(one)[:4]
            if int(session) == pid and one != pid:
                found.append(one)
            else:
                children.setdefault(int(parent), []).append(one)
    for one in found:
        found.extend(children.pop(one, ()))
    return found


def until(condition, limit, every=0.002):
    """Waits for something outside any mount; the time (time.monotonic) when it was seen to be so."""
    latest = time.monotonic() + limit
    while not condition():
        if time.monotonic() > latest:
            raise Over()
        time.sleep(every)
    return time.monotonic()
