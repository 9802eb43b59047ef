"""The strategy of strategies/momentum once more, in plain Python: the list of orders that everybody has to send."""

import collections
import math


def orders(path, lookback, threshold, cooldown_ms):
    """(nanoseconds, "BUY" or "SELL", price of the trade it came of), in the order of their time."""
    window = collections.deque(maxlen=lookback)
    stance, acted_at, sent = 0, -math.inf, []
    with open(path, encoding="ascii") as rows:
        next(rows)
        for row in rows:
            nanos, price, _ = row.split(",")
            price = float(price)
            window.append(price)
            now = int(nanos) // 1_000_000  # `Date.now()`
            if len(window) < lookback or now - acted_at < cooldown_ms:
                continue
            momentum = (price - window[0]) / window[0] * 100
            if momentum > threshold and stance <= 0:
                side, stance = "BUY", 1
            elif momentum < -threshold and stance >= 0:
                side, stance = "SELL", -1
            else:
                continue
            acted_at = now
            sent.append((int(nanos), side, price))
    return sent
