/** The disks of one system that cuts have left: which were judged, and how many of them count. */
import type { World } from '../../test-images/model/index.ts';
import type { PhaseName } from './phase.ts';

export class Met {
  /** By phase, hashes of the disks that count: those that differ in swept objects alone are one. */
  readonly states = new Map<PhaseName, Set<number>>();
  /** Names of objects that some run sweeps. */
  readonly garbage = new Set<string>();
  count = 0;
  readonly #machine: string;
  /** To the last byte. */
  readonly #judged = new Map<number, PhaseName>();

  /** `machine`: what is the same disk on another one counts again. */
  constructor(machine: string) {
    this.#machine = machine;
  }

  /** Whether this disk was met for the first time, in any phase. */
  add(world: World, phase: PhaseName): boolean {
    const places = world.places.filter((place) => !/run|proc/.test(place));
    const whole = numberOf(world.hash({ places }));
    const met = this.#judged.get(whole);
    if (met === phase) return false;
    const counted = numberOf(`${this.#machine} ${world.hash({ garbage: this.garbage, places })}`);
    const states = this.states.get(phase) ?? new Set();
    if (!states.has(counted)) this.count += 1;
    this.states.set(phase, states.add(counted));
    this.#judged.set(whole, phase);
    return met === undefined;
  }
}

/** 53 bits of a text, for a set of numbers. */
function numberOf(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b + code, 0x5bd1e995) ^ (b >>> 13);
  }
  return (a >>> 0) * 0x20_0000 + (b >>> 11);
}
