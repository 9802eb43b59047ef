/** The average of the newest values. Kept as a sum: adding them up again for every trade would cost fuel. */
export class MovingAverage {
  readonly #values: number[] = [];
  #sum = 0;

  constructor(readonly length: number) {
    if (!(length >= 2)) throw new RangeError(`window is ${length}: it must be at least 2`);
  }

  /** Takes a value in. Gives the average, or undefined while there are too few. */
  push(value: number): number | undefined {
    this.#values.push(value);
    this.#sum += value;
    if (this.#values.length > this.length) this.#sum -= this.#values.shift() ?? 0;
    return this.#values.length < this.length ? undefined : this.#sum / this.length;
  }
}
