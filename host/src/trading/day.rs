//! Days of money: what an instance lost and paid in fees since midnight UTC by the clock of its provider, as running sums, and
//! the moments at which a day budget is used up and free again. The rule itself is in `risk::budget`.

use std::time::Duration;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::{InstanceId, Timestamp};
use crate::bus::locked;
use crate::market::{RiskStatus, Symbol};
use crate::trading::denial::{DAILY_FEES, DAILY_LOSS};
use crate::trading::lane::{Book, Lane};
use crate::trading::notices::RiskNews;
use crate::trading::prices::PriceBoard;
use crate::trading::risk::DayFigures;
use crate::trading::trader::Trader;
use crate::trading::ward::{Budget, Reached};
use crate::trading::{Desk, RiskLimits};

const DAY: Duration = Duration::from_secs(86_400);

/// The UTC day of a moment, counted since 1970.
pub(super) fn day_of(time: Timestamp) -> u64 {
    time.as_secs() / DAY.as_secs()
}

fn begin_of(day: u64) -> Timestamp {
    Timestamp::ZERO.plus(Duration::from_secs(day.saturating_mul(DAY.as_secs())))
}

/// Sums of one day of one holding, quote currency.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayLine {
    day: u64,
    fees: Decimal,
    realised: Decimal,
}

impl DayLine {
    /// Adds what a fill of this day changed; a fill of another day begins anew.
    pub(super) fn book(&mut self, day: u64, fees: Decimal, realised: Decimal) {
        if self.day != day {
            *self = Self { day, ..Self::default() };
        }
        self.fees = self.fees.saturating_add(fees);
        self.realised = self.realised.saturating_add(realised);
    }
}

impl Book {
    /// What became of an instance's money in one quote currency here on this day.
    pub(super) fn day(&self, instance: &InstanceId, currency: &str, day: u64, prices: &PriceBoard) -> DayFigures {
        let mut figures = DayFigures::default();
        let holdings = self.line(instance).into_iter().flat_map(|line| &line.holdings);
        for (symbol, holding) in holdings.filter(|(symbol, _)| symbol.quote_currency() == currency) {
            if holding.day.day == day {
                figures.fees = figures.fees.saturating_add(holding.day.fees);
                figures.realised = figures.realised.saturating_add(holding.day.realised);
            }
            let position = &holding.ledger.position;
            let reference = prices.of(symbol).and_then(|prices| prices.reference).filter(|_| !position.quantity.is_zero());
            let unrealised = reference.map_or(Decimal::ZERO, |price| position.unrealised_profit(price));
            figures.unrealised_loss = figures.unrealised_loss.saturating_sub(unrealised.min(Decimal::ZERO));
        }
        figures
    }
}

fn has_budget(limits: &RiskLimits) -> bool {
    limits.max_loss_per_day.is_some() || limits.max_fees_per_day.is_some()
}

impl Desk {
    /// What the instance's money did today at its other providers, and whether a budget was used up before; none when it has no
    /// budget. Locks the book of each of them in turn: to be called before the book of `here` is locked.
    pub(super) fn day_elsewhere(&self, trader: &Trader, here: &Lane, currency: &str, at: Timestamp) -> Option<DayFigures> {
        if !has_budget(&trader.limits) {
            return None;
        }
        let mut figures = DayFigures::default();
        for (name, _) in trader.details.scope.iter().filter(|(name, _)| *name != here.name) {
            let Some(lane) = self.known_lane(name) else { continue };
            let today = day_of(lane.now().unwrap_or_default());
            figures += locked(&lane.book).day(trader.instance(), currency, today, &locked(&lane.prices));
        }
        for reached in locked(&trader.ward.reached).iter().filter(|reached| reached.currency == currency) {
            let now = if reached.provider == here.name {
                Some(at)
            } else {
                self.known_lane(&reached.provider).and_then(|lane| lane.now())
            };
            if now.map(day_of) != Some(reached.day) || budget_of(&trader.limits, reached.budget) != Some(reached.most) {
                continue;
            }
            match reached.budget {
                Budget::Loss => figures.loss_reached = true,
                Budget::Fees => figures.fees_reached = true,
            }
        }
        Some(figures)
    }

