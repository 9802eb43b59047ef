//! Events as WIT records. Texts are lent, not copied; what has no text yet (figures of reports, steps of instruments) is
//! written into a scratch value on the stack. Delivering a trade, ticker, bar or book allocates nothing.

use rust_decimal::Decimal;
use smol_str::{SmolStr, ToSmolStr as _};

use crate::market::{self, Event, ExecutionReport, Instrument, OrderRequest, RiskStatus};
use crate::sandbox::bindings::events as wit;
use crate::sandbox::bindings::types;

pub(super) fn side_to_wit(side: market::Side) -> types::Side {
    match side {
        market::Side::Buy => types::Side::Buy,
        market::Side::Sell => types::Side::Sell,
    }
}

pub(super) fn side_from_wit(side: types::Side) -> market::Side {
    match side {
        types::Side::Buy => market::Side::Buy,
        types::Side::Sell => market::Side::Sell,
    }
}

pub(super) fn order_type_to_wit(order_type: market::OrderType) -> types::OrderType {
    match order_type {
        market::OrderType::Market => types::OrderType::Market,
        market::OrderType::Limit => types::OrderType::Limit,
    }
}

pub(super) fn time_in_force(time_in_force: types::TimeInForce) -> market::TimeInForce {
    match time_in_force {
        types::TimeInForce::Gtc => market::TimeInForce::Gtc,
        types::TimeInForce::Ioc => market::TimeInForce::Ioc,
        types::TimeInForce::Fok => market::TimeInForce::Fok,
        types::TimeInForce::PostOnly => market::TimeInForce::PostOnly,
    }
}

pub(super) fn envelope(event: &Event, provider: u16, symbol: Option<u16>) -> wit::Envelope {
    wit::Envelope {
        provider,
        symbol,
        sequence: event.sequence,
        ingest_time: event.ingest_time.as_nanos(),
        emit_time: event.emit_time.as_nanos(),
    }
}

pub(super) fn trade<'a>(trade: &'a market::Trade, id: &'a str) -> wit::Event<'a> {
    wit::Event::Trade(wit::Trade {
        trade_id: id,
        side: side_to_wit(trade.side),
        price: trade.price.as_str(),
        quantity: trade.quantity.as_str(),
        time: trade.time.as_nanos(),
    })
}

/// A trade whose id and figures fit numbers, as nearly all do: then no text has to cross.
pub(super) fn plain_trade(trade: &market::Trade) -> Option<wit::PlainTrade> {
    let market::TradeId::Number(trade_id) = trade.trade_id else { return None };
    Some(wit::PlainTrade {
        trade_id,
        side: side_to_wit(trade.side),
        price: figure(&trade.price)?,
        quantity: figure(&trade.quantity)?,
        time: trade.time.as_nanos(),
    })
}

/// None for what is absent, for more than 64 bits or 18 decimals, and for the negative zero that text can say.
fn figure(decimal: &market::DecimalText) -> Option<wit::Figure> {
    let value = decimal.value();
    let (units, scale) = (i64::try_from(value.mantissa()).ok()?, u8::try_from(value.scale()).ok()?);
    let plain = scale <= 18 && !decimal.is_absent() && !(units == 0 && value.is_sign_negative());
    plain.then_some(wit::Figure { units, scale })
}

pub(super) fn ticker(ticker: &market::Ticker) -> wit::Event<'_> {
    wit::Event::Ticker(wit::Ticker {
        last_price: ticker.last_price.as_str(),
        bid_price: ticker.bid_price.as_str(),
        ask_price: ticker.ask_price.as_str(),
        volume24h: ticker.volume_24h.as_str(),
        time: ticker.time.as_nanos(),
    })
}

pub(super) fn kline(bar: &market::Kline) -> wit::Event<'_> {
    wit::Event::KlineSummary(wit::Kline {
        open_price: bar.open_price.as_str(),
        close_price: bar.close_price.as_str(),
        high_price: bar.high_price.as_str(),
        low_price: bar.low_price.as_str(),
        volume: bar.volume.as_str(),
        open_time: bar.open_time.as_nanos(),
        close_time: bar.close_time.as_nanos(),
    })
}

