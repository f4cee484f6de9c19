import json
import unittest
import xml.etree.ElementTree

from colabfs_bench.figures import Cost, Least, Measured
from colabfs_bench.plot import LABEL_WIDTH, VALUE_WIDTH, WIDTH, Scale, plot
from colabfs_bench.report import Line, Results, costs_table, failures, figures_table, headline, machine

SVG = "{http://www.w3.org/2000/svg}"


def results():
    facts = {"date": "2026-11-21", "command": "scripts/bench --rounds 1", "machine": "2 x something", "versions": {"git": "git 2"},
             "rtt_ms": 80.0, "rate_mbit": 50.0, "rounds": 1, "mounts": {"colabfs": "colabfs", "sshfs": "sshfs", "rclone": "rclone"}}
    figures = [Line("find", "first find", Least(1, 6250)), Line("read", "read <64 MB>", Least(1, 64_000_000)), Line("ls", "ls", Least())]
    measured = [Measured("find", "colabfs", 1, 0.2), Measured("find", "sshfs", 1, 15.7), Measured("find", "rclone", 1, error="no <file>"),
                Measured("read", "colabfs", 1, 11.0), Measured("read", "sshfs", 1, 300, over=True)]
    return Results(facts, figures, measured, [Cost("find", "colabfs", 1, 1000, 6000, 1.25, 150_000_000)])


class TablesTest(unittest.TestCase):
    def test_figures_are_medians_ratios_and_the_limit_in_aligned_markdown(self):
        self.assertEqual(figures_table(results()).splitlines(), [
            "|              | the link alone          | colabfs | sshfs           | rclone |",
            "|--------------|-------------------------|---------|-----------------|--------|",
            "| first find   | 81 ms (1 RT + 6 kB)     | 0.20 s  | 15.7 s (78x)    | failed |",
            "| read <64 MB> | 10.3 s (1 RT + 64.0 MB) | 11.0 s  | > 300 s (> 27x) | -      |"])

    def test_costs(self):
        self.assertIn("| find                         | 1 kB / 6 kB, 1.2 s, 150 MB | -     | -      |", costs_table(results()))

    def test_failures_are_named(self):
        self.assertEqual(failures(results()), ["rclone, find, round 1: no <file>"])

    def test_headline_has_date_command_link_and_machine(self):
        self.assertEqual(headline(results()), "2026-11-21, `scripts/bench --rounds 1`: 80 ms round trip, 50 Mbit/s, medians of 1\n"
                         "on 2 x something; git 2")

    def test_machine_is_known_here(self):
        self.assertRegex(machine(), r"^\d+ x .+, \d+ GiB of memory, .+, Linux \d")


class JsonTest(unittest.TestCase):
    def test_what_is_kept_comes_back_whole(self):
        before = results()
        after = Results.from_json(json.loads(json.dumps(before.as_json())))
        self.assertEqual(after, before)


class PlotTest(unittest.TestCase):
    def setUp(self):
        self.tree = xml.etree.ElementTree.fromstring(plot(results()))

    def bars(self):
        return [bar for bar in self.tree.iter(SVG + "rect") if float(bar.get("x")) == LABEL_WIDTH]

    def test_has_a_bar_for_each_that_ended_or_was_over(self):
        self.assertEqual(len(self.bars()), 4)
        self.assertEqual([bar.get("fill-opacity") for bar in self.bars()], [None, None, None, "0.55"])

    def test_longer_is_longer_and_stays_inside(self):
        widths = [float(bar.get("width")) for bar in self.bars()]
        self.assertLess(widths[0], widths[2])
        self.assertLess(widths[2], widths[1])
        self.assertLess(widths[1], widths[3])
        self.assertLessEqual(LABEL_WIDTH + widths[3], WIDTH - VALUE_WIDTH)

    def test_says_the_link_and_the_labels_as_text(self):
        texts = [text.text for text in self.tree.iter(SVG + "text")]
        self.assertIn("80 ms round trip, 50 Mbit/s, medians of 1; shorter is better", texts)
        self.assertIn("read <64 MB>", texts)
        self.assertIn("> 300 s", texts)

    def test_scale_is_logarithmic(self):
        scale = Scale(150)
        places = [scale.place(mark) for mark in scale.marks()]
        self.assertEqual(scale.marks(), [0.001, 0.01, 0.1, 1, 10, 100, 1000])
        for before, after in zip(places, places[1:]):
            self.assertAlmostEqual(after - before, places[1] - places[0])


if __name__ == "__main__":
    unittest.main()