    /// After a fill: says so when it used up a budget.
    pub(super) fn watch_day(&self, lane: &Lane, trader: &Trader, symbol: &Symbol, at: Timestamp, seen_at: Timestamp) {
        let Some(mut figures) = self.day_elsewhere(trader, lane, symbol.quote_currency(), at) else { return };
        let mut book = locked(&lane.book);
        figures += book.day(trader.instance(), symbol.quote_currency(), day_of(at), &locked(&lane.prices));
        self.note_reached(lane, &mut book, trader, (symbol, &figures), (at, seen_at));
    }

    /// Tells an instance once that a budget of today is used up. `at` is of the provider's clock, `seen_at` as the guest sees time.
    pub(super) fn note_reached(
        &self,
        lane: &Lane,
        book: &mut Book,
        trader: &Trader,
        (symbol, figures): (&Symbol, &DayFigures),
        (at, seen_at): (Timestamp, Timestamp),
    ) {
        let limits = &trader.limits;
        let budgets = [
            (Budget::Loss, figures.reaches_loss(limits) && !figures.loss_reached, figures.loss()),
            (Budget::Fees, figures.reaches_fees(limits) && !figures.fees_reached, figures.fees),
        ];
        for (budget, is_news, amount) in budgets {
            let Some(most) = budget_of(limits, budget).filter(|_| is_news) else { continue };
            let currency = SmolStr::new(symbol.quote_currency());
            let day = day_of(at);
            let provider = lane.name.clone();
            let reached = Reached { budget, currency: currency.clone(), provider, symbol: symbol.clone(), day, most };
            let mut all = locked(&trader.ward.reached);
            all.retain(|known| known.budget != budget || known.currency != currency);
            all.push(reached);
            drop(all);
            lane.wake_by(begin_of(day + 1));
            let (breach_type, limit) = named(budget);
            let (amount, most) = (amount.normalize(), most.normalize());
            let reason =
                format!("{limit} = {most} {currency} is reached with {amount}: only orders that reduce a position pass today");
            tracing::warn!(instance = %trader.instance(), reason, "a day budget is used up");
            let metrics = [
                ("amount".to_owned(), amount.to_string()),
                (limit.to_owned(), most.to_string()),
                ("currency".to_owned(), currency.to_string()),
            ];
            let news =
                RiskNews { symbol, status: RiskStatus::Triggered, breach_type, reason, metrics: metrics.into(), at, seen_at };
            self.post_risk(lane, book, trader, news);
        }
    }

    /// Frees the budgets of days that are over by the clock of this lane's provider.
    pub(super) fn end_days(&self, lane: &Lane, trader: &Trader, now: Timestamp) {
        let today = day_of(now);
        let mut over = Vec::new();
        locked(&trader.ward.reached).retain(|reached| {
            let stays = reached.provider != lane.name || reached.day >= today;
            if !stays {
                over.push(reached.clone());
            }
            if reached.provider == lane.name && stays {
                lane.wake_by(begin_of(reached.day + 1));
            }
            stays
        });
        for reached in over {
            let (breach_type, limit) = named(reached.budget);
            let reason = format!("the day is over: {limit} of {} counts anew", reached.currency);
            let (status, metrics) = (RiskStatus::Cleared, Default::default());
            let news = RiskNews { symbol: &reached.symbol, status, breach_type, reason, metrics, at: now, seen_at: now };
            self.post_risk(lane, &mut locked(&lane.book), trader, news);
        }
    }
}

pub(super) fn budget_of(limits: &RiskLimits, budget: Budget) -> Option<Decimal> {
    match budget {
        Budget::Loss => limits.max_loss_per_day,
        Budget::Fees => limits.max_fees_per_day,
    }
}

/// Breach type and limit.
fn named(budget: Budget) -> (&'static str, &'static str) {
    match budget {
        Budget::Loss => (DAILY_LOSS, "maxLossPerDay"),
        Budget::Fees => (DAILY_FEES, "maxFeesPerDay"),
    }
}
