//! The day budgets: what an instance may lose and pay in fees in one day.

use std::ops::AddAssign;

use rust_decimal::Decimal;

use crate::trading::{Denial, DenialCode, RiskLimits};

/// What became of an instance's money today, in one quote currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::trading) struct DayFigures {
    /// Paid today.
    pub(in crate::trading) fees: Decimal,
    /// Realised today, fees not subtracted.
    pub(in crate::trading) realised: Decimal,
    /// What positions that are open now would lose if closed at the reference price; gains do not count. Not negative.
    pub(in crate::trading) unrealised_loss: Decimal,
    /// The budget of this day was found to be used up, by losses.
    pub(in crate::trading) loss_reached: bool,
    /// The same, by fees.
    pub(in crate::trading) fees_reached: bool,
}

impl DayFigures {
    /// What was lost; negative when it is a gain.
    pub(in crate::trading) fn loss(&self) -> Decimal {
        self.fees.saturating_sub(self.realised).saturating_add(self.unrealised_loss)
    }

    /// Whether the losses are as large as they may be.
    pub(in crate::trading) fn reaches_loss(&self, limits: &RiskLimits) -> bool {
        limits.max_loss_per_day.is_some_and(|most| self.loss() >= most)
    }

    /// Whether the fees are as large as they may be.
    pub(in crate::trading) fn reaches_fees(&self, limits: &RiskLimits) -> bool {
        limits.max_fees_per_day.is_some_and(|most| self.fees >= most)
    }
}

impl AddAssign for DayFigures {
    fn add_assign(&mut self, other: Self) {
        self.fees = self.fees.saturating_add(other.fees);
        self.realised = self.realised.saturating_add(other.realised);
        self.unrealised_loss = self.unrealised_loss.saturating_add(other.unrealised_loss);
        self.loss_reached |= other.loss_reached;
        self.fees_reached |= other.fees_reached;
    }
}

/// Refuses what is left to be refused once a budget is used up; the caller has let pass what reduces a position.
pub(super) fn check(figures: &DayFigures, currency: &str, limits: &RiskLimits) -> Result<(), Denial> {
    if let Some(most) = limits.max_loss_per_day.filter(|_| figures.loss_reached || figures.reaches_loss(limits)) {
        let loss = figures.loss().normalize();
        let message = format!(
            "the loss of the day is {loss} {currency}, maxLossPerDay = {most}: until the day (UTC) ends, only orders that reduce a position pass"
        );
        return Err(Denial::new(DenialCode::DailyLossLimit, message)
            .with("currency", &currency)
            .with("dailyLoss", &loss)
            .with("maxLossPerDay", &most.normalize())
            .with("feesToday", &figures.fees.normalize())
            .with("realisedToday", &figures.realised.normalize())
            .with("unrealisedLoss", &figures.unrealised_loss.normalize()));
    }
    if let Some(most) = limits.max_fees_per_day.filter(|_| figures.fees_reached || figures.reaches_fees(limits)) {
        let fees = figures.fees.normalize();
        let message = format!(
            "the fees of the day are {fees} {currency}, maxFeesPerDay = {most}: until the day (UTC) ends, only orders that reduce a position pass"
        );
        return Err(Denial::new(DenialCode::DailyFeeLimit, message)
            .with("currency", &currency)
            .with("dailyFees", &fees)
            .with("maxFeesPerDay", &most.normalize()));
    }
    Ok(())
}
