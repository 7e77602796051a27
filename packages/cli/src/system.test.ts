import { mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Decision } from '@cfs/planner';
import { PosixError } from '@cfs/posix';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { story, type Story } from '../../../test-images/stories/index.ts';
import { EXIT } from './failure.ts';
import { entriesOf, resolveId, System, type PlacePaths } from './system.ts';

let path: string;
let told: Story;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'cfs-system-'));
  told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
  told.write(path);
});
afterEach(() => rmSync(path, { recursive: true }));

const at = (name: string): string => join(path, name);
const paths = (more: Partial<PlacePaths> = {}): PlacePaths => ({
  sysroot: at('sysroot'),
  esps: [at('esp')],
  run: at('run'),
  proc: at('proc'),
  bootloader: 'systemd',
  runTrusted: true,
  ...more,
});

function withSystem<T>(use: (system: System) => T, more: Partial<PlacePaths> = {}): T {
  const system = new System(paths(more));
  try {
    return use(system);
  } finally {
    system.close();
  }
}

const NOW = { now: Date.UTC(2026, 5, 1) };

describe('System', () => {
  it('reads, decides and plans, and changes nothing', () => {
    const { plan, decision, inventory, survey } = withSystem((system) => system.plan(NOW));
    expect(decision.deployments.map(({ id, verdict }) => [id, verdict])).toEqual(
      expect.arrayContaining([
        [told.id('A'), 'dead'],
        [told.id('B'), 'lives'],
        [told.id('C'), 'lives'],
      ]),
    );
    expect(plan.refused).toEqual([]);
    expect(plan.items.map((item) => item.deployment)).toContain(told.id('A'));
    expect([inventory.states.length, survey.holes]).toEqual([3, []]);
    expect(withSystem((system) => system.plan(NOW)).plan.fingerprint).toBe(plan.fingerprint);
  });

  it('plans the same under the shared lock, and lets go of it', async () => {
    const before = descriptors();
    const system = new System(paths());
    const { plan } = await system.planShared(() => NOW, 0);
    expect(plan).toEqual(system.plan(NOW).plan);
    system.close();
    // On a slow disk directories may have been read ahead.
    await vi.waitFor(() => expect(descriptors()).toBe(before));
  });

  it('closes what it opened, and the places that it was given', () => {
    const before = descriptors();
    let closed = 0;
    const system = new System(paths({ close: () => (closed += 1) }));
    expect(descriptors()).toBeGreaterThan(before);
    system.close();
    expect([descriptors(), closed]).toEqual([before, 1]);
  });

  it.each(['sysroot', 'esps', 'proc'] as const)('fails without its %s, and leaves nothing open', (which) => {
    const before = descriptors();
    let closed = 0;
    const gone = which === 'esps' ? { esps: [at('gone')] } : { [which]: at('gone') };
    expect(() => new System(paths({ ...gone, close: () => (closed += 1) }))).toThrow(PosixError);
    expect([descriptors(), closed]).toEqual([before, 1]);
  });

  it('does without a /run and a boot directory', () => {
    const { staged, boots } = withSystem((system) => system.inventory(), { run: at('gone'), boot: at('gone') });
    expect([staged, boots.length]).toEqual([{ kind: 'unknown' }, 1]);
  });

  it('says that there is no repository, and how to name another root', async () => {
    rmSync(at('sysroot/composefs'), { recursive: true });
    expect(() => withSystem((system) => system.inventory())).toThrow(
      expect.objectContaining({ code: 'no-repository', path: at('sysroot/composefs') }),
    );
    const system = new System(paths());
    await expect(system.planShared(() => NOW, 0)).rejects.toMatchObject({
      code: 'no-repository',
      hint: expect.stringContaining('--sysroot') as string,
    });
    system.close();
  });
});

describe('entriesOf', () => {
  const entries = (): string[] => withSystem((system) => entriesOf(system.inventory()));
  const directory = (): string => at('esp/loader/entries');

  it('stays the same while nothing changes', () => {
    expect(entries()).toHaveLength(2);
    expect(entries()).toEqual(entries());
  });

  it('misses those that the plan removes', () => {
    const item = { class: 'entry', action: 'unlink', place: 'esp', bytes: 0, reason: '' } as const;
    const [name = ''] = readdirSync(directory());
    withSystem((system) => {
      const { plan, inventory } = system.plan(NOW);
      const items = [{ ...item, path: ['loader', 'entries', name] }];
      const staying = entriesOf(inventory, { ...plan, items });
      expect(staying).toEqual(
        entriesOf(inventory).filter((entry) => !entry.startsWith(`esp/loader/entries/${name}\0`)),
      );
      expect(staying).toHaveLength(1);
    });
  });

  it.each([
    ['one comes', () => writeFileSync(join(directory(), 'new.conf'), 'linux /k\n')],
    ['one goes', () => unlinkSync(join(directory(), readdirSync(directory())[0]!))],
    ['one is emptied', () => writeFileSync(join(directory(), readdirSync(directory())[0]!), '')],
    [
      'a comment is added',
      () => writeFileSync(join(directory(), readdirSync(directory())[0]!), '# x\n', { flag: 'a' }),
    ],
    ['a UKI comes', () => writeFileSync(at('esp/EFI/Linux/x.efi'), 'x')],
  ])('changes when %s', (_what, change) => {
    const before = entries();
    change();
    expect(entries()).not.toEqual(before);
  });
});

describe('resolveId', () => {
  const decision = (): Decision => withSystem((system) => system.plan(NOW).decision);

  it('knows a deployment by the first digits of its digest, in any case', () => {
    const found = decision();
    for (const label of ['A', 'B', 'C']) {
      expect(resolveId(found, told.id(label))).toBe(told.id(label));
      expect(resolveId(found, told.id(label).slice(0, 12).toUpperCase())).toBe(told.id(label));
    }
  });

  it.each([
    ['booted', 'C'],
    ['rollback', 'B'],
  ])('knows a deployment by its role: %s', (role, label) => {
    expect(resolveId(decision(), role)).toBe(told.id(label));
  });

  it.each([
    ['', 'names 3 deployments'],
    ['ffffffffffff', 'names no deployment'],
    ['staged', 'names no deployment'],
    ['gone', 'names no deployment'],
    ['../..', 'names no deployment'],
  ])('fails for %j', (text, why) => {
    const found = decision();
    expect(() => resolveId(found, text)).toThrow(
      expect.objectContaining({ code: 'unknown-id', exit: EXIT.usage, message: `${text} ${why}` }),
    );
  });
});

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
