import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';
import { pinsSchema } from '../schema.ts';

async function pins(machine: Machine) {
  const { stdout, text } = await cfs([...machine.places(), 'pins', '--json']);
  expect(stdout, text).not.toBe('');
  return pinsSchema.parse(JSON.parse(stdout)).pins;
}

describe('cfs pins', () => {
  it('lists what is pinned, in the order of the menu, and what a pin was of', async () => {
    using machine = new Machine('b1-twelve-updates');
    expect(await pins(machine)).toEqual([]);
    for (const id of ['0efb0ad6c7a8', 'booted']) await cfs([...machine.places(), 'pin', id]);
    mkdirSync(machine.at('sysroot/state/cfs/pins', 'ab'.repeat(64)));
    const found = await pins(machine);
    expect(found.map(({ id, present, bootable }) => [id.slice(0, 12), present, bootable])).toEqual([
      ['0bd73465632a', true, true],
      ['0efb0ad6c7a8', true, false],
      ['abababababab', false, undefined],
    ]);
    const { exit, stdout, stderr } = await cfs([...machine.places(), 'pins']);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^0bd73465632a {2}44\.20260313\.0 .*\n {2}booted, offered\n/);
    expect(stdout).toMatch(/^abababababab\n {2}nothing of it is there any more$/m);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    for (const id of ['0efb0ad6c7a8', 'booted']) await cfs([...machine.places(), 'unpin', id]);
    expect((await pins(machine)).map(({ present }) => present)).toEqual([false]);
  });

  it('says when there is none', async () => {
    using machine = new Machine('healthy');
    expect(await cfs([...machine.places(), 'pins'])).toMatchObject({ exit: 0, stdout: 'Nothing is pinned.\n' });
  });
});
