//! Market events in one line.

use crate::base::{ProviderName, Timestamp};
use crate::market::{BookSnapshot, Event, Level, Payload, Side, Symbol, Trade};

pub(crate) fn event(symbol: &str, millis: u64, payload: Payload) -> Event {
    Event {
        provider: ProviderName::new("paper").unwrap(),
        symbol: Some(Symbol::new(symbol).unwrap()),
        sequence: 1,
        ingest_time: Timestamp::from_millis(millis),
        emit_time: Timestamp::from_millis(millis),
        payload,
    }
}

pub(crate) fn trade(symbol: &str, price: &str, millis: u64) -> Event {
    let (price, quantity) = (price.parse_text(), "1".parse_text());
    let time = Timestamp::from_millis(millis);
    event(symbol, millis, Payload::Trade(Trade { trade_id: "1".into(), side: Side::Buy, price, quantity, time }))
}

pub(crate) fn book(symbol: &str, bids: &[(&str, &str)], asks: &[(&str, &str)], millis: u64) -> Event {
    let levels = |side: &[(&str, &str)]| {
        side.iter().map(|(price, quantity)| Level { price: price.parse_text(), quantity: quantity.parse_text() }).collect()
    };
    let last_update = Timestamp::from_millis(millis);
    let checksum = Default::default();
    let payload =
        BookSnapshot { bids: levels(bids), asks: levels(asks), checksum, last_update, first_update_id: 0, final_update_id: 0 };
    event(symbol, millis, Payload::BookSnapshot(payload))
}

trait ParseText {
    fn parse_text(&self) -> crate::market::DecimalText;
}

impl ParseText for str {
    fn parse_text(&self) -> crate::market::DecimalText {
        crate::market::DecimalText::parse(self).unwrap()
    }
}
