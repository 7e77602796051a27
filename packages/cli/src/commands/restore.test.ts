import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageObjects } from '../../../../test-images/checker/formats.ts';
import { check } from '../../../../test-images/checker/index.ts';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { differences } from '../../../../test-images/system-tests/snapshot.ts';
import { copiedSchema, restoredSchema } from '../schema.ts';

const DAY = 86_400_000;
const ENTRIES = 'esp/loader/entries';
const outsideRecords = (line: string): boolean => !/^.sysroot\/state\/cfs(\/|$)/.test(line);

/** A system whose entries cfs has seen once, and its rollback. */
async function seen(name: string): Promise<{ machine: Machine; id: string; entry: string; [Symbol.dispose](): void }> {
  const machine = new Machine(name);
  await machine.gc([]);
  const rollback = planOf(await machine.plan([])).deployments.find(({ roles }) => roles.includes('rollback'))!;
  return { machine, id: rollback.id, entry: rollback.entries[0]!, [Symbol.dispose]: () => machine.dispose() };
}

async function restore(machine: Machine, id: string, ...flags: string[]) {
  const { exit, stdout, text } = await cfs([...machine.places(), 'restore', id, '--json', ...flags]);
  expect(stdout, text).not.toBe('');
  return { exit, ...restoredSchema.parse(JSON.parse(stdout)) };
}

/** As a collection does it that then lost its power. */
function moveToTrash(machine: Machine, id: string, deadline = Date.now() + DAY): void {
  const trash = machine.at('sysroot/state/cfs/trash');
  mkdirSync(trash, { recursive: true });
  renameSync(machine.at('sysroot/state/deploy', id), `${trash}/${id}`);
  writeFileSync(`${trash}/${id}.json`, JSON.stringify({ moved: deadline - DAY, deadline }));
}

