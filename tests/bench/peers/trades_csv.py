"""Makes the CSV that everybody reads: trades of a recorded market, as many as one asks for.

The trades are those of a tape of this repository (Binance BTCUSDT, 8 August 2024: 9756 trades in under six minutes), with the
time at which they were received. That is too few, so the tape is played forwards, then backwards, then forwards again, and
so on, with times moved on. Where two passes meet, the same trade stands twice, one mean distance between trades apart: the
price never jumps at a seam, and every other step between two prices is a real one. Times stay on the tape's grid of 0.1 ms.
"""

import datetime
import json
import os
import subprocess

HEADER = "timestamp,price,quantity\n"
GRID_NANOS = 100_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def make(sandpit, tape, count, path):
    """Writes `count` trades to `path`, through a file beside it so that a run that is stopped leaves no half a CSV."""
    trades = recorded(sandpit, tape)
    draft = f"{path}.part"
    with open(draft, "w", encoding="ascii") as out:
        out.write(HEADER)
        for nanos, price, quantity in repeated(trades, count):
            out.write(f"{nanos},{price},{quantity}\n")
    os.replace(draft, path)


def recorded(sandpit, tape):
    """The tape's trades as (nanoseconds, price, quantity), both of them as the tape writes them."""
    command = [sandpit, "tape", "head", tape, "--number", str(10**9), "--format", "json"]
    trades = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        for line in process.stdout:
            record = json.loads(line)
            if record["kind"] == "trade":
                trades.append((nanoseconds(record["receivedAt"]), record["price"], record["quantity"]))
    if process.returncode != 0 or not trades:
        raise SystemExit(f"no trades came of: {' '.join(command)}")
    return trades


def nanoseconds(text):
    """Of a time such as 2024-08-08T23:54:15.619900000Z, since 1970; datetime alone would cut it to microseconds."""
    seconds, fraction = text.removesuffix("Z").split(".")
    whole = datetime.datetime.fromisoformat(seconds + "+00:00") - EPOCH
    return (whole.days * 86_400 + whole.seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def repeated(trades, count):
    """`count` trades of passes forwards and backwards in turn."""
    first, last = trades[0][0], trades[-1][0]
    seam = (last - first) // len(trades) // GRID_NANOS * GRID_NANOS
    start, forwards = first, True
    while True:
        for nanos, price, quantity in trades if forwards else reversed(trades):
            if count == 0:
                return
            count -= 1
            yield start + (nanos - first if forwards else last - nanos), price, quantity
        start += last - first + seam
        forwards = not forwards
