import os
import subprocess
import sys
import tempfile
import unittest

from colabfs_bench import processes
from colabfs_bench.processes import Over, Wrong, timed, until, usage


def never():
    raise AssertionError("nothing is stuck")


class TimedTest(unittest.TestCase):
    def test_output_and_seconds_of_a_command_in_a_directory(self):
        ended = timed(["sh", "-c", "pwd; exec sleep 0.2"], "/usr", 20, never)
        self.assertEqual(ended.output, b"/usr\n")
        self.assertGreaterEqual(ended.seconds, 0.2)
        self.assertLess(ended.seconds, 2)

    def test_a_failure_is_told_with_the_last_line(self):
        with self.assertRaisesRegex(Wrong, "ended with 3: the reason"):
            timed(["sh", "-c", "echo more >&2; echo the reason >&2; exit 3"], "/", 20, never)

    def test_another_status_may_be_right(self):
        self.assertEqual(timed(["sh", "-c", "exit 1"], "/", 20, never, statuses=(0, 1)).output, b"")

    def test_over_the_limit_ends_it_and_its_children(self):
        with tempfile.TemporaryDirectory() as directory:
            with self.assertRaises(Over):
                timed(["sh", "-c", "sleep 600 & echo $! >child; wait"], directory, 0.5, never)
            with open(os.path.join(directory, "child"), encoding="utf-8") as file:
                child = file.read().strip()
            until(lambda: not is_running(child), 10)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class UsageTest(unittest.TestCase):
    def test_counts_who_stays_in_its_session_when_its_parent_has_gone(self):
        orphan = "import time\nwhile time.process_time() < 0.4: pass\nprint('burnt', flush=True); time.sleep(60)"
        with subprocess.Popen(["sh", "-c", '("$0" -c "$1" &) ; exec sleep 60', sys.executable, orphan], stdout=subprocess.PIPE,
                              start_new_session=True) as process:
            process.stdout.readline()
            used = usage(process.pid)
            processes.end(process)
        self.assertGreaterEqual(used.cpu, 0.35)

    def test_counts_children_that_live_and_children_that_have_ended(self):
        burn = "import time\nwhile time.process_time() < 0.4: pass\n"
        program = ("import subprocess, sys\n"
                   f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
                   f"alive = subprocess.Popen([sys.executable, '-c', {burn!r} + \"print('burnt', flush=True); input()\"], stdin=subprocess.PIPE)\n"
                   "alive.wait()\n")
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True) as process:
            process.stdout.readline()
            used = usage(process.pid)
            processes.end(process)
        self.assertGreaterEqual(used.cpu, 0.75)
        self.assertLess(used.cpu, 5)
        self.assertGreater(used.peak, 10_000_000)


class UntilTest(unittest.TestCase):
    def test_over_when_it_never_is(self):
        with self.assertRaises(Over):
            until(lambda: False, 0.05)


if __name__ == "__main__":
    unittest.main()
