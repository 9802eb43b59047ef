"""Momentum for hftbacktest: a compiled loop over a feed of trades, no latency, no fees.

hftbacktest fills orders from an order book, and the CSV has none. So the exchange (not the strategy) is told a book whose
best bid is the price of the last trade and whose best ask is one tick above, as near as a book can come: what is sold is
filled at the price that was seen, what is bought one tick higher.

It also takes in everything of one moment before it asks the strategy. Trades of the same time are therefore moved apart by
a nanosecond each, so that every one is seen, and traded on, before the next.
"""

import numpy as np
import pandas as pd
from hftbacktest import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

import common

ARGS = common.arguments()
TICK, LOT = 0.01, 0.00001
GRID_NANOS = 100_000  # the CSV's times are multiples of this


@njit
def momentum(hbt, lookback, threshold, size, cooldown_ms, capacity):
    """The times of the orders, and of each its side (1 or -1), the quantity filled and the price."""
    times = np.empty(capacity, np.int64)
    sent = np.empty((capacity, 3))
    window = np.empty(lookback)
    seen, count, stance, acted_at = 0, 0, 0, np.int64(-1) << 62
    while hbt.wait_next_feed(False, 3_600_000_000_000) == 2:
        for trade in hbt.last_trades(0):
            price = trade.px
            window[seen % lookback] = price
            seen += 1
            if seen < lookback:
                continue
            oldest = window[seen % lookback]
            change = (price - oldest) / oldest * 100
            now = trade.local_ts // 1_000_000  # the strategy's clock counts milliseconds
            if now - acted_at < cooldown_ms:
                continue
            if change > threshold and stance <= 0:
                stance = 1
                hbt.submit_buy_order(0, count, price, size, GTC, MARKET, True)
            elif change < -threshold and stance >= 0:
                stance = -1
                hbt.submit_sell_order(0, count, price, size, GTC, MARKET, True)
            else:
                continue
            acted_at = now
            order = hbt.orders(0).get(count)
            times[count] = trade.local_ts
            sent[count, 0], sent[count, 1], sent[count, 2] = stance, order.exec_qty, order.exec_price
            count += 1
            hbt.clear_inactive_orders(0)
        hbt.clear_last_trades(0)
    return times[:count], sent[:count]


def feed(nanos, prices, quantities):
    """The trades as events, and before every one with a new price a new book, which only the exchange is told."""
    same = np.concatenate(([False], nanos[1:] == nanos[:-1]))
    run = np.arange(nanos.size) - np.maximum.accumulate(np.where(same, 0, np.arange(nanos.size)))
    times = nanos + run
    moved = np.flatnonzero(np.concatenate(([True], prices[1:] != prices[:-1])))
    new = np.zeros(nanos.size, np.int64)
    new[moved] = 3
    at = np.cumsum(new) + np.arange(nanos.size)

    events = np.zeros(nanos.size + 3 * moved.size, event_dtype)
    events["ev"][at] = TRADE_EVENT | BUY_EVENT | EXCH_EVENT | LOCAL_EVENT
    events["px"][at], events["qty"][at] = prices, quantities
    events["exch_ts"][at] = times
    for back, kind, ticks in (
        (3, DEPTH_CLEAR_EVENT, 0),
        (2, DEPTH_EVENT | BUY_EVENT, 0),
        (1, DEPTH_EVENT | SELL_EVENT, 1),
    ):
        place = at[moved] - back
        events["ev"][place] = kind | EXCH_EVENT
        events["px"][place], events["qty"][place] = prices[moved] + ticks * TICK, 1.0
        events["exch_ts"][place] = times[moved]
    events["local_ts"] = events["exch_ts"]
    return events


def backtest(events):
    """Times and sides of the orders, and how they were filled."""
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK)
        .lot_size(LOT)
        .last_trades_capacity(1000)
    )
    hbt = HashMapMarketDepthBacktest([asset])
    try:
        return momentum(hbt, ARGS.lookback, ARGS.threshold, float(ARGS.size), ARGS.cooldown_ms, len(events))
    finally:
        hbt.close()


def main():
    data = pd.read_csv(ARGS.csv)
    events = feed(*(data[name].to_numpy() for name in ("timestamp", "price", "quantity")))
    backtest(events[:1000])  # compiles: numba cannot keep a function that takes this class from one process to the next
    with common.Stopwatch() as watch:
        times, sent = backtest(events)
    sides = ["BUY" if stance > 0 else "SELL" for stance in sent[:, 0]]
    orders = list(zip(times // GRID_NANOS * GRID_NANOS, sides))
    fills = [(side, quantity, price) for side, (_, quantity, price) in zip(sides, sent)]
    common.answer(ARGS.answer, orders, fills, watch.seconds)


main()
