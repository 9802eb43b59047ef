//! The payloads: which fields each has, in which order, and what JavaScript value each becomes. Prices and quantities stay
//! the decimal strings they came as.

use super::{Kind, time};
use crate::decimal::Digits;
use crate::feeds;
use crate::js::{Atom, JsResult, Value, atoms};
use crate::wit::sandpit::strategy::events::{
    BalanceUpdate, BookSnapshot, ExecutionReport, Figure, Instrument, Kline, Level, PlainTrade, ReportState, RiskControl, Ticker,
    Trade,
};
use crate::wit::sandpit::strategy::types::{OrderType, Side};

/// The data of a payload. What is large or rare is boxed, so that a trade stays small.
pub enum Payload {
    PlainTrade(PlainTrade),
    Trade(Trade),
    Ticker(Ticker),
    Book(BookSnapshot),
    Kline(Box<Kline>),
    InstrumentUpdate(Box<Instrument>),
    Balance(BalanceUpdate),
    Report(Box<ExecutionReport>),
    Risk(Box<Risk>),
}

/// A risk event names its provider in the payload too.
pub struct Risk {
    pub risk: RiskControl,
    pub provider: u16,
}

/// The field names of every payload, interned, and the words that fields choose from.
pub struct Names {
    trade: &'static [Atom],
    ticker: &'static [Atom],
    book: &'static [Atom],
    level: [Atom; 2],
    kline: &'static [Atom],
    instrument_update: &'static [Atom],
    instrument: [Atom; 18],
    balance: &'static [Atom],
    report: &'static [Atom],
    risk: &'static [Atom],
    sides: [Value; 2],
    order_types: [Value; 2],
    states: [Value; 6],
}

const TRADE: [&str; 5] = ["tradeId", "side", "price", "quantity", "timestamp"];
const TICKER: [&str; 5] = ["lastPrice", "bidPrice", "askPrice", "volume24h", "timestamp"];
const BOOK: [&str; 6] = ["bids", "asks", "checksum", "lastUpdate", "firstUpdateId", "finalUpdateId"];
const LEVEL: [&str; 2] = ["price", "quantity"];
const KLINE: [&str; 7] = ["openPrice", "closePrice", "highPrice", "lowPrice", "volume", "openTime", "closeTime"];
const INSTRUMENT_UPDATE: [&str; 1] = ["instrument"];
const INSTRUMENT: [&str; 18] = [
    "symbol",
    "type",
    "baseCurrency",
    "quoteCurrency",
    "venue",
    "expiry",
    "contractValue",
    "contractCurrency",
    "strike",
    "optionType",
    "priceIncrement",
    "quantityIncrement",
    "pricePrecision",
    "quantityPrecision",
    "notionalPrecision",
    "minNotional",
    "minQuantity",
    "maxQuantity",
];
const BALANCE: [&str; 4] = ["currency", "total", "available", "timestamp"];
const REPORT: [&str; 15] = [
    "clientOrderId",
    "exchangeOrderId",
    "state",
    "side",
    "orderType",
    "price",
    "quantity",
    "filledQuantity",
    "remainingQty",
    "avgFillPrice",
    "commissionAmount",
    "commissionAsset",
    "timestamp",
    "rejectReason",
    "symbol",
];
const RISK: [&str; 10] = [
    "strategyId",
    "provider",
    "symbol",
    "status",
    "reason",
    "breachType",
    "metrics",
    "killSwitchEngaged",
    "circuitBreakerOpen",
    "timestamp",
];

