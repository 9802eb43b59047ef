//! A stand to measure guests on: a desk and a paper venue that never answers, so that what is measured is the guest alone.

use std::sync::Arc;

use super::chaos::Chaos;
use super::request::{PlayError, PlayRequest, PlayVenue};
use super::table_venue::TableVenue;
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, ManualClock, ProviderName, Timestamp};
use crate::bus::{Bus, BusConfig};
use crate::compile::check_config;
use crate::instances::seed::seed_of;
use crate::market::{DecimalText, Event, Payload, Side, Symbol, Trade};
use crate::providers::tape::Tape;
use crate::sandbox::{Guest, GuestSetup, Limits, NoLog, Pace, Program, SavedInMemory, StartError};
use crate::trading::{Desk, RiskConfig, TradingAccount};

/// Trades come this far apart.
const TRADE_EVERY_NANOS: u64 = 10_000_000;

/// Process lifetime.
pub struct Stand {
    desk: Arc<Desk>,
    instance: InstanceId,
    provider: ProviderName,
    symbol: Symbol,
    start: Timestamp,
}

impl Stand {
    /// With a paper venue for the instrument of a tape.
    ///
    /// # Errors
    /// As for [`super::play`].
    pub fn new(program: &Arc<Program>, tape: Tape) -> Result<Self, PlayError> {
        let (symbol, start) = (tape.header().instrument.symbol.clone(), tape.header().start);
        let venue = PlayVenue::of_tapes(PlayRequest::usual_provider(), vec![tape]);
        let metrics = Metrics::new();
        let desk = Desk::new(RiskConfig::default(), Bus::new(&metrics, BusConfig::default()), None, &metrics);
        desk.attach(TableVenue::new(&venue, Arc::new(ManualClock::new(start)), &Chaos::default())? as _);
        let instance = PlayRequest::new(Arc::clone(program)).instance;
        Ok(Self { desk, instance, provider: venue.provider, symbol, start })
    }

    /// Starts a guest as an instance would: admitted at the desk, trading switched on.
    ///
    /// # Errors
    /// As for [`Guest::start`].
    pub async fn launch(&self, program: &Program, number: u32) -> Result<Guest, StartError> {
        let instance = InstanceId::new(&format!("bench-{number}")).unwrap_or_else(|_| self.instance.clone());
        let feeds = vec![(self.provider.clone(), vec![self.symbol.clone()])];
        self.desk.admit(TradingAccount {
            instance: instance.clone(),
            revision: program.source_hash(),
            run: 1,
            scope: feeds.clone(),
            dry_run: true,
            limits: None,
        });
        let config = check_config(program.metadata(), &serde_json::Map::new()).unwrap_or_default();
        let setup = GuestSetup {
            seed: seed_of(&instance, &config),
            instance: instance.clone(),
            config,
            feeds,
            limits: Limits::default(),
            dry_run: true,
            desk: Some(Arc::clone(&self.desk)),
            pace: Pace::Virtual,
            log: Arc::new(NoLog),
            saved: Box::new(SavedInMemory::default()),
            time: self.start,
            cancel: tokio_util::sync::CancellationToken::new(),
        };
        let (guest, _) = Guest::start(program, setup).await?;
        self.desk.set_active(&instance, true);
        Ok(guest)
    }

    /// The trade with this number: the price moves a little, never by as much as `momentum` acts on.
    pub fn trade(&self, number: u32) -> Event {
        let time = self.start.plus(std::time::Duration::from_nanos(TRADE_EVERY_NANOS * u64::from(number)));
        let cents = 6_000_000 + i64::from(number % 97);
        Event {
            provider: self.provider.clone(),
            symbol: Some(self.symbol.clone()),
            sequence: u64::from(number) + 1,
            ingest_time: time,
            emit_time: time,
            payload: Payload::Trade(Trade {
                trade_id: (3_700_000_000 + u64::from(number)).into(),
                side: if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
                price: DecimalText::new(rust_decimal::Decimal::new(cents, 2)),
                quantity: DecimalText::new(rust_decimal::Decimal::new(1_234, 5)),
                time,
            }),
        }
    }
}
