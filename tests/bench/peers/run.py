"""Sandpit beside other backtesters: one CSV of trades, one strategy, the same orders, in turns.

Every run is a whole process, from its start to its end, the CSV read within; the operating system says how long it took and
how much memory it held. README.md says what each of them is given. Exit code 0: all sent the same orders; 1: somebody did
not, or failed; 2: it could not be tried.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

import reference
import trades_csv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SANDPIT = "sandpit"
# Package as its registry spells it; the player's file and the requirements are named after the key.
PLAYERS = {
    "backtesting": "backtesting",
    "nautilus": "nautilus_trader",
    "backtrader": "backtrader",
    "vectorbt": "vectorbt",
    "hftbacktest": "hftbacktest",
}
# Where a peer's model of a market cannot fill at the price that was seen. Orders have to be the same without exception.
KNOWN_FILLS = {
    "hftbacktest": "its book has a spread: what is bought is filled one tick above the trade",
    "nautilus": "its book is as deep as the last trade is large: what an order wants beyond that is filled one tick on",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sandpit", type=pathlib.Path, default=ROOT / "target/release/sandpit", help="the binary")
    parser.add_argument("--rounds", type=int, default=5, help="that count; one before them warms the caches")
    parser.add_argument("--trades", type=int, default=1_000_000, help="lines of the CSV")
    parser.add_argument("--tape", default="btcusdt-20240808", help="whose trades")
    parser.add_argument("--only", type=lambda names: names.split(","), help="of: " + ",".join([SANDPIT, *PLAYERS]))
    parser.add_argument("--core", type=int, help="run everything on this core alone")
    parser.add_argument("--json", type=pathlib.Path, help="write every single run here too")
    parser.add_argument("--work-dir", type=pathlib.Path, default=ROOT / "target/peers", help="environments and the CSV")
    parser.add_argument("--lookback", type=int, default=20, help="trades")
    parser.add_argument("--threshold", type=float, default=0.01, help="percent")
    parser.add_argument("--size", default="0.00001", help="of an order, in base currency: no trade is smaller")
    parser.add_argument("--cooldown-ms", type=int, default=5000)
    args = parser.parse_args()
    args.only = args.only or [SANDPIT, *PLAYERS]
    if unknown := set(args.only) - {SANDPIT, *PLAYERS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if args.rounds < 1 or args.trades < args.lookback:
        parser.error("at least one round, and as many trades as the lookback")
    if not args.sandpit.is_file():
        parser.error(f"no binary at {args.sandpit}: `cargo build --release -p sandpit-host`, or say --sandpit")
    return args


# ---- what is run ----------------------------------------------------------------------------------------------------------


def environment(work_dir, name):
    """The Python of a peer's own environment, which is made when there is none for these requirements yet. One each: two of
    the peers' newest versions cannot live beside each other."""
    requirements = HERE / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = work_dir / f"{name}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"Installing {name} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", requirements], check=True)
        (folder / "complete").touch()
    return python


