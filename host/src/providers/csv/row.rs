//! One row as a trade or as a candle, in decimals that are not yet counted in steps.

use super::field::{self, Digits, Unit};
use super::layout::{Layout, RowKind};
use super::rows::{Flaw, Rows};
use crate::base::Timestamp;
use crate::market::Side;

/// A row of trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawTrade {
    pub(super) price: Digits,
    pub(super) quantity: Digits,
    /// `Buy` where the file does not say.
    pub(super) aggressor: Side,
    /// None where the file has no number of it.
    pub(super) id: Option<u64>,
}

/// A row of candles.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawCandle {
    /// Open, high, low, close.
    pub(super) prices: [Digits; 4],
    pub(super) volume: Digits,
    /// When it ends by its own words, exclusive.
    pub(super) ends: Option<Timestamp>,
}

/// What a row says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw {
    Trade(RawTrade),
    Candle(RawCandle),
}

/// The time of a row.
pub(super) fn time(rows: &Rows, layout: &Layout) -> Result<Timestamp, Flaw> {
    let allowed = if layout.unit == Unit::Nanos { field::NANOS } else { field::TIME };
    let flaw = Flaw { column: layout.time, allowed };
    let time = field::time(rows.value(layout.time), layout.unit).ok_or(flaw)?;
    if layout.unit == Unit::Nanos && field::looks_coarser(time.as_nanos()) { Err(flaw) } else { Ok(time) }
}

/// The rest of it.
pub(super) fn read(rows: &Rows, layout: &Layout) -> Result<Raw, Flaw> {
    let positive = |column: usize| {
        field::digits(rows.value(column)).filter(|digits| digits.value > 0).ok_or(Flaw { column, allowed: field::NUMBER })
    };
    match layout.rows {
        RowKind::Trade { price, quantity, side, maker, id } => Ok(Raw::Trade(RawTrade {
            price: positive(price)?,
            quantity: positive(quantity)?,
            aggressor: aggressor(rows, side, maker)?,
            id: id.and_then(|column| field::whole(rows.value(column))),
        })),
        RowKind::Candle { open, high, low, close, volume, close_time } => {
            let flaw = Flaw { column: volume, allowed: field::NUMBER_OR_ZERO };
            let ends = |column: usize| field::time(rows.value(column), layout.unit);
            Ok(Raw::Candle(RawCandle {
                prices: [positive(open)?, positive(high)?, positive(low)?, positive(close)?],
                volume: field::volume(rows.value(volume)).ok_or(flaw)?,
                ends: close_time.and_then(ends),
            }))
        }
    }
}

fn aggressor(rows: &Rows, side: Option<usize>, maker: Option<usize>) -> Result<Side, Flaw> {
    if let Some(column) = side {
        return field::side(rows.value(column)).ok_or(Flaw { column, allowed: field::SIDE });
    }
    let Some(column) = maker else { return Ok(Side::Buy) };
    let buyer_was_maker = field::truth(rows.value(column)).ok_or(Flaw { column, allowed: field::MAKER })?;
    Ok(if buyer_was_maker { Side::Sell } else { Side::Buy })
}
