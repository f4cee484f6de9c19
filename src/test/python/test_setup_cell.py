"""Tests of the notebook's cell: each of its parts, with stand-ins that print what the tunnels' programs print."""

import contextlib
import http.server
import importlib.util
import io
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
from unittest import mock

sys.dont_write_bytecode = True

SOURCE = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../main/resources/colabfs/notebook/setup_cell.py"
)


def load():
    """The cell's code, not run: it runs only where it is the main program."""
    spec = importlib.util.spec_from_file_location("setup_cell", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cell = load()

SETTINGS = {
    "name": "lab",
    "keys": ["ssh-ed25519 AAAA me"],
    "root": "/content",
    "port": 8722,
    "tunnel": "none",
    "drive": False,
    "password": False,
}


class Quiet(unittest.TestCase):
    """A directory of its own, and what the cell says in a list."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.directory = os.path.realpath(made.name)
        self.said = []
        self.patch(cell, "say", lambda text="": self.said.append(text))

    def patch(self, target, name, value):
        patched = mock.patch.object(target, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def environment(self, **variables):
        patched = mock.patch.dict(os.environ, variables)
        patched.start()
        self.addCleanup(patched.stop)

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name, text):
        """A Python program in a directory that is the only one on the PATH before the usual ones."""
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
        os.chmod(path, 0o755)
        self.environment(PATH=self.directory + ":" + os.environ["PATH"])
        return path

    def tunnel(self, command, parse=cell.any_address):
        tunnel = cell.Tunnel(self.directory, command, parse)
        self.addCleanup(tunnel.close)
        return tunnel

    def awaits(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "it does not come: " + str(self.said))
            threading.Event().wait(0.02)


class AddressTest(unittest.TestCase):
    """What the tunnels' programs print."""

    def test_cloudflared(self):
        box = "2026-11-21T10:44:41Z INF |  https://a-b-c-d.trycloudflare.com                              |"
        self.assertEqual(
            {"host": "a-b-c-d.trycloudflare.com", "proxy_command": "cloudflared access ssh --hostname %h"},
            cell.cloudflared_address(box),
        )
        for other in (
            'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": no such host',
            "INF Requesting new quick Tunnel on trycloudflare.com...",
            "INF Thank you: https://developers.cloudflare.com/cloudflare-one/connections/connect-apps",
        ):
            self.assertIsNone(cell.cloudflared_address(other))

    def test_bore(self):
        line = "2026-11-21T10:00:00.1Z  INFO bore_cli::client: listening at bore.pub:41235"
        self.assertEqual({"host": "bore.pub", "port": 41235}, cell.bore_address(line))
        self.assertIsNone(cell.bore_address("INFO bore_cli::client: connected to server remote_port=41235"))

    def test_pinggy_and_others(self):
        self.assertEqual(
            {"host": "abc-1-2-3-4.a.free.pinggy.link", "port": 40527},
            cell.any_address("tcp://abc-1-2-3-4.a.free.pinggy.link:40527"),
        )
        self.assertEqual({"host": "1.2.3.4", "port": 22}, cell.any_address("1.2.3.4:22"))
        self.assertEqual({"host": "[::1]", "port": 22}, cell.any_address("[::1]:22"))
        for other in ("at 10:11:12 it began", "10:11:12", "http://h.example:80", "You are not authenticated.", ""):
            self.assertIsNone(cell.any_address(other))

    def test_ngrok(self):
        answer = (
            '{"tunnels": [{"public_url": "https://x.ngrok.app"}, {"public_url": "tcp://0.tcp.ngrok.io:12345"}],'
            ' "uri": "/api/tunnels"}'
        )
        self.assertEqual({"host": "0.tcp.ngrok.io", "port": 12345}, cell.ngrok_address(answer))
        self.assertIsNone(cell.ngrok_address('{"tunnels": []}'))

    def test_line_to_paste_isOneWordOfAShell_whateverIsInIt(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "host_key.pub"), "w", encoding="utf-8") as file:
                file.write("ssh-ed25519 AAAA colabfs\n")
            settings = dict(SETTINGS, name="it's $(me)", root="/content/a 'b' \"c\"")
            line = cell.line_to_paste(settings, {"host": "h", "port": 7}, directory)
        words = shlex.split(line)
        self.assertEqual(["colabfs", "init", "it's $(me)"], words[:3])
        self.assertEqual(
            {"host": "h", "port": 7, "user": cell.user_name(), "host_key": "ssh-ed25519 AAAA", "root": settings["root"]},
            cell.json.loads(words[3]),
        )


