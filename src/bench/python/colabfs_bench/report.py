"""The tables, as Markdown that can also be read as it is, and the JSON."""

import os
import platform
import subprocess

from .figures import Least, Measured, Cost, median, median_cost, say, say_bytes, say_least


def results_as_json(facts, figures, measured, costs):
    """Everything that was measured, and what it was measured with; results_from_json takes it back."""
    return {
        **facts,
        "figures": [{"name": name, "label": label, **vars(least)} for name, label, least in figures],
        "measured": [vars(one) for one in measured],
        "costs": [vars(one) for one in costs],
    }


def results_from_json(kept):
    figures = [(one["name"], one["label"], Least(one["round_trips"], one["bytes"], one["local_seconds"])) for one in kept["figures"]]
    return figures, [Measured(**one) for one in kept["measured"]], [Cost(**one) for one in kept["costs"]]


def medians(figures, measured, mounts):
    """By figure and mount."""
    return {name: {mount: median(one for one in measured if (one.figure, one.mount) == (name, mount)) for mount in mounts}
            for name, _, _ in figures}


def figures_table(facts, figures, measured):
    mounts = list(facts["mounts"])
    rtt, rate = facts["rtt_ms"] / 1e3, facts["rate_mbit"] * 1e6 / 8
    rows = [["", "the link alone", *facts["mounts"].values()]]
    for name, cells in medians(figures, measured, mounts).items():
        if not any(cells.values()):
            continue
        label, least = next((label, least) for other, label, least in figures if other == name)
        base = cells.get("colabfs")
        rows.append([label, say_least(least, rtt, rate)] + [
            say(cells[mount], None if mount == "colabfs" else base) for mount in mounts])
    return markdown(rows)


def costs_table(facts, costs):
    mounts = list(facts["mounts"])
    rows = [["sent / received, CPU, memory", *facts["mounts"].values()]]
    for work in dict.fromkeys(cost.work for cost in costs):
        row = [work]
        for mount in mounts:
            middle = median_cost(cost for cost in costs if (cost.work, cost.mount) == (work, mount))
            row.append("-" if middle is None else
                       f"{say_bytes(middle.up)} / {say_bytes(middle.down)}, {middle.cpu:.1f} s, {say_bytes(middle.peak)}")
        rows.append(row)
    return markdown(rows)


def markdown(rows):
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(rows[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|"] + [line(row) for row in rows[1:]])


def failures(measured, labels):
    """One line for each thing that did not end as it should."""
    return [f"{labels[one.mount]}, {one.figure}, round {one.round}: {one.error}" for one in measured if one.error]


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
