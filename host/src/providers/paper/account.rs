//! The money of a paper venue's one account. Exact decimals; what open orders hold is not available.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::trading::Balance;

/// The place of a currency in an [`Account`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purse(usize);

/// Run lifetime.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    purses: Vec<Contents>,
}

#[derive(Clone, Debug)]
struct Contents {
    currency: SmolStr,
    total: Decimal,
    held: Decimal,
    /// Not yet told.
    changed: bool,
}

impl Account {
    pub(super) fn new(balances: &BTreeMap<SmolStr, Decimal>) -> Self {
        let purse = |(currency, total): (&SmolStr, &Decimal)| Contents {
            currency: currency.clone(),
            total: *total,
            held: Decimal::ZERO,
            changed: false,
        };
        Self { purses: balances.iter().map(purse).collect() }
    }

    /// The purse of this currency, empty when the account had none.
    pub(super) fn purse(&mut self, currency: &str) -> Purse {
        let known = self.purses.iter().position(|purse| purse.currency == currency);
        Purse(known.unwrap_or_else(|| {
            self.purses.push(Contents { currency: currency.into(), total: Decimal::ZERO, held: Decimal::ZERO, changed: false });
            self.purses.len() - 1
        }))
    }

    pub(super) fn available(&self, purse: Purse) -> Decimal {
        let contents = &self.purses[purse.0];
        contents.total - contents.held
    }

    /// Sets money aside for an open order; a negative amount gives it back.
    pub(super) fn hold(&mut self, purse: Purse, amount: Decimal) {
        if !amount.is_zero() {
            let contents = &mut self.purses[purse.0];
            contents.held += amount;
            contents.changed = true;
        }
    }

    /// Pays in; a negative amount pays out.
    pub(super) fn pay(&mut self, purse: Purse, amount: Decimal) {
        let contents = &mut self.purses[purse.0];
        contents.total += amount;
        contents.changed = true;
    }

    /// All balances, sorted by currency.
    pub(super) fn balances(&self) -> Vec<Balance> {
        let mut balances: Vec<_> = self.purses.iter().map(Contents::balance).collect();
        balances.sort_by(|a, b| a.currency.cmp(&b.currency));
        balances
    }

    /// Counts every balance as not yet told.
    pub(super) fn tell_all(&mut self) {
        self.purses.iter_mut().for_each(|purse| purse.changed = true);
    }

    /// Takes the next balance that changed since it was last told.
    pub(super) fn next_changed(&mut self) -> Option<Balance> {
        let contents = self.purses.iter_mut().find(|purse| purse.changed)?;
        contents.changed = false;
        Some(contents.balance())
    }
}

impl Contents {
    fn balance(&self) -> Balance {
        Balance {
            currency: self.currency.clone(),
            total: self.total.normalize(),
            available: (self.total - self.held).normalize(),
        }
    }
}
