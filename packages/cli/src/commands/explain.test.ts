import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cfs } from '../../../../test-images/system-tests/cfs.ts';
import { Machine, planOf } from '../../../../test-images/system-tests/machine.ts';
import { explanationSchema } from '../schema.ts';

async function explain(machine: Machine, thing: string, ...flags: string[]) {
  const { stdout, text } = await cfs([...machine.places(), 'explain', thing, '--json', ...flags]);
  expect(stdout, text).not.toBe('');
  return explanationSchema.parse(JSON.parse(stdout));
}

describe('cfs explain', () => {
  it.each<[string, string, string, RegExp]>([
    ['booted', 'deployment', 'lives', /it is running/],
    ['rollback', 'deployment', 'lives', /is named by esp\/loader\/entries\//],
    ['0efb0ad6c7a8', 'deployment', 'goes', /rotated out/],
    ['esp/loader/entries/bootc_fedora-44.20260313.0-1.conf', 'entry', 'lives', /is running/],
    ['bootc_fedora-44.20260312.0-0.conf', 'entry', 'lives', /is named by/],
    ['esp/loader/loader.conf', 'other', 'stays', /cfs does not know it/],
    ['sysroot/state/deploy/0efb0ad6c7a8…', 'state', 'goes', /moves to the trash/],
    ['esp/EFI/Linux/bootc_composefs-2b907c6e31fa…', 'artifact', 'lives', /it is started by esp\/loader\/entries\//],
    ['esp/EFI/Linux/bootc_composefs-a1fdcb0f6094…/vmlinuz', 'artifact', 'goes', /no boot entry names/],
    [
      'oci-manifest-sha256:f25dac8fd4413b1536f019b5ceb6f9a1049a177ddab0a82ab7da5019b9d1d268',
      'stream',
      'lives',
      /names streams/,
    ],
    [
      'localhost/bootc-sha256:3bd5215288e999b14aa77a56eff83541107521d89cf954ba985fa8419d5112ec',
      'ref',
      'goes',
      /is dead/,
    ],
    [
      `objects/00/${'0'.repeat(126)}`,
      'object',
      'missing',
      /no image and no stream refers to it if a run removed it, no receipt says so/,
    ],
  ])('tells of %s: %s, %s', async (thing, what, verdict, words) => {
    using machine = new Machine('b1-twelve-updates');
    const explanation = await explain(machine, thing);
    expect(explanation).toMatchObject({ what, verdict });
    expect(explanation.story.join(' ')).toMatch(words);
  });

  it('says of each object what the plan says, and which deployments use it', async () => {
    using machine = new Machine('interrupted-delete');
    const plan = planOf(await machine.plan());
    const dead = new Set<string>(plan.objects.names);
    const objects = join(machine.path, 'sysroot/composefs/objects');
    const all = readdirSync(objects).flatMap((prefix) =>
      readdirSync(join(objects, prefix)).map((rest) => `${prefix}${rest}`),
    );
    const verdicts = new Map(plan.deployments.map(({ id, verdict }) => [id, verdict]));
    for (const object of all.filter((_, index) => index % 5 === 0)) {
      const { verdict, deployments } = await explain(machine, `objects/${object.slice(0, 2)}/${object.slice(2)}`);
      expect(verdict).toBe(dead.has(object) ? 'goes' : 'lives');
      for (const { id, verdict: own } of deployments) expect(verdicts.get(id)).toBe(own);
      expect(deployments.some(({ verdict: own }) => own === 'lives')).toBe(verdict === 'lives');
    }
  });

  it('does not promise what a refusal or a doubt forbids', async () => {
    using refused = new Machine('b3-booted-entry-lost');
    const { deployments } = planOf(await refused.plan());
    const dead = deployments.find(({ verdict }) => verdict === 'dead')!;
    expect(await explain(refused, dead.id)).toMatchObject({ verdict: 'stays' });
    using holed = new Machine('hole-below-rollback');
    const other = planOf(await holed.plan()).deployments.find(({ verdict }) => verdict === 'dead')!;
    const image = await explain(holed, `images/${other.id}`);
    expect(image.verdict).toBe('stays');
    expect(image.story.at(-1)).toMatch(/in doubt/);
  });

  it('takes real paths, and refuses what is unknown or ambiguous', async () => {
    using machine = new Machine('b1-twelve-updates');
    const path = machine.at('esp/loader/entries/bootc_fedora-44.20260313.0-1.conf');
    expect(await explain(machine, path)).toMatchObject({ what: 'entry', verdict: 'lives' });
    for (const thing of ['nothing', 'esp/nothing', 'ffffffffffffffff']) {
      const { exit, stderr } = await cfs([...machine.places(), 'explain', thing]);
      expect(exit).toBe(2);
      expect(stderr).toMatch(/nothing that cfs found here\n {2}help: /);
    }
  });
});