class FilesTest(Quiet):
    def test_write_private_replaces_andTellsWhetherItChanged(self):
        path = self.path("f")
        self.assertTrue(cell.write_private(path, "a\n"))
        self.assertFalse(cell.write_private(path, "a\n"))
        os.chmod(path, 0o644)
        self.assertTrue(cell.write_private(path, "a\n"))
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        os.symlink("/etc/passwd", path + ".new")  # left by a killed run, or laid there
        self.assertTrue(cell.write_private(path, "b\n"))
        with open(path, encoding="utf-8") as file:
            self.assertEqual("b\n", file.read())

    def test_state_directory_isForTheLoginAlone(self):
        self.environment(HOME=self.directory)
        made = cell.state_directory()
        self.assertEqual(self.path(".colabfs-sshd"), made)
        os.chmod(made, 0o777)
        self.assertEqual(made, cell.state_directory())
        self.assertEqual(0o700, stat.S_IMODE(os.stat(made).st_mode))

    def test_state_directory_belowOneThatOthersWrite_isRefused(self):
        self.environment(HOME=self.directory)
        os.chmod(self.directory, 0o777)
        with self.assertRaisesRegex(cell.SetupError, "others could change .* writable by them"):
            cell.state_directory()

    def test_login_environment_hasTheNotebooksPaths_andNoSecrets(self):
        chosen = cell.login_environment(
            {"PATH": "/opt/my/bin", "CUDA_HOME": "/c", "HF_TOKEN": "s", "TF_VAR_password": "s", "LC_ALL": "C", "X": "y"}
        )
        self.assertEqual("/opt/my/bin", chosen.pop("PATH").split(":")[0])
        chosen.pop("LD_LIBRARY_PATH", None)
        self.assertEqual({"CUDA_HOME": "/c", "LC_ALL": "C"}, chosen)

    def test_login_environment_hasTheGpusDirectoriesThatExist_once(self):
        here = self.path("cuda")
        os.mkdir(here)
        self.patch(cell, "GPU_PROGRAMS", [here, self.path("nowhere")])
        self.patch(cell, "GPU_LIBRARIES", [here])
        chosen = cell.login_environment({"PATH": "/bin"})
        self.assertEqual({"PATH": "/bin:" + here, "LD_LIBRARY_PATH": here}, chosen)
        self.assertEqual(chosen, cell.login_environment(chosen))

    def test_write_environment_isReadByALoginShell_andWrittenOnce(self):
        self.environment(HOME=self.directory)
        with open(self.path(".profile"), "w", encoding="utf-8") as file:
            file.write("PATH=/usr/bin:/bin; OWN=1  # no line end")
        value = "it's \"$HOME\" `id`"
        for _ in range(2):
            cell.write_environment(self.directory, {"CUDA_HOME": value, "PATH": "/x:/usr/bin:/bin"})
        with open(self.path(".profile"), encoding="utf-8") as file:
            self.assertEqual(2, len(file.readlines()))
        out = subprocess.run(
            ["/bin/sh", "-c", '. "$HOME/.profile"; printf "%s|%s|%s" "$CUDA_HOME" "$PATH" "$OWN"'],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        self.assertEqual(value + "|/x:/usr/bin:/bin|1", out)

    def test_write_environment_takesTheFileThatBashReadsFirst(self):
        self.environment(HOME=self.directory)
        for name in (".bash_profile", ".profile"):
            open(self.path(name), "w", encoding="utf-8").close()
        cell.write_environment(self.directory, {"A": "b"})
        self.assertGreater(os.path.getsize(self.path(".bash_profile")), 0)
        self.assertEqual(0, os.path.getsize(self.path(".profile")))


class ServerTest(Quiet):
    def test_configuration_isAccepted_andHard(self):
        sshd = cell.find_sshd()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path("host_key")], check=True)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        text = cell.configuration(self.directory, 8722, {"A": "b c", "ODD": 'x"y'}, False)
        cell.write_private(self.path("sshd_config"), text)
        shown = subprocess.run(
            [sshd, "-T", "-f", self.path("sshd_config")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.assertEqual(0, shown.returncode, shown.stderr)
        lines = shown.stdout.lower().splitlines()
        for line in (
            "listenaddress 127.0.0.1:8722",
            "passwordauthentication no",
            "kbdinteractiveauthentication no",
            "permitrootlogin without-password",
            "allowagentforwarding no",
            "x11forwarding no",
            "permittunnel no",
            "gatewayports no",
            "permituserenvironment no",
        ):
            self.assertIn(line, lines)
        self.assertIn("setenv a=b c", lines)
        self.assertNotIn("odd", shown.stdout.lower())

    def test_choose_port_keepsTheLastOne_elseTheWanted_elseAny(self):
        last = cell.free_port()
        cell.write_private(self.path("sshd_config"), f"Port {last}\n")
        self.assertEqual(last, cell.choose_port(self.directory, 8722))
        with contextlib.closing(cell.socket.create_server(("127.0.0.1", last))):
            wanted = cell.free_port()
            self.assertEqual(wanted, cell.choose_port(self.directory, wanted))
            self.assertNotIn(cell.choose_port(self.directory, last), (last, 0))

    def test_running_sshd_isNotAnotherProcessOfThatNumber(self):
        cell.write_private(self.path("sshd.pid"), f"{os.getpid()}\n")
        self.assertIsNone(cell.running_sshd(self.directory))
        cell.write_private(self.path("sshd.pid"), "no number\n")
        self.assertIsNone(cell.running_sshd(self.directory))

    def test_find_sshd_installsIt_withAnOldListOfPackagesToo(self):
        log = self.path("log")
        self.program(
            "apt-get",
            f"open({log!r}, 'a').write(sys.argv[1] + '\\n')\n"
            f"if sys.argv[1] == 'install' and 'update' not in open({log!r}).read():\n"
            "    sys.exit('E: Unable to locate package')\n"
            "if sys.argv[1] == 'install':\n"
            f"    open({self.path('sshd')!r}, 'w').close()\n"
            f"    os.chmod({self.path('sshd')!r}, 0o755)",
        )
        which = shutil.which

        def nowhere_else(name, path=None):
            found = which(name, path=path)
            return None if name == "sshd" and found and not found.startswith(self.directory) else found

        self.patch(cell.shutil, "which", nowhere_else)
        self.environment(PATH=self.directory + ":/usr/bin:/bin")
        self.patch(cell.os, "getuid", lambda: 0)
        self.assertEqual(self.path("sshd"), cell.find_sshd())
        with open(log, encoding="utf-8") as file:
            self.assertEqual(["install", "update", "install"], file.read().split())

    def test_find_sshd_withoutTheRight_saysWhatToDo(self):
        self.patch(cell.shutil, "which", lambda name, path=None: None)
        with self.assertRaisesRegex(cell.SetupError, "install openssh-server, and run this cell again"):
            cell.find_sshd()

    def test_run_thatFails_tellsTheLastWords(self):
        with self.assertRaisesRegex(cell.SetupError, "ended with status 3: .*two / three"):
            cell.run(["sh", "-c", "echo one; echo two; echo three; exit 3"])
        with self.assertRaisesRegex(cell.SetupError, "no-such-program is missing"):
            cell.run(["no-such-program"])


class TunnelTest(Quiet):
    def test_start_takesTheAddress_withoutColours(self):
        command = [sys.executable, "-uc", "print('\\x1b[2mx\\x1b[0m tcp://\\x1b[1mh.example\\x1b[0m:77'); input = open(0).read(); import time; time.sleep(60)"]
        tunnel = self.tunnel(command)
        tunnel.start()
        self.assertEqual({"host": "h.example", "port": 77}, tunnel.address)
        self.assertTrue(tunnel.is_alive())
        process = tunnel.process
        tunnel.close()
        self.assertIsNotNone(process.returncode)

    def test_start_thatEnds_tellsItsLastWords(self):
        tunnel = self.tunnel(["sh", "-c", "echo 'token is wrong' >&2; exit 4"])
        with self.assertRaisesRegex(cell.SetupError, "ended with status 4: token is wrong"):
            tunnel.start()

    def test_start_thatSaysNothing_isGivenUp(self):
        self.patch(cell, "ADDRESS_TIMEOUT", 0.3)
        tunnel = self.tunnel(["sleep", "60"])
        with self.assertRaisesRegex(cell.SetupError, "no address for 0.3 s: it said nothing"):
            tunnel.start()
        self.assertIsNone(tunnel.process)

    def test_start_ofAMissingProgram_saysSo(self):
        with self.assertRaisesRegex(cell.SetupError, "cannot be started"):
            self.tunnel(["/no/such/program"]).start()

    def test_address_thatChangesWhileItRuns_isSeen(self):
        go = self.path("go")
        os.mkfifo(go)
        tunnel = self.tunnel(["sh", "-c", f"echo a:1; read x <{go}; echo b:2; sleep 60"])
        tunnel.start()
        self.assertEqual({"host": "a", "port": 1}, tunnel.address)
        with open(go, "w", encoding="utf-8") as file:
            file.write("on\n")
        self.awaits(lambda: tunnel.address == {"host": "b", "port": 2})

    def test_tunnelOfAKilledRun_isEndedWithAllThatItStarted(self):
        left = self.tunnel(["sh", "-c", "sleep 300 & echo h:1 $!; echo h:1; wait"])
        left.start()
        self.awaits(lambda: len(left.said) == 2)
        child = int(left.said[0].split()[1])
        fresh = self.tunnel(["sh", "-c", "echo h:2; sleep 300"])
        fresh.start()
        self.assertIsNotNone(left.process.poll())
        self.awaits(lambda: "sleep" not in cell.command_line(child))

    def test_processOfTheSameNumber_isNotTakenForTheOldTunnel(self):
        with subprocess.Popen(["sleep", "300"], start_new_session=True) as other:
            cell.write_private(self.path("tunnel.pid"), f"{other.pid} 12345\n")
            self.tunnel(["sh", "-c", "echo h:2; sleep 300"]).start()
            self.assertIsNone(other.poll())
            other.kill()

    def test_ngrok_getsItsTokenInItsEnvironment_andTellsItsAddressOnAPort(self):
        self.program(
            "ngrok",
            f"open({self.path('seen')!r}, 'w').write(repr(sys.argv[1:]) + os.environ['NGROK_AUTHTOKEN'])\n"
            "import http.server, json\n"
            "class Api(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(200); self.end_headers()\n"
            "        tunnels = [{'public_url': 'tcp://6.tcp.ngrok.io:15551'}] if self.path == '/api/tunnels' else []\n"
            "        self.wfile.write(json.dumps({'tunnels': tunnels}).encode())\n"
            "    def log_message(self, *args): pass\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), Api)\n"
            "print('t=2026 lvl=info msg=\"starting web service\" obj=web addr=127.0.0.1:%d' % server.server_port, flush=True)\n"
            "server.serve_forever()",
        )
        self.patch(cell.getpass, "getpass", lambda prompt: "t0ken")
        self.environment(NGROK_AUTHTOKEN="")
        tunnel = cell.make_tunnel("ngrok", self.directory, 8722)
        self.addCleanup(tunnel.close)
        tunnel.start()
        self.assertEqual({"host": "6.tcp.ngrok.io", "port": 15551}, tunnel.address)
        with open(self.path("seen"), encoding="utf-8") as file:
            self.assertEqual("['tcp', '8722', '--log', 'stdout']t0ken", file.read())

    def test_commandLines_ofTheOthers(self):
        for kind, name, prints, words, address in (
            (
                "cloudflared",
                "cloudflared",
                "INF |  https://a-b.trycloudflare.com  |",
                "tunnel --no-autoupdate --url ssh://127.0.0.1:8722",
                {"host": "a-b.trycloudflare.com", "proxy_command": "cloudflared access ssh --hostname %h"},
            ),
            (
                "bore",
                "bore",
                "INFO bore_cli::client: listening at bore.pub:4242",
                "local 8722 --to bore.pub",
                {"host": "bore.pub", "port": 4242},
            ),
            (
                "pinggy",
                "ssh",
                "tcp://x.a.free.pinggy.link:4243",
                "-T -p 443 -o StrictHostKeyChecking=accept-new -o ExitOnForwardFailure=yes -o ServerAliveInterval=15"
                " -R0:127.0.0.1:8722 tcp@a.pinggy.io",
                {"host": "x.a.free.pinggy.link", "port": 4243},
            ),
            ("command:mine 'a b' --port=%p", "mine", "h.example:4244", "a b --port=8722", {"host": "h.example", "port": 4244}),
        ):
            with self.subTest(kind):
                self.program(
                    name,
                    f"open({self.path('seen')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
                    f"print({prints!r}, flush=True)\ntime.sleep(60)",
                )
                tunnel = cell.make_tunnel(kind, self.directory, 8722)
                self.addCleanup(tunnel.close)
                tunnel.start()
                self.assertEqual(address, tunnel.address)
                with open(self.path("seen"), encoding="utf-8") as file:
                    self.assertEqual(words, file.read())

    def test_unknownTunnel_isRefused(self):
        with self.assertRaisesRegex(cell.SetupError, "'carrier' is unknown: take none, ngrok"):
            cell.make_tunnel("carrier", self.directory, 1)


class FetchTest(Quiet):
    """What is downloaded, from a server of the test's own."""

    def setUp(self):
        super().setUp()
        self.files = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = outer.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"") + (7 if self.path.endswith("cut") else 0)))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.environment(PATH="/nowhere", no_proxy="*")

    def offer(self, path):
        self.patch(cell, "DOWNLOADS", {"bore": {cell.platform.machine(): self.url + path}})

    def archive(self, name):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"bore"))
        return made.getvalue()

    def test_aProgramInAnArchive_isTakenOut_once(self):
        self.files["/bore.tar.gz"] = self.archive("some/dir/bore")
        self.offer("/bore.tar.gz")
        path = cell.fetch("bore", self.directory)
        self.assertEqual(self.path("bore"), path)
        with open(path, "rb") as file:
            self.assertEqual(b"bore", file.read())
        self.files.clear()
        self.assertEqual(path, cell.fetch("bore", self.directory))

    def test_aBareProgram_isTakenAsItIs(self):
        self.files["/bore"] = b"program"
        self.offer("/bore")
        self.assertEqual(0o700, stat.S_IMODE(os.stat(cell.fetch("bore", self.directory)).st_mode))

    def test_failures_leaveNoProgram_andSayWhatToDo(self):
        self.files["/odd.tgz"] = self.archive("../../evil")
        self.files["/garbage.tgz"] = b"garbage"
        for path, words in (
            ("/missing", "cannot be downloaded .*404.* run this cell again"),
            ("/odd.tgz", "holds no bore"),
            ("/garbage.tgz", "cannot be downloaded"),
        ):
            with self.subTest(path):
                self.offer(path)
                with self.assertRaisesRegex(cell.SetupError, words):
                    cell.fetch("bore", self.directory)
                self.assertFalse(os.path.exists(self.path("bore")))

    def test_aProgramThatIsCutOff_isNotTaken(self):
        self.files["/cut"] = b"half"
        self.offer("/cut")
        with self.assertRaisesRegex(cell.SetupError, "cannot be downloaded"):
            cell.fetch("bore", self.directory)
        self.assertFalse(os.path.exists(self.path("bore")))

    def test_anUnknownMachine_isNamed(self):
        self.patch(cell, "DOWNLOADS", {"bore": {}})
        with self.assertRaisesRegex(cell.SetupError, "no bore to download for"):
            cell.fetch("bore", self.directory)


