/** Draws lots that fall alike at every seeding (mulberry32). */
export class Lots {
  #state = 0;

  constructor(name: string) {
    for (const letter of name) this.#state = Math.imul(this.#state ^ letter.charCodeAt(0), 0x01000193);
  }

  isDrawn(chance: number): boolean {
    return this.#next() < chance;
  }
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }
  pick<T>(...values: readonly T[]): T {
    return values[this.between(0, values.length - 1)] as T;
  }

  /** From 0 up to 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
