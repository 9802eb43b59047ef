import { defineStrategy, type Event, type SideInput } from "@sandpit/sdk";

import { MovingAverage } from "./average";

/**
 * {{title}}: buys when the price rises above its average, and sells what it has when the price falls below.
 *
 * The average is that of the last `window` trades. Above means: by more than `distance_bps`. There is one order at a time, and after one
 * that came to nothing the strategy holds still for `pause_ms`.
 */
export default defineStrategy({
  metadata: {
    name: "{{name}}",
    tag: "v0.1.0",
    displayName: "{{title}}",
    description: "Buys when the price rises above its average, and sells when it falls below.",
    config: [
      { name: "window", type: "int", default: 50, description: "Trades in the average, at least 2." },
      { name: "distance_bps", type: "float", default: 0.5, description: "How far from the average is far enough, in 0.01 %." },
      { name: "order_size", type: "string", default: "0.001", description: "Quantity of each order, in base currency." },
      { name: "pause_ms", type: "int", default: 5_000, description: "How long to wait after an order that came to nothing." },
    ],
    events: ["Trade", "ExecReport"],
  },

  create({ config, helpers, runtime }) {
    const average = new MovingAverage(config.window);
    /** There is an order that has not ended, or one came to nothing a moment ago. */
    let isBusy = false;

    const pause = () => setTimeout(() => (isBusy = false), config.pause_ms);

    const send = (evt: Event<"Trade">, side: SideInput) => {
      isBusy = true;
      try {
        runtime.submitMarketOrder(evt.provider, side, config.order_size, { symbol: evt.symbol });
      } catch (error) {
        helpers.log("refused:", error);
        pause(); // not again at the next trade, ten milliseconds from now
      }
    };

    return {
      onTrade(_ctx, evt, _trade, price) {
        const mean = average.push(price);
        if (mean === undefined || isBusy || !runtime.isTradingActive()) return;
        const distance = (price / mean - 1) * 10_000;
        const isHolding = Number(runtime.position(evt.provider, evt.symbol).quantity) > 0; // asked, not remembered: right after a restart, too
        if (!isHolding && distance > config.distance_bps) send(evt, "buy");
        else if (isHolding && distance < -config.distance_bps) send(evt, "sell");
      },

      onOrderFilled(_ctx, _evt, report) {
        helpers.log(report.side === "Buy" ? "bought" : "sold", report.filledQuantity, "at", report.avgFillPrice);
        isBusy = false;
      },
      onOrderCancelled: pause,
      onOrderExpired: pause,
      onOrderRejected(_ctx, _evt, _report, reason) {
        // What the host denied is no surprise: the call has thrown.
        if (!reason.startsWith("denied:")) {
          helpers.log("rejected:", reason);
          pause();
        }
      },
    };
  },
});
