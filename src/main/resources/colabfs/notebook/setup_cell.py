import fcntl
import getpass
import json
import os
import platform
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.request

# Everything of ours on this machine is in here, for this login alone: the server's key (so that it stays the same when
# the cell runs again), its configuration, who may log in, and what was downloaded.
STATE = "~/.colabfs-sshd"

# How long things may take, in seconds.
INSTALL_TIMEOUT = 300
DOWNLOAD_TIMEOUT = 60
ADDRESS_TIMEOUT = 60
LONGEST_PAUSE = 60
STEADY = 60  # what held that long is opened again at once

# Variables of the notebook that a login should have, too: where programs and the GPU's libraries are found.
VARIABLES = re.compile(
    r"PATH|LD_LIBRARY_PATH|LIBRARY_PATH|PYTHONPATH|LANG|LANGUAGE|LC_[A-Z]+|VIRTUAL_ENV|HF_HOME|COLAB_GPU|COLAB_RELEASE_TAG"
    r"|(CUDA|NVIDIA|NCCL|TPU|XLA|JAX|CONDA)_[A-Z0-9_]*|TF_(CPP|GPU|XLA|FORCE|ENABLE)_[A-Z0-9_]*"
)

# Where Colab has the GPU's programs and libraries; added where they exist.
GPU_PROGRAMS = ["/usr/local/cuda/bin", "/opt/bin", "/usr/local/nvidia/bin"]
GPU_LIBRARIES = ["/usr/lib64-nvidia", "/usr/local/cuda/lib64", "/usr/local/nvidia/lib64"]


class SetupError(Exception):
    """Something that the user has to know; the message ends with the next step."""


def say(text=""):
    print(text, flush=True)


# --- files -----------------------------------------------------------------------------------------------------------


def state_directory():
    """Our directory, made if it is missing; nobody else may be able to put files there."""
    path = os.path.realpath(os.path.expanduser(STATE))
    os.makedirs(path, mode=0o700, exist_ok=True)
    os.chmod(path, 0o700)
    at = path
    while True:
        status = os.stat(at)
        others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in (0, os.getuid()) or others_write:
            raise SetupError(f"others could change {path}, as {at} is theirs or writable by them: take that right away")
        if at == "/":
            return path
        at = os.path.dirname(at)


def write_private(path, text):
    """Replaces a file in one step; true if its content is another than before."""
    try:
        with open(path, encoding="utf-8") as old:
            if old.read() == text and stat.S_IMODE(os.stat(path).st_mode) == 0o600:
                return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    draft = path + ".new"
    if os.path.lexists(draft):
        os.unlink(draft)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as new:
        new.write(text)
    os.replace(draft, path)
    return True


# --- programs --------------------------------------------------------------------------------------------------------


