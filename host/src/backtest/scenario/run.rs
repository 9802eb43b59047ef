//! Runs a scenario: the tape, if there is one, then step after step, then the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::answer::{Failing, ScenarioAnswer};
use super::document::{DocumentError, Scenario, VenueKind};
use super::hand::{HandVenue, Verdict};
use super::market::{self, Scribe};
use super::step::{LinkStep, OrderStep, Step, TradeStep, Where, Which};
use crate::backtest::play::roll;
use crate::backtest::stage::Stage;
use crate::backtest::table::Table;
use crate::backtest::table_venue::TableVenue;
use crate::backtest::{PlayError, PlayRequest, PlayVenue};
use crate::base::{InstanceId, ManualClock, ProviderName, Timestamp};
use crate::compile::check_config;
use crate::market::{BalanceUpdate, Event, Kline, Payload, RiskControl, Symbol};
use crate::providers::paper::Output;
use crate::sandbox::{LimitError, Limits, Program};
use crate::trading::{Connection, ProviderStatus};

/// Before what the market does, unless the step says otherwise.
const USUAL_WAIT: Duration = Duration::from_millis(1);

/// Who plays.
pub struct Cast {
    /// The compiled strategy.
    pub program: Arc<Program>,
    /// The tapes that the document names, opened; empty when it names none.
    pub tapes: Vec<PlayVenue>,
}

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The document cannot be carried out.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The configuration is not one of the strategy.
    #[error("config: {0}")]
    Config(String),
    /// A limit is out of range.
    #[error("limits: {0}")]
    Limits(#[from] LimitError),
    /// It could not begin, or not go on.
    #[error(transparent)]
    Play(#[from] PlayError),
}

/// Runs it to its end. Blocks the thread. What fails in it is part of the answer.
///
/// # Errors
/// [`ScenarioError`] when it cannot be tried.
pub fn run(scenario: &Scenario, cast: Cast) -> Result<ScenarioAnswer, ScenarioError> {
    let mut run = Run::new(scenario, cast)?;
    run.stage.open()?;
    if !scenario.tape.is_empty() {
        roll(&mut run.stage, &run.markets, &Arc::default())?;
    }
    for (place, step) in scenario.steps.iter().enumerate() {
        let at = format!("steps[{place}]");
        if let Err(error) = run.step(step, &at) {
            match error {
                Stumble::Failed(message) => run.failures.push(Failing::of_step(at, message)),
                Stumble::Broken(error) => return Err(error.into()),
            }
        }
    }
    run.end(scenario)
}

/// Why a step did not happen.
enum Stumble {
    /// The scenario fails.
    Failed(String),
    /// It cannot go on.
    Broken(PlayError),
}

impl From<String> for Stumble {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl From<PlayError> for Stumble {
    fn from(error: PlayError) -> Self {
        Self::Broken(error)
    }
}

/// Everything that moves.
struct Run {
    stage: Stage,
    names: Vec<ProviderName>,
    markets: Vec<Arc<TableVenue>>,
    /// One per market in a scenario where steps answer orders.
    hands: Vec<Arc<HandVenue>>,
    /// By seat: what was reported while the connection was lost; none while it holds.
    held: Vec<Option<Vec<Output>>>,
    last_prices: BTreeMap<(usize, Symbol), Decimal>,
    scribe: Scribe,
    stopped: bool,
    failures: Vec<Failing>,
}

impl Run {
    fn new(scenario: &Scenario, cast: Cast) -> Result<Self, ScenarioError> {
        let tape_start = cast.tapes.iter().map(|venue| venue.market.start()).min();
        let venues = if scenario.tape.is_empty() { market::venues(scenario)? } else { cast.tapes };
        let request = PlayRequest {
            venues,
            config: config(scenario, &cast.program)?,
            limits: Limits::default().with(&scenario.limits)?,
            seed: scenario.seed,
            instance: match &scenario.instance {
                Some(instance) => instance.clone(),
                None => usual_instance()?,
            },
            ..PlayRequest::new(cast.program)
        };
        let start = tape_start.map_or_else(|| scenario.start(), Ok)?;
        let clock = Arc::new(ManualClock::new(start));
        let names: Vec<_> = request.venues.iter().map(|venue| venue.provider.clone()).collect();
        let markets = request.venues.iter().map(|venue| TableVenue::new(venue, Arc::clone(&clock), &request.chaos));
        let markets = markets.collect::<Result<Vec<_>, _>>()?;
        let by_hand = scenario.venue() == VenueKind::Manual;
        let hands: Vec<_> =
            markets.iter().filter(|_| by_hand).map(|market| Arc::new(HandVenue::new(Arc::clone(market)))).collect();
        let tables: Vec<Arc<dyn Table>> = if by_hand {
            hands.iter().map(|hand| Arc::clone(hand) as _).collect()
        } else {
            markets.iter().map(|market| Arc::clone(market) as _).collect()
        };
        let feeds = request.feeds()?;
        let stage = Stage::new(request, feeds, tables, clock)?.keeping_calls();
        let held = names.iter().map(|_| None).collect();
        let (last_prices, scribe, failures) = (BTreeMap::new(), Scribe { count: 0 }, Vec::new());
        Ok(Self { stage, names, markets, hands, held, last_prices, scribe, stopped: false, failures })
    }

    fn step(&mut self, step: &Step, at: &str) -> Result<(), Stumble> {
        if let Some(expectations) = &step.expect {
            let seen = self.stage.picture();
            expectations.check(&seen, &format!("{at}.expect"), false, &mut self.failures);
            return Ok(());
        }
        if self.stopped {
            return Err("the instance was stopped by an earlier step: only `expect` can follow".to_owned().into());
        }
        let market = step.trade.is_some() || step.ticker.is_some() || step.book.is_some() || step.kline.is_some();
        let news = step.balance.is_some() || step.risk.is_some() || step.extension.is_some();
        let usual = if market || news { USUAL_WAIT } else { Duration::ZERO };
        let wait = step.after.map_or(usual, |span| span.0) + step.advance.map_or(Duration::ZERO, |span| span.0);
        self.wait(wait)?;
        if let Some(trades) = &step.trades {
            for trade in trades {
                self.wait(step.every.map_or(USUAL_WAIT, |span| span.0))?;
                self.trade(trade)?;
            }
        } else if let Some(trade) = &step.trade {
            self.trade(trade)?;
        } else if step.ticker.is_some() || step.book.is_some() || step.kline.is_some() {
            self.quote(step)?;
        } else if news {
            self.news(step)?;
        } else if step.restart.is_some() {
            self.stage.crash()?;
        } else if step.stop.is_some() {
            self.stopped = true;
            self.stage.farewell()?;
        } else if let Some(lost) = &step.disconnect {
            self.disconnect(lost)?;
        } else if let Some(back) = &step.reconnect {
            self.reconnect(back)?;
        } else {
            self.answer(step)?;
        }
        Ok(())
    }

    fn wait(&mut self, wait: Duration) -> Result<(), Stumble> {
        let until = self.stage.now().plus(wait);
        Ok(self.stage.advance(until)?)
    }

    /// The seat of a provider, and the place of a symbol there.
    fn find(&self, wanted: &Where) -> Result<(usize, usize), String> {
        let named = |name: &ProviderName| self.names.iter().position(|known| known == name);
        let seat = match &wanted.provider {
            None => 0,
            Some(name) => named(name).ok_or_else(|| {
                let known: Vec<_> = self.names.iter().map(ProviderName::as_str).collect();
                format!("there is no provider {name}: there is {}", known.join(", "))
            })?,
        };
        let instruments = self.markets[seat].listed();
        let place = match &wanted.symbol {
            None => 0,
            Some(symbol) => instruments.iter().position(|known| known.symbol == *symbol).ok_or_else(|| {
                let known: Vec<_> = instruments.iter().map(|known| known.symbol.as_str()).collect();
                format!("{symbol} is not traded at {}: {} is", self.names[seat], known.join(", "))
            })?,
        };
        Ok((seat, place))
    }

    fn trade(&mut self, trade: &TradeStep) -> Result<(), Stumble> {
        let (seat, place) = self.find(&trade.place)?;
        let instrument = self.markets[seat].listed()[place].clone();
        let record = self.scribe.trade(trade, self.stage.now(), &instrument)?;
        self.last_prices.insert((seat, instrument.symbol), trade.price.0);
        self.tell(seat, |market, told| market.feed(place, &record, told))
    }

    /// A ticker, a book or a bar.
    fn quote(&mut self, step: &Step) -> Result<(), Stumble> {
        let now = self.stage.now();
        if let Some(ticker) = &step.ticker {
            let (seat, place) = self.find(&Where { provider: ticker.provider.clone(), symbol: ticker.symbol.clone() })?;
            let instrument = self.markets[seat].listed()[place].clone();
            let record = self.scribe.ticker(ticker, now, &instrument)?;
            let last = ticker.last.map(|figure| figure.0);
            return self.tell(seat, |market, told| {
                market.forget_touch(place);
                market.feed(place, &record, told);
                for output in told {
                    if let (Output::Event(Event { payload: Payload::Ticker(ticker), .. }), Some(last)) = (output, last) {
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
        let payload = Payload::KlineSummary(Kline {
            open_price: bar.open.0.into(),
            close_price: bar.close.0.into(),
            high_price: bar.high.0.into(),
            low_price: bar.low.0.into(),
            volume: bar.volume.map_or(Decimal::ZERO, |figure| figure.0).into(),
            open_time: now.minus(interval),
            close_time: now,
        });
        let symbol = self.markets[seat].listed()[place].symbol.clone();
        self.publish(seat, Some(symbol), payload)
    }

    /// What does not come from a market's records.
    fn news(&mut self, step: &Step) -> Result<(), Stumble> {
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
        self.publish(0, None, Payload::Extension(json))
    }

    fn event(&mut self, seat: usize, symbol: Option<Symbol>, payload: Payload) -> Event {
        self.scribe.count += 1;
        let (provider, now) = (self.names[seat].clone(), self.stage.now());
        Event { provider, symbol, sequence: self.scribe.count, ingest_time: now, emit_time: now, payload }
    }

    fn publish(&mut self, seat: usize, symbol: Option<Symbol>, payload: Payload) -> Result<(), Stumble> {
        let event = self.event(seat, symbol, payload);
        self.tell(seat, |_, told| told.push(Output::Event(event)))
    }

    /// Lets a market say something. Without a connection its events are lost and reports wait.
    fn tell(&mut self, seat: usize, speak: impl FnOnce(&TableVenue, &mut Vec<Output>)) -> Result<(), Stumble> {
        let (market, held) = (&self.markets[seat], &mut self.held[seat]);
        self.stage.hear_of(seat, |told| {
            speak(market, told);
            if let Some(held) = held {
                held.extend(told.drain(..).filter(|output| matches!(output, Output::Report(_))));
            }
            Ok(())
        })?;
        Ok(())
    }

    /// What a step says of an order.
    fn answer(&mut self, step: &Step) -> Result<(), Stumble> {
        let named = |step: &OrderStep| step.order.clone();
        let (which, verdict) = if let Some(fill) = &step.fill {
            (fill.order.clone(), Verdict::Filled(fill))
        } else if let Some(order) = &step.acknowledge {
            (named(order), Verdict::Acknowledged)
        } else if let Some(order) = &step.reject {
            (named(order), Verdict::Rejected(order.reason.as_deref().unwrap_or("rejected by the scenario")))
        } else if let Some(order) = &step.cancelled {
            (named(order), Verdict::Cancelled(order.reason.as_deref()))
        } else if let Some(order) = &step.expire {
            (named(order), Verdict::Expired(order.reason.as_deref()))
        } else {
            return Ok(()); // `advance`: the time has passed
        };
        if self.hands.is_empty() {
            let message = "the paper venue answers orders by itself: leave the step out, or say \"venue\": \"manual\"";
            return Err(message.to_owned().into());
        }
        let seat = self.seat_of(&which);
        let now = self.stage.now();
        let last = self.last_prices.iter().find(|((at, _), _)| *at == seat).map(|(_, price)| *price);
        let reports = self.hands[seat].judge(&which, &verdict, now, last)?;
        self.tell(seat, |_, told| told.extend(reports.into_iter().map(Output::Report)))
    }

    /// Where an order was sent: with several providers an id says it, `last` and numbers mean the first that has orders.
    fn seat_of(&self, which: &Which) -> usize {
        let knows = |hand: &Arc<HandVenue>| match which {
            Which::Id(id) => hand.knows(id),
            _ => hand.sent() > 0,
        };
        self.hands.iter().position(knows).unwrap_or(0)
    }

    fn disconnect(&mut self, step: &LinkStep) -> Result<(), Stumble> {
        let (seat, _) = self.find(&Where { provider: step.provider.clone(), symbol: None })?;
        let Some(hand) = self.hands.get(seat) else {
            return Err("only a manual venue loses its connection by a step; a backtest has --chaos".to_owned().into());
        };
        if self.held[seat].is_some() {
            return Err("the connection is lost already".to_owned().into());
        }
        self.held[seat] = Some(Vec::new());
        hand.set_status(ProviderStatus::Reconnecting);
        let at = self.stage.now();
        Ok(self.stage.connection(seat, Connection::Lost { reason: "the scenario cut it".to_owned(), at })?)
    }

    fn reconnect(&mut self, step: &LinkStep) -> Result<(), Stumble> {
        let (seat, _) = self.find(&Where { provider: step.provider.clone(), symbol: None })?;
        let Some(held) = self.held[seat].take() else {
            return Err("the connection is not lost".to_owned().into());
        };
        self.stage.hear_of(seat, |told| {
            told.extend(held);
            Ok(())
        })?;
        if let Some(hand) = self.hands.get(seat) {
            hand.set_status(ProviderStatus::Running);
        }
        let at = self.stage.now();
        Ok(self.stage.connection(seat, Connection::Restored { at })?)
    }

    fn end(mut self, scenario: &Scenario) -> Result<ScenarioAnswer, ScenarioError> {
        if !self.stopped {
            self.stage.end()?;
        }
        let seen = self.stage.picture();
        let mut failures = self.failures;
        scenario.expect.check(&seen, "expect", true, &mut failures);
        let (positions, saved) = (seen.positions, seen.saved);
        let calls = self.stage.take_calls();
        let report = self.stage.close();
        Ok(ScenarioAnswer { name: scenario.name.clone(), ok: failures.is_empty(), failures, report, calls, positions, saved })
    }
}

fn usual_instance() -> Result<InstanceId, DocumentError> {
    InstanceId::new("test").map_err(|error| DocumentError::new("instance", error.to_string()))
}

/// With defaults filled in; orders are sent unless the document says otherwise.
fn config(scenario: &Scenario, program: &Program) -> Result<Map<String, Value>, ScenarioError> {
    let mut config = scenario.config.clone();
    config.entry("dry_run").or_insert(Value::Bool(false));
    check_config(program.metadata(), &config)
        .map_err(|issues| ScenarioError::Config(issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
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
