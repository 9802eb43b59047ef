//! Where it is run: recorded data and the venues that trade on it.

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::strategy::key_value;
use crate::backtest::{DataSpec, PlayVenue, data};
use crate::base::duration;
use crate::cli::Failure;
use crate::market::{Instrument, Symbol};
use crate::providers::csv::Increments;

/// Flags that name data and set up its venues.
#[derive(Debug, clap::Args)]
pub(super) struct VenueFlags {
    /// Recorded data: a built-in tape (`btcusdt-20240808`, `ethusdt-20240808`) or a file; may be repeated.
    #[arg(long, value_name = "[PROVIDER:][SYMBOL=]FILE|TAPE", required = true, num_args = 1..)]
    pub(super) data: Vec<String>,
    /// The tick of a symbol from CSV files, instead of the finest decimal of its prices; may be repeated.
    #[arg(long, value_name = "SYMBOL=STEP", value_parser = key_value)]
    tick: Vec<(String, String)>,
    /// The lot of a symbol from CSV files, instead of the finest decimal of its quantities; may be repeated.
    #[arg(long, value_name = "SYMBOL=STEP", value_parser = key_value)]
    lot: Vec<(String, String)>,
    /// From the request of an order to its arrival at the venue: whole milliseconds, such as `20ms`.
    #[arg(long, value_name = "DURATION")]
    latency: Option<String>,
    /// Fee of a resting order in ten-thousandths of what is received.
    #[arg(long, value_name = "N")]
    maker_fee_bps: Option<u32>,
    /// Fee of an order that takes liquidity in ten-thousandths of what is received.
    #[arg(long, value_name = "N")]
    taker_fee_bps: Option<u32>,
    /// By how many ten-thousandths each price of an order that takes liquidity is worse than the book's.
    #[arg(long, value_name = "N")]
    slippage_bps: Option<u32>,
    /// Where a resting order stands among those at its price.
    #[arg(long, value_name = "back|front")]
    queue: Option<String>,
    /// What the account has at the beginning, instead of the adapter's default; may be repeated.
    #[arg(long, value_name = "CURRENCY=AMOUNT", value_parser = key_value)]
    balance: Vec<(String, String)>,
    /// Any setting of the paper adapter, of all venues or of one; may be repeated.
    #[arg(long = "venue", value_name = "[NAME:]KEY=VALUE", value_parser = key_value)]
    venue: Vec<(String, String)>,
}

impl VenueFlags {
    /// Opens the data and sets up its venues.
    pub(super) fn open(&self) -> Result<Vec<PlayVenue>, Failure> {
        let increments = self.increments()?;
        let mut venues = open_with(&self.data, &increments)?;
        given_for_csv(&increments, &venues)?;
        let everywhere = self.settings()?;
        for venue in &mut venues {
            let mut settings = everywhere.clone();
            let own = self.venue.iter().filter_map(|(name, text)| match name.split_once(':') {
                Some((provider, key)) => (provider == venue.provider.as_str()).then_some((key, text)),
                None => Some((name.as_str(), text)),
            });
            settings.extend(own.map(|(key, text)| (key.to_owned(), json_or_text(text))));
            venue.configure(&settings).map_err(Failure::usage)?;
        }
        let strange = self.venue.iter().filter_map(|(name, _)| Some(name.split_once(':')?.0));
        match strange.into_iter().find(|name| !venues.iter().any(|venue| venue.provider.as_str() == *name)) {
            Some(name) => Err(Failure::Usage(format!("--venue {name}: no data is played at a venue of this name"))),
            None => Ok(venues),
        }
    }

    fn increments(&self) -> Result<Increments, Failure> {
        let steps = |flag: &str, given: &[(String, String)]| {
            let step = |(name, text): &(String, String)| {
                let symbol =
                    name.parse::<Symbol>().map_err(|error| Failure::Usage(format!("--{flag} {name}={text}: {error}")))?;
                let step = text.parse::<Decimal>().ok().filter(|step| *step > Decimal::ZERO);
                let wrong = || Failure::Usage(format!("--{flag} {name}={text}: write a decimal above 0, such as {name}=0.01"));
                Ok((symbol, step.ok_or_else(wrong)?))
            };
            given.iter().map(step).collect::<Result<BTreeMap<_, _>, Failure>>()
        };
        Ok(Increments { ticks: steps("tick", &self.tick)?, lots: steps("lot", &self.lot)? })
    }

