"""Tests of commands that outlive the connection, with real processes."""

import json
import os
import random
import resource
import signal
import statistics
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import PATIENCE, Refused, helper, news, text
from jobs_client import JobClient, jobs, started, supervisor

A, B = "a" * 16, "b" * 16
KIB = 1024


def has(wanted, stream=0):
    """Whether that has come."""
    return lambda output: wanted in output.streams[stream]


class JobTest(unittest.TestCase):
    """A helper, and a directory of jobs of its own."""

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = made.name
        before = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = os.path.join(self.root, "state")
        self.addCleanup(self._restore, before)
        self.addCleanup(self._end_all)
        self.client = self.another()

    @staticmethod
    def _restore(before):
        del os.environ["XDG_STATE_HOME"]
        if before is not None:
            os.environ["XDG_STATE_HOME"] = before

    def _end_all(self):
        """Ends what runs still, with its supervisor."""
        try:
            opened = jobs.open_jobs(create=False)
        except OSError:
            return
        left = jobs.listing(opened)
        os.close(opened)
        for job in left:
            if job["state"] != "ended":
                self.kill(os.killpg, job["child"])
                self.kill(os.kill, job["supervisor"])

    @staticmethod
    def kill(how, pid):
        """Kills what may have ended."""
        try:
            how(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def another(self):
        """One more helper."""
        client = JobClient(self.root)
        client.__enter__()
        self.addCleanup(client.__exit__)
        return client

    def directory(self, *names):
        """A path in the directory of jobs."""
        return os.path.join(self.root, "state", "colabfs", "jobs", *names)

    def refused(self, name, call, *args, **options):
        """The call must end with that error."""
        with self.assertRaises(Refused) as caught:
            call(*args, **options)
        self.assertEqual(str(caught.exception), name)

    def await_that(self, condition):
        """Waits for what nobody tells."""
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end)
            self.client.answer_ping()


