import { join } from 'node:path';
import { receiptSchema } from '@cfs/executor/schema';
import { describe, expect, it } from 'vitest';
import { cfs, type Outcome } from '../../../test-images/system-tests/cfs.ts';
import { fixture } from '../../../test-images/fixtures.ts';
import { Machine } from '../../../test-images/system-tests/machine.ts';
import { eventSchema } from './schema.ts';

const eventsOf = ({ stdout, text }: Outcome) => {
  expect(stdout, text).toMatch(/\n$/);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => eventSchema.parse(JSON.parse(line)));
};

describe.concurrent('--events', () => {
  it.each([['gc'], ['delete', 'rollback']])('tells plan, progress, receipt and end of cfs %s', async (...verb) => {
    using machine = new Machine('healthy');
    const outcome = await cfs([...machine.places(), ...verb, '--yes', '--events']);
    const events = eventsOf(outcome);
    const kinds = events.map(({ event }) => event);
    expect(kinds[0]).toBe('plan');
    expect(kinds.slice(-2)).toEqual(['receipt', 'end']);
    expect(kinds.slice(1, -2).every((kind) => kind === 'progress')).toBe(true);
    expect(kinds.includes('progress')).toBe(verb[0] === 'delete');
    expect(events.at(-1)).toMatchObject({ exit: outcome.exit });
    const times = events.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // What a person reads makes room for it.
    expect(outcome.stderr).toMatch(verb[0] === 'gc' ? /Nothing to do/ : /Removed: [^]*Proof: /);
  });

  it('says the same as --json', async () => {
    const receipt = async (flag: string, pick: (outcome: Outcome) => unknown) => {
      using machine = new Machine('interrupted-delete');
      const { removed, objects, counts } = receiptSchema.parse(
        pick(await cfs([...machine.places(), 'gc', '--yes', flag])),
      );
      return { removed, objects, counts };
    };
    const last = (outcome: Outcome) => eventsOf(outcome).find((each) => each.event === 'receipt')!.receipt;
    expect(await receipt('--events', last)).toEqual(await receipt('--json', ({ stdout }) => JSON.parse(stdout)));
  });

  it.each([
    ['refuses', 'b3-booted-entry-lost', {}, 3, ['plan', 'end']],
    ['cannot begin', 'healthy', { sysroot: '/nowhere' }, 1, ['error', 'end']],
  ])('ends with the exit code of a run that %s', async (_, name, places, exit, kinds) => {
    using machine = new Machine(name);
    const outcome = await cfs([...machine.places(places), 'gc', '--yes', '--events']);
    const events = eventsOf(outcome);
    expect(events.map(({ event }) => event)).toEqual(kinds);
    expect(events.at(-1)).toMatchObject({ exit });
    expect(outcome.exit).toBe(exit);
  });

  it('tells of a plain repository, and of its dry run', async () => {
    using unpacked = fixture('repos', 'sha512-v1');
    const args = ['repo', 'gc', '--repo', join(unpacked.path, 'repo'), '--events'];
    expect(eventsOf(await cfs([...args, '--dry-run'])).map(({ event }) => event)).toEqual(['plan', 'end']);
    expect(
      eventsOf(await cfs([...args, '--yes']))
        .map(({ event }) => event)
        .at(-2),
    ).toBe('receipt');
  });

  it('is not for who wants one object', async () => {
    expect(await cfs(['gc', '--json', '--events'])).toMatchObject({
      exit: 2,
      stderr: /'--events' cannot be used with/,
    });
  });
});