def version(args, name):
    """Of a peer, as its requirements pin it; of Sandpit, as it says."""
    if name == SANDPIT:
        return subprocess.run([args.sandpit, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    lines = (HERE / "requirements" / f"{name}.txt").read_text().splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(PLAYERS[name] + "=="))


def command(args, name, csv, answer):
    """What is started. Sandpit writes its answer to its standard output, the players to the file that is named here."""
    if name != SANDPIT:
        return [
            *(environment(args.work_dir, name), HERE / "players" / f"{name}_player.py", csv, answer),
            *("--lookback", args.lookback, "--threshold", args.threshold),
            *("--size", args.size, "--cooldown-ms", args.cooldown_ms),
        ]
    config = {
        "lookback_period": args.lookback,
        "momentum_threshold": args.threshold,
        "order_size": args.size,
        "cooldown": f"{args.cooldown_ms}ms",
        "dry_run": "false",
    }
    return [
        *(args.sandpit, "backtest", "momentum", "--data", f"BTC-USDT={csv}"),
        *(word for key, value in config.items() for word in ("--config", f"{key}={value}")),
        *("--latency", "0ms", "--maker-fee-bps", "0", "--taker-fee-bps", "0", "--no-cache", "--format", "json"),
    ]


@dataclasses.dataclass
class Run:
    """One process: seconds of wall clock and of all cores together, peak resident bytes, the load of the machine before it."""

    wall: float
    cpu: float
    memory: int
    load: float
    inside: float | None = None


class Failed(Exception):
    """A process that did not end well."""


def measured(words, stdout, stderr):
    """Runs a process and asks the operating system what it took."""
    load = os.getloadavg()[0]
    words = [str(word) for word in words]
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, str(stdout), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, str(stderr), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    started = time.perf_counter()
    process = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - started
    if status != 0:
        told = stderr.read_text(errors="replace").strip().splitlines()
        raise Failed(f"exit code {os.waitstatus_to_exitcode(status)}: {' '.join(words)}\n  " + "\n  ".join(told[-8:]))
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, load)


# ---- what came of it ------------------------------------------------------------------------------------------------------


def answer_of(name, path):
    """Orders as (nanoseconds, side), fills as (side, quantity, price), and seconds inside where they are told."""
    answer = json.loads(path.read_text())
    if name != SANDPIT:
        return [tuple(order) for order in answer["orders"]], answer["fills"], answer["insideSeconds"]
    orders = [(trades_csv.nanoseconds(order["placedAt"]), order["side"].upper()) for order in answer["orders"]]
    fills = [[fill["side"].upper(), float(fill["quantity"]), float(fill["price"])] for fill in answer["fills"]]
    return orders, fills, None


