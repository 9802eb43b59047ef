//! An instance as the desk knows it: who it is, where it may trade, its limits, its guard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smol_str::format_smolstr;

use crate::base::{InstanceId, ProviderName};
use crate::bus::locked;
use crate::market::{ClientOrderId, OrderRequest, OrderType, Symbol, TimeInForce};
use crate::trading::journal::Author;
use crate::trading::ward::Ward;
use crate::trading::{HostLimits, OrderDraft, OrderError, RiskConfig, RiskLimits, TradingAccount};

/// Made anew whenever the instance starts or limits change; `ward` and `active` are carried over.
pub(super) struct Trader {
    pub(super) details: TradingAccount,
    /// The stricter of the host's and its own.
    pub(super) limits: RiskLimits,
    pub(super) host: HostLimits,
    pub(super) notices_per_second: u32,
    /// Tells one set of limits from another. Above 0.
    pub(super) limits_version: u64,
    pub(super) ward: Arc<Ward>,
    active: Arc<AtomicBool>,
}

impl Trader {
    pub(super) fn new(
        details: TradingAccount,
        config: &RiskConfig,
        limits_version: u64,
        ward: Arc<Ward>,
        before: Option<&Self>,
    ) -> Self {
        let overrides = locked(&ward.overrides).clone().unwrap_or_default();
        let mut limits = overrides.under(&config.limits);
        if let Some(own) = &details.limits {
            limits = limits.stricter(own);
        }
        Self {
            limits,
            host: config.host.clone(),
            notices_per_second: config.denial_notices_per_second.max(1),
            limits_version,
            ward,
            active: before.map(|before| Arc::clone(&before.active)).unwrap_or_default(),
            details,
        }
    }

    pub(super) fn instance(&self) -> &InstanceId {
        &self.details.instance
    }

    pub(super) fn author(&self) -> Author {
        Author { revision: self.details.revision, run: self.details.run }
    }

    pub(super) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    pub(super) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
    }

    /// The provider of this name in the scope, or the first, with its symbols.
    pub(super) fn provider(&self, name: Option<&str>) -> Result<&(ProviderName, Vec<Symbol>), OrderError> {
        let scope = &self.details.scope;
        let found = match name {
            Some(name) => scope.iter().find(|(provider, _)| provider.as_str() == name),
            // One without symbols has nothing to trade.
            None => scope.iter().find(|(_, symbols)| !symbols.is_empty()).or_else(|| scope.first()),
        };
        found.ok_or_else(|| {
            let known: Vec<_> = scope.iter().map(|(provider, _)| provider.as_str()).collect();
            let given = quoted(name.unwrap_or_default());
            OrderError::new(
                "unknown_provider",
                format!("provider `{given}` is not configured for this instance: its scope has {}", known.join(", ")),
            )
        })
    }

    /// The provider and symbol of these names in the scope, or the first of each.
    pub(super) fn resolve(&self, provider: Option<&str>, symbol: Option<&str>) -> Result<(&ProviderName, &Symbol), OrderError> {
        let (provider, symbols) = self.provider(provider)?;
        let found = match symbol {
            Some(name) => symbols.iter().find(|symbol| symbol.as_str() == name),
            None => symbols.first(),
        };
        let symbol = found.ok_or_else(|| {
            let known: Vec<_> = symbols.iter().map(Symbol::as_str).collect();
            let given = quoted(symbol.unwrap_or_default());
            let message = format!("symbol `{given}` is not in the instance's scope at `{provider}`: it has {}", known.join(", "));
            OrderError::new("invalid_symbol", message)
        })?;
        Ok((provider, symbol))
    }

    /// The order that a draft means.
    pub(super) fn request(&self, draft: &OrderDraft<'_>) -> Result<OrderRequest, OrderError> {
        let (provider, symbol) = self.resolve(draft.provider, draft.symbol)?;
        let market = draft.order_type == OrderType::Market;
        Ok(OrderRequest {
            client_order_id: self.name(draft)?,
            instance: draft.instance.clone(),
            provider: provider.clone(),
            symbol: symbol.clone(),
            side: draft.side,
            order_type: draft.order_type,
            quantity: draft.quantity.normalize(),
            price: draft.price.filter(|_| !market).map(|price| price.normalize()),
            time_in_force: draft.time_in_force.unwrap_or(if market { TimeInForce::Ioc } else { TimeInForce::Gtc }),
            requested_at: draft.requested_at,
        })
    }

    /// The id of an order: unique by construction. `ordinal` 0 is the host's own.
    fn made(&self, ordinal: u64, nth: u64) -> ClientOrderId {
        let (instance, hash, run) = (self.instance(), self.details.revision.short(), self.details.run);
        ClientOrderId::made(format_smolstr!("{instance}-{hash}-{run}-{ordinal}-{nth}"))
    }

    /// The id of the next closing order of the host.
    pub(super) fn closing_id(&self) -> ClientOrderId {
        self.made(0, self.ward.next_closing())
    }

    fn name(&self, draft: &OrderDraft<'_>) -> Result<ClientOrderId, OrderError> {
        let Some(chosen) = draft.client_order_id else { return Ok(self.made(draft.ordinal, draft.nth.into())) };
        let refuse = |rule: &str| {
            OrderError::new("invalid_client_order_id", format!("client order id `{}` is not allowed: {rule}", quoted(chosen)))
        };
        let id = ClientOrderId::chosen(chosen).ok_or_else(|| refuse("1 to 64 of letters, digits, `.`, `_` and `-`"))?;
        if looks_made(chosen) {
            return Err(refuse("it has the form of those that the host makes, `...-<8 hex>-<n>-<n>-<n>`"));
        }
        Ok(id)
    }
}

/// Whether it ends like the ids of [`Trader::name`]. No author may choose such a one: it could be another instance's next.
fn looks_made(id: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = id.rsplitn(5, '-');
    let numbers = (0..3).all(|_| parts.next().is_some_and(number));
    numbers
        && parts.next().is_some_and(|part| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit()))
        && parts.next().is_some()
}

/// Whether the host itself made it: a closing order.
pub(super) fn is_closing(id: &ClientOrderId) -> bool {
    looks_made(id.as_str()) && id.as_str().rsplit('-').nth(1) == Some("0")
}

fn quoted(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::looks_made;

    #[test]
    fn ids_of_the_hosts_form_are_told_apart() {
        for made in ["a-0a1b2c3d-1-2-3", "my-maker-00000000-10-200-1", "--0a1b2c3d-1-2-3"] {
            assert!(looks_made(made), "{made}");
        }
        for chosen in
            ["a", "a-b-c-d-e", "a-0a1b2c3d-1-2", "a-0a1b2c3-1-2-3", "a-0a1b2c3d-1-2-3-x", "0a1b2c3d-1-2-3", "a-0a1b2c3d-1--3"]
        {
            assert!(!looks_made(chosen), "{chosen}");
        }
    }
}
