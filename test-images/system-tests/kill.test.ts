/** Killed at any call by which a run changes something: everything still boots, and the next run ends where it would have. */
import { beforeAll, describe, it } from 'vitest';
import { check } from '../checker/index.ts';
import { endState } from './end-state.ts';
import { Machine } from './machine.ts';
import { isFull, seeded, share } from './sample.ts';
import { differences, type Snapshot } from './snapshot.ts';
import { calls, changing, hasStrace, injecting, recording, temporaryFile, type Call } from './strace.ts';

const SYSTEMS = [
  'interrupted-delete',
  'user-cfg-shared',
  'i3-stale-staged',
  'first-owner-gone-keep',
  'b5-half-written',
  'grub-uki-user-cfg',
];
const SHARE = 10;

describe.skipIf(!hasStrace)(`killed at a call (${seeded}; skipped without strace)`, () => {
  describe.each(SYSTEMS)('%s', (name) => {
    let points: readonly Call[] = [];
    let wanted: Snapshot;

    beforeAll(async () => {
      using machine = new Machine(name);
      const file = temporaryFile('trace');
      await machine.gc(machine.story.args, { through: recording(file) });
      points = changing(calls(file));
      wanted = endState(machine);
    });

    it(
      'converges',
      async ({ expect }) => {
        expect(points.length).toBeGreaterThan(20);
        const chosen = [...share(points, SHARE)];
        const one = async (): Promise<void> => {
          for (let point = chosen.pop(); point; point = chosen.pop())
            expect(await killedAt(name, point, wanted)).toEqual([]);
        };
        await Promise.all([one(), one()]);
      },
      isFull ? 900_000 : 120_000,
    );
  });
});

/** What is wrong after a run that was killed there, and after the next. */
async function killedAt(name: string, point: Call, wanted: Snapshot): Promise<string[]> {
  using machine = new Machine(name);
  const before = machine.moment();
  const killed = await machine.gc(machine.story.args, { through: injecting(point, 'signal=KILL') });
  if (killed.exit !== undefined) return [`was not killed at ${point.nth}. ${point.text}: exit ${killed.exit}`];
  const faults = check({ before, after: machine.moment() }).map(
    (each) => `${each.rule} ${each.about}: ${each.message}`,
  );
  const next = await machine.gc();
  if (next.exit !== 0 && next.exit !== 4) faults.push(`the next run: exit ${next.exit}: ${next.text.slice(-400)}`);
  faults.push(...differences(wanted, endState(machine)).map((line) => `end: ${line}`));
  const end = machine.snapshot();
  await machine.gc();
  faults.push(...differences(end, machine.snapshot(), { traces: true }).map((line) => `third run: ${line}`));
  return faults.map((fault) => `killed at ${point.text.slice(0, 200)}: ${fault}`);
}
