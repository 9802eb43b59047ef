// Decimal text without floats: what the engine does with numbers, and the little arithmetic that the stub needs.

const GRAMMAR = /^-?(0|[1-9]\d*)(\.\d+)?$/;
const PLACES = 18;
const ONE = 10n ** BigInt(PLACES);

/** The shortest decimal without exponent that reads back as the number: 1e-7 is "0.0000001". What is no decimal stays none. */
export function fromNumber(number) {
  const text = Object.is(number, -0) ? "0" : String(number);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, first, rest = "", power] = match;
  const exponent = Number(power);
  const digits = first + rest;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(exponent + 1, "0");
}

/** The text of what an author may write for a quantity or a price. */
export function toText(value) {
  return typeof value === "number" ? fromNumber(value) : String(value).trim();
}

/** Whether the host would read it as a decimal: at most 16 digits before the point and 12 after it. */
export function isDecimal(text) {
  if (!GRAMMAR.test(text)) return false;
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  return whole.length <= 16 && fraction.length <= 12;
}

/** "1.50" and "1.5" are one number: the text without zeros that say nothing. Undefined for what is no decimal. */
export function canonical(value) {
  const text = toText(value);
  if (!GRAMMAR.test(text)) return undefined;
  const short = text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  return short === "-0" ? "0" : short;
}

/** As a whole number of 10^-18. */
export function units(text) {
  const [whole, fraction = ""] = toText(text).split(".");
  const digits = BigInt(whole.replace("-", "") + fraction.slice(0, PLACES).padEnd(PLACES, "0"));
  return whole.startsWith("-") ? -digits : digits;
}

/** The text of such a number. */
export function fromUnits(number) {
  const digits = (number < 0n ? -number : number).toString().padStart(PLACES + 1, "0");
  const text = `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
  return canonical(number < 0n ? `-${text}` : text);
}

export const multiply = (a, b) => (a * b) / ONE;

export const divide = (a, b) => (a * ONE) / b;
