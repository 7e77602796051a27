import { show } from '@cfs/planner';
import { deadNames } from '@cfs/repo';
import { describe, expect, it } from 'vitest';
import { story, type Story } from '../../../test-images/stories/index.ts';
import { Explainer, type Explanation } from './explain.ts';
import { find } from './find.ts';
import { onDisk } from './testing/planned.ts';

/** A is dead and tagged by somebody; B was being deleted when the power went; C runs. */
const told = story({ loader: 'systemd', kind: 'bls' })
  .install('A')
  .update('B', { kernel: 'same' })
  .update('C')
  .tag('quay.io/mine:1', 'A')
  .deleteCut('B', 'after-entry');
const idOf = (label: string) => told.id(label);
const release = (label: string) => told.deployment(label).release;
const manifest = (label: string) => `streams/oci-manifest-sha256:${release(label).manifest}`;
const object = (name: string) => `objects/${name.slice(0, 2)}/${name.slice(2)}`;
const entry = 'esp/loader/entries/bootc_fedora-44.20260303.0-1.conf';

type Choices = Parameters<typeof onDisk>[2];
const explain = (text: string, of: Story = told, choices: Choices = {}): Explanation =>
  onDisk(of, (system, planned) => new Explainer(system, planned).explain(find(system, planned, text)), choices);

const UNEXPLAINED = 'is named by no boot entry; nobody recorded its deletion and it did not rotate out';
const TAGGED = [
  "the ref streams/refs/oci/quay.io%2Fmine:1 is there, and it is not a dead deployment's",
  `it names ${manifest('A')}`,
];

describe('why it lives', () => {
  it('a deployment: by its holds, each of them', () => {
    expect(explain('booted')).toMatchObject({
      what: 'deployment',
      name: idOf('C'),
      verdict: 'lives',
      story: [
        'it is running',
        'it is named on the kernel command line',
        'it is mounted at /',
        `it is named by ${entry}`,
        `boot entry: ${entry}`,
        `boot files: esp/EFI/Linux/bootc_composefs-${idOf('C')}`,
        `container image: ${manifest('C')}`,
      ],
      deployments: [],
      notices: [],
    });
  });

  it.each<[string, string, string[]]>([
    ['a manifest, by its root', manifest('C'), [`deployment ${idOf('C')} is running`, `it names ${manifest('C')}`]],
    [
      'an image, by its root',
      `images/${idOf('C')}`,
      [`deployment ${idOf('C')} is running`, `it names images/${idOf('C')}`],
    ],
    [
      'a layer, link by link',
      `streams/${[...release('A').streams.keys()].at(2)}`,
      [...TAGGED, `${manifest('A')} refers to streams/${[...release('A').streams.keys()].at(2)}`],
    ],
    [
      'an object, down to itself',
      object(release('A').ownObject),
      [
        ...TAGGED,
        `${manifest('A')} refers to streams/${[...release('A').streams.keys()].at(-2)}`,
        `streams/${[...release('A').streams.keys()].at(-2)} refers to images/${release('A').plain}`,
        `images/${release('A').plain} refers to it`,
      ],
    ],
    [
      'a ref, because it is one',
      'quay.io/mine:1',
      [`it is no tag of a dead deployment, so it keeps ${manifest('A')} and everything below that`],
    ],
    ['an entry, by whose it is', entry, [`deployment ${idOf('C')} is running`]],
    [
      'a boot file, and who starts it',
      `esp/EFI/Linux/bootc_composefs-${idOf('C')}/initrd`,
      [`deployment ${idOf('C')} is running; it is started by ${entry}`],
    ],
    ['a state directory', `sysroot/state/deploy/${idOf('C')}/etc`, [`deployment ${idOf('C')} is running`]],
  ])('%s', (_, text, lines) => {
    expect(explain(text)).toMatchObject({ verdict: 'lives', story: lines });
  });
});

