/** `cfs restore`, killed at any call by which it changes something: nothing is worse than before, and the next one ends alike. */
import { existsSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, it } from 'vitest';
import { check } from '../checker/index.ts';
import { cfs, type Outcome, type RunOptions } from './cfs.ts';
import { endState } from './end-state.ts';
import { Machine, planOf } from './machine.ts';
import { isFull, seeded, share } from './sample.ts';
import { differences, type Snapshot } from './snapshot.ts';
import { calls, changing, hasStrace, injecting, recording, temporaryFile, type Call } from './strace.ts';

const SHARE = 5;
const MENU = 'boot/grub2/user.cfg';

interface Lost {
  readonly machine: Machine;
  readonly id: string;
  [Symbol.dispose](): void;
}

/** As a recorded delete leaves it that was cut off before the streams: the rollback's objects are all there. */
async function lost(name: string): Promise<Lost> {
  const machine = new Machine(name);
  await machine.gc([]);
  const { deployments } = planOf(await machine.plan([]));
  const { id, entries, manifests } = deployments.find(({ roles }) => roles.includes('rollback'))!;
  const menu = machine.at(entries[0]!.replace(/^boot\//, 'sysroot/boot/'));
  if (menu.endsWith('user.cfg')) {
    const blocks = readFileSync(menu, 'utf8').split(/^(?=menuentry )/m);
    writeFileSync(menu, blocks.filter((each) => !each.includes(id)).join(''));
  } else unlinkSync(menu);
  const ours = machine.at('sysroot/state/cfs');
  for (const each of ['trash', 'intents']) mkdirSync(`${ours}/${each}`, { recursive: true });
  writeFileSync(`${ours}/intents/${id}.json`, JSON.stringify({ why: 'delete', made: Date.now() }));
  writeFileSync(`${ours}/trash/${id}.json`, JSON.stringify({ moved: Date.now(), deadline: Date.now() + 86_400_000 }));
  renameSync(machine.at('sysroot/state/deploy', id), `${ours}/trash/${id}`);
  unlinkSync(machine.at('sysroot/composefs/images', id));
  const tag = manifests[0]!.replace('oci-manifest-', 'localhost%2Fbootc-');
  unlinkSync(machine.at('sysroot/composefs/streams/refs/oci', tag));
  return { machine, id, [Symbol.dispose]: () => machine.dispose() };
}

const restore = ({ machine, id }: Lost, options?: RunOptions): Promise<Outcome> =>
  cfs([...machine.places(), 'restore', id], options);

function menuOf(machine: Machine): string {
  const path = machine.at('sysroot', MENU);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

describe.skipIf(!hasStrace)(`killed at a call (${seeded}; skipped without strace)`, () => {
  describe.each(['healthy', 'grub-uki-user-cfg'])('%s', (name) => {
    let points: readonly Call[] = [];
    let wanted: Snapshot;

    beforeAll(async () => {
      using system = await lost(name);
      const file = temporaryFile('trace');
      await restore(system, { through: recording(file) });
      points = changing(calls(file)).filter((point) => point.name !== 'openat');
      await system.machine.gc([]);
      wanted = endState(system.machine);
    });

    it(
      'ends as if nothing had happened',
      async ({ expect }) => {
        expect(points.length).toBeGreaterThan(SHARE);
        let killed = 0;
        for (const point of share(points, SHARE)) {
          using system = await lost(name);
          const before = system.machine.moment();
          const menu = menuOf(system.machine);
          const { exit } = await restore(system, { through: injecting(point, 'signal=KILL') });
          if (exit === undefined) killed += 1;
          const violations = check({ before, after: system.machine.moment() });
          // A menu gets its block back, which the checker takes for a change; whatever was in it stays.
          expect(violations.filter(({ about }) => about !== MENU)).toEqual([]);
          expect(menuOf(system.machine).startsWith(menu)).toBe(true);
          const again = await restore(system);
          expect([point.text, again.exit, again.stderr]).toEqual([point.text, 0, '']);
          // The old menu that a cut left beside the new one is for any run to collect.
          expect((await system.machine.gc([])).exit).toBe(0);
          expect(differences(wanted, endState(system.machine))).toEqual([]);
        }
        // Node's own writes come and go, so that a counted one may be none of ours.
        expect(killed).toBeGreaterThan(SHARE / 2);
      },
      isFull ? 900_000 : 120_000,
    );
  });
});
