#!/usr/bin/env python3
"""Computes the numbers of a backtest once more, from what is published: fills and recorded trades.

    backtest_numbers.py REPORT.json TRADES.csv

REPORT.json is the answer of `sandpit backtest --format json` over TRADES.csv (`time,price,quantity,side`, times in nanoseconds), one
symbol, orders that arrive between trades. Shares no code with Sandpit; the formulas are those of docs/backtest.md, in exact decimals.
Exit code 0 when every number agrees, 1 when one does not, with a line for each that does not.
"""

import csv
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal, getcontext

getcontext().prec = 60
YEAR = Decimal(31_536_000)
STEPS = [1, 10, 60, 600, 3_600, 86_400]
POINTS = 10_000
ZERO = Decimal(0)
problems = []


def nanos(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp())
    return seconds * 1_000_000_000 + int(rest.ljust(9, "0") if rest else 0)


def same(what, said, own, tolerance=Decimal("1e-9")):
    """Money to a billionth, ratios to a part of 1e10 of themselves."""
    if said is None or own is None:
        if said is not own:
            problems.append(f"{what}: the report says {said}, it is {own}")
    elif abs(Decimal(str(said)) - own) > tolerance:
        problems.append(f"{what}: the report says {said}, it is {own}")


def same_ratio(what, said, own):
    same(what, said, own, abs(own) * Decimal("1e-10") if own is not None else ZERO)


def over(part, whole):
    return part / whole if whole > 0 else None


def mean(values):
    return sum(values, ZERO) / len(values) if values else None


def load(report, path):
    """What happened, in order: trades of the market and own fills."""
    base, quote = report["prices"][0]["symbol"].split("-")
    happened = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            happened.append((int(row["time"]), 1, Decimal(row["price"])))
    for fill in report["fills"]:
        price, quantity, fee = (Decimal(fill[key]) for key in ("price", "quantity", "fee"))
        fee = {quote: fee, base: fee * price}[fill["feeAsset"]]
        sign = 1 if fill["side"].lower() == "buy" else -1
        happened.append((nanos(fill["tradedAt"]), 0, (sign, price, quantity, fee)))
    happened.sort(key=lambda one: one[:2])
    return happened, quote


class Trip:
    """From flat to flat."""

    def __init__(self, at, sign):
        self.at, self.sign, self.held, self.most = at, sign, ZERO, ZERO
        self.legs, self.fees = {1: [ZERO, ZERO], -1: [ZERO, ZERO]}, ZERO

    def add(self, sign, price, quantity, fee):
        self.held += quantity if sign == self.sign else -quantity
        self.most = max(self.most, self.held)
        self.legs[sign][0] += quantity
        self.legs[sign][1] += quantity * price
        self.fees += fee

    def ended(self, at, last=None):
        (in_quantity, in_cost), (out_quantity, out_cost) = self.legs[self.sign], self.legs[-self.sign]
        value = out_cost if last is None else out_cost + self.held * last
        gross = self.sign * (value - in_cost)
        exit_price = out_cost / out_quantity if last is None else last
        return {
            "side": self.sign, "openedAt": self.at, "closedAt": at if last is None else None, "quantity": self.most,
            "entryPrice": in_cost / in_quantity, "exitPrice": exit_price, "gross": gross, "fees": self.fees,
            "net": gross - self.fees, "return": over(gross - self.fees, in_cost), "durationMs": (at - self.at) // 1_000_000,
        }


class Account:
    def __init__(self, capital, start, end, step):
        self.capital, self.end, self.step = capital, end, step
        self.cash, self.position, self.fees, self.last, self.traded, self.fills = ZERO, ZERO, ZERO, None, ZERO, 0
        self.peak, self.peak_at, self.fall, self.span, self.part = capital, start, ZERO, None, ZERO
        self.grid, self.next = [], start
        self.states, self.prices = {start: {capital}}, {}
        self.trip, self.trips, self.since, self.held = None, [], None, 0

    def equity(self):
        worth = self.position * self.last if self.position else ZERO
        return self.capital + self.cash + worth - self.fees

    def pass_to(self, at):
        while self.next < at:
            self.grid.append(self.equity())
            self.next += self.step

    def mark(self, at):
        equity = self.equity()
        self.states.setdefault(at, set()).add(equity)
        if equity > self.peak:
            self.peak, self.peak_at = equity, at
        if self.peak - equity > self.fall:
            self.fall, self.span = self.peak - equity, (self.peak_at, at)
        self.part = max(self.part, (self.peak - equity) / self.peak)

    def trade(self, at, price):
        self.pass_to(at)
        self.last = price
        self.prices.setdefault(at, set()).add(price)
        self.mark(at)

    def fill(self, at, sign, price, quantity, fee):
        self.pass_to(at)
        before = self.position
        self.cash -= sign * price * quantity
        self.position += sign * quantity
        self.fees += fee
        self.traded += price * quantity
        self.fills += 1
        self.mark(at)
        if before == 0:
            self.since = at
        if self.position == 0:
            self.held += at - self.since
        self.book(at, sign, price, quantity, fee)

    def book(self, at, sign, price, quantity, fee):
        if self.trip and self.trip.sign != sign and quantity > self.trip.held:
            first = self.trip.held
            self.book(at, sign, price, first, fee * first / quantity)
            return self.book(at, sign, price, quantity - first, fee * (quantity - first) / quantity)
        self.trip = self.trip or Trip(at, sign)
        self.trip.add(sign, price, quantity, fee)
        if self.trip.held == 0:
            self.trips.append(self.trip.ended(at))
            self.trip = None

    def close(self):
        self.pass_to(self.end + 1)
        self.states.setdefault(self.end, set()).add(self.equity())
        if self.position:
            self.held += self.end - self.since
            self.trips.append(self.trip.ended(self.end, self.last))