describe('how it died', () => {
  it.each<[string, string, string[]]>([
    ['a deployment', idOf('B'), [`it ${UNEXPLAINED}`, `container image: ${manifest('B')}`]],
    [
      'its image',
      `images/${idOf('B')}`,
      [
        `deployment ${idOf('B')}, which used it, ${UNEXPLAINED}`,
        `image of deployment ${idOf('B').slice(0, 12)}; nothing that stays needs it`,
      ],
    ],
    [
      'its tag',
      `localhost/bootc-sha256:${release('B').manifest}`,
      [`bootc's tag of deployment ${idOf('B').slice(0, 12)}, which is dead`],
    ],
    [
      'a boot file',
      `esp/EFI/Linux/bootc_composefs-${idOf('A')}/vmlinuz`,
      [`kernel and initrd of deployment ${idOf('A').slice(0, 12)}; no boot entry names the directory`],
    ],
  ])('%s goes', (_, text, lines) => {
    expect(explain(text)).toMatchObject({ verdict: 'goes', story: lines });
  });

  it('an object: by each that used it', () => {
    const { verdict, story: lines } = explain(object(release('B').ownObject));
    expect([verdict, lines[0]]).toEqual(['goes', `deployment ${idOf('B')}, which used it, ${UNEXPLAINED}`]);
    expect(lines.slice(1).sort()).toEqual(
      [`images/${idOf('B')}`, `images/${release('B').plain}`, ...release('B').streams.keys()]
        .filter((name) => name.startsWith('images/') || lines.some((line) => line.includes(name)))
        .map(
          (name) =>
            `${name.startsWith('images/') ? name : `streams/${name}`} used it, and is reached by nothing that stays`,
        )
        .sort(),
    );
    expect(lines).toHaveLength(4);
  });

  it('an object that nobody ever used has no such story', () => {
    onDisk(told, (system, planned) => {
      const { plan, survey } = planned;
      const unused = survey.table.dead.map((dead) => `${dead.prefix}${deadNames(dead)[0]}`);
      const stories = unused.map((name) => new Explainer(system, planned).explain(find(system, planned, object(name))));
      expect(plan.objects.count).toBeGreaterThan(0);
      expect(stories.every(({ verdict }) => verdict === 'goes')).toBe(true);
      expect(stories.map(({ story: lines }) => lines)).toContainEqual(['no image and no stream refers to it']);
    });
  });
});

describe('what stays without living', () => {
  it('is held, with its deadline', () => {
    const { verdict, story: lines } = explain(idOf('B'), told, { holdUnexplained: 7 * 86_400_000 });
    expect(verdict).toBe('stays');
    expect(lines).toEqual(
      expect.arrayContaining([
        'it left the boot menu, and nobody knows why',
        expect.stringMatching(/^it is held until 2026-03-.* UTC, or until the next update by bootc$/),
      ]),
    );
  });

  it('is nothing of ours', () => {
    expect(explain('esp/loader/loader.conf')).toMatchObject({
      what: 'other',
      verdict: 'stays',
      story: ['cfs does not know it, and deletes nothing that it does not know'],
    });
  });

  it('is in doubt: an object below damage', () => {
    const damaged = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
    const own = damaged.deployment('A').release.ownObject;
    damaged.damage('B', 'missing-object');
    expect(explain(object(own), damaged).story.at(-1)).toMatch(
      /^nothing that stays names it, and still it is not removed now/,
    );
    const missing = damaged.deployment('B').release.ownObject;
    const { verdict, deployments } = explain(object(missing), damaged);
    expect([verdict, deployments]).toEqual(['missing', [{ id: damaged.id('B'), verdict: 'lives' }]]);
    expect(explain(missing, damaged)).toEqual(explain(object(missing), damaged));
    expect(explain(damaged.id('B'), damaged).notices.map(({ code }) => code)).toEqual(['missing-object']);
  });

  it('is what would go, but for a refusal, which is told', () => {
    const lost = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');
    lost.and((system) => system.remove('esp', 'loader/entries'));
    for (const text of [lost.id('A'), `sysroot/state/deploy/${lost.id('A')}`, `images/${lost.id('A')}`]) {
      const { verdict, notices } = explain(text, lost);
      expect([verdict, ...notices.map(({ code }) => code)]).toEqual(['stays', 'no-entries', 'no-bootable-entry']);
    }
    expect(explain('esp/loader/loader.conf', lost).notices).toEqual([]);
  });
});

it('tells who uses it, the dead too', () => {
  const shared = [...release('A').streams.keys()][0] ?? '';
  const users = explain(`streams/${shared}`).deployments.map(({ id, verdict }) => `${id} ${verdict}`);
  expect(users.sort()).toEqual([`${idOf('A')} dead`, `${idOf('B')} dead`, `${idOf('C')} lives`].sort());
});

it('says of every item of a plan that it goes', () => {
  onDisk(told, (system, planned) => {
    const explainer = new Explainer(system, planned);
    const verdicts = planned.plan.items.map((item) => explainer.explain(find(system, planned, show(item))).verdict);
    expect(new Set(verdicts)).toEqual(new Set(['goes']));
  });
});