class Commands(JobTest):
    """What a command gets, and what is told of it."""

    def test_output_and_status_come_whole(self):
        output = self.client.run(A, "echo out; echo err >&2; exit 3")
        self.assertEqual(output.streams, [b"out\n", b"err\n"])
        self.assertEqual((output.code, output.signal, output.ends), (3, "", (4, 4)))
        self.assertEqual(self.client.run(B, "true").code, 0)

    def test_a_signal_is_told(self):
        output = self.client.run(A, "kill -KILL $$")
        self.assertEqual((output.code, output.signal), (137, "KILL"))

    def test_a_quick_command_takes_less_than_100_ms(self):
        self.client.run("f" * 16, "true")  # the nursery is there
        took = []
        for number in range(9):
            began = time.monotonic()
            self.client.run("%016x" % number, "true")
            took.append(time.monotonic() - began)
        self.assertLess(statistics.median(took), 0.1)

    def test_what_a_command_changed_is_told_before_its_end(self):
        self.client.snapshot()
        for number in range(20):
            job, name = "%016x" % number, "made-%d" % number
            start = self.client.ask(supervisor.START, started(job, "echo x >> same; echo > " + name, cwd=self.root))
            attached = self.client.attach(job)
            self.client.answer(start)
            paths, frame = set(), (0, 0, b"")
            while frame[:2] != (supervisor.DONE, attached):
                frame = self.client.told.get(timeout=PATIENCE)
                if frame[0] == helper.NEWS:
                    paths |= {path for _, path, _ in news(frame[2])}
            self.assertLessEqual({"/" + name, "/same"}, paths)

    def test_much_output_on_both_streams_is_exact(self):
        line = "(yes 'much on standard output' | head -c 5000000) & head -c 3000000 /dev/urandom | tee kept >&2; wait"
        output = self.client.run(A, line, cwd=self.root)
        self.assertEqual(output.streams[0], (b"much on standard output\n" * 250_000)[:5_000_000])
        with open(os.path.join(self.root, "kept"), "rb") as kept:
            self.assertEqual(output.streams[1], kept.read())
        self.assertEqual(output.gaps, [])

    def test_directory_environment_and_signals_are_the_command_s_own(self):
        line = 'pwd; echo "$PWD|$NAME|$TERM"; umask; grep -E "SigIgn|SigBlk" /proc/self/status; exec ls /proc/self/fd'
        output = self.client.run(A, line, cwd="/usr", env=[("NAME", "a b\n=c")])
        lines = output.streams[0].decode().split("\n")
        self.assertEqual(lines[:3], ["/usr", "/usr|a b", "=c|" + os.environ.get("TERM", "")])
        self.assertEqual(int(lines[3], 8), self.umask())
        own = ~(3 << 31)  # but for two that belong to the C library
        self.assertEqual([int(line.split()[1], 16) & own for line in lines[4:6]], [0, 0])
        self.assertEqual(lines[6:], ["0", "1", "2", "3", ""])  # the last is what ls reads

    @staticmethod
    def umask():
        """That of this process."""
        mask = os.umask(0o077)
        os.umask(mask)
        return mask

    def test_a_shell_that_is_not_there_is_replaced(self):
        output = self.client.run(A, "echo $0 $SHELL", env=[("SHELL", "/not/there")])
        self.assertEqual(output.streams[0], b"sh /not/there\n")

    def test_what_cannot_be_started_is_an_error_and_leaves_nothing(self):
        self.refused("ENOENT", self.client.start, A, "true", cwd="/not/there")
        self.refused("ENOTDIR", self.client.start, A, "true", cwd="/etc/passwd")
        self.refused("EINVAL", self.client.start, A, "true", cwd="relative")
        self.refused("E2BIG", self.client.start, A, "true", env=[("NAME", "x" * 140_000)])
        self.refused("EINVAL", self.client.start, "../../../etc/abc", "true")
        self.refused("ESRCH", self.client.follow, self.client.attach(A))
        self.assertEqual(os.listdir(self.directory()), [])
        start = self.client.ask(supervisor.START, started(A, "true", cwd="/not/there"))
        attached = self.client.attach(A)
        self.refused("ENOENT", self.client.answer, start)
        self.refused("ESRCH", self.client.follow, attached)

    def test_an_id_given_twice_runs_once(self):
        line = "echo x >> %s/times; read line; exit 5" % self.root
        pid = self.client.start(A, line)
        other = self.another()
        self.assertEqual(other.start(A, line), pid)
        self.client.input(A, 0, b"go\n")
        self.assertEqual(self.client.follow(self.client.attach(A)).code, 5)
        self.await_that(lambda: not os.path.exists(self.directory(A, "control")))
        self.assertEqual(other.start(A, line), pid)
        with open(os.path.join(self.root, "times")) as times:
            self.assertEqual(times.read(), "x\n")

    def test_an_id_given_twice_at_the_same_moment_runs_once(self):
        for number in range(8):
            job = "%016x" % number
            line = "echo x >> %s/%s" % (self.root, job)
            clients = [self.client, self.another()]
            asked = [client.ask(supervisor.START, started(job, line)) for client in clients]
            pids = {client.answer(request)[1] for client, request in zip(clients, asked)}
            self.assertEqual(len(pids), 1)
            self.assertEqual(self.client.follow(self.client.attach(job)).code, 0)
            self.assertEqual(os.path.getsize(os.path.join(self.root, job)), 2)

    def test_fifty_at_once(self):
        names = ["%016x" % number for number in range(50)]
        asked = [
            (self.client.ask(supervisor.START, started(job, "echo %s; exit 7" % job)), self.client.attach(job))
            for job in names
        ]
        for job, (start, attached) in zip(names, asked):
            self.client.answer(start)
            output = self.client.follow(attached)
            self.assertEqual((output.code, output.streams[0]), (7, job.encode() + b"\n"))
        self.assertEqual(len(self.client.jobs()), 50)
        for job in names:
            self.client.remove(job)
        self.assertEqual(os.listdir(self.directory()), [])

    def test_the_end_waits_for_those_who_hold_the_output_and_for_no_others(self):
        os.mkfifo(os.path.join(self.root, "fifo"))
        self.client.start(A, "(cat fifo) & exit 4", cwd=self.root)
        number = self.client.attach(A)
        with open(os.path.join(self.root, "fifo"), "w") as fifo:  # somebody reads it
            child = self.client.jobs()[A]["child"]
            self.await_that(lambda: supervisor.start_of(child) == 0)
            self.assertEqual(self.client.jobs()[A]["state"], "running")
            fifo.write("late")
        output = self.client.follow(number)
        self.assertEqual((output.code, output.streams[0]), (4, b"late"))
        began = time.monotonic()
        output = self.client.run(B, "(sleep 300 > /dev/null 2>&1 & echo $!); exit 6")
        self.addCleanup(os.kill, int(output.streams[0]), signal.SIGKILL)
        self.assertEqual(output.code, 6)
        self.assertLess(time.monotonic() - began, PATIENCE)


