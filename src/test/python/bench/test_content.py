import os
import random
import tempfile
import unittest
from unittest import mock

from colabfs_bench import content
from colabfs_bench.processes import run


class CheckoutTest(unittest.TestCase):
    def test_is_the_same_in_every_run(self):
        self.assertEqual(content.checkout_files(random.Random(2)), content.checkout_files(random.Random(2)))

    def test_nine_in_ten_are_small_sources(self):
        files = content.checkout_files(random.Random(2))
        small = [name for name, text in files.items() if name.endswith(".py") and len(text) <= 41_000]
        self.assertEqual(len(files), content.CHECKOUT_FILES)
        self.assertAlmostEqual(len(small) / len(files), content.SMALL_SHARE, delta=0.01)

    def test_sources_squeeze_as_text_does(self):
        text = content.source(random.Random(1), 10_000)
        self.assertLess(content.squeezed(text), len(text) / 2.5)


class ContentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.content = content.Content(cls.directory.name)

    def git(self, *arguments):
        return self.content.git("-C", self.content.checkout, *arguments)

    def test_checkout_has_sixty_megabytes(self):
        size = sum(os.path.getsize(os.path.join(directory, name))
                   for directory, _, files in os.walk(self.content.checkout) for name in files)
        self.assertAlmostEqual(size / 1e6, 60, delta=1)

    def test_checkout_is_clean_and_packed(self):
        self.assertEqual(self.git("status", "--porcelain"), b"")
        self.assertIn(b"count: 0\n", self.git("count-objects", "-v"))

    def test_what_works_leave_is_undone(self):
        c = self.content
        os.mkdir(os.path.join(c.root, "work_clone"))
        with open(os.path.join(c.root, "work_saved.py"), "w", encoding="utf-8") as file:
            file.write("left")
        with open(os.path.join(c.checkout, ".git", "index"), "wb") as file:
            file.write(b"")
        c.restore()
        self.assertEqual(sorted(os.listdir(c.root)), ["checkout", "many"])
        self.assertEqual(self.git("status", "--porcelain"), b"")

    def test_archive_holds_what_it_says(self):
        path, files = self.content.archive(60)
        run("tar", "-xf", path, "-C", self.directory.name)
        self.assertEqual(len(files), 60)
        for name, text in files.items():
            with open(os.path.join(self.directory.name, name), "rb") as file:
                self.assertEqual(file.read(), text)

    def test_a_file_is_rewritten_in_a_hundredth_of_its_bytes(self):
        with mock.patch.multiple(content, REWRITE_BYTES=100_000, REWRITE_CHANGED_BYTES=1000, REWRITE_PLACES=10):
            self.content.rewritable()
            path = self.content.rewritten()
            self.assertEqual(self.content.rewritten(), path)
        with open(os.path.join(self.content.root, "work_rewritten.bin"), "rb") as one, open(path, "rb") as other:
            before, after = one.read(), other.read()
        self.assertEqual((len(before), len(after)), (100_000, 100_000))
        self.assertTrue(900 < sum(x != y for x, y in zip(before, after)) <= 1000)
        self.content.restore()
        self.assertNotIn("work_rewritten.bin", os.listdir(self.content.root))

    def test_large_file_is_made_once_and_cannot_be_squeezed(self):
        path = self.content.served("large.bin", 1_500_000)
        made = os.stat(path).st_mtime_ns
        self.assertEqual(self.content.served("large.bin", 1_500_000), path)
        self.assertEqual(os.stat(path).st_mtime_ns, made)
        with open(path, "rb") as file:
            self.assertGreater(content.squeezed(file.read()), 1_499_000)
        os.remove(path)

    def test_tree_has_files_in_directories(self):
        top = os.path.join(self.directory.name, "tree")
        os.mkdir(top)
        content.make_tree(top, 3, 5)
        self.assertEqual([len(files) for _, _, files in os.walk(top)], [0, 5, 5, 5])


if __name__ == "__main__":
    unittest.main()
