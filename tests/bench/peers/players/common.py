"""What every peer is asked, and how it answers: the arguments of the command line, and one JSON file."""

import argparse
import json
import time


def arguments():
    """`prices.csv answer.json` and the strategy's configuration, which has no default here: everybody gets the same."""
    parser = argparse.ArgumentParser()
    parser.add_argument("csv")
    parser.add_argument("answer")
    parser.add_argument("--lookback", type=int, required=True, help="trades")
    parser.add_argument("--threshold", type=float, required=True, help="percent")
    parser.add_argument("--size", required=True, help="of an order, in base currency")
    parser.add_argument("--cooldown-ms", type=int, required=True)
    return parser.parse_args()


class Stopwatch:
    """Seconds of wall clock inside the backtester, without imports and without reading the CSV."""

    def __enter__(self):
        self.started = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.started


def answer(path, orders, fills, inside_seconds):
    """`orders` as (nanoseconds, "BUY" or "SELL"), as the strategy sent them; `fills` as (side, quantity, price), as the
    backtester's own books have them."""
    with open(path, "w", encoding="ascii") as out:
        json.dump(
            {
                "orders": [[int(nanos), side] for nanos, side in orders],
                "fills": [[side, float(quantity), float(price)] for side, quantity, price in fills],
                "insideSeconds": inside_seconds,
            },
            out,
        )