class Input(JobTest):
    """What a command reads."""

    def test_input_arrives_once_and_in_order(self):
        self.client.start(A, "cat; echo end")
        self.assertEqual(self.client.input(A, 0, b"12345"), 5)
        self.assertEqual(self.client.input(A, 3, b"4567"), 7)
        self.assertEqual(self.client.input(A, 0, b"12"), 7)
        self.refused("EINVAL", self.client.input, A, 8, b"hole")
        self.assertEqual(self.client.input(A, 7, b"8", end=True), 8)
        self.assertEqual(self.client.input(A, 7, b"8", end=True), 8)
        output = self.client.follow(self.client.attach(A))
        self.assertEqual(output.streams[0], b"12345678end\n")
        self.refused("EPIPE", self.client.input, A, 8, b"9")

    def test_the_state_tells_how_much_was_taken(self):
        self.client.start(A, "cat")
        self.client.input(A, 0, b"12345")
        output = self.client.follow(self.client.attach(A), until=has(b"12345"))
        self.assertEqual(output.state[0], 5)

    def test_much_input_is_exact(self):
        content = random.Random(3).getrandbits(8 * 5_000_000).to_bytes(5_000_000, "big")
        self.client.start(A, "cat")
        number = self.client.attach(A)

        def feed():
            for at in range(0, len(content), 100_000):
                self.client.input(A, at, content[at : at + 100_000], at + 100_000 >= len(content))

        feeding = threading.Thread(target=feed)
        feeding.start()
        output = self.client.follow(number, grants=False)
        feeding.join()
        self.assertEqual(output.streams[0], content)

    def test_input_that_nobody_reads_waits_and_is_bounded_and_holds_up_nothing_else(self):
        self.client.start(A, "exec sleep 300")
        piece = bytes(128 * KIB)
        asked = [self.client.feed(A, n * len(piece), piece) for n in range(20)]
        results = []
        self.refused("EAGAIN", self.client.answer, asked[-1])
        self.client.signal(A, "TERM")
        for number in asked[:-1]:
            try:
                results.append(self.client.answer(number) and "taken")
            except Refused as e:
                results.append(str(e))
        self.assertEqual(results[:8], ["taken"] * 8)
        self.assertEqual(self.client.follow(self.client.attach(A)).signal, "TERM")
        self.assertLessEqual(set(results[8:]), {"taken", "EPIPE", "EAGAIN", "EINVAL"})
        self.assertIn("EPIPE", results)

    def test_a_command_that_closes_its_input_refuses_it(self):
        self.client.start(A, "exec 0<&-; echo closed; exec sleep 300")
        self.client.follow(self.client.attach(A), until=has(b"closed"))
        self.client.input(A, 0, b"x")
        self.refused("EPIPE", self.client.input, A, 1, b"y")

    def test_a_detached_command_has_no_input(self):
        self.assertEqual(self.client.run(A, "cat; echo end", detached=True).streams[0], b"end\n")
        self.client.start(B, "sleep 300", detached=True)
        self.refused("EPIPE", self.client.input, B, 0, b"x")


class Signals(JobTest):
    """Signals to a command."""

    def test_a_signal_reaches_the_group_with_what_is_in_the_background(self):
        self.client.start(A, "sleep 300 & sleep 300 & echo ready; wait")
        number = self.client.attach(A)
        self.client.follow(number, until=has(b"ready"))
        self.client.signal(A, "TERM")
        self.assertEqual(self.client.follow(self.client.attach(A)).signal, "TERM")

    def test_what_is_left_in_the_background_alone_is_reached(self):
        self.client.start(A, "sleep 300 & echo ready; exit 2")
        self.client.follow(self.client.attach(A), until=has(b"ready"))
        child = self.client.jobs()[A]["child"]
        self.await_that(lambda: supervisor.start_of(child) == 0)
        self.client.signal(A, "KILL")
        self.assertEqual(self.client.follow(self.client.attach(A)).code, 2)

    def test_wrong_signals_are_refused(self):
        self.client.start(A, "read x")
        for name in ("SIGTERM", "term", "9", "NOSUCH", "_SETMASK", "MAX", ""):
            self.refused("EINVAL", self.client.signal, A, name)
        self.refused("ENOTTY", self.client.resize, A, 10, 10)
        self.client.input(A, 0, b"", end=True)
        self.client.follow(self.client.attach(A))
        self.refused("ESRCH", self.client.signal, A, "TERM")
        self.refused("ESRCH", self.client.resize, A, 10, 10)
        self.refused("ESRCH", self.client.signal, B, "TERM")


