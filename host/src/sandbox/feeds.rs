//! The providers and symbols of one instance, and the newest prices there. Guests name both by place, not by name.

use crate::base::{ProviderName, Timestamp};
use crate::market::{MarketState, Symbol};

/// Sorted by provider; the symbols keep the order they were given in.
#[derive(Debug)]
pub(super) struct Feeds {
    feeds: Vec<Feed>,
}

/// One provider with the symbols that the instance follows there.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) provider: ProviderName,
    pub(super) symbols: Vec<Symbol>,
    /// Places in `symbols`, sorted by name.
    by_name: Vec<u16>,
    states: Vec<MarketState>,
    /// When the newest of its events was received, by its own clock.
    pub(super) heard: Timestamp,
}

impl Feeds {
    /// Places are 16 bits wide: what is above is left out, far beyond any scope that is accepted.
    pub(super) fn new(mut scope: Vec<(ProviderName, Vec<Symbol>)>) -> Self {
        scope.sort_by(|a, b| a.0.cmp(&b.0));
        scope.truncate(usize::from(u16::MAX));
        let feeds = scope
            .into_iter()
            .map(|(provider, mut symbols)| {
                symbols.truncate(usize::from(u16::MAX));
                let mut by_name: Vec<u16> = (0..=u16::MAX).take(symbols.len()).collect();
                by_name.sort_by(|&a, &b| symbols[usize::from(a)].cmp(&symbols[usize::from(b)]));
                let states = vec![MarketState::default(); symbols.len()];
                Feed { provider, symbols, by_name, states, heard: Timestamp::ZERO }
            })
            .collect();
        Self { feeds }
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Feed> {
        self.feeds.iter()
    }

    /// The place of a provider.
    pub(super) fn place(&self, provider: &str) -> Option<u16> {
        let place = match self.feeds.as_slice() {
            // Most instances have one provider: no search.
            [feed] => (feed.provider.as_str() == provider).then_some(0),
            feeds => feeds.binary_search_by(|feed| feed.provider.as_str().cmp(provider)).ok(),
        };
        place.and_then(|place| u16::try_from(place).ok())
    }

    /// A provider by name; without a name the first one that has symbols, or the first.
    pub(super) fn provider(&self, name: Option<&str>) -> Option<&Feed> {
        match name {
            Some(name) => self.place(name).map(|place| &self.feeds[usize::from(place)]),
            None => self.first().and_then(|place| self.feeds.get(usize::from(place))),
        }
    }

    /// The place of the first provider that has symbols, or of the first: whose clock the instance's own time runs by.
    pub(super) fn first(&self) -> Option<u16> {
        let place = self.feeds.iter().position(|feed| !feed.symbols.is_empty()).unwrap_or(0);
        (!self.feeds.is_empty()).then(|| u16::try_from(place).unwrap_or(0))
    }

    /// By place.
    pub(super) fn get_mut(&mut self, place: u16) -> Option<&mut Feed> {
        self.feeds.get_mut(usize::from(place))
    }
}

impl Feed {
    /// The place of a symbol.
    pub(super) fn place(&self, symbol: &str) -> Option<u16> {
        match self.symbols.as_slice() {
            [only] => (only.as_str() == symbol).then_some(0),
            symbols => {
                let found = self.by_name.binary_search_by(|&place| symbols[usize::from(place)].as_str().cmp(symbol)).ok()?;
                Some(self.by_name[found])
            }
        }
    }

    /// A symbol by name, the first one when there is none.
    pub(super) fn symbol(&self, name: Option<&str>) -> Option<&Symbol> {
        match name {
            Some(name) => self.place(name).map(|place| &self.symbols[usize::from(place)]),
            None => self.symbols.first(),
        }
    }

    /// The newest prices of a symbol, of the first one when there is no name.
    pub(super) fn state(&self, symbol: Option<&str>) -> Option<&MarketState> {
        match symbol {
            Some(name) => self.place(name).map(|place| &self.states[usize::from(place)]),
            None => self.states.first(),
        }
    }

    /// By place.
    pub(super) fn state_mut(&mut self, place: u16) -> Option<&mut MarketState> {
        self.states.get_mut(usize::from(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProviderName {
        ProviderName::new(text).unwrap()
    }

    fn symbols(texts: &[&str]) -> Vec<Symbol> {
        texts.iter().map(|text| Symbol::new(text).unwrap()).collect()
    }

    #[test]
    fn places_are_found_by_name() {
        let feeds = Feeds::new(vec![
            (name("okx"), symbols(&["ETH-USDT", "BTC-USDT", "ADA-USDT"])),
            (name("binance"), symbols(&["BTC-USDT"])),
        ]);
        assert_eq!(feeds.place("binance"), Some(0));
        assert_eq!(feeds.place("okx"), Some(1));
        assert_eq!(feeds.place("kraken"), None);
        let okx = feeds.provider(Some("okx")).unwrap();
        assert_eq!(okx.symbols.iter().map(|symbol| okx.place(symbol.as_str())).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
        assert_eq!(okx.place("XRP-USDT"), None);
        assert_eq!(okx.symbol(None).unwrap().as_str(), "ETH-USDT");
        assert_eq!(feeds.provider(None).unwrap().provider.as_str(), "binance", "the first is the first by name");
        assert!(Feeds::new(Vec::new()).provider(None).is_none());
    }
}
