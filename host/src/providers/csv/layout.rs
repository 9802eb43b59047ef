//! What the columns of a file mean: from its header, or without one from the shape of its first row, as exchanges dump it.

use super::error::{CsvError, quoted};
use super::field::{Unit, truth, whole};

/// What is read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Of all columns, for errors.
    pub(super) names: Vec<String>,
    /// Whether the first row is a header.
    pub(super) headed: bool,
    pub(super) time: usize,
    pub(super) unit: Unit,
    pub(super) symbol: Option<usize>,
    pub(super) rows: RowKind,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    /// A trade.
    Trade {
        price: usize,
        quantity: usize,
        side: Option<usize>,
        /// Whether the buyer was the maker.
        maker: Option<usize>,
        id: Option<usize>,
    },
    /// A candle, called by the time that it begins.
    Candle { open: usize, high: usize, low: usize, close: usize, volume: usize, close_time: Option<usize> },
}

const ALLOWED: &str = "write a header: `timestamp,price,quantity` (nanoseconds; also `symbol`, `side`), \
                       `timestamp,open,high,low,close,volume`, or leave a dump of Binance trades, aggTrades or klines as it is";

/// Binance's dumps without a header: the names their columns have elsewhere.
const TRADES: [&str; 7] = ["id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match"];
const AGGREGATES: [&str; 8] =
    ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker", "is_best_match"];
const KLINES: [&str; 12] = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
];

impl Layout {
    /// Of a file that nobody has looked into.
    pub(super) fn none() -> Self {
        let rows = RowKind::Trade { price: 0, quantity: 0, side: None, maker: None, id: None };
        Self { names: Vec::new(), headed: false, time: 0, unit: Unit::Nanos, symbol: None, rows }
    }

    /// Of a file that begins with this row.
    pub(super) fn of(file: &str, first: &csv::ByteRecord) -> Result<Self, CsvError> {
        let headed =
            first.iter().all(|field| whole(field).is_none()) && first.iter().any(|field| field.is_ascii() && !field.is_empty());
        if headed {
            let names = first.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase()).collect();
            return Self::named(file, names, true);
        }
        let boolean = |place: usize| first.get(place).is_some_and(|field| truth(field).is_some());
        let names: &[&str] = match first.len() {
            6 | 7 if boolean(5) => &TRADES[..first.len()],
            7 | 8 if boolean(6) => &AGGREGATES[..first.len()],
            12 => &KLINES,
            _ => {
                let row = quoted(&first.iter().collect::<Vec<_>>().join(&b','));
                return Err(CsvError::file(
                    file,
                    format!("it begins with `{row}`, which is neither a header nor a row of a known dump: {ALLOWED}"),
                ));
            }
        };
        Self::named(file, names.iter().map(|name| (*name).to_owned()).collect(), false)
    }

    fn named(file: &str, names: Vec<String>, headed: bool) -> Result<Self, CsvError> {
        let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        let missing = |what: &str| {
            let has: String = names.join(",").chars().take(200).flat_map(char::escape_debug).collect();
            CsvError::file(file, format!("no column `{what}` in `{has}`: {ALLOWED}"))
        };
        if let Some(twice) = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)).map(|(_, name)| name) {
            return Err(CsvError::file(file, format!("two columns are called `{}`", quoted(twice.as_bytes()))));
        }
        let time = find(&["timestamp", "time", "datetime", "date", "open_time", "transact_time", "ts"]);
        let time = time.ok_or_else(|| missing("timestamp"))?;
        let symbol = find(&["symbol", "instrument", "pair"]);
        let column = |what: &str| find(&[what]).ok_or_else(|| missing(what));
        let (rows, unit) = if find(&["open"]).is_some() {
            let rows = RowKind::Candle {
                open: column("open")?,
                high: column("high")?,
                low: column("low")?,
                close: column("close")?,
                volume: column("volume")?,
                close_time: find(&["close_time"]),
            };
            (rows, Unit::BySize)
        } else {
            let quantity = find(&["quantity", "qty", "amount", "size", "volume"]).ok_or_else(|| missing("quantity"))?;
            let rows = RowKind::Trade {
                price: column("price")?,
                quantity,
                side: find(&["side"]),
                maker: find(&["is_buyer_maker"]),
                id: find(&["id", "trade_id", "agg_trade_id"]),
            };
            (rows, if names[time] == "timestamp" { Unit::Nanos } else { Unit::BySize })
        };
        Ok(Self { headed, time, unit, symbol, rows, names })
    }
}