class Terminals(JobTest):
    """Commands at a terminal."""

    def test_a_terminal_is_one(self):
        line = "tty; stty size; echo $TERM; test -t 0 && test -t 1 && test -t 2 && echo yes; echo x > /dev/tty"
        output = self.client.run(A, line, terminal=True, size=(33, 99), term="screen")
        lines = output.streams[0].decode().split("\r\n")
        self.assertTrue(lines[0].startswith("/dev/pts/"))
        self.assertEqual(lines[1:], ["33 99", "screen", "yes", "x", ""])
        self.assertEqual(output.streams[1], b"")

    def test_keys_signals_and_sizes_reach_what_is_in_the_foreground(self):
        program = (
            "import os, signal as s; own = {s.SIGINT, s.SIGWINCH, s.SIGUSR1}; s.pthread_sigmask(s.SIG_BLOCK, own)\n"
            "print('ready', flush=True)\n"
            "for _ in range(4): print(s.Signals(s.sigwait(own)).name, tuple(os.get_terminal_size()), flush=True)"
        )
        line = "exec %s -I -S -c \"%s\"" % (sys.executable, program)
        self.client.start(A, line, terminal=True)

        def await_text(wanted):
            self.client.follow(self.client.attach(A), until=has(wanted))

        await_text(b"ready")
        self.client.input(A, 0, b"\x03")
        await_text(b"SIGINT (80, 24)")
        self.client.resize(A, 55, 111)
        await_text(b"SIGWINCH (111, 55)")
        self.client.signal(A, "USR1")
        await_text(b"SIGUSR1")
        self.client.signal(A, "INT")
        output = self.client.follow(self.client.attach(A))
        self.assertEqual((output.code, output.streams[0].count(b"SIGINT")), (0, 2))

    def test_keys_and_signals_are_told_apart_by_the_group_in_the_foreground(self):
        program = (
            "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {s.SIGINT}); print('ready', flush=True);"
            "s.sigwait({s.SIGINT}); print('inner', flush=True)"
        )
        inner = "%s -I -S -c \"%s\"" % (sys.executable, program)
        line = "trap 'echo outer' INT; set -m; %s; echo end" % inner
        self.client.start(A, line, terminal=True)
        self.client.follow(self.client.attach(A), until=has(b"ready"))
        self.client.signal(A, "INT")
        output = self.client.follow(self.client.attach(A))
        self.assertIn(b"inner", output.streams[0])
        self.assertNotIn(b"outer", output.streams[0])

    def test_the_end_of_input_is_the_key_for_it(self):
        self.client.start(A, "cat; echo end", terminal=True)
        self.client.input(A, 0, "größe\n".encode(), end=True)
        output = self.client.follow(self.client.attach(A))
        self.assertIn(b"end", output.streams[0])
        self.assertEqual(output.streams[0].count("größe".encode()), 2)

    def test_an_erased_character_is_erased_whole(self):
        self.client.start(A, "read x; echo \"<$x>\"", terminal=True)
        self.client.input(A, 0, "aö\x7fb\n".encode())
        self.assertIn(b"<ab>", self.client.follow(self.client.attach(A)).streams[0])

    def test_the_end_of_the_command_ends_what_holds_the_terminal(self):
        line = "trap '' HUP; (echo >&3; exec sleep 300) & echo $!; read x < fifo; seq 20000; exit 8"
        os.mkfifo(os.path.join(self.root, "fifo"))
        output = self.client.run(A, "exec 3<>fifo; " + line, cwd=self.root, terminal=True)
        self.addCleanup(os.kill, int(output.streams[0].split()[0]), signal.SIGKILL)
        self.assertEqual(output.code, 8)
        self.assertTrue(output.streams[0].endswith(b"\r\n20000\r\n"))

    def test_all_that_was_written_before_the_end_comes(self):
        output = self.client.run(A, "stty -opost; seq 100000", terminal=True)
        self.assertEqual(output.streams[0], b"".join(b"%d\n" % n for n in range(1, 100_001)))


    def test_several_type_and_each_keystroke_comes_once(self):
        self.client.start(A, "stty -echo; echo ready; cat", terminal=True)
        self.client.follow(self.client.attach(A), until=has(b"ready"))
        self.assertEqual(self.client.type(A, 7, 0, b"one "), 4)
        self.assertEqual(self.client.type(A, 8, 0, b"two "), 4)
        self.assertEqual(self.client.type(A, 7, 2, b"e three"), 9)  # the first two came before
        self.refused("EINVAL", self.client.type, A, 8, 5, b"x")
        self.client.type(A, 8, 4, b"\n\x04")
        self.assertIn(b"one two three\r\n", self.client.follow(self.client.attach(A)).streams[0])
        self.refused("EPIPE", self.client.type, A, 7, 9, b"x")

    def test_nobody_types_without_a_terminal(self):
        self.client.start(A, "read x")
        self.refused("ENOTTY", self.client.type, A, 1, 0, b"x")

    def test_who_comes_later_is_told_how_the_terminal_is_set(self):
        line = r"printf '\033[?1049;2004h\033=\033[?25l\033[>4;2m\033[?2004l'; echo ready; read x; printf '\033c'; echo again; read x"
        self.client.start(A, line, terminal=True)
        self.client.follow(self.client.attach(A), until=has(b"ready"))
        told = self.client.follow(self.client.attach(A), until=has(b"ready")).modes
        self.assertEqual(told, b"\x1b[?1049h\x1b[?2004l\x1b[?25l\x1b=\x1b[>4;2m")
        self.client.type(A, 1, 0, b"\n")
        self.client.follow(self.client.attach(A), until=has(b"again"))
        self.assertEqual(self.client.follow(self.client.attach(A), until=has(b"again")).modes, b"")

    def test_the_list_tells_whether_somebody_is_at_it(self):
        def state():
            job = self.client.jobs()[A]
            return job["attached"], job["left"] is not None

        self.client.start(A, "echo on; read x", terminal=True)
        self.assertEqual(state(), (False, False))
        numbers = [self.client.attach(A), self.client.attach(A)]
        for number in numbers:
            self.client.follow(number, until=has(b"on"))
        self.assertEqual(state(), (True, False))
        self.client.send(helper.CANCEL, numbers[0])
        self.refused("ECANCELED", self.client.follow, numbers[0])
        self.assertEqual(state(), (True, False))
        self.client.send(helper.CANCEL, numbers[1])
        self.refused("ECANCELED", self.client.follow, numbers[1])
        self.await_that(lambda: state() == (False, True))


