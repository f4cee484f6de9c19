"""Commands with a time limit, and what a daemon has used."""

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
    with subprocess.Popen(
            ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"', directory, *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            start_new_session=True) as process:
        began = time.monotonic()
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
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

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
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@dataclass(frozen=True)
class Usage:
    """Processor time, user and system, in seconds; the most memory that was resident, in bytes. Children included."""

    cpu: float
    peak: int


def usage(pid):
    """What a process and its descendants have used so far."""
    cpu = peak = 0
    for one in _family(pid):
        try:
            with open(f"/proc/{one}/stat", encoding="utf-8") as file:
                # after the name, which may hold anything: utime, stime, and those of children that have ended (proc(5))
                fields = file.read().rpartition(")")[2].split()
            cpu += sum(int(field) for field in fields[11:15])
            with open(f"/proc/{one}/status", encoding="utf-8") as file:
                peak += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return Usage(cpu / os.sysconf("SC_CLK_TCK"), peak)


def _family(pid):
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def until(condition, limit, every=0.002):
    """Waits for something outside any mount; the time (time.monotonic) when it was seen to be so."""
    latest = time.monotonic() + limit
    while not condition():
        if time.monotonic() > latest:
            raise Over()
        time.sleep(every)
    return time.monotonic()
