// What `run` makes of the answer of the real program (by SANDPIT_BIN or on the PATH), and that a stub does as the program does.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";

import { stub } from "@sandpit/sdk/stub";
import { run, scenario } from "@sandpit/sdk/test";

/** The path of a strategy in a folder of its own. */
function written(t, body, { path = "strategy.js", config = [] } = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sandpit-run-")));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const metadata = { name: "written", tag: "v1", displayName: "Written", events: ["Trade", "Ticker", "ExecReport"], config };
  writeFileSync(file, `module.exports = { metadata: ${JSON.stringify(metadata)},\ncreate({ config, runtime, helpers }) {\n${body}\n} };\n`);
  return file;
}

test("a result is whole also when `create` threw", async (t) => {
  const file = written(t, 'if (config.n === 7) throw new RangeError("seven");\nreturn {};', { config: [{ name: "n", type: "int", default: 1 }] });
  const cwd = dirname(file);
  const sound = scenario(file).trade("1");
  const failed = sound.config({ n: 7 });
  const result = await failed.run({ check: false, cwd });
  for (const key of Object.keys(await sound.run({ cwd }))) {
    // What the type of a result has: the rest of a report is there when something happened.
    const more = ["data", "from", "to", "events", "fees", "profit", "numbers", "equity", "prices", "roundTrips", "balances", "logLinesLeftOut"];
    if (!more.includes(key)) assert.ok(key in result, key);
  }
  assert.deepEqual([result.ok, result.orders, result.fuel, result.positions, result.saved], [false, [], {}, {}, null]);
  assert.deepEqual(result.strategy, { name: "strategy.js", tag: null, hash: "", engineHash: "", config: { n: 7 } });
  assert.deepEqual(result.exceptions.map(({ message, handler }) => [message, handler]), [["RangeError: seven", "create"]]);
  await assert.rejects(failed.run({ cwd }), { name: "StrategyError", message: /^strategy\.js did not pass[^]*strategy\.js:3:\d+: RangeError: seven \(in create\)/ });
});

test("a stack keeps the author's frames and every line of the message", async (t) => {
  // Named as a file of this package, with words that frames of Node have.
  const file = written(t, 'return { onTrade() { throw new Error("at node:fs (/src/run.js:1:1)"); } };', { path: "src/run.js" });
  const error = await scenario(file).trade("1").run().then(assert.fail, (thrown) => thrown);
  assert.match(error.message, /\n {2}3 \| return { onTrade\(\) { throw new Error\("at node:fs/, "the line itself");
  assert.ok(error.stack.startsWith(`StrategyError: ${error.message}\n    at onTrade (${file}:3:`), error.stack);
  const places = error.stack.slice(error.stack.indexOf(error.message) + error.message.length);
  assert.match(places, /run\.test\.js:\d+/, "where the test called");
  assert.doesNotMatch(places.split("run.test.js")[0], /node:|npm\/src\//);
  const missing = await run({ strategy: "gone.js" }).then(assert.fail, (thrown) => thrown);
  assert.match(missing.stack, /^SandpitError: there is no strategy [^]*run\.test\.js:\d+/);
});

test("an exception of a timer is called by what set it, its fuel by `timer`", async (t) => {
  const file = written(t, "setTimeout(() => config.a.b, 5);\nsetInterval(() => config.a.b, 7);\nreturn {};");
  const result = await scenario(file).advance("10ms").expect({ fuelBelow: { timer: 1_000_000 } }).run({ check: false });
  assert.deepEqual(result.exceptions.map(({ handler }) => handler), ["setTimeout", "setInterval"]);
  assert.deepEqual(Object.keys(result.fuel), ["create", "timer"]);
  assert.deepEqual(result.failures.map(({ at }) => at), ["expect.exceptions"]);
});

test("a stub does as the program: denials, numbers of orders, open orders, a configuration that is written into", async (t) => {
  const body = `
    // What is far from the market is denied by the risk check.
    const wanted = [["first", "a", 100], ["denied", "a", 500], ["third", "b", 100], ["fourth", "b", 100]];
    const send = (id, provider, price) => {
      try {
        runtime.submitOrder(provider, "buy", 1, price, { clientOrderId: id });
      } catch (error) {
        helpers.log(id, error.code);
      }
      helpers.log(id, "done");
    };
    const ids = (...names) => runtime.openOrders(...names).map(({ clientOrderId }) => clientOrderId);
    setTimeout(() => send("timer", "a", 500), 10_000);
    return {
      onTrade() {
        send(...wanted.shift());
        config.size += "1";
        helpers.log(config, ids(), ids("b"), ids(null, "BTC-USDT"));
      },
      onOrderAcknowledged: (ctx, evt, { clientOrderId }) => helpers.log("taken", clientOrderId),
      onOrderRejected: (ctx, evt, { clientOrderId }, reason) => helpers.log("told", clientOrderId, reason.split(":")[1]),
    };`;
  const file = written(t, body, { config: [{ name: "size", type: "string", default: "1" }] });
  const prices = (start) => start.ticker({ provider: "a", bid: 99, ask: 101, last: 100 }).ticker({ provider: "b", bid: 99, ask: 101, last: 100 });
  const trade = (start) => start.trade(100, { after: "1s" });
  /** The same steps; only a stub is told of the denials. */
  const played = (start, deny) => {
    const sent = trade(trade(trade(deny(trade(prices(start)))))).acknowledge(1).acknowledge("first").acknowledge();
    return deny(sent).advance("10s");
  };
  const real = await played(scenario(file).provider("a").provider("b"), (start) => start).run();
  const markets = { a: ["BTC-USDT"], b: ["BTC-USDT"] };
  const made = played(stub(createRequire(import.meta.url)(file), { markets }), (start) => start.deny("price_outside_band"));
  const texts = ({ log }) => log.map(({ text }) => text);
  assert.deepEqual(texts(made), texts(real));
  const denied = ["denied price_outside_band", "denied done", '{"size":"111","dry_run":false} ["first"] [] ["first"]', "told denied  price_outside_band"];
  assert.deepEqual(texts(real).slice(2, 6), denied);
  assert.deepEqual(texts(real).slice(-6), ["taken third", "taken first", "taken fourth", "timer price_outside_band", "timer done", "told timer  price_outside_band"]);
  assert.ok(texts(real).includes('{"size":"11111","dry_run":false} ["first","third","fourth"] ["third","fourth"] ["first","third","fourth"]'));
});