class Times(JobTest):
    """When output came, and when a command's time is up."""

    def test_output_is_found_by_its_time(self):
        os.mkfifo(os.path.join(self.root, "fifo"))
        begun = time.time_ns()
        self.client.start(A, "echo first; read x < fifo; echo second", cwd=self.root)
        self.client.follow(self.client.attach(A), until=has(b"first"))
        self.assertEqual(self.client.since(A, begun), (0, 0))
        self.assertEqual(self.client.since(A, -60 * 10**9), (0, 0))
        self.assertEqual(self.client.since(A, time.time_ns() + 60 * 10**9), (6, 0))
        self.await_that(lambda: self.client.since(A, -1) == (6, 0))  # a second after it came
        with open(os.path.join(self.root, "fifo"), "w") as fifo:
            fifo.write("\n")
        self.client.follow(self.client.attach(A))
        self.assertEqual(self.client.since(A, -1), (6, 0))
        self.assertEqual(self.client.since(A, begun), (0, 0))
        time_file = self.directory(A, "times")
        self.assertEqual(os.stat(time_file).st_mode & 0o777, 0o600)

    def test_times_of_a_job_that_has_ended_are_in_its_files(self):
        begun = time.time_ns()
        self.client.run(A, "echo one")
        self.client.__exit__()
        self.await_end(self.directory(A, "control"))
        later = self.another()
        self.assertEqual(later.since(A, begun), (0, 0))
        self.assertEqual(later.since(A, time.time_ns() + 60 * 10**9), (4, 0))
        os.unlink(self.directory(A, "times"))  # as of an earlier version
        self.assertEqual(self.another().since(A, time.time_ns()), (0, 0))

    def await_end(self, path):
        """Waits until the supervisor has gone."""
        end = time.monotonic() + PATIENCE
        while os.path.exists(path):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_a_command_whose_time_is_up_is_ended_and_says_so(self):
        output = self.client.run(A, "trap 'echo told; exit 3' TERM; echo on; while :; do sleep 0.05; done", millis=300)
        self.assertEqual((output.code, output.signal), (124, ""))
        self.assertIn(b"told", output.streams[0])

    def test_a_command_that_does_not_end_then_is_killed_and_says_so(self):
        output = self.client.run(A, "trap '' TERM; echo on; while :; do sleep 0.05; done", millis=100)
        self.assertEqual((output.code, output.signal), (124, ""))

    def test_a_command_that_ends_in_time_keeps_its_status(self):
        self.assertEqual(self.client.run(A, "exit 5", millis=60_000).code, 5)
        self.assertEqual(self.client.run(B, "kill -KILL $$", millis=60_000).signal, "KILL")


class Readers(JobTest):
    """Who gets the output."""

    def test_several_get_all_from_where_they_want(self):
        self.client.start(A, "echo 12345; read x; echo 67890")
        other = self.another()
        first, second = self.client.attach(A), other.attach(A, (3, 0))
        self.client.input(A, 0, b"\n")
        self.assertEqual(self.client.follow(first).streams[0], b"12345\n67890\n")
        self.assertEqual(other.follow(second, (3, 0)).streams[0], b"45\n67890\n")
        self.assertEqual(other.follow(other.attach(A, (12, 0)), (12, 0)).code, 0)
        self.refused("EINVAL", other.follow, other.attach(A, (13, 0)), (13, 0))

    def test_no_more_comes_than_the_window_holds(self):
        self.client.start(A, "head -c 200000 /dev/zero")
        number = self.client.attach(A, window=1000)
        seen = self.client.follow(number, until=lambda o: len(o.streams[0]) >= 1000, grants=False)
        self.assertEqual(len(seen.streams[0]), 1000)
        self.client.grant(number, 50_000)
        at = 1000
        while at < 51_000:
            frame = next(self.client.frames(number))
            self.assertEqual(struct.unpack_from(">Q", frame, 1)[0], at)
            at += struct.unpack_from(">I", frame, 10)[0]
        self.assertEqual(at, 51_000)
        self.client.send(helper.CANCEL, number)
        self.assertEqual(list(self.client.frames(number))[0][1][1:10], b"ECANCELED")

    def test_a_cancelled_reader_leaves_the_command_alone(self):
        self.client.start(A, "echo one; read x; echo two")
        number = self.client.attach(A)
        self.client.follow(number, until=has(b"one"))
        self.client.send(helper.CANCEL, number)
        self.refused("ECANCELED", self.client.answer, number)
        self.client.input(A, 0, b"\n")
        self.assertEqual(self.client.follow(self.client.attach(A, (4, 0)), (4, 0)).streams[0], b"two\n")

    def test_a_reader_who_keeps_up_misses_nothing_however_small_the_spool(self):
        output = self.client.run(A, "seq 400000", bound=64 * KIB)
        self.assertEqual(output.streams[0], b"".join(b"%d\n" % n for n in range(1, 400_001)))
        self.assertEqual(output.gaps, [])

    def test_a_reader_who_is_here_holds_the_command_back(self):
        self.client.start(A, "read x; seq 400000", bound=64 * KIB)
        slow, fast = self.client.attach(A, window=10), self.another()
        quick = fast.attach(A)
        self.client.input(A, 0, b"\n")
        fast.follow(quick, until=lambda o: len(o.streams[0]) >= 64 * KIB)
        self.assertEqual(self.client.jobs()[A]["dropped"], 0)
        self.client.grant(slow, 1 << 30)
        self.assertEqual(self.client.follow(slow).streams[0], b"".join(b"%d\n" % n for n in range(1, 400_001)))

    def test_who_comes_late_is_told_what_is_missing(self):
        self.client.start(A, "seq 400000; echo done > finished; read x", cwd=self.root, bound=64 * KIB)
        self.await_that(lambda: os.path.exists(os.path.join(self.root, "finished")))
        self.client.input(A, 0, b"\n")
        whole = b"".join(b"%d\n" % n for n in range(1, 400_001))
        for again in range(2):
            output = self.client.follow(self.client.attach(A))
            ((stream, start, to),) = output.gaps
            self.assertEqual((stream, start), (1, 0))
            self.assertEqual(output.streams[0], whole[to:])
            self.assertGreaterEqual(len(whole) - to, 64 * KIB)
            self.assertLess(len(whole) - to, 80 * KIB)
            self.await_that(lambda: not os.path.exists(self.directory(A, "control")))
        self.assertEqual(self.client.jobs()[A]["dropped"], to)
        self.assertEqual(self.client.jobs()[A]["last"], "400000")

    def test_output_leaves_room_for_files(self):
        self.client.start(A, "exec yes")
        number = self.client.attach(A)
        for name in range(300):
            open(os.path.join(self.root, "file-%d" % name), "w").close()
        stop = threading.Event()
        flow = threading.Thread(target=self.client.follow, args=(number,), kwargs={"until": lambda o: stop.is_set()})
        flow.start()
        for _ in range(20):
            self.assertEqual(len(self.client.snapshot(depth=1)[0]["/"][1]), 301)
        stop.set()
        flow.join()
        self.client.signal(A, "KILL")


