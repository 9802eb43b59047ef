//! Runs a scenario: the tape, if there is one, then step after step, then the end. `events` is what the market says, `orders` what
//! becomes of orders.

mod events;
mod orders;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::answer::{Failing, ScenarioAnswer};
use super::document::{DocumentError, Scenario, VenueKind};
use super::hand::HandVenue;
use super::market::{self, Scribe};
use super::step::{Step, TradeStep, Where};
use super::verdict::HandOrders;
use crate::backtest::play::roll;
use crate::backtest::stage::Stage;
use crate::backtest::table::Table;
use crate::backtest::table_venue::TableVenue;
use crate::backtest::{PlayError, PlayRequest, PlayVenue};
use crate::base::{InstanceId, ManualClock, ProviderName};
use crate::compile::check_config;
use crate::market::{EventKind, ExecutionReport, Symbol};
use crate::sandbox::{LimitError, Limits, Program};

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
        let at = format!("steps[{place}].{}", step.key());
        match run.step(step, &at) {
            Ok(()) => {}
            Err(Stumble::Failed(message)) => run.failures.push(Failing::of_step(at, message)),
            Err(Stumble::Broken(error)) => return Err(error.into()),
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
    /// Those that reached one of them.
    orders: Arc<HandOrders>,
    /// By seat: what was reported while the connection was lost; none while it holds.
    held: Vec<Option<Vec<ExecutionReport>>>,
    last_prices: BTreeMap<(usize, Symbol), Decimal>,
    scribe: Scribe,
    /// Events that no market has made, by kind.
    news: [u64; EventKind::ALL.len()],
    stopped: bool,
    failures: Vec<Failing>,
}

impl Run {
    fn new(scenario: &Scenario, cast: Cast) -> Result<Self, ScenarioError> {
        let request = request(scenario, cast)?;
        let tape_start = request.venues.iter().map(|venue| venue.market.start()).min().filter(|_| !scenario.tape.is_empty());
        let clock = Arc::new(ManualClock::new(tape_start.map_or_else(|| scenario.start(), Ok)?));
        let names: Vec<_> = request.venues.iter().map(|venue| venue.provider.clone()).collect();
        let markets = request.venues.iter().map(|venue| TableVenue::new(venue, Arc::clone(&clock), &request.chaos));
        let markets = markets.collect::<Result<Vec<_>, _>>()?;
        let orders = Arc::<HandOrders>::default();
        let hand = |(seat, market)| Arc::new(HandVenue::new(seat, Arc::clone(market), Arc::clone(&orders)));
        let (hands, tables): (Vec<_>, Vec<Arc<dyn Table>>) = match scenario.venue() {
            VenueKind::Manual => markets.iter().enumerate().map(hand).map(|hand| (Arc::clone(&hand), hand as _)).unzip(),
            VenueKind::Paper => (Vec::new(), markets.iter().map(|market| Arc::clone(market) as _).collect()),
        };
        let feeds = request.feeds()?;
        Ok(Self {
            stage: Stage::new(request, feeds, tables, clock)?.keeping_calls(),
            held: names.iter().map(|_| None).collect(),
            names,
            markets,
            hands,
            orders,
            last_prices: BTreeMap::new(),
            scribe: Scribe::default(),
            news: Default::default(),
            stopped: false,
            failures: Vec::new(),
        })
    }

    fn step(&mut self, step: &Step, at: &str) -> Result<(), Stumble> {
        if let Some(expectations) = &step.expect {
            if let Some(after) = step.after.filter(|_| !self.stopped) {
                self.wait(after.0)?;
            }
            expectations.check(&self.stage.picture(), at, false, &mut self.failures);
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
            return self.trades(trades, step, at);
        }
        if let Some(trade) = &step.trade {
            self.trade(trade)?;
        } else if step.ticker.is_some() || step.book.is_some() || step.kline.is_some() {
            self.quote(step)?;
        } else if news {
            self.news(step)?;
        } else if step.restart.is_some() {
            self.stage.crash()?;
        } else if step.stop.is_some() {
            self.stopped = true;
            return Ok(self.stage.end()?);
        } else if let Some(lost) = &step.disconnect {
            self.disconnect(lost)?;
        } else if let Some(back) = &step.reconnect {
            self.reconnect(back)?;
        } else {
            self.answer(step)?;
        }
        // What is due at this very moment, such as an order that needs no time to its venue.
        self.wait(Duration::ZERO)
    }

    /// One after the other; a mistake in one ends the step.
    fn trades(&mut self, trades: &[TradeStep], step: &Step, at: &str) -> Result<(), Stumble> {
        let every = step.every.map_or(USUAL_WAIT, |span| span.0);
        for (place, trade) in trades.iter().enumerate() {
            // `after` has passed already.
            if place > 0 || step.after.is_none() {
                self.wait(every)?;
            }
            match self.trade(trade) {
                Err(Stumble::Failed(message)) => {
                    self.failures.push(Failing::of_step(format!("{at}[{place}]"), message));
                    return Ok(());
                }
                done => done?,
            }
        }
        self.wait(Duration::ZERO)
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

/// What is played, with what the document leaves out filled in.
fn request(scenario: &Scenario, cast: Cast) -> Result<PlayRequest, ScenarioError> {
    let venues = if scenario.tape.is_empty() {
        market::venues(scenario)?
    } else {
        let mut venues = cast.tapes;
        market::rules(scenario, &mut venues)?;
        venues
    };
    Ok(PlayRequest {
        venues,
        config: config(scenario, &cast.program)?,
        limits: Limits::default().with(&scenario.limits)?,
        seed: scenario.seed,
        instance: match &scenario.instance {
            Some(instance) => instance.clone(),
            None => usual_instance()?,
        },
        chaos: scenario.chaos.clone().unwrap_or_default(),
        ..PlayRequest::new(cast.program)
    })
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
