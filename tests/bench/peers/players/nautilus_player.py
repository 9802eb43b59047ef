"""Momentum for NautilusTrader: a Python strategy on trade ticks, an L1 book made of them, no latency, no fees."""

import collections
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, BookType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair, Instrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

import common

ARGS = common.arguments()
VENUE = Venue("BINANCE")
INSTRUMENT = CurrencyPair(
    instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
    raw_symbol=Symbol("BTCUSDT"),
    base_currency=BTC,
    quote_currency=USDT,
    price_precision=2,
    size_precision=5,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.00001"),
    maker_fee=Decimal(0),
    taker_fee=Decimal(0),
    ts_event=0,
    ts_init=0,
)


class MomentumConfig(StrategyConfig, frozen=True):
    instrument: Instrument
    lookback: int
    threshold: float
    size: str
    cooldown_ms: int


class Momentum(Strategy):
    def __init__(self, config):
        super().__init__(config)
        self.lookback = config.lookback
        self.threshold = config.threshold
        self.size = config.instrument.make_qty(Decimal(config.size))
        self.window = collections.deque(maxlen=config.lookback)
        self.stance = 0
        self.acted_at = float("-inf")
        self.sent = []
        self.fills = []

    def on_start(self):
        self.subscribe_trade_ticks(self.config.instrument.id)

    def on_trade_tick(self, tick: TradeTick):
        price = tick.price.as_double()
        window = self.window
        window.append(price)
        if len(window) < self.lookback:
            return
        change = (price - window[0]) / window[0] * 100
        if change > self.threshold:
            if self.stance <= 0:
                self.act(tick, OrderSide.BUY, 1)
        elif change < -self.threshold and self.stance >= 0:
            self.act(tick, OrderSide.SELL, -1)

    def act(self, tick, side, stance):
        now = tick.ts_event // 1_000_000  # the strategy's clock counts milliseconds
        if now - self.acted_at < self.config.cooldown_ms:
            return
        self.stance, self.acted_at = stance, now
        self.sent.append((tick.ts_event, side.name))
        self.submit_order(self.order_factory.market(self.config.instrument.id, side, self.size))

    def on_order_filled(self, event):
        self.fills.append((event.order_side.name, event.last_qty, event.last_px))


def ticks():
    """The CSV as Nautilus wants its trades: each with an id and a side, which the CSV does not have.

    `TradeTickDataWrangler.process`, which the manual uses, makes the same list in twice the time.
    """
    data = pd.read_csv(ARGS.csv)
    nanos = data["timestamp"].to_numpy(dtype=np.uint64)
    return TradeTick.from_raw_arrays_to_list(
        INSTRUMENT.id,
        INSTRUMENT.price_precision,
        INSTRUMENT.size_precision,
        data["price"].to_numpy(),
        data["quantity"].to_numpy(),
        np.full(len(data), AggressorSide.NO_AGGRESSOR, dtype=np.uint8),
        [str(number) for number in range(len(data))],
        nanos,
        nanos,
    )


def main():
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        starting_balances=[Money(1_000_000, USDT), Money(10, BTC)],
        book_type=BookType.L1_MBP,
        trade_execution=True,
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(ticks())
    strategy = Momentum(
        MomentumConfig(
            instrument=INSTRUMENT,
            lookback=ARGS.lookback,
            threshold=ARGS.threshold,
            size=ARGS.size,
            cooldown_ms=ARGS.cooldown_ms,
        ),
    )
    engine.add_strategy(strategy)
    with common.Stopwatch() as watch:
        engine.run()
    common.answer(ARGS.answer, strategy.sent, strategy.fills, watch.seconds)
    engine.dispose()


main()
