//! A strategy's run over a tape, through the command line: what the page's command prints, and its charts.

use std::path::Path;

use sandpit::backtest::{PlayReport, chart};

use crate::support::cli::Cli;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) tape: &'static str,
    /// Fields of the configuration that differ from the defaults, `name=value`.
    pub(super) config: &'static [&'static str],
}

impl Run {
    /// As it is typed, without the program's name.
    pub(super) fn command(self) -> String {
        let config = self.config.iter().map(|field| format!(" --config {field}"));
        format!("play {} --tape {}{}", self.name, self.tape, config.collect::<String>())
    }

    pub(super) async fn report(self, folder: &Path) -> PlayReport {
        let command = self.command() + " --format json";
        let cli = Cli::new("127.0.0.1:1".parse().unwrap(), "", folder);
        serde_json::from_str(&cli.run(&command.split(' ').collect::<Vec<_>>()).await.well()).unwrap()
    }

    /// Its pictures by the names of their files: the market with orders and fills, and the equity where something was filled.
    pub(super) fn charts(self, report: &PlayReport) -> Vec<(String, String)> {
        let prices = report.measured.prices.iter().map(|prices| {
            let drawn = chart::price_with_orders(prices, &report.orders, &report.fills);
            (format!("{}.svg", self.name), drawn)
        });
        let equity = report.measured.equity.iter().filter(|_| !report.fills.is_empty()).map(|(currency, curve)| {
            let drawn = chart::equity(curve, currency);
            (format!("{}-equity.svg", self.name), drawn)
        });
        prices.chain(equity).collect()
    }
}
