"""Momentum for backtrader: a CSV feed of its own, a market order at the close that it saw (`set_coc`), no observers."""

import collections

import backtrader

import common

ARGS = common.arguments()
# backtrader keeps times as floating-point days since the year 1. At today's dates a step of them is 10 microseconds; the
# CSV's times are multiples of 100, so rounding to those gets back what was read.
DAY_NANOS = 86_400 * 1_000_000_000
GRID_NANOS = 100_000
EPOCH_DAY = 719_163


class Trades(backtrader.CSVDataBase):
    """Every trade is a bar. Reading the three columns here takes less time than `GenericCSVData` does."""

    params = (("timeframe", backtrader.TimeFrame.Ticks),)

    def _loadline(self, columns):
        lines = self.lines
        price = float(columns[1])
        lines.datetime[0] = int(columns[0]) / DAY_NANOS + EPOCH_DAY
        lines.open[0] = lines.high[0] = lines.low[0] = lines.close[0] = price
        lines.volume[0] = float(columns[2])
        lines.openinterest[0] = 0.0
        return True


class Momentum(backtrader.Strategy):
    def __init__(self):
        self.price = self.data.close
        self.window = collections.deque(maxlen=ARGS.lookback)
        self.size = float(ARGS.size)
        self.stance = 0
        self.acted_at = float("-inf")
        self.sent = []
        self.fills = []

    def next(self):
        price = self.price[0]
        window = self.window
        window.append(price)
        if len(window) < ARGS.lookback:
            return
        change = (price - window[0]) / window[0] * 100
        if change > ARGS.threshold:
            if self.stance <= 0:
                self.act("BUY", 1)
        elif change < -ARGS.threshold and self.stance >= 0:
            self.act("SELL", -1)

    def act(self, side, stance):
        nanos = round((self.data.datetime[0] - EPOCH_DAY) * (DAY_NANOS / GRID_NANOS)) * GRID_NANOS
        now = nanos // 1_000_000  # the strategy's clock counts milliseconds
        if now - self.acted_at < ARGS.cooldown_ms:
            return
        self.stance, self.acted_at = stance, now
        if side == "BUY":
            self.buy(size=self.size)
        else:
            self.sell(size=self.size)
        self.sent.append((nanos, side))

    def notify_order(self, order):
        if order.status == order.Completed:
            side = "BUY" if order.isbuy() else "SELL"
            self.fills.append((side, abs(order.executed.size), order.executed.price))


def main():
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.adddata(Trades(dataname=ARGS.csv))
    cerebro.addstrategy(Momentum)
    cerebro.broker.setcash(1_000_000)
    cerebro.broker.set_coc(True)
    # The feed reads the CSV while it runs: nothing here is without reading it.
    strategy = cerebro.run()[0]
    common.answer(ARGS.answer, strategy.sent, strategy.fills, None)


main()
