"""Medians, ratios, the link's own limit, and how they are said. Seconds everywhere, bytes where it says so."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Least:
    """What a work needs of the link at least, however it is done."""

    round_trips: float = 0
    bytes: int = 0
    # what the machine needs for it without any mount, where that is the yardstick
    local_seconds: float = 0

    def seconds(self, rtt, rate):
        """rtt in seconds, rate in bytes a second (0: no limit)."""
        return self.local_seconds + self.round_trips * rtt + (self.bytes / rate if rate else 0)


@dataclass(frozen=True)
class Figure:
    """One line of the table. least is a function of the content."""

    name: str
    label: str
    least: object


@dataclass(frozen=True)
class Measured:
    """What one mount did in one round. Scaled: it did `part` of `whole`, for it is slow."""

    figure: str
    mount: str
    round: int
    seconds: float = 0
    over: bool = False
    part: int = 1
    whole: int = 1
    error: str = ""


@dataclass(frozen=True)
class Cost:
    """What one mount used for one work in one round: bytes on the wire, the daemon's CPU seconds, its peak of memory in bytes.

    Not whole: the work was over its limit, or failed.
    """

    work: str
    mount: str
    round: int
    up: int
    down: int
    cpu: float
    peak: int
    whole: bool = True


def median(values):
    """The middle one of what was measured; None for none. A failure in any round is the result: no figure hides it."""
    values = list(values)
    if not values:
        return None
    failed = [value for value in values if value.error]
    if failed:
        return failed[0]
    ordered = sorted(values, key=lambda value: (value.over, value.seconds))
    middle = ordered[len(ordered) // 2]
    if len(ordered) % 2 or middle.over:
        return middle
    below = ordered[len(ordered) // 2 - 1]
    return Measured(middle.figure, middle.mount, middle.round, (below.seconds + middle.seconds) / 2, False, middle.part, middle.whole)


def median_cost(costs):
    """The medians of each quantity for itself, of the works that were done whole if there are any; None for none."""
    costs = list(costs)
    costs = [cost for cost in costs if cost.whole] or costs
    if not costs:
        return None
    middle = {name: statistics.median(getattr(cost, name) for cost in costs) for name in ("up", "down", "cpu", "peak")}
    return Cost(costs[0].work, costs[0].mount, 0, **middle, whole=costs[0].whole)


def ratio(value, base):
    """How many times as long it took as the base; a scaled work is taken to grow evenly. None when that says nothing."""
    if value is None or base is None or value.error or base.error or base.over or not base.seconds:
        return None
    return value.seconds * value.whole / value.part / (base.seconds * base.whole / base.part)


def say_seconds(seconds):
    if seconds < 0.0995:
        return f"{seconds * 1e3:.1f} ms" if seconds < 0.00995 else f"{seconds * 1e3:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"


def say_ratio(times):
    if times < 0.095:
        return f"{times:.1g}x"
    return f"{times:.1f}x" if times < 9.95 else f"{times:.0f}x"


def say_bytes(count):
    if count >= 99.5e6:
        return f"{count / 1e6:.0f} MB"
    if count >= 1e6:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e3:.0f} kB"


def say(value, base=None):
    """A cell: the median, and its ratio to the base."""
    if value is None:
        return "-"
    if value.error:
        return "failed"
    text = f"> {value.seconds:.0f} s" if value.over else say_seconds(value.seconds)
    if value.part != value.whole:
        text += f" for {value.part} of {value.whole}"
    times = ratio(value, base)
    if times is not None:
        mark = "> " if value.over else "about " if value.part != value.whole else ""
        text += f" ({mark}{say_ratio(times)})"
    return text


def say_least(least, rtt, rate):
    seconds = least.seconds(rtt, rate)
    parts = []
    if least.round_trips:
        parts.append(f"{least.round_trips:g} RT")
    if least.bytes:
        parts.append(say_bytes(least.bytes))
    if least.local_seconds:
        parts.append("without a mount")
    return (say_seconds(seconds) if seconds else "0") + (f" ({' + '.join(parts)})" if parts else "")