describe('cfs restore', () => {
  it.each(['healthy', 'b2-two-kernels', 'grub-boot-partition', 'grub-uki-user-cfg'])(
    'puts the entry of %s back, byte for byte',
    async (name) => {
      using lost = await seen(name);
      const { machine, id, entry } = lost;
      const before = machine.snapshot();
      const moment = machine.moment();
      const path = machine.at(entry.replace(/^boot\//, 'sysroot/boot/'));
      if (entry.endsWith('user.cfg')) {
        const menu = readFileSync(path, 'utf8');
        const block = menu.split(/^(?=menuentry )/m).find((each) => each.includes(id))!;
        writeFileSync(path, menu.replace(block, ''));
      } else unlinkSync(path);
      expect(await restore(machine, id.slice(0, 12))).toMatchObject({ exit: 0, outcome: 'restored', bootable: true });
      expect(check({ before: moment, after: machine.moment(), finished: true })).toEqual([]);
      expect(differences(before, machine.snapshot()).filter(outsideRecords)).toEqual([]);
      expect(await restore(machine, id)).toMatchObject({ exit: 0, outcome: 'nothing', restored: [] });
    },
  );

  it('takes a delete back that was cut off, whatever had gone by then', async () => {
    using lost = await seen('healthy');
    const { machine, id, entry } = lost;
    const before = machine.snapshot();
    const manifest = planOf(await machine.plan([])).deployments.find((each) => each.id === id)!.manifests[0]!;
    unlinkSync(machine.at(entry));
    moveToTrash(machine, id);
    unlinkSync(machine.at('sysroot/composefs/images', id));
    unlinkSync(
      machine.at('sysroot/composefs/streams/refs/oci', `localhost%2Fbootc-${manifest.replace('oci-manifest-', '')}`),
    );
    const { restored, ...rest } = await restore(machine, id);
    expect(rest).toMatchObject({ exit: 0, outcome: 'restored', bootable: true });
    expect(restored.map((path) => path.split('/').slice(0, 3).join('/'))).toEqual([
      'sysroot/state/deploy',
      'sysroot/composefs/images',
      'sysroot/composefs/streams',
      ENTRIES,
    ]);
    expect(differences(before, machine.snapshot()).filter(outsideRecords)).toEqual([]);
    expect(planOf(await machine.plan([])).items).toEqual([]);
  });

  it('takes back a recorded delete', async () => {
    using lost = await seen('healthy');
    const { machine, id, entry } = lost;
    unlinkSync(machine.at(entry));
    const intents = machine.at('sysroot/state/cfs/intents');
    mkdirSync(intents, { recursive: true });
    writeFileSync(`${intents}/${id}.json`, JSON.stringify({ why: 'delete', made: Date.now() }));
    expect(await restore(machine, id)).toMatchObject({ outcome: 'restored', bootable: true });
    expect(readdirSync(intents)).toEqual([]);
    expect(planOf(await machine.plan([])).notices).toEqual([]);
  });

  it('mends an entry of which a cut left the beginning, and overwrites no other', async () => {
    using lost = await seen('healthy');
    const { machine, id, entry } = lost;
    const content = readFileSync(machine.at(entry));
    for (const length of [0, 50]) {
      writeFileSync(machine.at(entry), content.subarray(0, length));
      expect(await restore(machine, id)).toMatchObject({ outcome: 'restored', bootable: true });
      expect(readFileSync(machine.at(entry))).toEqual(content);
    }
    const other = 'title another system\nlinux /vmlinuz\n';
    writeFileSync(machine.at(entry), other);
    const { exit, missing } = await restore(machine, id);
    expect([exit, ...missing]).toEqual([3, `the name ${entry}, which another entry bears`]);
    expect(readFileSync(machine.at(entry), 'utf8')).toBe(other);
  });

  it.each<[string, (machine: Machine, id: string) => void, RegExp]>([
    ['the kernel', (machine) => rmSync(machine.at('esp/EFI/Linux'), { recursive: true }), /^kernel and initrd/],
    [
      'the copy of its entry',
      (machine) => rmSync(machine.at('sysroot/state/cfs/entries'), { recursive: true }),
      /copy/,
    ],
    ['the image', (machine, id) => removeObject(machine, id), /^the object of images\//],
    [
      'an object of its own',
      (machine, id) => removeObject(machine, ownObject(machine, id)),
      /1 of its objects is missing/,
    ],
    [
      'its state directory',
      (machine, id) => rmSync(machine.at(`sysroot/state/deploy/${id}`), { recursive: true }),
      /etc/,
    ],
    ['time in the trash', (machine, id) => moveToTrash(machine, id, Date.now() - 1), /its time in the trash is up/],
  ])('does nothing without %s, and says so', async (_, lose, words) => {
    using lost = await seen('b2-two-kernels');
    const { machine, id, entry } = lost;
    unlinkSync(machine.at(entry));
    lose(machine, id);
    const before = machine.snapshot();
    const { exit, outcome, missing } = await restore(machine, id);
    expect({ exit, outcome, count: missing.length }).toEqual({ exit: 3, outcome: 'missing', count: 1 });
    expect(missing[0]).toMatch(words);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('offers the etc alone after a whole collection', async () => {
    using lost = await seen('healthy');
    const { machine, id } = lost;
    const etc = readFileSync(machine.at(`sysroot/state/deploy/${id}/etc/hostname`), 'utf8');
    await cfs([...machine.places(), 'delete', 'rollback', '--yes']);
    const told = await cfs([...machine.places(), 'restore', id]);
    expect(told).toMatchObject({ exit: 3, stderr: '' });
    expect(told.stdout).toMatch(/cannot be brought back: missing are\n {2}- /);
    expect(told.stdout).toContain(`cfs trash restore ${id.slice(0, 12)} --to DIR`);
    expect(told.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const to = machine.at('old');
    const copied = await cfs([...machine.places(), 'trash', 'restore', id.slice(0, 12), '--to', to, '--json']);
    expect(copiedSchema.parse(JSON.parse(copied.stdout))).toEqual({
      schema: 'cfs.copied.v1',
      name: id,
      path: `${to}/etc`,
    });
    expect(readFileSync(`${to}/etc/hostname`, 'utf8')).toBe(etc);
    const again = await cfs([...machine.places(), 'trash', 'restore', id, '--to', to]);
    expect([again.exit, again.stderr]).toEqual([1, expect.stringMatching(/it exists already/)]);
  });

  it('refuses what is unknown', async () => {
    using machine = new Machine('healthy');
    for (const thing of ['nothing', 'ffff', ''])
      expect(await cfs([...machine.places(), 'restore', thing])).toMatchObject({ exit: 2, stdout: '' });
  });
});

function removeObject(machine: Machine, digest: string): void {
  rmSync(machine.at('sysroot/composefs/objects', digest.slice(0, 2), digest.slice(2)));
}

/** An object of this deployment's image that the other bootable images don't need. */
function ownObject(machine: Machine, id: string): string {
  const objectsOf = (image: string): readonly string[] =>
    imageObjects(readFileSync(machine.at('sysroot/composefs/objects', image.slice(0, 2), image.slice(2))))!;
  const others = readdirSync(machine.at('sysroot/state/deploy')).filter((name) => name !== id);
  const known = new Set(others.flatMap(objectsOf));
  return objectsOf(id).find((object) => !known.has(object))!;
}
