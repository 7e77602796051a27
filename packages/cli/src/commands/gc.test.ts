import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDirectory, type Receipt } from '@cfs/executor';
import { receiptSchema } from '@cfs/executor/schema';
import type { Plan } from '@cfs/planner';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { EXIT } from '../failure.ts';
import { CTRL_C, CTRL_D, noTerminal, onTerminal, type Answer } from '../testing/terminal.ts';
import { exitOfRun } from './gc.ts';

const gc = (machine: Machine, ...flags: string[]) => cfs([...machine.places(), 'gc', ...flags]);

describe('cfs gc', () => {
  it('asks nobody where there is no terminal, and does nothing without --yes', async () => {
    using machine = new Machine('interrupted-delete');
    const before = machine.snapshot();
    const { exit, stdout, stderr } = await gc(machine);
    expect([exit, stderr]).toEqual([
      EXIT.usage,
      'cfs: nobody can be asked here\n  help: this is what would go; with --yes it goes without a question\n',
    ]);
    expect(stdout).toMatch(/^To be freed: .*\n$/m);
    expect(machine.snapshot()).toEqual(before);
  });

  it.each<[string, number, string, RegExp]>([
    ['healthy', EXIT.done, 'nothing', /^Nothing to do\.\n$/m],
    ['interrupted-delete', EXIT.done, 'done', /^Removed: .*\n[^]*^Proof: .*; nothing is missing\n$/m],
    ['hole-below-rollback', EXIT.problems, 'done', /^Worth knowing\n[^]*^Removed: 3 boot files, 1 state directory\n/m],
    ['b3-booted-entry-lost', EXIT.refused, 'refused', /^Refused: nothing is deleted, because\n/],
  ])('ends for %s with %i: %s', async (name, exit, outcome, words) => {
    using machine = new Machine(name);
    using same = new Machine(name);
    const told = await gc(machine, '--yes');
    expect([told.exit, told.stderr]).toEqual([exit, '']);
    expect(told.stdout).toMatch(words);
    const { exit: alike, stdout, stderr } = await gc(same, '--yes', '--json');
    expect(alike).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'cfs.receipt.v1', outcome });
    // What a person reads is still there, out of the way of the JSON.
    const text = (all: string) => all.replaceAll(/^ {2}\w+: \S+ \S+ by the plan; [^:]*$/gm, '');
    expect(text(stderr)).toBe(text(told.stdout));
  });

  it('prints a receipt that fits its schema, of what the plan said', async () => {
    using machine = new Machine('b1-twelve-updates');
    const plan = planOf(await machine.plan());
    const { stdout } = await gc(machine, '--yes', '--json');
    const receipt = receiptSchema.parse(JSON.parse(stdout));
    expect(receipt.removed.map(({ path }) => path)).toEqual(plan.items.map(({ path }) => path));
    expect(receipt).toMatchObject({ fingerprint: plan.fingerprint, objects: { count: plan.objects.names.length } });
    expect((await gc(machine)).stdout).toMatch(/Nothing to collect\.\nNothing to do\.\n$/);
  });

  it.each([['--sysroot'], ['--esp']])('exits 1 where a place is missing: %s', async (place) => {
    using machine = new Machine('healthy');
    const { exit, stderr } = await cfs([...machine.places(), place, machine.at('gone'), 'gc', '--yes']);
    expect([exit, stderr]).toEqual([EXIT.error, expect.stringMatching(/^cfs: .*gone.*ENOENT.*\n {2}help: /)]);
  });
});

/** Runs it while somebody reads the repository; the change happens while it waits for the lock. */
async function overtaken(machine: Machine, flags: readonly string[], change: () => void) {
  const lock = await lockDirectory(machine.at('sysroot/composefs'), 'shared', { waitMs: 0 });
  const running = gc(machine, '--yes', '--wait', '30s', ...flags);
  await sleep(500);
  change();
  lock.release();
  return running;
}