def difference(expected, orders):
    """How a list of orders differs from the reference; empty when it does not."""
    ours, theirs = [order[:2] for order in expected], orders
    if ours == theirs:
        return ""
    missing, more = len(set(ours) - set(theirs)), len(set(theirs) - set(ours))
    place = next((n for n, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
    return f"{len(theirs)} orders instead of {len(ours)}, {missing} missing and {more} more, first at order {place}"


def other_fills(expected, fills, size):
    """How many orders were not filled whole at the price of their trade, and by how much at most."""
    rest, count, most = list(reversed(fills)), 0, 0.0
    for _, side, price in expected:
        filled = []
        while rest and sum(quantity for _, quantity, _ in filled) < float(size) * (1 - 1e-9):
            filled.append(rest.pop())
        off = max((abs(fill[2] - price) for fill in filled), default=0.0)
        if len(filled) != 1 or filled[0][0] != side or off > 1e-6:
            count, most = count + 1, max(most, off)
    return count, most


class Result:
    """All runs of one of them."""

    def __init__(self, name):
        self.name = name
        self.runs = []
        self.orders = ""
        self.fills = (0, 0.0)

    def rates(self, trades):
        """Events per second of whole processes, lowest first."""
        return sorted(trades / run.wall for run in self.runs)

    def memory(self):
        return max(run.memory for run in self.runs)


def take_turn(args, result, csv, expected, counts):
    """One run of one of them, and a look at what it did. Every run is checked, not only the first."""
    answer, errors = args.work_dir / f"{result.name}.json", args.work_dir / f"{result.name}.err"
    stdout = answer if result.name == SANDPIT else args.work_dir / f"{result.name}.out"
    answer.unlink(missing_ok=True)
    run = measured(command(args, result.name, csv, answer), stdout, errors)
    orders, fills, run.inside = answer_of(result.name, answer)
    result.orders = difference(expected, orders) or result.orders
    result.fills = max(result.fills, other_fills(expected, fills, args.size))
    if counts:
        result.runs.append(run)
    print(
        f"  {result.name:<12} {run.wall:7.2f} s  {run.cpu:7.2f} s cpu  {run.memory / 1e6:6.0f} MB  load {run.load:.2f}"
        + ("" if counts else "  (warming up)"),
        file=sys.stderr,
    )


# ---- what is told ---------------------------------------------------------------------------------------------------------


def table(args, results):
    """One line for each, the fastest first."""
    ours = next((statistics.median(r.rates(args.trades)) for r in results if r.name == SANDPIT), None)
    head = f"{'':<13}{'version':<12}{'events/s, whole process':>34}{'Sandpit is':>12}{'inside':>12}{'cpu s':>8}{'peak MB':>9}"
    lines = [head + "  orders"]
    for result in sorted(results, key=lambda r: -statistics.median(r.rates(args.trades))):
        rates = result.rates(args.trades)
        median = statistics.median(rates)
        inside = [run.inside for run in result.runs if run.inside]
        told_inside = f"{args.trades / statistics.median(inside):,.0f}" if inside else "-"
        lines.append(
            f"{result.name:<13}{version(args, result.name):<12}{median:>12,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f})".ljust(59)
            + f"{f'{ours / median:.2f}x' if ours else '-':>12}{told_inside:>12}"
            + f"{statistics.median(run.cpu for run in result.runs):>8.2f}{result.memory() / 1e6:>9.0f}"
            + f"  {result.orders or 'the same'}"
        )
    return "\n".join(lines)


def remarks(args, results, floor):
    """What the table does not say."""
    lines = []
    for result in results:
        count, most = result.fills
        if count and not result.orders:
            why = KNOWN_FILLS.get(result.name, "no reason is known for it")
            told = f"{count} orders not filled whole at the price of their trade, by {most:.2f} at most"
            lines.append(f"{result.name}: {told}: {why}")
        if result.memory() <= floor:
            lines.append(f"{result.name}: its memory may be less; below {floor / 1e6:.0f} MB this script's own is seen")
    loads = [run.load for result in results for run in result.runs]
    lines.append(f"load average before the runs: {min(loads):.2f} to {max(loads):.2f}; with nothing else running it is about 1")
    return "\n".join(lines)


def machine():
    """What the figures hold for."""
    model = "unknown"
    if (info := pathlib.Path("/proc/cpuinfo")).exists():
        names = (line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name"))
        model = next(names, model)
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def document(args, results, expected):
    """For programs: every single run."""
    shown = {"lookback": args.lookback, "threshold": args.threshold, "size": args.size, "cooldownMs": args.cooldown_ms}
    return {
        "machine": machine() | {"core": args.core},
        "trades": args.trades,
        "tape": args.tape,
        "config": shown,
        "orders": len(expected),
        "players": {
            result.name: {
                "version": version(args, result.name),
                "ordersDifference": result.orders or None,
                "otherFills": result.fills[0],
                "eventsPerSecond": statistics.median(result.rates(args.trades)),
                "peakBytes": result.memory(),
                "runs": [dataclasses.asdict(run) for run in result.runs],
            }
            for result in results
        },
    }


def main():
    args = arguments()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    csv = args.work_dir / f"{args.tape}-{args.trades}.csv"
    if not csv.exists():
        trades_csv.make(str(args.sandpit), args.tape, args.trades, csv)
    for name in args.only:
        if name != SANDPIT:
            environment(args.work_dir, name)
    expected = reference.orders(csv, args.lookback, args.threshold, args.cooldown_ms)
    print(f"{args.trades:,} trades, {len(expected):,} orders to be sent", file=sys.stderr)
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})

    results = [Result(name) for name in args.only]
    try:
        for number in range(args.rounds + 1):
            for result in results:
                take_turn(args, result, csv, expected, counts=number > 0)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(table(args, results))
    print(remarks(args, results, floor))
    if args.json:
        args.json.write_text(json.dumps(document(args, results, expected), indent=2) + "\n")
    return 1 if any(result.orders for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