class Lasting(JobTest):
    """What outlives what."""

    def test_a_killed_helper_leaves_the_command_and_another_goes_on_from_the_byte(self):
        self.client.start(A, "seq 1000; read x; seq 1001 2000; echo end >&2")
        output = self.client.follow(self.client.attach(A), until=has(b"\n1000\n"))
        self.client.process.kill()
        self.client.process.wait()
        other = self.another()
        number = other.attach(A, output.at)
        other.input(A, 0, b"\n")
        rest = other.follow(number, output.at)
        self.assertEqual(output.streams[0] + rest.streams[0], b"".join(b"%d\n" % n for n in range(1, 2001)))
        self.assertEqual(rest.streams[1], b"end\n")
        self.assertEqual(rest.code, 0)

    def test_a_supervisor_is_in_a_session_of_its_own_and_shows_nothing(self):
        self.client.start(A, "read secret")
        pid = self.client.jobs()[A]["supervisor"]
        self.assertEqual(os.getsid(pid), pid)
        with open("/proc/%d/cmdline" % pid) as line:
            shown = line.read()
        self.assertNotIn("secret", shown)
        self.assertNotIn("/", shown.replace("/dev/null", ""))
        self.assertEqual({os.readlink("/proc/%d/fd/%d" % (pid, n)) for n in range(3)}, {"/dev/null"})
        os.kill(pid, signal.SIGHUP)
        self.client.input(A, 0, b"\n")
        self.assertEqual(self.client.follow(self.client.attach(A)).code, 0)

    def test_an_ended_job_is_told_of_until_it_is_removed(self):
        self.client.run(A, "echo text; echo err >&2; exit 3")
        self.client.process.stdin.close()
        self.client.process.wait()
        other = self.another()
        self.await_that_with(other, lambda: not os.path.exists(self.directory(A, "control")))
        output = other.follow(other.attach(A))
        self.assertEqual((output.streams, output.code), ([b"text\n", b"err\n"], 3))
        other.remove(A)
        self.refused("ESRCH", other.follow, other.attach(A))
        self.refused("ESRCH", other.remove, A)
        self.assertEqual(os.listdir(self.directory()), [])

    def await_that_with(self, client, condition):
        """As ``await_that``, with another helper."""
        self.client = client
        self.await_that(condition)

    def test_a_running_job_cannot_be_removed(self):
        self.client.start(A, "read x")
        self.refused("EBUSY", self.client.remove, A)

    def test_a_killed_supervisor_leaves_a_lost_job(self):
        self.client.start(A, "echo before; exec sleep 300")
        number = self.client.attach(A)
        self.client.follow(number, until=has(b"before\n"))
        job = self.client.jobs()[A]
        self.addCleanup(os.killpg, job["child"], signal.SIGKILL)
        self.assertFalse(job["lost"])
        os.kill(job["supervisor"], signal.SIGKILL)
        self.refused("EAGAIN", self.client.answer, number)
        self.await_that(lambda: self.client.jobs()[A]["lost"])
        job = self.client.jobs()[A]
        self.assertEqual((job["state"], job["stdout"], job["last"]), ("running", 7, "before"))
        number = self.client.attach(A)
        self.client.follow(number, until=has(b"before\n"))
        self.refused("EOWNERDEAD", self.client.answer, number)
        self.refused("ESRCH", self.client.signal, A, "TERM")
        self.assertEqual(self.client.start(A, "echo never > %s/never" % self.root), job["child"])
        self.client.remove(A)
        self.assertEqual(self.client.jobs(), {})

    def test_a_number_that_is_another_process_s_now_is_not_taken_for_the_supervisor(self):
        self.client.run(A, "true")
        other = self.another()
        path = self.directory(A, "job.json")
        self.await_that(lambda: not os.path.exists(self.directory(A, "control")))
        for changes in ({"boot": "another"}, {"supervisor_start": 1}, {"supervisor": "text"}):
            with open(path) as source:
                facts = json.load(source)
            own = {"supervisor": os.getpid(), "supervisor_start": supervisor.start_of(os.getpid())}
            facts.update(own, state="running", boot=supervisor.boot_id())
            with open(path, "w") as out:
                json.dump(facts, out)
            self.assertFalse(other.jobs()[A]["lost"])
            facts.update(changes)
            with open(path, "w") as out:
                json.dump(facts, out)
            self.assertTrue(other.jobs()[A]["lost"])
        other.remove(A)

    def test_a_nursery_that_was_killed_is_replaced(self):
        self.client.run(A, "true")
        parent = self.client.process.pid
        with open("/proc/%d/task/%d/children" % (parent, parent)) as children:
            nurseries = [int(pid) for pid in children.read().split()]
        for task in os.listdir("/proc/%d/task" % parent):
            with open("/proc/%d/task/%s/children" % (parent, task)) as children:
                nurseries += [int(pid) for pid in children.read().split()]
        for pid in set(nurseries):
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.client.run(B, "exit 4").code, 4)

    def test_a_stopped_supervisor_holds_up_no_other(self):
        self.client.start(A, "read x")
        pid = self.client.jobs()[A]["supervisor"]
        os.kill(pid, signal.SIGSTOP)
        asked = [self.client.feed(A, 0, bytes(100_000)) for _ in range(100)]
        self.refused("EAGAIN", self.client.answer, asked[-1])
        self.assertEqual(self.client.run(B, "exit 2").code, 2)
        os.kill(pid, signal.SIGCONT)
        self.client.answer(asked[0])

    def test_remains_of_what_was_killed_are_cleared(self):
        self.client.run(A, "true")
        os.mkdir(self.directory(".%s.99999999" % B))
        open(self.directory(".%s.99999999" % B, "out"), "w").close()
        other = self.another()
        other.jobs()
        self.assertEqual(os.listdir(self.directory()), [A])


