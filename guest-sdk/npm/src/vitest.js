// The checks as matchers of vitest: `import "@sandpit/sdk/vitest"`, in a test or in a setup file.
import { expect } from "vitest";

import { haveLogged, matchOrders, stayWithinMemory, useFuelBelow } from "./checks.js";

const matcher = (check) =>
  function (received, wanted) {
    const { message, ...outcome } = check(received, wanted);
    return { ...outcome, message: () => message(this.isNot) };
  };

expect.extend({
  toMatchOrders: matcher(matchOrders),
  toUseFuelBelow: matcher(useFuelBelow),
  toStayWithinMemory: matcher(stayWithinMemory),
  toLog: matcher(haveLogged),
});