class KeepAliveTest(Quiet):
    """The loop that looks after the tunnel, without its pauses."""

    class Scripted:
        """A tunnel that dies, and comes back as the test says."""

        def __init__(self, *starts):
            self.starts = list(starts)
            self.address = {"host": "h", "port": 1}
            self.alive = False

        def is_alive(self):
            return self.alive

        def start(self):
            next_one = self.starts.pop(0)
            if isinstance(next_one, Exception):
                raise next_one
            self.address = {"host": "h", "port": next_one}
            self.alive = True

    def setUp(self):
        super().setUp()
        with open(self.path("host_key.pub"), "w", encoding="utf-8") as file:
            file.write("ssh-ed25519 AAAA colabfs\n")
        self.patch(cell, "running_sshd", lambda directory: 1)

    def seconds(self, tunnel, number):
        """Lets that many seconds go by; when the tunnel was opened."""
        clock = [1000.0]
        opened = []
        start = tunnel.start

        def noted():
            opened.append(clock[0] - 1000)
            start()

        def pause(seconds):
            clock[0] += seconds
            if clock[0] > 1000 + number:
                raise KeyboardInterrupt

        tunnel.start = noted
        self.patch(cell.time, "sleep", pause)
        self.patch(cell.time, "monotonic", lambda: clock[0])
        with self.assertRaises(KeyboardInterrupt):
            cell.keep_alive(SETTINGS, tunnel, self.directory, None, 8722)
        return opened

    def told(self):
        return [line for line in self.said if "colabfs init" in line]

    def test_aTunnelThatDied_isOpenedAgain_andTheNewLineTold(self):
        self.seconds(self.Scripted(2), 3)
        self.assertEqual(1, len(self.told()))
        self.assertIn('"port": 2', self.told()[0])

    def test_theSameAddress_isNotToldAgain(self):
        self.seconds(self.Scripted(1), 3)
        self.assertFalse(self.told())

    def test_aTunnelThatCannotBeOpened_isTriedWithGrowingPauses(self):
        broken = cell.SetupError("no way")
        opened = self.seconds(self.Scripted(*[broken] * 8, 2), 200)
        self.assertEqual([1, 2, 4, 8, 16, 32, 64, 124, 184], opened)
        self.assertIn("colabfs: no way (next try in 2 s)", self.said)
        self.assertEqual(1, len(self.told()))

    def test_aTunnelThatDiesAtOnce_doesNotFillTheNotebook(self):
        tunnel = self.Scripted(*range(2, 60))
        tunnel.is_alive = lambda: False
        self.assertLess(len(self.seconds(tunnel, 600)), 16)

    def test_aServerThatDied_isStartedAgain_onItsPort(self):
        started = []
        self.patch(cell, "running_sshd", lambda directory: 1 if started else None)
        self.patch(cell, "start_sshd", lambda directory, settings: started.append(settings["port"]))
        self.patch(cell, "is_free", lambda port: True)
        tunnel = self.Scripted()
        tunnel.alive = True
        self.seconds(tunnel, 5)
        self.assertEqual([8722], started)

    def test_aPortThatSomebodyTook_isNotTaken(self):
        self.patch(cell, "running_sshd", lambda directory: None)
        self.patch(cell, "is_free", lambda port: False)
        tunnel = self.Scripted()
        tunnel.alive = True
        self.seconds(tunnel, 2)
        self.assertIn("another program has taken port 8722", self.said[1])


