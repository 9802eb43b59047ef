//! Providers at the start of the host: made of what is on record, with the accounts as the last run left them, and started.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use super::demo;
use crate::base::lifecycle::Lifecycle;
use crate::base::{Clock, ProviderName, Timestamp};
use crate::market::Side;
use crate::providers::paper::{ADAPTER, PaperConfig, PaperProvider, log};
use crate::store::{Desired, ExecutionRow, ProviderRow, Store, StoreError, WriteOp};
use crate::trading::{Balance, Desk, Provider};

/// The fact that says that the first provider was put on record, so that one which an operator deleted stays deleted.
const SEEDED: &str = "seeded.provider";

/// Executions that are read at a time.
const PAGE: u32 = 4_096;

/// Changes of each provider's balances by all executions on record.
type Changes = BTreeMap<ProviderName, BTreeMap<SmolStr, Decimal>>;

/// Makes every provider on record, asks it about the orders that the last run left open, and starts those that should run. One that cannot be made or started is logged and left out;
/// the others and the control plane are needed to mend it.
///
/// # Errors
/// The database cannot be read or written.
pub(super) async fn bring_up(
    store: &Store,
    data_dir: &Path,
    desk: &Arc<Desk>,
    clock: &Arc<dyn Clock>,
    lifecycle: &Lifecycle,
) -> Result<(), StoreError> {
    if store.meta(SEEDED).await?.is_none() {
        seed(store, clock.now()).await?;
    }
    let mut made = Vec::new();
    for row in store.providers().await? {
        match make(&row, data_dir, clock) {
            Ok(provider) => {
                let attached: Arc<dyn Provider> = Arc::<PaperProvider>::clone(&provider);
                desk.attach(Arc::clone(&attached));
                desk.recover(&attached).await;
                made.push((provider, row.desired));
            }
            Err(reason) => tracing::error!(provider = %row.name, reason, "a provider on record cannot be made"),
        }
    }
    // What venues had told and nobody had written down is on record by then, and so in the accounts.
    store.writer().flush().await?;
    let changes = changes(store).await?;
    for (provider, desired) in made {
        provider.set_balances(account(provider.config(), changes.get(provider.name())));
        if desired == Desired::Running {
            start(provider, desk, lifecycle).await;
        }
    }
    Ok(())
}

async fn start(provider: Arc<dyn Provider>, desk: &Arc<Desk>, lifecycle: &Lifecycle) {
    let outlet = desk.outlet(provider.name(), lifecycle);
    let name = provider.name().clone();
    if let Err(error) = provider.start(outlet).await {
        tracing::error!(provider = %name, %error, "a provider does not start");
    }
}

/// An empty data directory gets a paper provider that plays the built-in tapes in a loop.
async fn seed(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let seeded = WriteOp::SetMeta { name: SEEDED.to_owned(), value: now.to_rfc3339() };
    let Ok(name) = ProviderName::new(demo::PROVIDER) else { return Ok(()) };
    let row = ProviderRow {
        name,
        adapter: ADAPTER.to_owned(),
        // A plain struct of numbers and texts: serialization cannot fail.
        config: serde_json::to_value(PaperConfig::default()).unwrap_or_default(),
        desired: Desired::Running,
        created_at: now,
        updated_at: now,
    };
    store.writer().commit(vec![WriteOp::UpsertProvider(Box::new(row)), seeded]).await
}

fn make(row: &ProviderRow, data_dir: &Path, clock: &Arc<dyn Clock>) -> Result<Arc<PaperProvider>, String> {
    if row.adapter != ADAPTER {
        return Err(format!("there is no adapter `{}`; this host has `{ADAPTER}`", row.adapter));
    }
    let config: PaperConfig = serde_json::from_value(row.config.clone()).map_err(|error| error.to_string())?;
    let provider = PaperProvider::new(row.name.clone(), config, Arc::clone(clock));
    let provider = provider.and_then(|provider| provider.with_log(&log::folder(data_dir, &row.name)));
    Ok(Arc::new(provider.map_err(|error| error.to_string())?))
}

/// What the account began with and what matches made of it.
fn account(config: &PaperConfig, changes: Option<&BTreeMap<SmolStr, Decimal>>) -> Vec<Balance> {
    let begin = config.balances.iter().map(|(currency, amount)| (currency.clone(), amount.value()));
    let mut account: BTreeMap<SmolStr, Decimal> = begin.collect();
    for (currency, change) in changes.into_iter().flatten() {
        *account.entry(currency.clone()).or_default() += change;
    }
    account.into_iter().map(|(currency, total)| Balance { currency, total, available: total }).collect()
}

/// What all matches on record did to the accounts: a paper venue keeps none of its own on the disk.
async fn changes(store: &Store) -> Result<Changes, StoreError> {
    let mut changes = Changes::new();
    let mut after = 0;
    loop {
        let page = store.executions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(changes) };
        after = last.seq;
        page.iter().for_each(|execution| book(&mut changes, execution));
    }
}

fn book(changes: &mut Changes, execution: &ExecutionRow) {
    let account = changes.entry(execution.provider.clone()).or_default();
    let (fill, symbol) = (&execution.fill, &execution.symbol);
    let mut change = |currency: &str, amount: Decimal| *account.entry(currency.into()).or_default() += amount;
    let notional = fill.price * fill.quantity;
    match execution.side {
        Side::Buy => {
            change(symbol.base_currency(), fill.quantity);
            change(symbol.quote_currency(), -notional);
        }
        Side::Sell => {
            change(symbol.base_currency(), -fill.quantity);
            change(symbol.quote_currency(), notional);
        }
    }
    change(&fill.fee_asset, -fill.fee);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::InstanceId;
    use crate::market::{ClientOrderId, Fill, Liquidity, Symbol};

    fn execution(side: Side, fee_asset: &str) -> ExecutionRow {
        let fill = Fill {
            execution_id: "e".into(),
            price: "60000.5".parse().unwrap(),
            quantity: "0.002".parse().unwrap(),
            fee: "0.000002".parse().unwrap(),
            fee_asset: fee_asset.into(),
            liquidity: Liquidity::Taker,
        };
        ExecutionRow {
            seq: 1,
            provider: ProviderName::new("p").unwrap(),
            client_order_id: ClientOrderId::made("c"),
            instance: InstanceId::new("i").unwrap(),
            symbol: Symbol::new("BTC-USDT").unwrap(),
            side,
            fill,
            traded_at: Timestamp::ZERO,
            created_at: Timestamp::ZERO,
        }
    }

    #[test]
    fn an_account_is_the_sum_of_its_executions() {
        let mut changes = Changes::new();
        book(&mut changes, &execution(Side::Buy, "BTC"));
        let account = changes.values().next().unwrap().clone();
        assert_eq!(account["BTC"], "0.001998".parse().unwrap());
        assert_eq!(account["USDT"], "-120.001".parse().unwrap());
        book(&mut changes, &execution(Side::Sell, "USDT"));
        let account = changes.values().next().unwrap();
        assert_eq!(account["BTC"], "-0.000002".parse().unwrap());
        assert_eq!(account["USDT"], "-0.000002".parse().unwrap());
    }
}
