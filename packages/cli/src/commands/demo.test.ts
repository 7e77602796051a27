import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('cfs-demo-'));

it('shows the main job within ten seconds, and leaves nothing behind', async () => {
  const before = leftovers();
  const { exit, stdout, stderr } = await cfs(['demo'], { timeout: 10_000 });
  expect([exit, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/cfs status\n[^]*11 dead deployments[^]*cfs gc --yes\n[^]*nothing is missing/);
  expect(stdout).toMatch(
    /cfs plan\n[^]*named by no boot entry[^]*nothing is missing[^]*cfs gc --yes\n[^]*Nothing to do/,
  );
  expect(leftovers()).toEqual(before);
});
