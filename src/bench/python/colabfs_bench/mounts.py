"""How each program mounts the runtime: started, asked for its process, unmounted, and taken away when it hangs."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

from . import processes
from .processes import Over, Wrong, run

START_LIMIT = 60
STOP_LIMIT = 120


class Mount:
    """One program's way to mount. Fresh means: with nothing kept from earlier."""

    name = ""
    # how it is called in tables
    label = ""
    # it needs a round trip, or several, for each file
    slow = False

    def __init__(self, runtime, directory):
        self.runtime = runtime
        self.private = os.path.join(directory, self.name)
        self.path = os.path.join(directory, "mnt-" + self.name)
        self.pid = None
        os.mkdir(self.private, 0o700)
        os.mkdir(self.path)

    def start(self, root, fresh):
        """Mounts; returns the seconds until the mount answered: sshfs shows its mount before it is connected."""
        if fresh:
            self.forget()
        began = time.monotonic()
        self.mount(root)
        try:
            processes.timed(["stat", "."], self.path, START_LIMIT, self.kill)
            return time.monotonic() - began
        finally:
            self.pid = self.daemon()

    def stop(self):
        """Unmounts in order, and waits for the daemon's end."""
        if self.is_mounted():
            self.unmount()
        self.await_end(self.pid)
        self.pid = None

    def kill(self):
        """Takes the mount away from whoever hangs in it. Any thread; never fails."""
        pid, self.pid = self.pid, None
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        subprocess.run(["fusermount", "-u", "-z", self.path], stderr=subprocess.DEVNULL, check=False)

    def usage(self):
        """Of the daemon, so far; nothing when it is not there."""
        return processes.usage(self.pid)

    def is_mounted(self):
        with open("/proc/self/mounts", encoding="utf-8") as file:
            return any(line.split()[1] == self.path for line in file)

    def exec(self, *command):
        """The arguments that run a command on the runtime, and the environment."""
        return self.runtime.ssh(*command), None

    def forget(self):
        shutil.rmtree(self.private, ignore_errors=True)
        os.mkdir(self.private, 0o700)

    def mount(self, root):
        raise NotImplementedError

    def daemon(self):
        """The process that serves the mount."""
        raise NotImplementedError

    def unmount(self):
        """Not busy for long: a program that was just measured may not have left yet."""
        latest = time.monotonic() + 10
        while subprocess.run(["fusermount", "-u", self.path], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            if time.monotonic() > latest:
                raise Wrong(f"{self.path} stays busy")
            time.sleep(0.05)

    def await_end(self, pid):
        try:
            processes.until(lambda: not os.path.exists(f"/proc/{pid}"), STOP_LIMIT, every=0.02)
        except Over:
            raise Wrong(f"the daemon {pid} of {self.name} did not end after the umount") from None


class Colabfs(Mount):
    name = label = "colabfs"
    launcher = ""

    def __init__(self, runtime, directory):
        super().__init__(runtime, directory)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("COLABFS_P")}
        for kind in ("CONFIG_HOME", "STATE_HOME", "CACHE_HOME", "DATA_HOME", "RUNTIME_DIR"):
            self.environment["XDG_" + kind] = os.path.join(self.private, kind.split("_")[0].lower())
        self.version = self._colabfs("--version").decode().splitlines()[0]

    def forget(self):
        super().forget()
        for name, place in self.environment.items():
            if name.startswith("XDG_") and place.startswith(self.private):
                os.mkdir(place, 0o700)
        r = self.runtime
        profile = {"host": "127.0.0.1", "port": r.port, "username": r.user, "key": r.key, "host_key": r.host_key}
        self._colabfs("init", "bench", "-", "--no-check", input=json.dumps(profile).encode())

    def mount(self, root):
        self._colabfs("mount", "bench", self.path, "--root", root)

    def unmount(self):
        self._colabfs("umount", self.path)

    def exec(self, *command):
        return [self.launcher, "exec", "-p", "bench", "--", *command], self.environment

    def daemon(self):
        status = json.loads(self._colabfs("status", "--json"))
        return next(mount["pid"] for mount in status["mounts"] if mount["mountpoint"] == self.path)

    def _colabfs(self, *arguments, **more):
        return run(self.launcher, *arguments, env=self.environment, **more)


class Foreground(Mount):
    """A program that serves its mount in the foreground, as a child of this one."""

    process = None

    def command(self, root):
        raise NotImplementedError

    def mount(self, root):
        log = os.path.join(self.private, "log")
        with open(log, "wb") as file:
            self.process = subprocess.Popen(self.command(root), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            start_new_session=True)
        try:
            processes.until(lambda: self.is_mounted() or self.process.poll() is not None, START_LIMIT)
        except Over:
            raise Wrong(f"{self.name} had not mounted after {START_LIMIT} s") from None
        if self.process.poll() is not None:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise Wrong(f"{self.name} did not mount: {file.read()[-500:]}")

    def daemon(self):
        return self.process.pid

    def kill(self):
        super().kill()
        process, self.process = self.process, None
        if process:
            processes.end(process, 2)

    def await_end(self, pid):
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{self.name} did not end after the umount") from None
        finally:
            processes.end(self.process, 2)
            self.process = None


class Sshfs(Foreground):
    """sshfs as it comes, but for what it takes to log in."""

    name = label = "sshfs"
    slow = True
    options = ()

    def command(self, root):
        r = self.runtime
        more = [word for option in self.options for word in ("-o", option)]
        return ["sshfs", "-f", "-p", str(r.port), *r.ssh_options("-o"), *more, f"{r.user}@127.0.0.1:{root}", self.path]


class SshfsTuned(Sshfs):
    """sshfs with what its manual offers against a long link."""

    name = "sshfs-tuned"
    label = "sshfs, tuned"
    options = ("dcache_timeout=600,entry_timeout=60,attr_timeout=60,kernel_cache,max_conns=4",)


class Rclone(Foreground):
    """rclone with its full cache of files on the local disk."""

    name = label = "rclone"

    def command(self, root):
        r = self.runtime
        return ["rclone", "mount", "--config", "/dev/null", "--vfs-cache-mode", "full", "--cache-dir",
                os.path.join(self.private, "cache"), "--sftp-host", "127.0.0.1", "--sftp-port", str(r.port), "--sftp-user",
                r.user, "--sftp-key-file", r.key, "--sftp-known-hosts-file", r.known_hosts, ":sftp:" + root, self.path]


MOUNTS = {kind.name: kind for kind in (Colabfs, Sshfs, SshfsTuned, Rclone)}