pub(super) fn balance(balance: &market::BalanceUpdate) -> wit::Event<'_> {
    wit::Event::BalanceUpdate(wit::BalanceUpdate {
        currency: &balance.currency,
        total: balance.total.as_str(),
        available: balance.available.as_str(),
        time: balance.time.as_nanos(),
    })
}

/// Room for the levels of a book that outlives the book, so that it is allocated once in the life of a guest.
#[derive(Default)]
pub(super) struct Levels {
    bids: Vec<wit::Level<'static>>,
    asks: Vec<wit::Level<'static>>,
}

/// The levels of one book, in borrowed room.
pub(super) struct BookLevels<'a> {
    bids: Vec<wit::Level<'a>>,
    asks: Vec<wit::Level<'a>>,
}

impl Levels {
    /// Takes the room out and fills it.
    pub(super) fn fill<'a>(&mut self, book: &'a market::BookSnapshot) -> BookLevels<'a> {
        let side = |room: Vec<wit::Level<'static>>, levels: &'a [market::Level]| {
            let mut room = relend(room);
            room.extend(levels.iter().map(|level| wit::Level { price: level.price.as_str(), quantity: level.quantity.as_str() }));
            room
        };
        BookLevels {
            bids: side(std::mem::take(&mut self.bids), &book.bids),
            asks: side(std::mem::take(&mut self.asks), &book.asks),
        }
    }

    /// Puts the room back for the next book.
    pub(super) fn put_back(&mut self, used: BookLevels<'_>) {
        *self = Self { bids: relend(used.bids), asks: relend(used.asks) };
    }
}

impl BookLevels<'_> {
    pub(super) fn event<'a>(&'a self, book: &'a market::BookSnapshot) -> wit::Event<'a> {
        wit::Event::BookSnapshot(wit::BookSnapshot {
            bids: &self.bids,
            asks: &self.asks,
            checksum: &book.checksum,
            last_update: book.last_update.as_nanos(),
            first_update_id: book.first_update_id,
            final_update_id: book.final_update_id,
        })
    }
}

/// The allocation of an emptied list for elements of another lifetime: collecting in place keeps it.
fn relend<'b>(mut room: Vec<wit::Level<'_>>) -> Vec<wit::Level<'b>> {
    room.clear();
    room.into_iter().map(|_| wit::Level { price: "", quantity: "" }).collect()
}

/// A decimal without trailing zeros; at most 23 bytes stay on the stack, and more is rare.
fn text(value: Decimal) -> SmolStr {
    value.normalize().to_smolstr()
}

/// The figures of an execution report as texts.
pub(super) struct ReportTexts {
    price: SmolStr,
    quantity: SmolStr,
    filled: SmolStr,
    remaining: SmolStr,
    average: SmolStr,
    commission: Option<SmolStr>,
}

impl ReportTexts {
    pub(super) fn new(order: &OrderRequest, report: &ExecutionReport) -> Self {
        Self {
            price: order.price.map(text).unwrap_or_default(),
            quantity: text(order.quantity),
            filled: text(report.filled_quantity),
            remaining: text(report.leaves_quantity),
            average: text(report.average_price),
            commission: report.fill.as_ref().map(|fill| text(fill.fee)),
        }
    }

    pub(super) fn event<'a>(&'a self, order: &'a OrderRequest, report: &'a ExecutionReport) -> wit::Event<'a> {
        wit::Event::ExecutionReport(wit::ExecutionReport {
            client_order_id: report.client_order_id.as_str(),
            venue_order_id: &report.venue_order_id,
            state: report_state(report.state),
            side: side_to_wit(order.side),
            order_type: order_type_to_wit(order.order_type),
            price: &self.price,
            quantity: &self.quantity,
            filled_quantity: &self.filled,
            remaining_quantity: &self.remaining,
            average_fill_price: &self.average,
            commission_amount: self.commission.as_deref(),
            commission_asset: report.fill.as_ref().map(|fill| fill.fee_asset.as_str()),
            time: report.time.as_nanos(),
            reject_reason: report.reason.as_deref(),
            symbol: order.symbol.as_str(),
        })
    }
}

