import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { receiptSchema } from '@cfs/executor/schema';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine } from '../../../../test-images/system-tests/machine.ts';
import { differences } from '../../../../test-images/system-tests/snapshot.ts';
import { trashSchema } from '../schema.ts';

const DAY = 86_400_000;
const TRASH = 'sysroot/state/cfs/trash';

/** With the state directories of eleven dead deployments in the trash. */
async function collected(): Promise<Machine> {
  const machine = new Machine('b1-twelve-updates');
  expect((await machine.gc()).exit).toBe(0);
  return machine;
}

async function list(machine: Machine) {
  const { stdout, text } = await cfs([...machine.places(), 'trash', 'list', '--json']);
  expect(stdout, text).not.toBe('');
  return trashSchema.parse(JSON.parse(stdout)).trash;
}

describe('cfs trash list', () => {
  it('tells what is there, how large, and until when', async () => {
    using machine = await collected();
    const before = machine.snapshot();
    const trash = await list(machine);
    expect(trash).toHaveLength(11);
    for (const { name, id, moved = 0, deadline = 0, bytes } of trash) {
      expect([name, deadline - moved]).toEqual([id, 30 * DAY]);
      expect(Math.abs(Date.now() - moved)).toBeLessThan(600_000);
      expect(bytes).toBeGreaterThan(0);
    }
    const { stdout, exit, stderr } = await cfs([...machine.places(), 'trash', 'list']);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^11 state directories in the trash, [\d.]+ KiB\n/);
    expect(stdout.match(/^ {2}[0-9a-f]{12} .*moved \d{4}-\d\d-\d\d, kept until \d{4}-\d\d-\d\d$/gm)).toHaveLength(11);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('has nothing to tell where there is none, and tells of what has no record', async () => {
    using machine = new Machine('healthy');
    expect(await list(machine)).toEqual([]);
    const name = `${'ab'.repeat(64)}.2`;
    mkdirSync(machine.at(TRASH, name), { recursive: true });
    expect(await list(machine)).toMatchObject([{ name, id: 'ab'.repeat(64) }]);
    const { stdout } = await cfs([...machine.places(), 'trash', 'list']);
    expect(stdout).toMatch(/abababababab\.2 .* moved at an unknown time, stays until it is emptied/);
  });
});

describe('cfs trash empty', () => {
  it('asks first, and nobody can be asked without a terminal', async () => {
    using machine = await collected();
    const before = machine.snapshot();
    const { exit, stderr } = await cfs([...machine.places(), 'trash', 'empty']);
    expect([exit, stderr]).toEqual([2, expect.stringMatching(/help: .*--yes/)]);
    expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
  });

  it('removes all that is there and nothing else, and leaves a receipt', async () => {
    using machine = await collected();
    mkdirSync(machine.at(TRASH, 'ab'.repeat(64)));
    const before = machine.snapshot();
    const { exit, stdout } = await cfs([...machine.places(), 'trash', 'empty', '--yes', '--json']);
    expect(exit).toBe(0);
    const { counts, freed, outcome } = receiptSchema.parse(JSON.parse(stdout));
    expect([outcome, counts]).toEqual(['done', { trash: 12 }]);
    expect(freed['sysroot']?.planned).toBeGreaterThan(0);
    expect(readdirSync(machine.at(TRASH))).toEqual([]);
    const changes = differences(before, machine.snapshot()).filter((line) => !line.slice(1).startsWith(`${TRASH}/`));
    expect(changes).toEqual([expect.stringMatching(/^\+sysroot\/state\/cfs\/receipts\//)]);
    const again = await cfs([...machine.places(), 'trash', 'empty', '--yes']);
    expect([again.exit, again.stdout]).toEqual([0, expect.stringMatching(/^The trash is empty\.\n.*Nothing to do/s)]);
  });

  it('tells events alone on stdout', async () => {
    using machine = await collected();
    const { stdout } = await cfs([...machine.places(), 'trash', 'empty', '--yes', '--events']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect([events[0], events.at(-2), events.at(-1)]).toEqual(['plan', 'receipt', 'end']);
  });

  it('leaves what is dead for cfs gc', async () => {
    using machine = new Machine('interrupted-delete');
    mkdirSync(machine.at(TRASH, 'ab'.repeat(64)), { recursive: true });
    writeFileSync(
      machine.at(TRASH, `${'ab'.repeat(64)}.json`),
      JSON.stringify({ moved: 1, deadline: Date.now() + DAY }),
    );
    const before = machine.snapshot();
    expect((await cfs([...machine.places(), 'trash', 'empty', '--yes'])).exit).toBe(0);
    const gone = differences(before, machine.snapshot()).filter((line) => line.startsWith('-'));
    expect(gone).toEqual([`-${TRASH}/${'ab'.repeat(64)}`, `-${TRASH}/${'ab'.repeat(64)}.json`]);
  });
});

describe('cfs trash restore', () => {
  it('takes the youngest of several, or the one that is named', async () => {
    using machine = await collected();
    const [{ id } = { id: '' }] = await list(machine);
    mkdirSync(machine.at(TRASH, `${id}.2/etc`), { recursive: true });
    writeFileSync(machine.at(TRASH, `${id}.2/etc/hostname`), 'younger\n');
    const record = { moved: Date.now() + 1000, deadline: Date.now() + DAY };
    writeFileSync(machine.at(TRASH, `${id}.2.json`), JSON.stringify(record));
    const to = (name: string) => ['--to', machine.at(name)];
    expect((await cfs([...machine.places(), 'trash', 'restore', id.slice(0, 12), ...to('a')])).exit).toBe(0);
    expect(readFileSync(machine.at('a/etc/hostname'), 'utf8')).toBe('younger\n');
    expect(statSync(machine.at('a')).mode & 0o777).toBe(0o700);
    expect((await cfs([...machine.places(), 'trash', 'restore', id, ...to('b')])).exit).toBe(0);
    expect(readFileSync(machine.at('b/etc/hostname'), 'utf8')).not.toBe('younger\n');
  });

  it('tells what is missing when it is asked for the whole', async () => {
    using machine = await collected();
    const [{ id } = { id: '' }] = await list(machine);
    const { exit, stdout } = await cfs([...machine.places(), 'trash', 'restore', id]);
    expect([exit, stdout]).toEqual([3, expect.stringMatching(/cannot be brought back/)]);
  });
});
