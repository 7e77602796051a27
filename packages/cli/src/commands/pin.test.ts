import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { lockDirectory } from '@cfs/executor';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { differences, snapshot } from '../../../../test-images/system-tests/snapshot.ts';
import { EXIT } from '../failure.ts';

const run = (machine: Machine, ...words: string[]) => cfs([...machine.places(), ...words]);
const deployments = async (machine: Machine) => planOf(await machine.plan([])).deployments;
const pins = (machine: Machine, ...names: string[]) => machine.at('sysroot/state/cfs/pins', ...names);

async function idOf(machine: Machine, role: 'booted' | 'rollback' | 'staged' | 'dead'): Promise<string> {
  return (await deployments(machine)).find(({ roles }) => roles.includes(role))!.id;
}

describe('cfs pin', () => {
  it.each([
    ['healthy', 'booted'],
    ['healthy', 'rollback'],
    ['e8-staged-live', 'staged'],
  ] as const)('keeps of %s what is %s, and says until when', async (name, role) => {
    using machine = new Machine(name);
    const id = await idOf(machine, role);
    expect(await run(machine, 'pin', role)).toMatchObject({
      exit: EXIT.done,
      stderr: '',
      stdout: `${id.slice(0, 12)} is pinned: it stays until cfs unpin ${id.slice(0, 12)}\n`,
    });
    expect(readdirSync(pins(machine))).toEqual([id]);
  });

  it('keeps what was dead, and cfs unpin gives it up again', async () => {
    using machine = new Machine('b1-twelve-updates');
    const before = planOf(await machine.plan());
    const id = await idOf(machine, 'dead');
    const own = before.items.filter(({ deployment }) => deployment === id).map(({ path }) => path.join('/'));
    expect(own.length).toBeGreaterThan(2);
    expect((await run(machine, 'pin', id.slice(0, 8).toUpperCase())).exit).toBe(EXIT.done);
    const pinned = planOf(await machine.plan());
    expect(pinned.deployments.find((each) => each.id === id)).toMatchObject({ verdict: 'lives', roles: ['pinned'] });
    for (const { path } of pinned.items) expect(own).not.toContain(path.join('/'));
    expect((await run(machine, 'gc', '--yes')).exit).toBe(EXIT.done);
    const collected = machine.snapshot();
    expect((await run(machine, 'unpin', id.slice(0, 8))).stdout).toBe(`${id.slice(0, 12)} is no longer pinned\n`);
    const left = planOf(await machine.plan());
    expect(left.items.map(({ path }) => path.join('/'))).toEqual(expect.arrayContaining(own));
    const gone = differences(collected, machine.snapshot());
    expect(gone.every((line) => /^-sysroot\/(state\/cfs\/pins\/|composefs\/.*\/refs\/.*cfs)/.test(line))).toBe(true);
  });

  it.each([
    ['healthy', 'booted', ['etc', /^bootc_fedora-.*\.conf$/, /^bootc_composefs-[0-9a-f]{128}$/]],
    ['grub-boot-partition', 'booted', ['etc', /^bootc_fedora-.*\.conf$/, /^bootc_composefs-[0-9a-f]{128}$/]],
    ['grub-uki-user-cfg', 'booted', ['etc', /^user\.cfg$/, /^bootc_composefs-[0-9a-f]{128}\.efi$/]],
  ] as const)('copies of %s what puts it back: etc, entry, boot files', async (name, role, parts) => {
    using machine = new Machine(name);
    const { id, artifacts, entries } = (await deployments(machine)).find(({ roles }) => roles.includes(role))!;
    await run(machine, 'pin', role);
    const kept = readdirSync(pins(machine, id));
    expect(kept).toHaveLength(parts.length);
    for (const part of parts)
      expect(kept).toContainEqual(typeof part === 'string' ? part : expect.stringMatching(part));
    const real = (where: string) => machine.at(where.replace(/^boot\//, 'sysroot/boot/'));
    const alike = (one: string, other: string) => differences(snapshot(one), snapshot(other));
    expect(alike(machine.at('sysroot/state/deploy', id, 'etc'), pins(machine, id, 'etc'))).toEqual([]);
    for (const where of artifacts) {
      const copy = pins(machine, id, where.slice(where.lastIndexOf('/') + 1));
      if (where.endsWith('.efi')) expect(readFileSync(copy)).toEqual(readFileSync(real(where)));
      else expect(alike(real(where), copy)).toEqual([]);
    }
    for (const where of entries) {
      const copy = readFileSync(pins(machine, id, where.slice(where.lastIndexOf('/') + 1)), 'utf8');
      expect(copy).toContain(id);
      expect(readFileSync(real(where), 'utf8')).toContain(copy);
    }
  });

  it('holds the image and the manifest for collectors that know nothing of pins', async () => {
    using machine = new Machine('b1-twelve-updates');
    const { id, manifests } = (await deployments(machine)).find(({ verdict }) => verdict === 'dead')!;
    const repo = machine.at('sysroot/composefs');
    for (const tag of readdirSync(`${repo}/streams/refs/oci`)) rmSync(`${repo}/streams/refs/oci/${tag}`);
    await run(machine, 'pin', id);
    const image = `${repo}/images/refs/cfs/${id}`;
    expect(realpathSync(image)).toBe(realpathSync(`${repo}/images/${id}`));
    const { exit, stdout } = await cfs(['repo', 'gc', '--repo', repo, '--yes']);
    expect([exit, stdout]).toEqual([EXIT.done, expect.stringContaining('nothing is missing')]);
    expect(readdirSync(`${repo}/images`)).toContain(id);
    expect(readdirSync(`${repo}/streams`)).toEqual(expect.arrayContaining([...manifests]));
    expect(readdirSync(`${repo}/streams`).filter((each) => each.startsWith('oci-manifest-'))).toEqual(manifests);
  });

  it.each([
    ['pin', 'ffffffffffff', 'ffffffffffff names no deployment'],
    ['unpin', 'ffffffffffff', 'ffffffffffff names no deployment'],
    ['pin', 'staged', 'staged names no deployment'],
    ['pin', '../../etc', '../../etc names no deployment'],
    ['pin', '', ' names 2 deployments'],
  ])('%s: refuses %j', async (verb, id, message) => {
    using machine = new Machine('healthy');
    const before = machine.snapshot();
    expect(await run(machine, verb, id)).toMatchObject({
      exit: EXIT.usage,
      stdout: '',
      stderr: `cfs: ${message}\n  help: cfs status\n`,
    });
    expect(machine.snapshot()).toEqual(before);
  });

  it('pins twice as once, and unpins once', async () => {
    using machine = new Machine('healthy');
    const id = await idOf(machine, 'rollback');
    await run(machine, 'pin', 'rollback');
    const once = machine.snapshot();
    expect((await run(machine, 'pin', 'rollback')).exit).toBe(EXIT.done);
    expect(differences(once, machine.snapshot())).toEqual([]);
    expect((await run(machine, 'unpin', id)).stdout).toBe(`${id.slice(0, 12)} is no longer pinned\n`);
    expect((await run(machine, 'unpin', id)).stdout).toBe(`${id.slice(0, 12)} was not pinned\n`);
    expect(existsSync(pins(machine, id))).toBe(false);
  });

  it.each(['pin', 'unpin'])('%s waits for whoever holds the lock, as long as told', async (verb) => {
    using machine = new Machine('healthy');
    const lock = await lockDirectory(machine.at('sysroot/composefs'), 'shared', { waitMs: 0 });
    const { exit, stderr } = await run(machine, verb, 'booted');
    expect([exit, stderr]).toEqual([EXIT.error, expect.stringContaining(`process ${process.pid} (`)]);
    const waiting = run(machine, verb, 'booted', '--wait', '30s');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(existsSync(pins(machine))).toBe(false);
    lock.release();
    expect((await waiting).exit).toBe(EXIT.done);
  });
});
