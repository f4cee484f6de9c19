import os
import tempfile
import types
import unittest
from unittest import mock

from colabfs_bench import session, works
from colabfs_bench.figures import Least
from colabfs_bench.processes import Over, Wrong
from colabfs_bench.session import Session, Stopped, compare, holds, same_as

CONTENT = types.SimpleNamespace(
    listing_bytes=1, index_bytes=2, sources_bytes=3, many_listing_bytes=4, pack_bytes=5, million_bytes=6, known_seconds=0.01,
    archive_bytes=lambda: 7)


class WorksTest(unittest.TestCase):
    def test_names_are_unique(self):
        names = [work.name for work in works.WORKS]
        figures = [figure.name for work in works.WORKS for figure in work.figures]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len(set(figures)), len(figures))

    def test_each_figure_tells_what_it_needs_of_the_link(self):
        for work in works.WORKS:
            for figure in work.figures:
                with self.subTest(figure.name):
                    self.assertIsInstance(figure.least(CONTENT), Least)


class SessionTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        self.mount = mock.Mock(slow=True, path=self.root)
        self.mount.name = "sshfs"
        self.session = Session(self.mount, mock.Mock(git_environment=lambda: None), self.root, "find", 2, 0.5, True)

    def test_over_is_recorded_with_its_limit_and_stops_the_work(self):
        with self.assertRaises(Stopped), self.session.measuring("find", 60, 600):
            raise Over()
        one = self.session.measured[0]
        self.assertEqual((one.figure, one.mount, one.round, one.seconds, one.over, one.part, one.whole),
                         ("find", "sshfs", 2, 0.5, True, 60, 600))

    def test_wrong_is_recorded_and_stops_the_work(self):
        with self.assertRaises(Stopped), self.session.measuring("find"):
            raise Wrong("other bytes")
        self.assertEqual(self.session.measured[0].error, "other bytes")

    def test_slow_mounts_do_a_tenth_when_it_has_to_be_quick(self):
        self.assertEqual(self.session.scaled(600), 60)
        self.mount.slow = False
        self.assertEqual(self.session.scaled(600), 600)

    def test_other_output_than_expected_is_wrong(self):
        self.assertEqual(self.session.command("printf", "b\\na\\n", expect=[b"a", b"b"]).output, b"b\na\n")
        with self.assertRaisesRegex(Wrong, "printed 1 lines instead of 2"):
            self.session.command("printf", "a\\n", expect=[b"a", b"b"])

    def test_a_save_in_the_mount_is_seen_to_be_there(self):
        _, seconds, _ = self.session.inside("save", "saved.py", "saved = 1\n")
        self.session.arrives({"saved.py": holds(b"saved = 1\n")})
        self.assertGreater(seconds, 0)
        self.assertEqual(os.listdir(self.root), ["saved.py"])

    def test_what_never_arrives_is_over(self):
        with self.assertRaises(Over):
            self.session.arrives({"missing": holds(b"")})

    def test_a_change_there_is_seen_here(self):
        with mock.patch.object(session, "REST_SECONDS", 0.05):
            for what, change in (("created", lambda: self.put("x", "one")), ("appended", lambda: self.put("x", "one two")),
                                 ("deleted", lambda: os.remove(os.path.join(self.root, "x")))):
                self.session.sees(what, what, "x", change, {"created": "one", "appended": "one two", "deleted": ""}[what])
        self.assertEqual([one.figure for one in self.session.measured if not one.error], ["created", "appended", "deleted"])
        self.assertLess(max(one.seconds for one in self.session.measured), 5)

    def test_a_change_that_is_not_seen_is_over(self):
        with mock.patch.multiple(session, REST_SECONDS=0.05, SEEN_LIMIT=0.3), self.assertRaises(Stopped):
            self.session.sees("seen", "created", "x", lambda: None, "one")
        self.assertTrue(self.session.measured[0].over)

    def put(self, name, text):
        """At once, as a reader sees it."""
        path = os.path.join(self.root, name)
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + "~", path)


class ComparingTest(unittest.TestCase):
    def test_order_does_not_matter_but_number_does(self):
        compare("find", [b"a", b"b"], [b"b", b"a"])
        with self.assertRaises(Wrong):
            compare("find", [b"a"], [b"a", b"a"])
        with self.assertRaisesRegex(Wrong, ": c$"):
            compare("find", [b"a", b"c"], [b"a"])

    def test_content_is_compared_and_not_only_length(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, name) for name in "abc"]
            for path, text in zip(paths, ("same", "same", "SAME")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertTrue(same_as(paths[0])(paths[1]))
            self.assertFalse(same_as(paths[0])(paths[2]))
            self.assertTrue(holds(b"same")(paths[0]))
            self.assertFalse(holds(b"same")(paths[2]))


if __name__ == "__main__":
    unittest.main()
