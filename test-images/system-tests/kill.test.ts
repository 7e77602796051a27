/** Killed at any call by which a run changes something: everything still boots, and the next run ends where it would have. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { check } from '../checker/index.ts';
import { endState } from './end-state.ts';
import { OURS } from './expectation.ts';
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
/** A run that does nothing but empty the trash. */
const TRASH = 'expired trash';
const SHARE = 10;

async function prepared(name: string): Promise<Machine> {
  const machine = new Machine(name === TRASH ? 'interrupted-delete' : name);
  if (name === TRASH) await machine.gc(['--trash-for', '1ms']);
  return machine;
}

describe.skipIf(!hasStrace)(`killed at a call (${seeded}; skipped without strace)`, () => {
  describe.each([...SYSTEMS, TRASH])('%s', (name) => {
    let points: readonly Call[] = [];
    let wanted: Snapshot;

    beforeAll(async () => {
      using machine = await prepared(name);
      const file = temporaryFile('trace');
      await machine.gc(machine.story.args, { through: recording(file) });
      // Before a file is made all is as it was before the call ahead of that.
      points = changing(calls(file)).filter((point) => point.name !== 'openat');
      wanted = endState(machine);
    });

    it(
      'converges',
      async ({ expect }) => {
        expect(points.length).toBeGreaterThan(SHARE);
        const chosen = [...share(points, SHARE)];
        // Node's own writes come and go, so that a counted one may be none of ours.
        let missed = 0;
        const most = Math.ceil(chosen.length / 5);
        const one = async (): Promise<void> => {
          for (let point = chosen.pop(); point; point = chosen.pop()) {
            const faults = await killedAt(name, point, wanted);
            if (faults === 'missed') missed += 1;
            else expect(faults).toEqual([]);
          }
        };
        await Promise.all([one(), one()]);
        expect(missed).toBeLessThanOrEqual(most);
      },
      isFull ? 900_000 : 120_000,
    );
  });
});

describe.skipIf(!hasStrace)('killed after the boot entry of a recorded delete was removed', () => {
  it('is finished by any later run, and not held', async ({ expect }) => {
    using machine = new Machine('first-owner-gone-keep');
    const file = temporaryFile('trace');
    {
      using other = new Machine('first-owner-gone-keep');
      await other.gc(other.story.args, { through: recording(file) });
    }
    const isEntry = ({ name, text }: Call): boolean => name === 'unlinkat' && text.includes('.conf"');
    const points = changing(calls(file));
    const next = points[points.findIndex(isEntry) + 1];
    await machine.gc(machine.story.args, { through: injecting(next!, 'signal=KILL') });
    const later = await machine.gc(['--hold-unexplained', '7d']);
    expect([0, 4]).toContain(later.exit);
    const { story } = machine;
    using undisturbed = new Machine('first-owner-gone-keep');
    await undisturbed.gc(story.args);
    expect(differences(endState(undisturbed), endState(machine))).toEqual([]);
  });
});

describe('what a cut left of a record', () => {
  it('goes with the next record', async ({ expect }) => {
    using machine = new Machine('interrupted-delete');
    const left = ['receipts/.2026-01-01T00-00-00.000Z.json.new', `entries/.${'ab'.repeat(64)}.json.new`];
    for (const path of left) {
      mkdirSync(dirname(machine.at(OURS, path)), { recursive: true });
      writeFileSync(machine.at(OURS, path), '{"sche');
    }
    expect((await machine.gc()).exit).toBe(0);
    for (const path of left) expect(existsSync(machine.at(OURS, path)), path).toBe(false);
  });
});

/** What is wrong after a run that was killed there, and after the next. */
async function killedAt(name: string, point: Call, wanted: Snapshot): Promise<string[] | 'missed'> {
  using machine = await prepared(name);
  const before = machine.moment();
  const killed = await machine.gc(machine.story.args, { through: injecting(point, 'signal=KILL') });
  if (killed.exit !== undefined) return 'missed';
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
