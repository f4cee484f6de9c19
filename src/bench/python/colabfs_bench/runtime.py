"""The runtime: a real OpenSSH server on 127.0.0.1 with keys of its own, behind the relay."""

import getpass
import os
import shutil
import socket
import subprocess
import sys

from . import processes
from .processes import run

SSHD = "/usr/sbin/sshd"


class Runtime:
    """Started by the constructor, ended by close(); all that it needs is in the directory."""

    def __init__(self, directory, rtt_ms, rate_mbit):
        self.directory = directory
        self.user = getpass.getuser()
        self.key = os.path.join(directory, "user_key")
        self.known_hosts = os.path.join(directory, "known_hosts")
        self._server = self._relay = None
        try:
            self._make_keys()
            server_port = _free_port()
            self._start_server(server_port)
            self._start_relay(server_port, rtt_ms, rate_mbit)
        except BaseException:
            self.close()
            raise

    def carried(self):
        """Bytes that went to the server, and from it, so far."""
        self._relay.stdin.write("count\n")
        self._relay.stdin.flush()
        up, down = self._relay.stdout.readline().split()
        return int(up), int(down)

    def ssh(self, *command):
        """An ordinary ssh to the runtime, with these keys: its arguments."""
        return ["ssh", "-p", str(self.port), *self.ssh_options("-o"), f"{self.user}@127.0.0.1", *command]

    def ssh_options(self, flag):
        options = ["IdentityFile=" + self.key, "IdentitiesOnly=yes", "UserKnownHostsFile=" + self.known_hosts,
                   "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes"]
        return ["-F", "/dev/null"] + [word for option in options for word in (flag, option)]

    def close(self):
        for process in (self._relay, self._server):
            if process:
                processes.end(process)
        self._relay = self._server = None

    def _make_keys(self):
        for name in ("host_key", "user_key"):
            path = os.path.join(self.directory, name)
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path)
        shutil.copy(self.key + ".pub", os.path.join(self.directory, "authorized_keys"))
        with open(os.path.join(self.directory, "host_key.pub"), encoding="utf-8") as file:
            self.host_key = " ".join(file.read().split()[:2])

    def _start_server(self, port):
        config = os.path.join(self.directory, "sshd_config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join([
                "ListenAddress 127.0.0.1", f"Port {port}", f"HostKey {self.directory}/host_key",
                f"AuthorizedKeysFile {self.directory}/authorized_keys", f"PidFile {self.directory}/sshd.pid",
                "Subsystem sftp internal-sftp", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
                "PermitRootLogin prohibit-password", "StrictModes no", "UseDNS no", "PrintMotd no",
                f"SetEnv HOME={self.directory}",  # the login's own start files are not the measurement's to run
                # without PAM, sshd turns away accounts whose password is locked
                "UsePAM " + ("yes" if _is_locked(self.user) else "no"), ""]))
        command = [SSHD, "-D", "-e", "-f", config]
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # sshd's privilege separation wants it
            # It must not see the mounts that it serves, as another machine would not: it could wait for itself.
            command = ["unshare", "-m", "--propagation", "private", *command]
        log = os.path.join(self.directory, "sshd.log")
        with open(log, "wb") as file:
            self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            start_new_session=True)
        try:
            processes.until(lambda: self._server.poll() is not None or _answers(port), 20, every=0.02)
        except processes.Over:
            pass
        if self._server.poll() is not None or not _answers(port):
            with open(log, encoding="utf-8") as file:
                raise processes.Wrong("sshd did not start: " + file.read())

    def _start_relay(self, server_port, rtt_ms, rate_mbit):
        relay = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")
        self._relay = subprocess.Popen([sys.executable, relay, str(server_port), str(rtt_ms), str(rate_mbit)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.port = int(self._relay.stdout.readline())
        with open(self.known_hosts, "w", encoding="utf-8") as file:
            file.write(f"[127.0.0.1]:{self.port} {self.host_key}\n")


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _is_locked(user):
    try:
        with open("/etc/shadow", encoding="utf-8") as file:
            return any(line.startswith(user + ":!") for line in file)
    except PermissionError:
        return False