def risk_adjusted(grid, step):
    """Sharpe and Sortino ratio of the returns between points."""
    if len(grid) < 3 or min(grid) <= 0:
        return None, None
    returns = [(after - before) / before for before, after in zip(grid, grid[1:])]
    average, annual = mean(returns), (YEAR / step).sqrt()
    spread = (sum((value - average) ** 2 for value in returns) / (len(returns) - 1)).sqrt()
    below = (sum(min(value, ZERO) ** 2 for value in returns) / len(returns)).sqrt()
    return tuple(average / risk * annual if risk > 0 else None for risk in (spread, below))


def check_numbers(said, account, span):
    closed = [trip for trip in account.trips if trip["closedAt"] is not None]
    nets = [trip["net"] for trip in closed]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    gross = account.cash + (account.position * account.last if account.position else ZERO)
    net = gross - account.fees
    money = {
        "capital": account.capital, "gross": gross, "fees": account.fees, "net": net, "maxDrawdown": account.fall,
        "traded": account.traded, "fills": Decimal(account.fills), "trades": Decimal(len(closed)),
        "openTrades": Decimal(len(account.trips) - len(closed)), "averageWin": mean(wins), "averageLoss": mean(losses),
        "bestTrade": max(nets, default=None), "worstTrade": min(nets, default=None),
    }
    sharpe, sortino = risk_adjusted(account.grid, account.step // 1_000_000_000)
    ratios = {
        "return": net / account.capital, "maxDrawdownFraction": account.part, "sharpe": sharpe, "sortino": sortino,
        "exposure": over(Decimal(account.held), span), "turnover": account.traded / account.capital,
        "winRate": over(Decimal(len(wins)), len(closed)), "profitFactor": over(sum(wins, ZERO), -sum(losses, ZERO)),
    }
    for name, own in money.items():
        same(name, said[name], own)
    for name, own in ratios.items():
        same_ratio(name, said[name], own)
    for name, own in zip(("maxDrawdownFrom", "maxDrawdownTo"), account.span or (None, None)):
        same(name, said[name] and nanos(said[name]), own and Decimal(own), ZERO)
    for name in list(money) + list(ratios):
        # Annualised ratios of less than 30 days come with a remark.
        short = name in ("sharpe", "sortino") and account.step * (len(account.grid) - 1) < 30 * 86_400 * 1_000_000_000
        if (said[name] is None or short) != (name in said["remarks"]):
            problems.append(f"{name}: null without a reason, or a reason for what is not null")
    unchecked = set(said) - set(money) - set(ratios) - {"orders", "remarks", "maxDrawdownFrom", "maxDrawdownTo"}
    if unchecked:
        problems.append(f"nobody checks {sorted(unchecked)}")


def check_trips(said, own):
    if len(said) != len(own):
        problems.append(f"roundTrips: the report has {len(said)}, there are {len(own)}")
    for number, (trip, mine) in enumerate(zip(said, own)):
        where = f"roundTrips[{number}]"
        if (trip["side"].lower() == "buy") != (mine["side"] == 1):
            problems.append(f"{where}.side: {trip['side']}")
        for name in ("openedAt", "closedAt"):
            same(f"{where}.{name}", trip[name] and nanos(trip[name]), mine[name] and Decimal(mine[name]), ZERO)
        for name in ("quantity", "entryPrice", "exitPrice", "gross", "fees", "net"):
            same(f"{where}.{name}", trip[name], mine[name])
        same_ratio(f"{where}.return", trip["return"], mine["return"])
        same(f"{where}.durationMs", trip["durationMs"], Decimal(mine["durationMs"]), ZERO)


def check_course(what, times, values, states):
    """Every point is one that happened, and the extremes are among them."""
    every = [value for at in states.values() for value in at]
    points = [(nanos(time), Decimal(value)) for time, value in zip(times, values)]
    if len(points) > 2_000 or len(times) != len(values):
        problems.append(f"{what}: {len(times)} times and {len(values)} values")
    for at, value in points:
        if not any(abs(value - own) <= Decimal("1e-9") for own in states.get(at, ())):
            problems.append(f"{what}: {value} at {at} never was")
    for name, pick in (("lowest", min), ("highest", max)):
        same(f"{what}, {name}", pick(value for _, value in points), pick(every))


def main(report_path, trades_path):
    with open(report_path) as file:
        report = json.load(file)
    happened, quote = load(report, trades_path)
    start, end = nanos(report["from"]), nanos(report["to"])
    said, curve = report["numbers"][quote], report["equity"][quote]
    fitting = [step for step in STEPS if (end - start) // (step * 1_000_000_000) + 1 <= POINTS]
    step = (fitting or STEPS[-1:])[0]
    account = Account(Decimal(said["capital"]), start, end, step * 1_000_000_000)
    for at, kind, what in happened:
        account.trade(at, what) if kind else account.fill(at, *what)
    account.close()
    check_numbers(said, account, Decimal(end - start))
    check_trips(report["roundTrips"], account.trips)
    same("grid.stepSeconds", curve["grid"]["stepSeconds"], Decimal(step), ZERO)
    same("grid, points", len(curve["grid"]["equity"]), Decimal(len(account.grid)), ZERO)
    for number, (point, own) in enumerate(zip(curve["grid"]["equity"], account.grid)):
        same(f"grid[{number}]", point, own)
    check_course("equity", curve["time"], curve["equity"], account.states)
    same("drawdown, deepest", max(map(Decimal, curve["drawdown"])), account.fall)
    price = report["prices"][0]
    check_course("price", price["time"], price["price"], account.prices)
    for problem in problems[:50]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