class MainTest(Quiet):
    def test_anError_isOneSentence_andStatus1(self):
        self.environment(HOME=self.directory)
        os.chmod(self.directory, 0o777)
        cell.SETTINGS = cell.json.dumps(SETTINGS)
        self.addCleanup(delattr, cell, "SETTINGS")
        with self.assertRaises(SystemExit) as ended:
            cell.main()
        self.assertEqual(1, ended.exception.code)
        self.assertEqual(1, len(self.said))
        self.assertTrue(self.said[0].startswith("colabfs: others could change"))

    def test_aFullDisk_isOneSentence_andLeavesTheLoginsProfileAsItWas(self):
        self.environment(HOME=self.directory)
        with open(self.path(".profile"), "w", encoding="utf-8") as file:
            file.write("OWN=1\n")
        cell.SETTINGS = cell.json.dumps(dict(SETTINGS, root=self.path("content")))
        self.addCleanup(delattr, cell, "SETTINGS")

        def full(*_):
            raise OSError(28, "No space left on device")

        self.patch(cell.os, "replace", full)
        with self.assertRaises(SystemExit):
            cell.main()
        self.assertIn("No space left on device: see to it, and run this cell again", self.said[-1])
        with open(self.path(".profile"), encoding="utf-8") as file:
            self.assertEqual("OWN=1\n", file.read())

    def test_drive_outsideColab_isPassedOver(self):
        cell.mount_drive()
        self.assertEqual(["Google Drive is not mounted, as this is no Colab notebook"], self.said)

    def test_drive_inColab_isMounted(self):
        mounted = []
        drive = mock.Mock()
        drive.mount = mounted.append
        colab = mock.Mock(drive=drive)
        with mock.patch.dict(sys.modules, {"google": mock.Mock(colab=colab), "google.colab": colab}):
            cell.mount_drive()
        self.assertEqual(["/content/drive"], mounted)


if __name__ == "__main__":
    unittest.main()