def run(command, **more):
    """Runs a program to its end; its output, or SetupError with the last that it said."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more
        )
    except FileNotFoundError:
        raise SetupError(f"the program {command[0]} is missing here: install it, and run this cell again") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{command[0]} did not end in time: run this cell again") from None
    if done.returncode != 0:
        said = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise SetupError(f"{shlex.join(command)} ended with status {done.returncode}: {said}")
    return done.stdout


def find_sshd():
    """The SSH server; installed if it is missing. What the package starts or enables by itself is not wanted."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = shutil.which("sshd", path=path)
    if found is None:
        if os.getuid() != 0 or shutil.which("apt-get") is None:
            raise SetupError("there is no SSH server here: install openssh-server, and run this cell again")
        say("installing openssh-server ...")
        # by the run level, the package takes this for a machine on which it should start nothing
        quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "openssh-server", "openssh-client"]
        try:
            run(install, env=quiet, timeout=INSTALL_TIMEOUT)
        except SetupError:  # mostly a list of packages that is older than the packages
            run(["apt-get", "update", "-qq"], env=quiet, timeout=INSTALL_TIMEOUT)
            run(install, env=quiet, timeout=INSTALL_TIMEOUT)
        found = shutil.which("sshd", path=path)
    if found is None:
        raise SetupError("openssh-server was installed, but there is no sshd: look at what apt-get says")
    return os.path.realpath(found)


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def start_time(pid):
    """What tells a process from a later one of the same number; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def stop(pid, whole_group=False):
    """Ends a process, kindly at first."""
    began = start_time(pid)
    kill = os.killpg if whole_group else os.kill
    for number, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
        if began is None or start_time(pid) != began:
            return
        try:
            kill(pid, number)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while time.monotonic() < end and is_running(pid, began):
            time.sleep(0.05)


def is_running(pid, began):
    try:  # a child of ours that has ended stays in the list of processes until it is asked for
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, ProcessLookupError):
        pass
    return start_time(pid) == began


# --- the login's environment -----------------------------------------------------------------------------------------


def login_environment(environment):
    """The notebook's variables for logins, with the GPU's directories that are here."""
    chosen = {name: value for name, value in environment.items() if VARIABLES.fullmatch(name) and value}
    chosen.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    for name, extra in (("PATH", GPU_PROGRAMS), ("LD_LIBRARY_PATH", GPU_LIBRARIES)):
        known = [part for part in chosen.get(name, "").split(":") if part]
        known += [part for part in extra if os.path.isdir(part) and part not in known]
        if known:
            chosen[name] = ":".join(known)
    return chosen


def write_environment(directory, variables):
    """For login shells, which set their own PATH: a file that the login's profile reads."""
    text = "# Written by colabfs's notebook cell, anew each time it runs.\n"
    text += "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    path = os.path.join(directory, "environment.sh")
    write_private(path, text)
    home = os.path.expanduser("~")
    profiles = [os.path.join(home, name) for name in (".bash_profile", ".bash_login", ".profile")]
    profile = next((name for name in profiles if os.path.exists(name)), profiles[-1])
    line = f"if [ -r {shlex.quote(path)} ]; then . {shlex.quote(path)}; fi  # colabfs: the notebook's environment\n"
    before = ""
    if os.path.exists(profile):
        with open(profile, encoding="utf-8", errors="surrogateescape") as file:
            before = file.read()
    if line not in before:
        add_line(os.path.realpath(profile), before, line)


def add_line(path, before, line):
    """Adds to a file of the user's in one step: half a line would break every login."""
    mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0o644
    draft = path + ".colabfs"
    with open(draft, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(before + ("" if before.endswith("\n") or not before else "\n") + line)
    os.chmod(draft, mode)
    os.replace(draft, path)


# --- the SSH server --------------------------------------------------------------------------------------------------


def user_name():
    return pwd.getpwuid(os.getuid()).pw_name


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def greets(port, timeout=5):
    """Whether an SSH server answers on that port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def is_locked(user):
    """Without PAM, sshd turns away accounts whose password is locked, whatever their key."""
    try:
        with open("/etc/shadow", encoding="utf-8") as file:
            return any(line.startswith(user + ":!") for line in file)
    except OSError:
        return False


def configuration(directory, port, variables, with_password):
    """sshd's configuration: only this machine's own programs (the tunnel) reach it, and only this login's keys open it."""
    user = user_name()
    quoted = " ".join(f'"{name}={value}"' for name, value in sorted(variables.items()) if not re.search(r'["\\\n]', value))
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {directory}/host_key",
        f"PidFile {directory}/sshd.pid",
        f"AuthorizedKeysFile {directory}/authorized_keys",
        "StrictModes no",  # state_directory has looked at the directory and all above it
        f"AllowUsers {user}",
        f"PermitRootLogin {'yes' if with_password else 'prohibit-password'}",
        "PubkeyAuthentication yes",
        f"PasswordAuthentication {'yes' if with_password else 'no'}",
        "KbdInteractiveAuthentication no",
        "PermitEmptyPasswords no",
        f"UsePAM {'yes' if is_locked(user) else 'no'}",
        "PermitUserEnvironment no",
        f'SetEnv "HOME={os.path.expanduser("~")}" {quoted}',
        "Subsystem sftp internal-sftp",
        # ports of the runtime that colabfs leads here, but not the other things that SSH can lead
        "AllowTcpForwarding yes",
        "GatewayPorts no",
        "AllowAgentForwarding no",
        "X11Forwarding no",
        "PermitTunnel no",
        "UseDNS no",
        "PrintMotd no",
        "PrintLastLog no",
        "LoginGraceTime 30",
        "MaxAuthTries 20",
        "MaxSessions 100",
        # through the tunnel all callers have one address: a stranger's attempts must not shut the user out
        "MaxStartups 50:30:200",
        "ClientAliveInterval 15",
        "ClientAliveCountMax 4",
        "LogLevel INFO",
    ]
    return "\n".join(lines) + "\n"


