"""The tables, as Markdown that can also be read as it is, and the JSON."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field

from .figures import Cost, Least, Measured, median, median_cost, say, say_bytes, say_least


@dataclass(frozen=True)
class Line:
    """A line of the table: one figure, and what it needs of the link."""

    name: str
    label: str
    least: Least


@dataclass
class Results:
    """Everything that was measured, and what it was measured with."""

    # date, command, machine, versions, rtt_ms, rate_mbit, rounds, mounts (name: label)
    facts: dict = field(default_factory=dict)
    figures: list = field(default_factory=list)
    measured: list = field(default_factory=list)
    costs: list = field(default_factory=list)

    @classmethod
    def from_json(cls, kept):
        return cls(
            kept["facts"],
            [Line(one["name"], one["label"], Least(**one["least"])) for one in kept["figures"]],
            [Measured(**one) for one in kept["measured"]],
            [Cost(**one) for one in kept["costs"]])

    def as_json(self):
        return asdict(self)

    @property
    def mounts(self):
        return list(self.facts["mounts"])

    @property
    def link(self):
        """The round trip in seconds, and the rate in bytes a second."""
        return self.facts["rtt_ms"] / 1e3, self.facts["rate_mbit"] * 1e6 / 8

    def medians(self, line):
        """By mount; None where nothing was measured."""
        return {mount: median(one for one in self.measured if (one.figure, one.mount) == (line.name, mount))
                for mount in self.mounts}


def link_text(facts):
    return f"{facts['rtt_ms']:g} ms round trip, " + (f"{facts['rate_mbit']:g} Mbit/s" if facts["rate_mbit"] else "no limit of the rate")


def headline(results):
    facts = results.facts
    return (f"{facts['date']}, `{facts['command']}`: {link_text(facts)}, medians of {facts['rounds']}\n"
            f"on {facts['machine']}; {'; '.join(facts['versions'].values())}")


def figures_table(results):
    rows = [["", "the link alone", *results.facts["mounts"].values()]]
    for line in results.figures:
        cells = results.medians(line)
        if any(cells.values()):
            base = cells.get("colabfs")
            rows.append([line.label, say_least(line.least, *results.link)] + [
                say(cells[mount], None if mount == "colabfs" else base) for mount in cells])
    return markdown(rows)


def costs_table(results):
    rows = [["sent / received, CPU, memory", *results.facts["mounts"].values()]]
    for work in dict.fromkeys(cost.work for cost in results.costs):
        row = [work]
        for mount in results.mounts:
            middle = median_cost(cost for cost in results.costs if (cost.work, cost.mount) == (work, mount))
            row.append("-" if middle is None else
                       f"{say_bytes(middle.up)} / {say_bytes(middle.down)}, {middle.cpu:.1f} s, {say_bytes(middle.peak)}"
                       + ("" if middle.whole else ", unfinished"))
        rows.append(row)
    return markdown(rows)


def markdown(rows):
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(rows[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|"] + [line(row) for row in rows[1:]])


def failures(results):
    """One line for each thing that did not end as it should."""
    labels = results.facts["mounts"]
    return [f"{labels[one.mount]}, {one.figure}, round {one.round}: {one.error}" for one in results.measured if one.error]


def machine():
    """What it ran on: processor, memory, system."""
    model = next((value for key, value in _pairs("/proc/cpuinfo", ":") if key == "model name"), platform.machine())
    memory = next(int(value.split()[0]) for key, value in _pairs("/proc/meminfo", ":") if key == "MemTotal")
    system = next((value.strip('"') for key, value in _pairs("/etc/os-release", "=") if key == "PRETTY_NAME"), "Linux")
    return (f"{len(os.sched_getaffinity(0))} x {model}, {round(memory / (1 << 20))} GiB of memory, {system}, "
            f"Linux {platform.release()}")


def versions():
    """Of the programs that take part, as they say it themselves."""
    commands = {"sshfs": ("sshfs", "--version"), "rclone": ("rclone", "version"), "git": ("git", "--version"), "ssh": ("ssh", "-V")}
    found = {}
    for name, command in commands.items():
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        except FileNotFoundError:
            continue
        lines = [line for line in done.stdout.splitlines() if name in line.lower()]
        found[name] = (lines or [""])[-1].strip()
    return found


def _pairs(path, mark):
    try:
        with open(path, encoding="utf-8") as file:
            return [tuple(part.strip() for part in line.split(mark, 1)) for line in file if mark in line]
    except FileNotFoundError:
        return []