    /// Those that have a flag of their own.
    fn settings(&self) -> Result<Map<String, Value>, Failure> {
        let mut settings = Map::new();
        if let Some(text) = &self.latency {
            let latency = duration::parse(text).map_err(Failure::usage)?;
            if latency.subsec_nanos() % 1_000_000 != 0 {
                return Err(Failure::Usage(format!("--latency {text}: write whole milliseconds")));
            }
            settings.insert("latencyMs".to_owned(), u64::try_from(latency.as_millis()).unwrap_or(u64::MAX).into());
        }
        let figures =
            [("makerFeeBps", self.maker_fee_bps), ("takerFeeBps", self.taker_fee_bps), ("slippageBps", self.slippage_bps)];
        settings.extend(figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        settings.extend(self.queue.as_ref().map(|queue| ("queue".to_owned(), queue.as_str().into())));
        if !self.balance.is_empty() {
            let balances = self.balance.iter().map(|(currency, amount)| (currency.clone(), Value::from(amount.as_str())));
            settings.insert("balances".to_owned(), Value::Object(balances.collect()));
        }
        Ok(settings)
    }
}

/// A step that changes nothing is a mistake: of a symbol that is not there, or of a tape, which has its own.
fn given_for_csv(increments: &Increments, venues: &[PlayVenue]) -> Result<(), Failure> {
    let instruments: Vec<_> = venues.iter().flat_map(|venue| venue.market.instruments()).collect();
    let unused = |flag: &str, steps: &BTreeMap<Symbol, Decimal>, of: fn(&Instrument) -> Decimal| {
        let taken = |symbol: &Symbol, step: &Decimal| instruments.iter().any(|own| own.symbol == *symbol && of(own) == *step);
        let strange = steps.iter().find(|(symbol, step)| !taken(symbol, step));
        strange.map(|(symbol, _)| Failure::Usage(format!("--{flag} {symbol}: no CSV file among the data has this symbol")))
    };
    let strange = unused("tick", &increments.ticks, |own| own.price_increment)
        .or_else(|| unused("lot", &increments.lots, |own| own.quantity_increment));
    strange.map_or(Ok(()), Err)
}

/// Opens data by the names that were given.
pub(in crate::cli) fn open(data: &[String]) -> Result<Vec<PlayVenue>, Failure> {
    open_with(data, &Increments::default())
}

/// The same with ticks and lots of CSV files.
pub(in crate::cli) fn open_with(data: &[String], increments: &Increments) -> Result<Vec<PlayVenue>, Failure> {
    let specs = data.iter().map(|text| DataSpec::of_this_machine(text)).collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    data::open(&specs, increments).map_err(Failure::usage)
}

/// The same; names of files that lie in this folder mean those.
pub(in crate::cli) fn open_in(folder: &Path, data: &[String]) -> Result<Vec<PlayVenue>, Failure> {
    open(&data.iter().map(|name| there(folder, name)).collect::<Vec<_>>())
}

/// The same data by the path of its file, where that is in this folder. A path may have `=` in it, so the longest end of the name
/// that is a file counts.
fn there(folder: &Path, name: &str) -> String {
    let ends = std::iter::once(0).chain(name.match_indices(['=', ':']).map(|(at, _)| at + 1));
    let found = ends.map(|at| name.split_at(at)).find(|(_, file)| folder.join(file).is_file());
    found.map_or_else(|| name.to_owned(), |(lead, file)| format!("{lead}{}", folder.join(file).display()))
}

/// Text that is JSON is read as such.
fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_a_scenario_are_found_whatever_their_path_has_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let hive = folder.path().join("data/date=2024-08-08");
        std::fs::create_dir_all(&hive).unwrap();
        std::fs::write(hive.join("BTCUSDT.csv"), "time,price,quantity\n1722470400,60000.5,0.25\n").unwrap();
        let lies = |lead: &str| format!("{lead}{}", hive.join("BTCUSDT.csv").display());
        for (name, lead) in [("", ""), ("kraken:", "kraken:"), ("kraken:BTC-USDT=", "kraken:BTC-USDT=")] {
            let name = format!("{name}data/date=2024-08-08/BTCUSDT.csv");
            assert_eq!(there(folder.path(), &name), lies(lead));
            assert!(open_in(folder.path(), &[name]).is_ok());
        }
        assert_eq!(there(folder.path(), "BTC-USDT=none.csv"), "BTC-USDT=none.csv");
    }
}
