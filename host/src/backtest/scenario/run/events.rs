//! Steps in which the market, or the world outside, says something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Run, Stumble};
use crate::backtest::scenario::step::{Step, TradeStep, Where};
use crate::backtest::table_venue::TableVenue;
use crate::base::Timestamp;
use crate::market::{BalanceUpdate, Event, Kline, Payload, RiskControl, Symbol};
use crate::providers::paper::Output;

impl Run {
    pub(super) fn trade(&mut self, trade: &TradeStep) -> Result<(), Stumble> {
        let (seat, place) = self.find(&trade.place)?;
        let instrument = self.markets[seat].listed()[place].clone();
        let record = self.scribe.trade(trade, self.stage.now(), &instrument)?;
        self.last_prices.insert((seat, instrument.symbol), trade.price.0);
        self.tell(seat, |market, told| market.feed(place, &record, told))
    }

    /// A ticker, a book or a bar.
    pub(super) fn quote(&mut self, step: &Step) -> Result<(), Stumble> {
        let now = self.stage.now();
        if let Some(ticker) = &step.ticker {
            let (seat, place) = self.find(&Where { provider: ticker.provider.clone(), symbol: ticker.symbol.clone() })?;
            let instrument = self.markets[seat].listed()[place].clone();
            let record = self.scribe.ticker(ticker, now, &instrument)?;
            let last = ticker.last.map(|figure| figure.0);
            if let Some(last) = last {
                self.last_prices.insert((seat, instrument.symbol), last);
            }
            return self.tell(seat, |market, told| {
                market.forget_touch(place);
                market.feed(place, &record, told);
                for output in told {
                    if let (Output::Event(event), Some(last)) = (output, last)
                        && let Payload::Ticker(ticker) = &mut Arc::make_mut(event).payload
                    {
                        ticker.last_price = last.into();
                    }
                }
            });
        }
        if let Some(book) = &step.book {
            let (seat, place) = self.find(&Where { provider: book.provider.clone(), symbol: book.symbol.clone() })?;
            let instrument = self.markets[seat].listed()[place].clone();
            let record = self.scribe.book(book, now, &instrument)?;
            return self.tell(seat, |market, told| market.feed(place, &record, told));
        }
        let Some(bar) = &step.kline else { return Ok(()) };
        let (seat, place) = self.find(&Where { provider: bar.provider.clone(), symbol: bar.symbol.clone() })?;
        let interval = bar.interval.map_or(Duration::from_secs(60), |span| span.0);
        let payload = Payload::KlineSummary(Box::new(Kline {
            open_price: bar.open.0.into(),
            close_price: bar.close.0.into(),
            high_price: bar.high.0.into(),
            low_price: bar.low.0.into(),
            volume: bar.volume.map_or(Decimal::ZERO, |figure| figure.0).into(),
            open_time: now.minus(interval),
            close_time: now,
        }));
        let symbol = self.markets[seat].listed()[place].symbol.clone();
        self.publish(seat, Some(symbol), payload)
    }

    /// What does not come from a market's records.
    pub(super) fn news(&mut self, step: &Step) -> Result<(), Stumble> {
        let now = self.stage.now();
        if let Some(balance) = &step.balance {
            let (seat, _) = self.find(&Where { provider: balance.provider.clone(), symbol: None })?;
            let payload = Payload::BalanceUpdate(BalanceUpdate {
                currency: balance.currency.clone(),
                total: balance.total.0.into(),
                available: balance.available.unwrap_or(balance.total).0.into(),
                time: now,
            });
            return self.publish(seat, None, payload);
        }
        if let Some(risk) = &step.risk {
            let (seat, place) = self.find(&Where { provider: risk.provider.clone(), symbol: risk.symbol.clone() })?;
            let symbol = self.markets[seat].listed()[place].symbol.clone();
            let payload = Payload::RiskControl(Box::new(RiskControl {
                instance: self.stage.instance().clone(),
                status: risk.status,
                reason: risk.reason.clone(),
                breach_type: risk.breach_type.0,
                metrics: BTreeMap::new(),
                kill_switch_engaged: risk.kill_switch_engaged,
                circuit_breaker_open: risk.circuit_breaker_open,
                time: now,
            }));
            let event = self.event(seat, Some(symbol), payload);
            return Ok(self.stage.post(event)?);
        }
        let json = step.extension.as_ref().unwrap_or(&Value::Null).to_string();
        // It comes from outside, whatever became of a venue's connection.
        let event = self.event(0, None, Payload::Extension(json));
        Ok(self.stage.hear_of(0, |told| {
            told.push(Output::Event(Arc::new(event)));
            Ok(())
        })?)
    }

    fn event(&mut self, seat: usize, symbol: Option<Symbol>, payload: Payload) -> Event {
        let (provider, now) = (self.names[seat].clone(), self.stage.now());
        let mut event = Event { provider, symbol, sequence: 0, ingest_time: now, emit_time: now, payload };
        let sequence = &mut self.news[event.kind() as usize];
        *sequence += 1;
        event.sequence = *sequence;
        event
    }

    fn publish(&mut self, seat: usize, symbol: Option<Symbol>, payload: Payload) -> Result<(), Stumble> {
        let event = self.event(seat, symbol, payload);
        self.tell(seat, |_, told| told.push(Output::Event(Arc::new(event))))
    }

    /// Lets a market say something. Without a connection its events are lost and reports wait.
    pub(super) fn tell(&mut self, seat: usize, speak: impl FnOnce(&TableVenue, &mut Vec<Output>)) -> Result<(), Stumble> {
        let (market, held) = (&self.markets[seat], &mut self.held[seat]);
        self.stage.hear_of(seat, |told| {
            speak(market, told);
            if let Some(held) = held {
                held.extend(
                    told.drain(..).filter_map(|output| if let Output::Report(report) = output { Some(*report) } else { None }),
                );
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// The time that a bar began.
trait Before {
    fn minus(self, by: Duration) -> Self;
}

impl Before for Timestamp {
    fn minus(self, by: Duration) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }
}