def choose_port(directory, wanted):
    """The port of the server that runs already or ran last, if it can be had; else the wanted one; else any."""
    try:
        with open(os.path.join(directory, "sshd_config"), encoding="utf-8") as file:
            last = int(file.readline().split()[1])
    except (OSError, IndexError, ValueError):
        last = None
    if last is not None and (running_sshd(directory) or is_free(last)):
        return last
    return wanted if is_free(wanted) else free_port()


def running_sshd(directory):
    """The process of our server; None when it does not run. A number in an old file may be anybody's by now."""
    try:
        with open(os.path.join(directory, "sshd.pid"), encoding="utf-8") as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return None
    return pid if f"{directory}/sshd_config" in command_line(pid) else None


def start_sshd(directory, settings):
    """Makes the server run as it is configured now, and returns its port. One that does already is left alone."""
    sshd = find_sshd()
    if os.getuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # an empty directory that sshd locks itself into
    key = os.path.join(directory, "host_key")
    if not os.path.exists(key) or not os.path.exists(key + ".pub"):
        for name in (key, key + ".pub"):
            if os.path.exists(name):
                os.unlink(name)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "colabfs", "-f", key])
    variables = login_environment(os.environ)
    write_environment(directory, variables)
    write_private(os.path.join(directory, "authorized_keys"), "".join(line + "\n" for line in settings["keys"]))
    port = choose_port(directory, settings["port"])
    config = os.path.join(directory, "sshd_config")
    text = configuration(directory, port, variables, settings["password"])
    # OpenSSH 9.8 and newer slow an address down whose logins fail, which here is everybody's
    gentle = text + "PerSourcePenalties no\n"
    trial = os.path.join(directory, "sshd_config.trial")
    write_private(trial, gentle)
    if subprocess.run([sshd, "-t", "-f", trial], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        text = gentle
    os.unlink(trial)
    changed = write_private(config, text)
    running = running_sshd(directory)
    if running and not changed and greets(port):
        return port
    if running:
        stop(running)  # sessions that are open are processes of their own, and stay
    log = os.path.join(directory, "sshd.log")
    with open(log, "w", encoding="utf-8"):
        pass
    run([sshd, "-f", config, "-E", log])
    end = time.monotonic() + 10
    while not greets(port):
        if time.monotonic() > end:
            with open(log, encoding="utf-8", errors="replace") as file:
                said = " / ".join(file.read().strip().splitlines()[-3:])
            raise SetupError(f"the SSH server does not answer on port {port}: {said or 'it says nothing'}")
        time.sleep(0.1)
    return port


def host_key(directory):
    with open(os.path.join(directory, "host_key.pub"), encoding="utf-8") as file:
        return " ".join(file.read().split()[:2])


def set_password(directory):
    """A password for this login, made here, and the same when the cell runs again."""
    path = os.path.join(directory, "password")
    try:
        with open(path, encoding="utf-8") as file:
            password = file.read().strip()
    except FileNotFoundError:
        password = secrets.token_urlsafe(18)
        write_private(path, password + "\n")
    run(["chpasswd"], input=f"{user_name()}:{password}\n")
    return password


# --- tunnels ---------------------------------------------------------------------------------------------------------

# How to get a tunnel's program where it is not installed: by the machine's kind.
DOWNLOADS = {
    "ngrok": {
        "x86_64": "https://bin.equinox.io/c/bNyj1mQVY4c/ngrok-v3-stable-linux-amd64.tgz",
        "aarch64": "https://bin.equinox.io/c/bNyj1mQVY4c/ngrok-v3-stable-linux-arm64.tgz",
    },
    "cloudflared": {
        "x86_64": "https://github.com/cloudflare/cloudflared/releases/latest/download/cloudflared-linux-amd64",
        "aarch64": "https://github.com/cloudflare/cloudflared/releases/latest/download/cloudflared-linux-arm64",
    },
    "bore": {
        "x86_64": "https://github.com/ekzhang/bore/releases/download/v0.6.0/bore-v0.6.0-x86_64-unknown-linux-musl.tar.gz",
        "aarch64": "https://github.com/ekzhang/bore/releases/download/v0.6.0/bore-v0.6.0-aarch64-unknown-linux-musl.tar.gz",
    },
}

HOST_PORT = r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):(?P<port>[0-9]{1,5})"
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def fetch(name, directory):
    """A tunnel's program: the installed one, else downloaded once."""
    found = shutil.which(name)
    if found is not None:
        return found
    target = os.path.join(directory, name)
    if os.access(target, os.X_OK):
        return target
    url = DOWNLOADS[name].get(platform.machine())
    if url is None:
        raise SetupError(f"there is no {name} to download for {platform.machine()}: install it, and run this cell again")
    say(f"downloading {name} ...")
    draft = target + ".new"
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT) as answer, open(draft, "wb") as file:
            shutil.copyfileobj(answer, file)
            length = answer.headers.get("Content-Length")
            if length is not None and file.tell() != int(length):
                raise OSError("the answer was cut off")
        if url.endswith(("gz", "tgz")):
            with tarfile.open(draft) as archive:
                member = next((m for m in archive.getmembers() if os.path.basename(m.name) == name and m.isfile()), None)
                if member is None:
                    raise SetupError(f"what {url} gives holds no {name}: install it yourself, and run this cell again")
                with archive.extractfile(member) as source, open(draft + ".program", "wb") as file:
                    shutil.copyfileobj(source, file)
            os.replace(draft + ".program", draft)
        os.chmod(draft, 0o700)
        os.replace(draft, target)
    except (urllib.error.URLError, OSError, tarfile.TarError) as error:
        raise SetupError(f"{name} cannot be downloaded from {url} ({error}): run this cell again") from None
    return target