describe('a plan that is another one by the time the lock comes', () => {
  let machine: Machine;
  let dead: string[];
  beforeEach(async () => {
    machine = new Machine('b1-twelve-updates');
    dead = planOf(await machine.plan()).deployments.flatMap(({ id, verdict }) => (verdict === 'dead' ? [id] : []));
  });
  afterEach(() => machine.dispose());
  const pin = (...ids: string[]) => {
    for (const id of ids) mkdirSync(machine.at('sysroot/state/cfs/pins', id), { recursive: true });
  };
  const isThere = (id: string) => existsSync(machine.at('sysroot/state/deploy', id));

  it('is the only one with --yes', async () => {
    const { exit, stdout, stderr } = await overtaken(machine, ['--json'], () => pin(dead[0]!));
    expect([exit, stderr.match(/^To be freed:/gm)?.length]).toEqual([EXIT.done, 1]);
    expect(stderr).not.toContain(`Goes  ${dead[0]!.slice(0, 12)}`);
    expect(receiptSchema.parse(JSON.parse(stdout)).outcome).toBe('done');
    expect(dead.filter(isThere)).toEqual([dead[0]]);
  });

  it('is one JSON document where it is refused', async () => {
    const lose = () => rmSync(machine.at('esp/loader/entries'), { recursive: true });
    const { exit, stdout, stderr } = await overtaken(machine, ['--json'], lose);
    expect([exit, receiptSchema.parse(JSON.parse(stdout)).outcome]).toEqual([EXIT.refused, 'refused']);
    expect(stderr).toContain('Refused: nothing is deleted, because\n');
    expect(dead.filter(isThere)).toEqual(dead);
  });

  describe.skipIf(noTerminal())(`asked on a terminal${skipped(noTerminal())}`, () => {
    const ask = (answers: readonly Answer[]) => onTerminal([...machine.places(), 'gc'], answers);
    const questions = (text: string) => text.split('Remove all of this? [y/N] ').length - 1;

    it.each(['y\r', 'Y\r', ' yes \r', 'YES\r'])('is done for %j', async (answer) => {
      const { exit, text } = await ask([answer]);
      expect([exit, questions(text), dead.some(isThere)]).toEqual([EXIT.done, 1, false]);
      expect(text).toMatch(/^.*Removed:.*11 state directories/m);
    });

    it.each(['n\r', '\r', 'yep\r', 'no\r', CTRL_C, CTRL_D])('is not done for %j', async (answer) => {
      const before = machine.snapshot();
      const { exit, text } = await ask([answer]);
      expect([exit, questions(text)]).toEqual([EXIT.refused, 1]);
      expect(text).not.toMatch(/cfs: |this should not happen|Removed:/);
      expect(text.endsWith('\n')).toBe(true);
      expect(machine.snapshot()).toEqual(before);
    });

    const after = (answer: string, ids: () => readonly string[]) => () => (pin(...ids()), answer);

    it('is asked about once more, and only what was shown then is done', async () => {
      const { exit, text } = await ask([after('y\r', () => dead.slice(0, 1)), 'y\r']);
      expect([exit, questions(text)]).toEqual([EXIT.done, 2]);
      expect(text).toContain('The system has changed meanwhile. The new plan:\n');
      expect(dead.filter(isThere)).toEqual(dead.slice(0, 1));
    });

    it('is the one whose problems make the exit code', async () => {
      const streams = machine.at('sysroot/composefs/streams');
      const { manifests } = planOf(await machine.plan()).deployments.find(({ roles }) => roles.includes('booted'))!;
      const damage = () => {
        pin(dead[0]!);
        rmSync(realpathSync(`${streams}/${manifests[0]!}`));
        return 'y\r';
      };
      const { exit, text } = await ask([damage, 'y\r']);
      expect([exit, text.split('The new plan:')[1]]).toEqual([EXIT.problems, expect.stringContaining('problem: ')]);
    });

    it.each(['n\r', CTRL_C])('is not done after %j to the second question', async (answer) => {
      const { exit, text } = await ask([after('y\r', () => dead.slice(0, 1)), answer]);
      expect([exit, questions(text)]).toEqual([EXIT.refused, 2]);
      expect(text).toMatch(/Refused:.* the system changed, and the new plan was not agreed to\n$/);
      expect(dead.filter(isThere)).toEqual(dead);
    });

    it('is not asked about when there is nothing left to remove', async () => {
      const lost = () => (rmSync(machine.at('esp/loader/entries'), { recursive: true }), 'y\r');
      const { exit, text } = await ask([lost]);
      expect([exit, questions(text)]).toEqual([EXIT.refused, 1]);
      expect(text).toMatch(/The new plan:\n.*Refused: nothing is deleted, because/);
      expect(dead.filter(isThere)).toEqual(dead);
    });

    it('needs no answer with --yes, and none where there is nothing to do', async () => {
      expect(questions((await onTerminal([...machine.places(), 'gc', '--yes'])).text)).toBe(0);
      const again = await ask([]);
      expect([again.exit, questions(again.text)]).toEqual([EXIT.done, 0]);
    });
  });
});

function skipped(why: string | false): string {
  return why === false ? '' : `: ${why}`;
}

describe('the exit code of a run', () => {
  const plan = { refused: [], doubts: [], notices: [] } as unknown as Plan;
  const problem = { code: 'x', about: '', message: '', severity: 'problem' };
  const receipt = { outcome: 'done', removed: [], objects: { count: 0 }, skipped: [] };
  it.each<[string, number, object, object]>([
    ['done', EXIT.done, {}, {}],
    ['nothing to do', EXIT.done, { outcome: 'nothing' }, {}],
    ['nothing to do, and a problem', EXIT.problems, { outcome: 'nothing' }, { doubts: [problem] }],
    ['done, and a note', EXIT.done, {}, { notices: [{ ...problem, severity: 'note' }] }],
    ['done, and a problem', EXIT.problems, {}, { notices: [problem] }],
    ['something skipped', EXIT.problems, { skipped: [{}] }, {}],
    ['something missing', EXIT.problems, { proof: { roots: 1, missing: 1 } }, {}],
    ['whole', EXIT.done, { proof: { roots: 1, missing: 0 } }, {}],
    ['failed', EXIT.error, { outcome: 'failed', removed: [{}] }, {}],
    ['refused', EXIT.refused, { outcome: 'refused' }, {}],
    ['stopped before anything went', EXIT.refused, { outcome: 'stopped' }, {}],
    ['stopped after an item', EXIT.problems, { outcome: 'stopped', removed: [{}] }, {}],
    ['stopped after an object', EXIT.problems, { outcome: 'stopped', objects: { count: 1 } }, {}],
  ])('%s', (_, exit, change, more) => {
    const changed = { ...receipt, ...change } as unknown as Receipt;
    expect(exitOfRun({ ...plan, ...more }, changed, { exit: undefined })).toBe(exit);
  });
});