impl Names {
    pub fn intern() -> JsResult<Names> {
        Ok(Names {
            trade: atoms(&TRADE),
            ticker: atoms(&TICKER),
            book: atoms(&BOOK),
            level: LEVEL.map(Atom::new),
            kline: atoms(&KLINE),
            instrument_update: atoms(&INSTRUMENT_UPDATE),
            instrument: INSTRUMENT.map(Atom::new),
            balance: atoms(&BALANCE),
            report: atoms(&REPORT),
            risk: atoms(&RISK),
            sides: words(["Buy", "Sell"])?,
            order_types: words(["Market", "Limit"])?,
            states: words(["ACK", "PARTIAL", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"])?,
        })
    }

    fn side(&self, side: Side) -> Value {
        self.sides[match side {
            Side::Buy => 0,
            Side::Sell => 1,
        }]
        .clone()
    }

    fn order_type(&self, order_type: OrderType) -> Value {
        self.order_types[match order_type {
            OrderType::Market => 0,
            OrderType::Limit => 1,
        }]
        .clone()
    }

    fn state(&self, state: ReportState) -> Value {
        self.states[match state {
            ReportState::Ack => 0,
            ReportState::Partial => 1,
            ReportState::Filled => 2,
            ReportState::Cancelled => 3,
            ReportState::Rejected => 4,
            ReportState::Expired => 5,
        }]
        .clone()
    }
}

fn words<const N: usize>(words: [&str; N]) -> JsResult<[Value; N]> {
    let mut values = [const { Value::UNDEFINED }; N];
    for (value, word) in values.iter_mut().zip(words) {
        *value = Value::string(word)?;
    }
    Ok(values)
}

impl Payload {
    pub fn kind(&self) -> Kind {
        match self {
            Payload::PlainTrade(_) | Payload::Trade(_) => Kind::Trade,
            Payload::Ticker(_) => Kind::Ticker,
            Payload::Book(_) => Kind::BookSnapshot,
            Payload::Kline(_) => Kind::KlineSummary,
            Payload::InstrumentUpdate(_) => Kind::InstrumentUpdate,
            Payload::Balance(_) => Kind::BalanceUpdate,
            Payload::Report(_) => Kind::ExecReport,
            Payload::Risk(_) => Kind::RiskControl,
        }
    }

    /// The symbol that the payload itself names.
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Payload::InstrumentUpdate(instrument) => Some(&instrument.symbol),
            Payload::Report(report) => Some(&report.symbol),
            Payload::Risk(risk) => Some(&risk.risk.symbol),
            _ => None,
        }
    }

    pub fn names(&self, names: &Names) -> &'static [Atom] {
        match self {
            Payload::PlainTrade(_) | Payload::Trade(_) => names.trade,
            Payload::Ticker(_) => names.ticker,
            Payload::Book(_) => names.book,
            Payload::Kline(_) => names.kline,
            Payload::InstrumentUpdate(_) => names.instrument_update,
            Payload::Balance(_) => names.balance,
            Payload::Report(_) => names.report,
            Payload::Risk(_) => names.risk,
        }
    }

    /// Whether the field at this place is an object or an array.
    pub fn is_object(&self, index: usize) -> bool {
        match self {
            Payload::Book(_) => index < 2,
            Payload::InstrumentUpdate(_) => true,
            Payload::Risk(_) => index == 6,
            _ => false,
        }
    }

    #[inline]
    pub fn value(&self, index: usize, names: &Names) -> JsResult<Value> {
        match self {
            Payload::PlainTrade(trade) => plain_trade_field(trade, index, names),
            other => other.other_value(index, names),
        }
    }

    /// Apart, so that reading a field of a trade stays a short function.
    #[inline(never)]
    fn other_value(&self, index: usize, names: &Names) -> JsResult<Value> {
        match self {
            Payload::PlainTrade(trade) => plain_trade_field(trade, index, names),
            Payload::Trade(trade) => trade_field(trade, index, names),
            Payload::Ticker(ticker) => ticker_field(ticker, index),
            Payload::Book(book) => book_field(book, index, names),
            Payload::Kline(kline) => kline_field(kline, index),
            Payload::InstrumentUpdate(instrument) => instrument_object(instrument, names),
            Payload::Balance(balance) => balance_field(balance, index),
            Payload::Report(report) => report_field(report, index, names),
            Payload::Risk(risk) => risk_field(risk, index),
        }
    }
}

#[inline(never)]
fn plain_trade_field(trade: &PlainTrade, index: usize, names: &Names) -> JsResult<Value> {
    let figure = |figure: Figure| Value::string(Digits::of(figure.units, figure.scale).as_str());
    match index {
        0 => Value::string(Digits::of_whole(trade.trade_id).as_str()),
        1 => Ok(names.side(trade.side)),
        2 => figure(trade.price),
        3 => figure(trade.quantity),
        _ => time(trade.time),
    }
}

fn trade_field(trade: &Trade, index: usize, names: &Names) -> JsResult<Value> {
    match index {
        0 => Value::string(&trade.trade_id),
        1 => Ok(names.side(trade.side)),
        2 => Value::string(&trade.price),
        3 => Value::string(&trade.quantity),
        _ => time(trade.time),
    }
}

