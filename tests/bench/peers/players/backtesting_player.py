"""Momentum for backtesting.py: the window as an indicator, `trade_on_close` so that an order fills at the price it saw."""

import numpy as np
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest

import common

ARGS = common.arguments()
UNIT = 1e-5  # one lot of BTCUSDT; the library trades whole units, so a unit is made this small


def momentum(price):
    """Percent from the oldest to the newest price of the window; NaN until it is full."""
    oldest = np.full(len(price), np.nan)
    oldest[ARGS.lookback - 1 :] = price[: len(price) - ARGS.lookback + 1]
    return (price - oldest) / oldest * 100


class Momentum(Strategy):
    def init(self):
        self.momentum = self.I(momentum, self.data.Close)
        self.size = round(float(ARGS.size) / UNIT)
        self.stance = 0
        self.acted_at = float("-inf")
        self.sent = []

    def next(self):
        change = self.momentum[-1]
        if change > ARGS.threshold:
            if self.stance <= 0:
                self.act("BUY", 1)
        elif change < -ARGS.threshold and self.stance >= 0:
            self.act("SELL", -1)

    def act(self, side, stance):
        nanos = int(self.data.Nanos[-1])  # of a column: the index makes a Timestamp every time
        now = nanos // 1_000_000  # the strategy's clock counts milliseconds
        if now - self.acted_at < ARGS.cooldown_ms:
            return
        self.stance, self.acted_at = stance, now
        if side == "BUY":
            self.buy(size=self.size)
        else:
            self.sell(size=self.size)
        self.sent.append((nanos, side))


def fills(stats):
    """Entries and exits of the library's round trips, and the entry of one that is still open, in the order of their time."""
    events = []
    for trade in stats["_trades"].itertuples():
        entry, out = ("BUY", "SELL") if trade.Size > 0 else ("SELL", "BUY")
        events.append((trade.EntryBar, entry, abs(trade.Size), trade.EntryPrice))
        events.append((trade.ExitBar, out, abs(trade.Size), trade.ExitPrice))
    for trade in stats["_strategy"].trades:  # in the library's own units: nothing has turned them back
        side = "BUY" if trade.is_long else "SELL"
        events.append((trade.entry_bar, side, abs(trade.size) * UNIT, trade.entry_price / UNIT))
    return [event[1:] for event in sorted(events)]


def main():
    data = pd.read_csv(ARGS.csv)
    prices = data["price"]
    bars = pd.DataFrame({"Open": prices, "High": prices, "Low": prices, "Close": prices, "Volume": data["quantity"]})
    bars["Nanos"] = data["timestamp"]
    bars.index = pd.to_datetime(data["timestamp"])
    backtest = FractionalBacktest(bars, Momentum, cash=1_000_000, trade_on_close=True, fractional_unit=UNIT)
    with common.Stopwatch() as watch:
        stats = backtest.run()
    common.answer(ARGS.answer, stats["_strategy"].sent, fills(stats), watch.seconds)


main()