class Trust(JobTest):
    """What lies in the way."""

    def test_everything_is_the_login_s_alone(self):
        self.client.start(A, "read x")
        for path, mode in ((), 0o700), ((A,), 0o700), ((A, "out"), 0o600), ((A, "job.json"), 0o600):
            self.assertEqual(os.stat(self.directory(*path)).st_mode & 0o777, mode)

    def test_a_link_in_place_of_the_directory_is_refused(self):
        elsewhere = os.path.join(self.root, "elsewhere")
        os.mkdir(elsewhere, 0o700)
        os.makedirs(os.path.dirname(self.directory()), 0o700)
        os.symlink(elsewhere, self.directory())
        self.refused("EPERM", self.client.start, A, "true")
        self.refused("EPERM", self.client.jobs)
        self.assertEqual(os.listdir(elsewhere), [])

    def test_a_directory_that_others_can_use_is_refused(self):
        os.makedirs(self.directory(), 0o700)
        os.chmod(self.directory(), 0o755)
        self.refused("EPERM", self.client.start, A, "true")
        os.chmod(self.directory(), 0o700)
        self.assertEqual(self.client.run(A, "true").code, 0)

    def test_nonsense_in_the_directory_is_left_out(self):
        self.client.run(A, "echo x")
        os.symlink("/etc", self.directory(B))
        os.mkdir(self.directory("c" * 16))
        with open(self.directory("file"), "w"):
            pass
        self.assertEqual(set(self.client.jobs()), {A})
        self.refused("ESRCH", self.client.follow, self.client.attach(B))
        self.refused("ENOTDIR", self.client.start, B, "true")
        self.refused("EIO", self.client.follow, self.client.attach("c" * 16))

    def test_whatever_is_asked_it_answers(self):
        self.client.start(A, "cat > /dev/null")
        kinds = [kind for kind in range(0x20, 0x28) if kind != supervisor.GRANT]
        good = [text(A), text(B), text("TERM"), b"\0" * 8, struct.pack(">QQI", 0, 0, 100), b"\0\0\0\0", b"\xff" * 9]
        for seed in range(300):
            rng = random.Random(seed)
            payload = b"".join(rng.choice(good) for _ in range(rng.randrange(6)))
            if rng.random() < 0.5:
                payload = text(A) + payload
            kind = rng.choice(kinds)
            number = self.client.ask(kind, payload + os.urandom(rng.randrange(3)))
            self.client.send(supervisor.GRANT, 0, payload[: rng.randrange(9)])
            self.client.send(helper.CANCEL, number)
            for frame in self.client.frames(number):
                if isinstance(frame, tuple):
                    self.assertIn(frame[0], (helper.CHUNK, helper.DONE, helper.ERROR), "seed %d" % seed)
        self.assertEqual(self.client.run("e" * 16, "exit 1").code, 1)

    def test_what_nobody_reads_does_not_end_the_supervisor(self):
        self.client.start(A, "yes | head -c 3000000; echo; read x; exit 3")
        for _ in range(5):
            other = JobClient(self.root)
            other.attach(A)
            other.process.kill()
            other.__exit__()
        self.client.input(A, 0, b"\n")
        self.assertEqual(self.client.follow(self.client.attach(A)).code, 3)


