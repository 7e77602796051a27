/** The story that the project exists for: a delete that was interrupted, and a boot partition that somebody else wrote. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectationOf, faults } from './expectation.ts';
import { Machine, receiptOf } from './machine.ts';
import { differences } from './snapshot.ts';

/** The digest that the kernel command line names. */
function booted(machine: Machine): string {
  return /\b[0-9a-f]{128}\b/.exec(readFileSync(machine.at('proc/cmdline'), 'utf8'))![0];
}

function entries(machine: Machine): string[] {
  return readdirSync(machine.at('esp/loader/entries')).map((name) => machine.at('esp/loader/entries', name));
}

describe('a delete that was cut off after the boot entry', () => {
  it('is finished on every place, and the rest is as it was', async () => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    const ran = await machine.gc();
    expect(ran.exit).toBe(0);
    expect(faults(before, machine.snapshot(), expectationOf('interrupted-delete'))).toEqual([]);
    const { counts } = receiptOf(ran);
    expect(Object.keys(counts).sort()).toEqual(['artifact', 'image', 'object', 'state', 'stream', 'tag']);
  });
});

const attacks: readonly [string, (machine: Machine) => void][] = [
  [
    'emptied',
    (machine) => {
      for (const name of readdirSync(machine.at('esp'))) rmSync(machine.at('esp', name), { recursive: true });
    },
  ],
  ['without its entries', (machine) => entries(machine).forEach((path) => rmSync(path))],
  [
    'edited to name the other deployment',
    (machine) => {
      const other = readdirSync(machine.at('sysroot/state/deploy')).find((name) => name !== booted(machine))!;
      for (const path of entries(machine))
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll(booted(machine), other));
    },
  ],
  [
    'edited to name a deployment that nobody knows',
    (machine) => {
      for (const path of entries(machine))
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll(booted(machine), 'ab'.repeat(64)));
    },
  ],
  [
    "swapped for another system's",
    (machine) => {
      using other = new Machine('b2-two-kernels');
      rmSync(machine.at('esp'), { recursive: true });
      cpSync(other.at('esp'), machine.at('esp'), { recursive: true, preserveTimestamps: true });
    },
  ],
  [
    'with all entries torn',
    (machine) => entries(machine).forEach((path) => writeFileSync(path, readFileSync(path).subarray(0, 40))),
  ],
];

describe.concurrent('a boot partition', () => {
  // Nothing that the person says about other things makes the truth of a lie.
  const flags = [[], ['--keep', '1'], ['--hold-unexplained', '7d'], ['--collect-unclaimed'], ['--offline']];
  it.for(attacks)('%s costs nothing', async ([, attack], { expect }) => {
    using machine = new Machine('interrupted-delete');
    attack(machine);
    const before = machine.snapshot();
    for (const given of flags) {
      const ran = await machine.gc(given);
      expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
      expect(ran.exit).toBe(3);
      expect(ran.text).toMatch(/--esp/);
      expect(ran.text).toMatch(/help: .*(mount|cfs restore|bootc)/s);
    }
  });
});

describe('the right boot partition, mounted again', () => {
  it('lets the delete be finished after it was refused', async () => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    cpSync(machine.at('esp'), machine.at('away'), { recursive: true, preserveTimestamps: true });
    rmSync(machine.at('esp'), { recursive: true });
    cpSync(join(import.meta.dirname), machine.at('esp'), { recursive: true });
    expect((await machine.gc()).exit).toBe(3);
    rmSync(machine.at('esp'), { recursive: true });
    cpSync(machine.at('away'), machine.at('esp'), { recursive: true, preserveTimestamps: true });
    rmSync(machine.at('away'), { recursive: true });
    expect((await machine.gc()).exit).toBe(0);
    expect(faults(before, machine.snapshot(), expectationOf('interrupted-delete'))).toEqual([]);
  });
});
