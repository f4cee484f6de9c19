import unittest

from colabfs_bench.figures import Cost, Least, Measured, median, median_cost, ratio, say, say_bytes, say_least, say_ratio, say_seconds


def took(seconds, **more):
    return Measured("find", "sshfs", 1, seconds, **more)


class MedianTest(unittest.TestCase):
    def test_none_is_none(self):
        self.assertIsNone(median([]))

    def test_odd_is_the_middle_one(self):
        self.assertEqual(median([took(3), took(1), took(2)]).seconds, 2)

    def test_even_is_between_the_middle_ones(self):
        self.assertEqual(median([took(4), took(1), took(2), took(30)]).seconds, 3)

    def test_one_over_of_three_is_above_all_others(self):
        self.assertEqual(median([took(20, over=True), took(25), took(1)]).seconds, 25)

    def test_two_over_of_three_is_over(self):
        self.assertTrue(median([took(300, over=True), took(1), took(300, over=True)]).over)

    def test_a_failure_is_never_hidden(self):
        self.assertEqual(median([took(1), took(0, error="other bytes"), took(1)]).error, "other bytes")

    def test_costs_are_medians_each_for_itself(self):
        costs = [Cost("find", "sshfs", n, up, down, cpu, peak)
                 for n, (up, down, cpu, peak) in enumerate([(1, 30, .2, 7), (2, 10, .1, 8), (3, 20, .3, 9)])]
        middle = median_cost(costs)
        self.assertEqual((middle.up, middle.down, middle.cpu, middle.peak), (2, 20, .2, 8))
        self.assertIsNone(median_cost([]))

    def test_costs_of_unfinished_work_count_when_there_are_no_others(self):
        whole, unfinished = Cost("find", "sshfs", 1, 5, 5, 5, 5), Cost("find", "sshfs", 2, 1, 1, 1, 1, False)
        self.assertEqual(median_cost([unfinished, whole, unfinished]).up, 5)
        self.assertFalse(median_cost([unfinished]).whole)


class RatioTest(unittest.TestCase):
    def test_is_how_many_times_as_long_as_the_base(self):
        self.assertEqual(ratio(took(6), took(2)), 3)

    def test_scaled_work_is_taken_to_grow_evenly(self):
        self.assertEqual(ratio(took(6, part=60, whole=600), took(2)), 30)

    def test_says_nothing_without_a_base_that_ended(self):
        for base in (None, took(300, over=True), took(0, error="failed"), took(0)):
            self.assertIsNone(ratio(took(6), base))
        self.assertIsNone(ratio(None, took(2)))
        self.assertIsNone(ratio(took(0, error="failed"), took(2)))


class LeastTest(unittest.TestCase):
    def test_is_round_trips_and_bytes_at_the_rate(self):
        self.assertAlmostEqual(Least(2, 6_250_000).seconds(0.08, 6_250_000), 1.16)

    def test_without_a_limit_of_the_rate_bytes_cost_nothing(self):
        self.assertAlmostEqual(Least(0.5, 10 ** 9).seconds(0.08, 0), 0.04)

    def test_says_what_it_is_made_of(self):
        self.assertEqual(say_least(Least(1, 64_000_000), 0.08, 6_250_000), "10.3 s (1 RT + 64.0 MB)")
        self.assertEqual(say_least(Least(0.5), 0.08, 6_250_000), "40 ms (0.5 RT)")
        self.assertEqual(say_least(Least(), 0.08, 6_250_000), "0")
        self.assertEqual(say_least(Least(local_seconds=0.02), 0.08, 0), "20 ms (without a mount)")


class TextTest(unittest.TestCase):
    def test_seconds_have_three_figures_at_most(self):
        said = [say_seconds(seconds) for seconds in (0, 0.0042, 0.0099, 0.085, 0.0999, 0.312, 9.994, 9.996, 15.66, 99.96, 184.2)]
        self.assertEqual(said, ["0.0 ms", "4.2 ms", "9.9 ms", "85 ms", "0.10 s", "0.31 s", "9.99 s", "10.0 s", "15.7 s", "100 s", "184 s"])

    def test_ratios_have_two_figures(self):
        self.assertEqual([say_ratio(times) for times in (0.0004, 0.2, 1, 9.94, 78.4)], ["0.0004x", "0.2x", "1.0x", "9.9x", "78x"])

    def test_bytes(self):
        self.assertEqual([say_bytes(count) for count in (0, 61_234, 2_340_000, 251_000_000)], ["0 kB", "61 kB", "2.3 MB", "251 MB"])

    def test_cell_says_how_it_ended(self):
        base = took(0.5)
        self.assertEqual(say(None), "-")
        self.assertEqual(say(took(0, error="no")), "failed")
        self.assertEqual(say(took(1.5), base), "1.50 s (3.0x)")
        self.assertEqual(say(took(300, over=True), base), "> 300 s (> 600x)")
        self.assertEqual(say(took(6, part=60, whole=600), base), "6.00 s for 60 of 600 (about 120x)")
        self.assertEqual(say(took(60, over=True, part=60, whole=600)), "> 60 s for 60 of 600")


if __name__ == "__main__":
    unittest.main()