fn report_state(state: market::ReportState) -> wit::ReportState {
    match state {
        market::ReportState::Ack => wit::ReportState::Ack,
        market::ReportState::Partial => wit::ReportState::Partial,
        market::ReportState::Filled => wit::ReportState::Filled,
        market::ReportState::Cancelled => wit::ReportState::Cancelled,
        market::ReportState::Rejected => wit::ReportState::Rejected,
        market::ReportState::Expired => wit::ReportState::Expired,
    }
}

/// The steps of an instrument as texts.
pub(super) struct InstrumentTexts {
    price_increment: SmolStr,
    quantity_increment: SmolStr,
    min_notional: SmolStr,
    min_quantity: SmolStr,
    max_quantity: SmolStr,
}

impl InstrumentTexts {
    pub(super) fn new(instrument: &Instrument) -> Self {
        Self {
            price_increment: text(instrument.price_increment),
            quantity_increment: text(instrument.quantity_increment),
            min_notional: text(instrument.min_notional),
            min_quantity: text(instrument.min_quantity),
            max_quantity: text(instrument.max_quantity),
        }
    }

    pub(super) fn event<'a>(&'a self, instrument: &'a Instrument) -> wit::Event<'a> {
        wit::Event::InstrumentUpdate(wit::Instrument {
            symbol: instrument.symbol.as_str(),
            kind: instrument.kind.as_str(),
            base_currency: instrument.symbol.base_currency(),
            quote_currency: instrument.symbol.quote_currency(),
            venue: &instrument.venue,
            expiry: "",
            contract_value: None,
            contract_currency: "",
            strike: None,
            option_type: "",
            price_increment: &self.price_increment,
            quantity_increment: &self.quantity_increment,
            price_precision: Some(instrument.price_precision()),
            quantity_precision: Some(instrument.quantity_precision()),
            notional_precision: None,
            min_notional: &self.min_notional,
            min_quantity: &self.min_quantity,
            max_quantity: &self.max_quantity,
        })
    }
}

/// The figures of a risk event, in the order of their names.
pub(super) fn risk_metrics(risk: &market::RiskControl) -> Vec<(&str, &str)> {
    risk.metrics.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

pub(super) fn risk<'a>(risk: &'a market::RiskControl, symbol: &'a str, metrics: &'a [(&'a str, &'a str)]) -> wit::Event<'a> {
    wit::Event::RiskControl(wit::RiskControl {
        strategy_id: risk.instance.as_str(),
        symbol,
        status: match risk.status {
            RiskStatus::Triggered => "TRIGGERED",
            RiskStatus::Cleared => "CLEARED",
        },
        reason: &risk.reason,
        breach_type: risk.breach_type,
        metrics,
        kill_switch_engaged: risk.kill_switch_engaged,
        circuit_breaker_open: risk.circuit_breaker_open,
        time: risk.time.as_nanos(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::market::DecimalText;

    #[test]
    fn books_reuse_the_room_of_the_book_before() {
        let level =
            |price: &str| market::Level { price: DecimalText::parse(price).unwrap(), quantity: DecimalText::parse("1").unwrap() };
        let book = |prices: &[&str]| market::BookSnapshot {
            bids: prices.iter().map(|price| level(price)).collect(),
            asks: prices.iter().map(|price| level(price)).collect(),
            checksum: SmolStr::default(),
            last_update: Timestamp::ZERO,
            first_update_id: 0,
            final_update_id: 0,
        };
        let mut levels = Levels::default();
        let first = book(&["3", "2", "1"]);
        let filled = levels.fill(&first);
        let room = filled.bids.as_ptr().addr();
        levels.put_back(filled);
        let second = book(&["5"]);
        let filled = levels.fill(&second);
        assert_eq!(filled.bids.as_ptr().addr(), room, "no new allocation");
        assert_eq!(filled.bids.iter().map(|level| level.price).collect::<Vec<_>>(), ["5"]);
    }
}
