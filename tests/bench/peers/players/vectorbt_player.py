"""Momentum for vectorbt: a compiled loop says which trades are followed by an order, `from_orders` fills and accounts for it.

The cooldown and the stance depend on the orders before, so no array expression says them; a loop in numba does.
"""

import numpy as np
import pandas as pd
import vectorbt
from numba import njit

import common

ARGS = common.arguments()


@njit(cache=True)
def signals(nanos, prices, lookback, threshold, cooldown_ms):
    """1 where the strategy buys, -1 where it sells, 0 elsewhere."""
    out = np.zeros(prices.size, dtype=np.int8)
    stance, acted_at = 0, np.int64(-1) << 62
    for i in range(lookback - 1, prices.size):
        oldest = prices[i - lookback + 1]
        change = (prices[i] - oldest) / oldest * 100
        now = nanos[i] // 1_000_000  # the strategy's clock counts milliseconds
        if now - acted_at < cooldown_ms:
            continue
        if change > threshold and stance <= 0:
            out[i], stance, acted_at = 1, 1, now
        elif change < -threshold and stance >= 0:
            out[i], stance, acted_at = -1, -1, now
    return out


def backtest(nanos, prices):
    """The side of every trade's order, and the portfolio that comes of them."""
    sides = signals(nanos, prices, ARGS.lookback, ARGS.threshold, ARGS.cooldown_ms)
    size = np.where(sides == 0, np.nan, sides * float(ARGS.size))
    close = pd.Series(prices, index=pd.to_datetime(nanos))
    portfolio = vectorbt.Portfolio.from_orders(close, size=size, init_cash=1_000_000)
    portfolio.total_return()
    return sides, portfolio.orders.values


def main():
    data = pd.read_csv(ARGS.csv)
    nanos, prices = data["timestamp"].to_numpy(), data["price"].to_numpy()
    backtest(nanos[:1000], prices[:1000])  # what is compiled, or loaded compiled, once per process
    with common.Stopwatch() as watch:
        sides, records = backtest(nanos, prices)
    at = np.flatnonzero(sides)
    orders = [(nanos[i], "BUY" if sides[i] > 0 else "SELL") for i in at]
    fills = [("BUY" if r["side"] == 0 else "SELL", r["size"], r["price"]) for r in records]
    common.answer(ARGS.answer, orders, fills, watch.seconds)


main()
