//! The accounts of simulated venues: they keep none on the disk, so an account is what its settings began with and what
//! every match on record did to it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::ProviderName;
use crate::market::Side;
use crate::store::{ExecutionRow, Store, StoreError};

/// Executions that are read at a time.
const PAGE: u32 = 4_096;

/// What the matches of one provider did to its account, by currency.
pub(super) type Changes = BTreeMap<SmolStr, Decimal>;

/// What all matches on record did to the accounts of these providers, each from the execution after which it was made.
pub(super) async fn changes(
    store: &Store,
    begun: &BTreeMap<ProviderName, u64>,
) -> Result<BTreeMap<ProviderName, Changes>, StoreError> {
    let mut changes = BTreeMap::<ProviderName, Changes>::new();
    let Some(mut after) = begun.values().min().copied() else { return Ok(changes) };
    loop {
        let page = store.executions_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(changes) };
        after = last.seq;
        let own = page.iter().filter(|execution| begun.get(&execution.provider).is_some_and(|from| execution.seq > *from));
        own.for_each(|execution| book(changes.entry(execution.provider.clone()).or_default(), execution));
    }
}

fn book(account: &mut Changes, execution: &ExecutionRow) {
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
    use crate::base::{InstanceId, Timestamp};
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
        let mut account = Changes::new();
        book(&mut account, &execution(Side::Buy, "BTC"));
        assert_eq!(account["BTC"], "0.001998".parse().unwrap());
        assert_eq!(account["USDT"], "-120.001".parse().unwrap());
        book(&mut account, &execution(Side::Sell, "USDT"));
        assert_eq!(account["BTC"], "-0.000002".parse().unwrap());
        assert_eq!(account["USDT"], "-0.000002".parse().unwrap());
    }
}
