"""One mount in one round of one work: measures, watches the server's side, and compares what came out."""

import contextlib
import os
import subprocess
import sys
import time

from . import processes
from .figures import Cost, Measured
from .processes import Over, Watchdog, Wrong

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
# A change on the runtime comes after the mount has been at rest for so long.
REST_SECONDS = 0.5
# Nobody waits longer to see what somebody else has changed.
SEEN_LIMIT = 45


class Stopped(Exception):
    """This work is over for this mount; what happened is recorded."""


class Session:
    """Mounts afresh when it is entered, unmounts when it is left, and then knows its cost."""

    def __init__(self, mount, content, root, work, number, limit, quick):
        self.mount = mount
        self.content = content
        self.root = root
        self.limit = limit
        self.measured = []
        self.cost = None
        self.mount_seconds = 0
        self._work = work
        self._round = number
        self._quick = quick
        self._cpu = self._peak = 0
        self._before = None

    def __enter__(self):
        self._before = self.mount.runtime.carried()
        try:
            self.mount_seconds = self.mount.start(self.root, fresh=True)
        except BaseException:
            self.mount.kill()
            raise
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self._unmount()
            elif kind is Stopped:
                self._count_usage()
        finally:
            if kind is not None or self.mount.pid:
                self.mount.kill()
        if kind in (None, Stopped):
            up, down = (now - before for now, before in zip(self.mount.runtime.carried(), self._before))
            self.cost = Cost(self._work, self.mount.name, self._round, up, down, self._cpu, self._peak, kind is None)

    def _unmount(self):
        self._count_usage()
        self.mount.stop()

    def _count_usage(self):
        used = self.mount.usage()
        self._cpu += used.cpu
        self._peak = max(self._peak, used.peak)

    def remount(self):
        """Unmounts, and mounts again with what was kept; returns the seconds until the new mount was there."""
        self._unmount()
        return self.mount.start(self.root, fresh=False)

    def scaled(self, whole):
        """How much of a work this mount does."""
        return whole // 10 if self._quick and self.mount.slow else whole

    def record(self, figure, seconds, part=1, whole=1):
        self.measured.append(Measured(figure, self.mount.name, self._round, seconds, False, part, whole))

    def fail(self, figure, error):
        self.measured.append(Measured(figure, self.mount.name, self._round, error=error))

    @contextlib.contextmanager
    def measuring(self, figure, part=1, whole=1, limit=None):
        """Turns what goes wrong into what is recorded for the figure."""
        try:
            yield
        except Over:
            self.measured.append(
                Measured(figure, self.mount.name, self._round, limit or self.limit, True, part, whole))
            raise Stopped() from None
        except Wrong as e:
            self.fail(figure, str(e))
            raise Stopped() from None

    def command(self, *command, statuses=(0,), environment=None, expect=None):
        """Runs a command in the mount; its seconds and output. With expect, the output's lines have to be these, in any order."""
        ended = processes.timed(command, self.mount.path, self.limit, self.mount.kill,
                                environment or self.content.git_environment(), statuses)
        if expect is not None:
            compare(command[0], ended.output.splitlines(), expect)
        return ended

    def inside(self, name, *arguments):
        """Runs one of the small programs in the mount; when it began, its seconds, and what it found."""
        words = self.command(sys.executable, "-S", "-E", INSIDE, name, *arguments).output.decode().split()
        began, ended = float(words[0]), float(words[1])
        return began, ended - began, words[2:]

    def arrives(self, files):
        """Waits until files are on the runtime: names below the root, and functions of a path that tell whether it is there."""
        waiting = sorted(files.items(), reverse=True)

        def there():
            while waiting:
                name, check = waiting[-1]
                try:
                    if not check(os.path.join(self.root, name)):
                        return False
                except (FileNotFoundError, NotADirectoryError):
                    return False
                waiting.pop()
            return True
        return processes.until(there, self.limit)

    def sees(self, figure, what, path, change, expect):
        """Records how long it takes until a program in the mount sees a change that is made on the runtime."""
        with self.measuring(figure, limit=SEEN_LIMIT), subprocess.Popen(
                ["/bin/sh", "-c", 'cd -- "$0" && exec "$@"', self.mount.path, sys.executable, "-S", "-E", INSIDE, "look", what, path],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True) as looker:
            watch = Watchdog(looker, SEEN_LIMIT + REST_SECONDS, self.mount.kill)
            try:
                ready = looker.stdout.readline()
                time.sleep(REST_SECONDS)
                began = time.monotonic()
                change()
                seen, _, content = looker.stdout.readline().partition(" ")
            except BaseException:
                watch.kill()
                raise
            finally:
                watch.cancel()
            if watch.over:
                raise Over()
            if not ready or not seen or content.strip() != expect:
                raise Wrong(f"{what}: {content.strip()!r} was seen instead of {expect!r}")
            self.record(figure, float(seen) - began)


def compare(what, found, expected):
    found, expected = sorted(found), sorted(expected)
    if found != expected:
        different = sorted(set(found) ^ set(expected))
        example = different[0].decode("utf-8", "replace") if different else "the number of lines"
        raise Wrong(f"{what} printed {len(found)} lines instead of {len(expected)}, or others: {example}")


def same_as(local):
    """Tells whether a file has the content of a local one."""
    def check(path):
        if os.stat(path).st_size != os.stat(local).st_size:
            return False
        with open(path, "rb") as one, open(local, "rb") as other:
            while True:
                part = one.read(1 << 20)
                if part != other.read(1 << 20):
                    return False
                if not part:
                    return True
    return check


def holds(content):
    """Tells whether a file holds these bytes."""
    def check(path):
        if os.stat(path).st_size != len(content):
            return False
        with open(path, "rb") as file:
            return file.read() == content
    return check