class FullDisk(JobTest):
    """When the disk takes no more: here by a limit on the length of files."""

    def limit(self, job, size):
        """The job's supervisor can write no longer files."""
        resource.prlimit(self.client.jobs()[job]["supervisor"], resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_the_command_goes_on_and_the_gap_is_marked(self):
        line = "read x; seq 400000; echo finished > finished; read x; echo last; exit 3"
        self.client.start(A, line, cwd=self.root)
        self.limit(A, 100_000)
        self.client.input(A, 0, b"\n")
        self.await_that(lambda: os.path.exists(os.path.join(self.root, "finished")))
        self.await_that(lambda: self.client.jobs()[A]["stdout"] > 0)
        self.client.input(A, 1, b"\n")
        output = self.client.follow(self.client.attach(A))
        whole = b"".join(b"%d\n" % n for n in range(1, 400_001)) + b"last\n"
        ((_, start, to),) = output.gaps
        self.assertEqual(start, 100_000 - supervisor.Spool.PAGE)
        self.assertEqual(output.streams[0], whole[:start] + whole[to:])
        self.assertIn(len(whole) - to, (supervisor.MEMORY_BYTES, supervisor.MEMORY_BYTES + len("last\n")))
        self.assertEqual(output.code, 3)
        job = self.client.jobs()[A]
        self.assertEqual((job["spool_error"], job["exit"], job["state"]), ("EFBIG", 3, "ended"))

        own = job["supervisor"]
        self.assertNotEqual(supervisor.start_of(own), 0)  # it waits for room
        self.client.remove(A)
        self.await_that(lambda: supervisor.start_of(own) == 0)

    def test_who_is_attached_misses_nothing(self):
        self.client.start(A, "read x; seq 400000")
        self.limit(A, 100_000)
        number = self.client.attach(A)
        self.client.input(A, 0, b"\n")
        output = self.client.follow(number)
        self.assertEqual(output.streams[0], b"".join(b"%d\n" % n for n in range(1, 400_001)))
        self.assertEqual(output.gaps, [])

    def test_a_disk_that_has_room_again_gets_what_waited(self):
        self.client.start(A, "read x; seq 30000; read x; echo last")
        self.limit(A, 100_000)
        number = self.client.attach(A)
        self.client.input(A, 0, b"\n")
        self.client.follow(number, until=has(b"\n30000\n"))
        self.limit(A, resource.RLIM_INFINITY)
        self.client.input(A, 1, b"\n")
        self.assertEqual(self.client.follow(self.client.attach(A)).gaps, [])
        self.await_that(lambda: os.path.getsize(self.directory(A, "out")) > 150_000)

    def test_the_end_can_be_written_where_nothing_new_can(self):
        self.client.start(A, "read x; exit 7")
        self.limit(A, 1)
        self.client.input(A, 0, b"\n")
        self.assertEqual(self.client.follow(self.client.attach(A)).code, 7)


class Listing(JobTest):
    """What is told of jobs."""

    def test_jobs_are_described(self):
        self.assertEqual(self.client.jobs(), {})
        line = "printf 'one\\n\\033[31m 5%%\\r\\033[1m10%%\\r\\n\\n'; while :; do :; done"
        self.client.start(A, line, cwd="/usr", detached=True)
        self.client.follow(self.client.attach(A), until=has(b"10%\r\n\n"))
        self.client.run(B, "echo out; echo err >&2; exit 3", terminal=True)
        self.await_that(lambda: self.client.jobs()[A]["cpu"] > 0.05)
        told = self.client.jobs()
        first, second = told[A], told[B]
        self.assertEqual(list(told), [A, B])
        self.assertEqual(first["command"], line)
        self.assertEqual((first["cwd"], first["detached"], first["terminal"]), ("/usr", True, False))
        self.assertEqual((first["state"], first["exit"], first["ended"]), ("running", None, None))
        self.assertEqual(first["last"], "10%")
        self.assertLess(abs(first["started"] - time.time_ns()), 60e9)
        self.assertEqual((second["state"], second["exit"], second["signal"]), ("ended", 3, ""))
        self.assertEqual((second["stdout"], second["stderr"], second["last"]), (10, 0, "err"))
        self.assertGreaterEqual(second["ended"], second["started"])
        self.assertNotIn("boot", first)


if __name__ == "__main__":
    unittest.main()