fn ticker_field(ticker: &Ticker, index: usize) -> JsResult<Value> {
    match index {
        0 => Value::string(&ticker.last_price),
        1 => Value::string(&ticker.bid_price),
        2 => Value::string(&ticker.ask_price),
        3 => Value::string(&ticker.volume24h),
        _ => time(ticker.time),
    }
}

fn book_field(book: &BookSnapshot, index: usize, names: &Names) -> JsResult<Value> {
    match index {
        0 => levels(&book.bids, names),
        1 => levels(&book.asks, names),
        2 => Value::string(&book.checksum),
        3 => time(book.last_update),
        4 => Ok(Value::number(book.first_update_id as f64)),
        _ => Ok(Value::number(book.final_update_id as f64)),
    }
}

fn levels(levels: &[Level], names: &Names) -> JsResult<Value> {
    let objects = levels
        .iter()
        .map(|level| Value::object_of(&names.level, [Value::string(&level.price)?, Value::string(&level.quantity)?]))
        .collect::<JsResult<Vec<_>>>()?;
    Value::array(objects)
}

fn kline_field(kline: &Kline, index: usize) -> JsResult<Value> {
    match index {
        0 => Value::string(&kline.open_price),
        1 => Value::string(&kline.close_price),
        2 => Value::string(&kline.high_price),
        3 => Value::string(&kline.low_price),
        4 => Value::string(&kline.volume),
        5 => time(kline.open_time),
        _ => time(kline.close_time),
    }
}

fn balance_field(balance: &BalanceUpdate, index: usize) -> JsResult<Value> {
    match index {
        0 => Value::string(&balance.currency),
        1 => Value::string(&balance.total),
        2 => Value::string(&balance.available),
        _ => time(balance.time),
    }
}

fn report_field(report: &ExecutionReport, index: usize, names: &Names) -> JsResult<Value> {
    match index {
        0 => Value::string(&report.client_order_id),
        1 => Value::string(&report.venue_order_id),
        2 => Ok(names.state(report.state)),
        3 => Ok(names.side(report.side)),
        4 => Ok(names.order_type(report.order_type)),
        5 => Value::string(&report.price),
        6 => Value::string(&report.quantity),
        7 => Value::string(&report.filled_quantity),
        8 => Value::string(&report.remaining_quantity),
        9 => Value::string(&report.average_fill_price),
        10 => Value::optional_string(report.commission_amount.as_deref()),
        11 => Value::optional_string(report.commission_asset.as_deref()),
        12 => time(report.time),
        13 => Value::optional_string(report.reject_reason.as_deref()),
        _ => Value::string(&report.symbol),
    }
}

fn risk_field(Risk { risk, provider }: &Risk, index: usize) -> JsResult<Value> {
    match index {
        0 => Value::string(&risk.strategy_id),
        1 => Ok(feeds::provider(*provider)),
        2 => Value::string(&risk.symbol),
        3 => Value::string(&risk.status),
        4 => Value::string(&risk.reason),
        5 => Value::string(&risk.breach_type),
        6 => {
            let metrics = Value::object()?;
            for (name, value) in &risk.metrics {
                metrics.define_str(name, Value::string(value)?)?;
            }
            Ok(metrics)
        }
        7 => Ok(Value::bool(risk.kill_switch_engaged)),
        8 => Ok(Value::bool(risk.circuit_breaker_open)),
        _ => time(risk.time),
    }
}

fn instrument_object(instrument: &Instrument, names: &Names) -> JsResult<Value> {
    let places = |places: Option<u32>| places.map_or(Value::NULL, |places| Value::number(f64::from(places)));
    Value::object_of(
        &names.instrument,
        [
            Value::string(&instrument.symbol)?,
            Value::string(&instrument.kind)?,
            Value::string(&instrument.base_currency)?,
            Value::string(&instrument.quote_currency)?,
            Value::string(&instrument.venue)?,
            Value::string(&instrument.expiry)?,
            Value::optional_string(instrument.contract_value.as_deref())?,
            Value::string(&instrument.contract_currency)?,
            Value::optional_string(instrument.strike.as_deref())?,
            Value::string(&instrument.option_type)?,
            Value::string(&instrument.price_increment)?,
            Value::string(&instrument.quantity_increment)?,
            places(instrument.price_precision),
            places(instrument.quantity_precision),
            places(instrument.notional_precision),
            Value::string(&instrument.min_notional)?,
            Value::string(&instrument.min_quantity)?,
            Value::string(&instrument.max_quantity)?,
        ],
    )
}
