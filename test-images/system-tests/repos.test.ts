import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { fixture, fixtureJson, fixtureNames } from '../fixtures.ts';
import { cfs } from './cfs.ts';
import { planOf, receiptOf } from './machine.ts';
import { differences, snapshot } from './snapshot.ts';

/** What cfsctl removed for these roots, or what the contract says where cfsctl is wrong. */
interface Question {
  readonly id: string;
  readonly remove_links: readonly string[];
  readonly roots: readonly string[];
  readonly real: { readonly removed: readonly string[] };
  readonly contract_removed?: readonly string[];
  readonly contract_may_also_remove?: readonly string[];
}

const cases = fixtureNames('repos').flatMap((name) =>
  fixtureJson<{ questions: readonly Question[] }>('repos', name, 'answers.json').questions.map(
    (question) => [name, question.id, question] as const,
  ),
);

describe.concurrent('every question to every repository', { timeout: 120_000 }, () => {
  it.for(cases)('%s: %s', async ([name, , question], { expect }) => {
    using unpacked = fixture('repos', name);
    const repo = join(unpacked.path, 'repo');
    for (const link of question.remove_links) rmSync(join(repo, link));
    const before = snapshot(repo);
    const command = ['repo', 'gc', '--repo', repo, ...question.roots.flatMap((root) => ['--root', root])];

    const planned = await cfs([...command, '--dry-run', '--json']);
    expect(differences(before, snapshot(repo), { traces: true })).toEqual([]);
    const plan = planOf(planned);

    const ran = await cfs([...command, '--yes', '--json']);
    const after = snapshot(repo);
    const changes = differences(before, after);
    const may = new Set(question.contract_may_also_remove?.map((path) => `-${path}`));
    const must = (question.contract_removed ?? question.real.removed).map((path) => `-${path}`);
    expect(changes.filter((line) => !may.has(line) || must.includes(line))).toEqual([...must].sort());
    const objects = plan.objects.names.map((object) => `objects/${object.slice(0, 2)}/${object.slice(2)}`);
    const announced = [...plan.items.map((item) => item.path.join('/')), ...objects].map((path) => `-${path}`);
    expect(changes).toEqual(announced.sort());

    const refuses = question.contract_removed?.length === 0;
    expect(refuses ? [0, 3, 4] : [0, 4]).toContain(ran.exit);
    expect(ran.exit).toBe(planned.exit);
    if (ran.exit !== 3) {
      const receipt = receiptOf(ran);
      expect(receipt.removed).toHaveLength(plan.items.length);
      expect(receipt.objects.hash).toBe(plan.objects.hash);
      expect(receipt.skipped).toEqual([]);
      expect(receipt.proof?.missing ?? 0).toBe(0);
    }

    await cfs([...command, '--yes', '--json']);
    expect(differences(after, snapshot(repo), { traces: true })).toEqual([]);
  });
});

describe('a link that was replaced', () => {
  it('is not followed', async ({ expect }) => {
    using unpacked = fixture('repos', 'sha512-v1');
    const repo = join(unpacked.path, 'repo');
    const elsewhere = join(unpacked.path, 'elsewhere');
    cpSync(join(repo, 'objects'), elsewhere, { recursive: true });
    rmSync(join(repo, 'objects'), { recursive: true });
    symlinkSync('../elsewhere', join(repo, 'objects'));
    const before = snapshot(unpacked.path);
    const { exit } = await cfs(['repo', 'gc', '--repo', repo, '--yes']);
    expect(exit).not.toBe(0);
    expect(differences(before, snapshot(unpacked.path), { traces: true })).toEqual([]);
  });
});
