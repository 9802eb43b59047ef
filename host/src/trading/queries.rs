//! Questions to the desk. Nothing here changes anything.

use rust_decimal::Decimal;

use crate::base::{InstanceId, ProviderName};
use crate::bus::locked;
use crate::market::Symbol;
use crate::trading::lane::Holding;
use crate::trading::{Balance, Desk, OrderError, OrderRecord, Position, Profit};

impl Desk {
    /// The orders of an instance that are not final, oldest first; of one provider or symbol when given.
    pub fn open_orders(&self, instance: &InstanceId, provider: Option<&str>, symbol: Option<&str>) -> Vec<OrderRecord> {
        let mut open = Vec::new();
        for lane in self.all_lanes() {
            if provider.is_some_and(|name| name != lane.name.as_str()) {
                continue;
            }
            let book = locked(&lane.book);
            let Some(line) = book.line(instance) else { continue };
            let holdings = line.holdings.iter().filter(|(of, _)| symbol.is_none_or(|name| name == of.as_str()));
            let records = holdings.flat_map(|(_, holding)| &holding.open).filter_map(|id| book.orders.get(id));
            open.extend(records.map(|entry| entry.record.clone()));
        }
        // Stable: orders of one moment stay as they came.
        open.sort_by_key(|record: &OrderRecord| record.request.requested_at);
        open
    }

    /// The instance's own position; flat when it never traded there.
    ///
    /// # Errors
    /// `unknown_provider` or `invalid_symbol` for a name outside its scope, `not_active` when it is not known.
    pub fn position(&self, instance: &InstanceId, provider: Option<&str>, symbol: Option<&str>) -> Result<Position, OrderError> {
        let trader = self.trader(instance)?;
        let (provider, symbol) = trader.resolve(provider, symbol)?;
        let lane = self.lane(provider);
        let book = locked(&lane.book);
        let holding = book.line(instance).and_then(|line| line.holdings.get(symbol));
        Ok(holding.map(|holding| holding.ledger.position).unwrap_or_default())
    }

    /// All positions of an instance that it ever traded, by provider and symbol.
    pub fn positions(&self, instance: &InstanceId) -> Vec<(ProviderName, Symbol, Position)> {
        let mut all = Vec::new();
        for lane in self.all_lanes() {
            let book = locked(&lane.book);
            let holdings = book.line(instance).into_iter().flat_map(|line| &line.holdings);
            all.extend(holdings.map(|(symbol, holding)| (lane.name.clone(), symbol.clone(), holding.ledger.position)));
        }
        all
    }

    /// The account's balance of a currency at a provider: zero when it has none.
    ///
    /// # Errors
    /// `unknown_provider` for a name outside the instance's scope, `provider_unavailable` when the provider is not attached,
    /// `not_active` when the instance is not known.
    pub fn balance(&self, instance: &InstanceId, provider: Option<&str>, currency: &str) -> Result<Balance, OrderError> {
        let trader = self.trader(instance)?;
        let (name, _) = trader.provider(provider)?;
        let provider = self.provider(name.as_str()).ok_or_else(|| {
            OrderError::new("provider_unavailable", format!("provider `{name}` is not there: its balances are not known"))
        })?;
        let found = provider.balances().into_iter().find(|balance| balance.currency == currency);
        Ok(found.unwrap_or_else(|| Balance::zero(currency)))
    }

    /// Profit of an instance per quote currency, all providers together. Open quantity is valued at the reference price
    /// of the risk check; before the first price of a symbol it counts as worth what it cost.
    pub fn profit(&self, instance: &InstanceId) -> Profit {
        let mut profit = Profit::new();
        for lane in self.all_lanes() {
            let book = locked(&lane.book);
            let prices = locked(&lane.prices);
            let holdings = book.line(instance).into_iter().flat_map(|line| &line.holdings);
            for (symbol, Holding { ledger, .. }) in holdings.filter(|(_, holding)| holding.ledger != Default::default()) {
                let reference = prices.of(symbol).and_then(|prices| prices.reference);
                let line = profit.entry(symbol.quote_currency().into()).or_default();
                let unrealised = reference.map_or(Decimal::ZERO, |price| ledger.position.unrealised_profit(price));
                line.realised = line.realised.saturating_add(ledger.position.realised_profit);
                line.unrealised = line.unrealised.saturating_add(unrealised);
                line.fees = line.fees.saturating_add(ledger.fees_quote);
                line.net = line.realised.saturating_add(line.unrealised).saturating_sub(line.fees);
            }
        }
        profit
    }
}
