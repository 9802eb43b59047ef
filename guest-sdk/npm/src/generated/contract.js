// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.
export const contract = {
  "shapes": {
    "Trade": [
      "tradeId",
      "side",
      "price",
      "quantity",
      "timestamp"
    ],
    "Ticker": [
      "lastPrice",
      "bidPrice",
      "askPrice",
      "volume24h",
      "timestamp"
    ],
    "BookLevel": [
      "price",
      "quantity"
    ],
    "BookSnapshot": [
      "bids",
      "asks",
      "checksum",
      "lastUpdate",
      "firstUpdateId",
      "finalUpdateId"
    ],
    "KlineSummary": [
      "openPrice",
      "closePrice",
      "highPrice",
      "lowPrice",
      "volume",
      "openTime",
      "closeTime"
    ],
    "Instrument": [
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
      "maxQuantity"
    ],
    "InstrumentUpdate": [
      "instrument"
    ],
    "BalanceUpdate": [
      "currency",
      "total",
      "available",
      "timestamp"
    ],
    "ExecutionReport": [
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
      "symbol"
    ],
    "RiskControl": [
      "strategyId",
      "provider",
      "symbol",
      "status",
      "reason",
      "breachType",
      "metrics",
      "killSwitchEngaged",
      "circuitBreakerOpen",
      "timestamp"
    ],
    "Envelope": [
      "eventId",
      "routingVersion",
      "provider",
      "symbol",
      "seqProvider",
      "ingestTs",
      "emitTs"
    ],
    "OrderOptions": [
      "symbol",
      "timeInForce",
      "clientOrderId"
    ],
    "OpenOrder": [
      "clientOrderId",
      "provider",
      "symbol",
      "side",
      "orderType",
      "quantity",
      "filledQuantity",
      "state",
      "price"
    ],
    "Position": [
      "quantity",
      "averagePrice",
      "realisedProfit"
    ],
    "AccountBalance": [
      "total",
      "available"
    ],
    "OrderError": [
      "code",
      "message"
    ],
    "MarketState": [
      "last",
      "bid",
      "ask",
      "spread",
      "spreadPct",
      "stale"
    ],
    "DeclaredField": [
      "name",
      "type",
      "description",
      "default",
      "required"
    ],
    "DeclaredMetadata": [
      "name",
      "tag",
      "displayName",
      "description",
      "config",
      "events"
    ]
  },
  "words": {
    "Side": [
      "Buy",
      "Sell"
    ],
    "OrderType": [
      "Market",
      "Limit"
    ],
    "ReportState": [
      "ACK",
      "PARTIAL",
      "FILLED",
      "CANCELLED",
      "REJECTED",
      "EXPIRED"
    ],
    "TimeInForce": [
      "GTC",
      "IOC",
      "FOK",
      "POST_ONLY"
    ],
    "LogLevel": [
      "debug",
      "info",
      "warn",
      "error"
    ]
  },
  "events": {
    "Trade": "Trade",
    "Ticker": "Ticker",
    "BookSnapshot": "BookSnapshot",
    "KlineSummary": "KlineSummary",
    "InstrumentUpdate": "InstrumentUpdate",
    "BalanceUpdate": "BalanceUpdate",
    "ExecReport": "ExecutionReport",
    "RiskControl": "RiskControl",
    "Extension": "Json"
  },
  "handlers": {
    "onTrade": "Trade",
    "onTicker": "Ticker",
    "onBookSnapshot": "BookSnapshot",
    "onKlineSummary": "KlineSummary",
    "onInstrumentUpdate": "InstrumentUpdate",
    "onBalanceUpdate": "BalanceUpdate",
    "onOrderAcknowledged": "ExecReport",
    "onOrderPartialFill": "ExecReport",
    "onOrderFilled": "ExecReport",
    "onOrderCancelled": "ExecReport",
    "onOrderExpired": "ExecReport",
    "onOrderRejected": "ExecReport",
    "onRiskControl": "RiskControl",
    "onExtensionEvent": "Extension",
    "onStop": null
  },
  "functions": {
    "Runtime": [
      "isTradingActive",
      "isDryRun",
      "providers",
      "selectProvider",
      "getLastPrice",
      "getBidPrice",
      "getAskPrice",
      "getMarketState",
      "submitMarketOrder",
      "submitOrder",
      "cancelOrder",
      "openOrders",
      "position",
      "balance"
    ],
    "Helpers": [
      "log",
      "sleep",
      "save",
      "load"
    ],
    "Globals": [
      "setTimeout",
      "setInterval",
      "clearTimeout",
      "clearInterval"
    ]
  }
};