def ngrok_token():
    """From Colab's secrets or the environment; else asked for. It goes to ngrok alone, through its environment."""
    token = os.environ.get("NGROK_AUTHTOKEN", "")
    if not token:
        try:
            from google.colab import userdata  # there only in Colab

            token = userdata.get("NGROK_AUTHTOKEN")
        except Exception:  # no Colab, no such secret, or not allowed to this notebook
            token = ""
    return token or getpass.getpass("ngrok's token (https://dashboard.ngrok.com/get-started/your-authtoken): ")


class Tunnel:
    """A program that leads from somewhere in the net to a port here, and says from where.

    Its address is what parse finds in the last line that has one: a dict of host and port, or of host and
    proxy_command. It may change while the program runs.
    """

    def __init__(self, directory, command, parse, environment=None):
        self.directory = directory
        self.command = command
        self.parse = parse
        self.environment = environment
        self.process = None
        self.address = None
        self.said = []

    def start(self):
        """Starts it, and waits until it has told its address."""
        self.end_last()
        self.address = None
        self.said = []
        try:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=self.environment,
                start_new_session=True,  # so that it can be ended with all that it starts
            )
        except OSError as error:
            raise SetupError(f"the tunnel cannot be started ({error}): check it, and run this cell again") from None
        self.remember()
        reader = threading.Thread(target=self.read, args=(self.process, self.said), daemon=True)
        reader.start()
        end = time.monotonic() + ADDRESS_TIMEOUT
        while self.address is None:
            if self.process.poll() is not None:
                reader.join(2)
                raise SetupError(f"the tunnel ended with status {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                self.close()
                raise SetupError(f"the tunnel has told no address for {ADDRESS_TIMEOUT} s: {self.last_words()}")
            self.look()
            time.sleep(0.1)

    def read(self, process, said):
        with process.stdout as lines:
            for line in lines:
                line = COLOURS.sub("", line).strip()
                said.append(line[:500])
                del said[:-20]
                address = self.parse(line)
                if address is not None and process is self.process:
                    self.address = address

    def look(self):
        """For tunnels that tell their address elsewhere than in their output."""

    def is_alive(self):
        if self.process is None or self.process.poll() is not None:
            return False
        self.look()
        return True

    def last_words(self):
        return " / ".join(line for line in self.said if line)[-400:] or "it said nothing"

    def remember(self):
        """For the next run of this cell, should this one be killed."""
        pid = self.process.pid
        write_private(os.path.join(self.directory, "tunnel.pid"), f"{pid} {start_time(pid)}\n")

    def end_last(self):
        """Ends a tunnel that an earlier run has left behind, or this one's own."""
        self.close()
        path = os.path.join(self.directory, "tunnel.pid")
        try:
            with open(path, encoding="utf-8") as file:
                pid, began = file.read().split()
            if start_time(int(pid)) == began:
                stop(int(pid), whole_group=True)
            os.unlink(path)
        except (FileNotFoundError, ValueError):
            pass

    def close(self):
        if self.process is not None:
            if self.process.poll() is None:
                stop(self.process.pid, whole_group=True)
            self.process.wait()
            self.process = None


class NoTunnel:
    """Somebody else leads to the server, or nobody has to."""

    def __init__(self, port):
        self.address = {"host": "127.0.0.1", "port": port}

    def start(self):
        pass

    def is_alive(self):
        return True

    def close(self):
        pass


class Ngrok(Tunnel):
    """Tells its address on a port of this machine only: mostly 4040, and its log says which."""

    def __init__(self, directory, command, environment):
        super().__init__(directory, command, self.note_api, environment)
        self.api = None

    def note_api(self, line):
        found = re.search(r'"?starting web service"? .*addr=(127\.0\.0\.1:[0-9]+)', line)
        if found:
            self.api = f"http://{found[1]}/api/tunnels"

    def look(self):
        if self.api is None:
            return
        try:
            with urllib.request.urlopen(self.api, timeout=2) as answer:
                address = ngrok_address(answer.read().decode())
        except (OSError, ValueError):
            return
        if address is not None:
            self.address = address


def ngrok_address(text):
    """From what ngrok's own address answers: the first TCP tunnel."""
    for tunnel in json.loads(text).get("tunnels", []):
        found = re.fullmatch("tcp://" + HOST_PORT, tunnel.get("public_url", ""))
        if found:
            return {"host": found["host"], "port": int(found["port"])}
    return None


def cloudflared_address(line):
    """A quick tunnel's name; reached through cloudflared on the other side, as it speaks HTTPS only."""
    found = re.search(r"https://(?!api\.)([a-z0-9-]+\.trycloudflare\.com)", line)
    return found and {"host": found[1], "proxy_command": "cloudflared access ssh --hostname %h"}


def bore_address(line):
    found = re.search("listening at " + HOST_PORT, line)
    return found and {"host": found["host"], "port": int(found["port"])}


def any_address(line):
    """tcp://HOST:PORT anywhere, or HOST:PORT alone on the line."""
    found = re.search("tcp://" + HOST_PORT, line) or re.fullmatch(HOST_PORT, line)
    return found and {"host": found["host"], "port": int(found["port"])}


def make_tunnel(kind, directory, port):
    """The tunnel that was chosen, not started yet."""
    if kind == "none":
        return NoTunnel(port)
    if kind == "ngrok":
        program = fetch("ngrok", directory)
        environment = dict(os.environ, NGROK_AUTHTOKEN=ngrok_token())
        return Ngrok(directory, [program, "tcp", str(port), "--log", "stdout"], environment)
    if kind == "cloudflared":
        program = fetch("cloudflared", directory)
        command = [program, "tunnel", "--no-autoupdate", "--url", f"ssh://127.0.0.1:{port}"]
        return Tunnel(directory, command, cloudflared_address)
    if kind == "bore":
        return Tunnel(directory, [fetch("bore", directory), "local", str(port), "--to", "bore.pub"], bore_address)
    if kind == "pinggy":
        command = ["ssh", "-T", "-p", "443", "-o", "StrictHostKeyChecking=accept-new", "-o", "ExitOnForwardFailure=yes"]
        command += ["-o", "ServerAliveInterval=15", f"-R0:127.0.0.1:{port}", "tcp@a.pinggy.io"]
        return Tunnel(directory, command, any_address)
    if kind.startswith("command:"):
        words = shlex.split(kind[len("command:") :])
        command = [word.replace("%p", str(port)) for word in words]
        return Tunnel(directory, command, any_address, dict(os.environ, COLABFS_PORT=str(port)))
    raise SetupError(f"the tunnel '{kind}' is unknown: take none, ngrok, cloudflared, bore, pinggy or command:...")


# --- the whole -------------------------------------------------------------------------------------------------------


def mount_drive():
    """Google Drive at /content/drive, where Colab asks for consent."""
    try:
        from google.colab import drive
    except ImportError:
        say("Google Drive is not mounted, as this is no Colab notebook")
        return
    drive.mount("/content/drive")


def line_to_paste(settings, address, directory):
    """The command that makes the profile on the user's machine."""
    profile = dict(address, user=user_name(), host_key=host_key(directory), root=settings["root"])
    line = f"colabfs init {shlex.quote(settings['name'])} {shlex.quote(json.dumps(profile))}"
    return line + " --password" if settings["password"] else line


def tell(settings, tunnel, directory, password):
    say()
    if password is not None:
        say(f"The password, which colabfs will ask for: {password}")
    say("On your own machine, run:")
    say()
    say("    " + line_to_paste(settings, tunnel.address, directory))
    say()
    if settings["tunnel"] == "none":
        say("with the host and port that lead to this port of this machine, unless you are on it.")


def keep_alive(settings, tunnel, directory, password, port):
    """Looks after the server and the tunnel until somebody interrupts the cell; tells when the address changes."""
    told = tunnel.address
    tried, pause = time.monotonic(), 0
    while True:
        time.sleep(1)
        now = time.monotonic()
        is_whole = running_sshd(directory) is not None and tunnel.is_alive()
        if not is_whole and now >= tried + pause:
            pause = 1 if now > tried + STEADY else min(LONGEST_PAUSE, 2 * pause or 1)
            tried = now
            try:
                mend(settings, tunnel, directory, port)
            except (SetupError, OSError) as error:
                say(f"colabfs: {error} (next try in {pause} s)")
        if tunnel.address is not None and tunnel.address != told:
            told = tunnel.address
            tell(settings, tunnel, directory, password)


def mend(settings, tunnel, directory, port):
    """Starts what has ended."""
    if running_sshd(directory) is None:
        say("the SSH server has ended; starting it again")
        if not is_free(port):
            raise SetupError(f"another program has taken port {port}: end it, or run this cell again")
        start_sshd(directory, dict(settings, port=port))
    if not tunnel.is_alive():
        say("the tunnel has ended; opening it again")
        tunnel.start()


def main():
    settings = json.loads(SETTINGS)
    try:
        directory = state_directory()
        with open(os.path.join(directory, "lock"), "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SetupError("this cell runs already, in another notebook here: interrupt it there") from None
            serve(settings, directory)
    except KeyboardInterrupt:
        say("interrupted: the tunnel is closed")
    except SetupError as error:
        say(f"colabfs: {error}")
        raise SystemExit(1) from None
    except OSError as error:  # a full disk, mostly
        say(f"colabfs: {error}: see to it, and run this cell again")
        raise SystemExit(1) from None


def serve(settings, directory):
    """Does all that the settings say, and goes on until somebody interrupts it."""
    if settings["drive"]:
        mount_drive()
    os.makedirs(settings["root"], exist_ok=True)
    port = start_sshd(directory, settings)
    password = set_password(directory) if settings["password"] else None
    tunnel = make_tunnel(settings["tunnel"], directory, port)
    try:
        tunnel.start()
        tell(settings, tunnel, directory, password)
        say("This cell goes on, and looks after the tunnel; interrupt it to close the tunnel.")
        keep_alive(settings, tunnel, directory, password, port)
    finally:
        tunnel.close()


if __name__ == "__main__":
    main()
