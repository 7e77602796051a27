import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { show } from '@cfs/planner';
import { describe, expect, it } from 'vitest';
import { story } from '../../../test-images/stories/index.ts';
import { EXIT } from './failure.ts';
import { find, type Thing } from './find.ts';
import { onDisk } from './testing/planned.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C').tag('quay.io/mine%:1', 'A');
const [A, B, C] = ['A', 'B', 'C'].map((label) => told.id(label)) as [string, string, string];
const { manifest, plain, ownObject, streams } = told.deployment('A').release;
const layer = [...streams.keys()].find((name) => name.startsWith('oci-layer-'))!;
const kernel = `EFI/Linux/bootc_composefs-${A}`;
const entry = 'loader/entries/bootc_fedora-44.20260303.0-1.conf';
const tag = 'streams/refs/oci/quay.io%2Fmine%25:1';
const object = (name: string) => `objects/${name.slice(0, 2)}/${name.slice(2)}`;
const short = (path: string) => path.replaceAll(/([0-9a-f]{12})[0-9a-f]{20,}/g, '$1…');

/** Kind and name, as one line. */
function line(thing: Thing): string {
  if (thing.kind === 'deployment') return `deployment ${thing.deployment.id}`;
  if (thing.kind === 'object') return `object ${thing.digest}`;
  if (thing.kind === 'ref') return `ref ${show(thing.ref)}`;
  if (thing.kind === 'gone') return `gone ${thing.name}`;
  return `${thing.kind} ${show('link' in thing ? thing.link : thing.at)}`;
}
const found = (text: string) => onDisk(told, (system, planned) => line(find(system, planned, text)));

describe('what a person means', () => {
  it.each([
    ['by a role', 'booted', `deployment ${C}`],
    ['by a role', 'rollback', `deployment ${B}`],
    ['by a digest', A, `deployment ${A}`],
    ['by its first digits, in capitals', A.slice(0, 8).toUpperCase(), `deployment ${A}`],
    ['by what was printed of it', `${A.slice(0, 12)}…`, `deployment ${A}`],
    ['by the digest of an image alone', plain, `image sysroot/composefs/images/${plain}`],
    ['by the digest of an object alone', ownObject, `object ${ownObject}`],
    ['by a path in the repository', `images/${A}`, `image sysroot/composefs/images/${A}`],
    ['by a path in the repository', `streams/${layer}`, `stream sysroot/composefs/streams/${layer}`],
    ['by a path in the repository', object(ownObject), `object ${ownObject}`],
    ['by a path in the repository', tag, `ref sysroot/composefs/${tag}`],
    ['by the path of a place', `esp/${entry}`, `entry esp/${entry}`],
    ['by the path of a place', `esp/${kernel}`, `artifact esp/${kernel}`],
    ['by the path of a place', `esp/${kernel}/vmlinuz`, `artifact esp/${kernel}/vmlinuz`],
    ['by the path of a place', `sysroot/state/deploy/${A}`, `state sysroot/state/deploy/${A}`],
    ['by a part of it', `sysroot/state/deploy/${A}/etc/hostname`, `state sysroot/state/deploy/${A}/etc/hostname`],
    ['as the plan prints it', short(`esp/${kernel}/vmlinuz`), `artifact esp/${kernel}/vmlinuz`],
    ['as the plan prints it', short(`sysroot/composefs/images/${A}`), `image sysroot/composefs/images/${A}`],
    ['by a tag', 'quay.io/mine%:1', `ref sysroot/composefs/${tag}`],
    ['by the name of a ref', 'oci/quay.io%2Fmine%25:1', `ref sysroot/composefs/${tag}`],
    ['by the name of a stream', layer, `stream sysroot/composefs/streams/${layer}`],
    ['by the digest in it', `sha256:${manifest}`, `stream sysroot/composefs/streams/oci-manifest-sha256:${manifest}`],
    ['by the name of an entry', 'bootc_fedora-44.20260303.0-1.conf', `entry esp/${entry}`],
    ['by what nobody knows', 'esp/loader/loader.conf', 'other esp/loader/loader.conf'],
    ['by a path with slashes to spare', 'esp//loader/loader.conf/', 'other esp/loader/loader.conf'],
    ['by an object that is missing', object('0'.repeat(128)), `object ${'0'.repeat(128)}`],
    ['by its digest alone', 'F'.repeat(128), `object ${'f'.repeat(128)}`],
  ])('is found %s: %s', (_, text, thing) => expect(found(text)).toBe(thing));

  it('is found by its real path, whichever place that lies in', () => {
    onDisk(told, (system, planned, path) => {
      const of = (name: string) => line(find(system, planned, join(path, name)));
      expect(of(`esp/${entry}`)).toBe(`entry esp/${entry}`);
      expect(of(`sysroot/composefs/images/${A}`)).toBe(`image sysroot/composefs/images/${A}`);
      expect(() => of('elsewhere')).toThrow('is nothing that cfs found here');
    });
  });

  it.each([
    '',
    'nothing',
    'esp/nothing',
    'images/nothing',
    'objects/xy',
    'ffffffffffff',
    'f'.repeat(64),
    A.slice(0, 3),
    'staged',
    '/',
  ])('is nothing for %j, which is a usage error with help', (text) => {
    const code = { code: 'unknown-thing', exit: EXIT.usage, message: `${text} is nothing that cfs found here` };
    const hint = expect.stringContaining('give a path') as string;
    expect(() => found(text)).toThrow(expect.objectContaining({ ...code, hint }));
  });

  it('must be one thing', () => {
    onDisk(told, (system, planned, path) => {
      const names = ['ffff0', 'ffff1'].map((name) => name.padEnd(128, '0'));
      mkdirSync(join(path, 'sysroot/composefs/objects/ff'), { recursive: true });
      for (const name of names) writeFileSync(join(path, 'sysroot/composefs', object(name)), '');
      const failure = { code: 'ambiguous', exit: EXIT.usage, hint: 'give more digits' };
      const message = 'ffff are the first digits of 2 digests';
      expect(() => find(system, planned, 'ffff')).toThrow(expect.objectContaining({ ...failure, message }));
      expect(line(find(system, planned, 'ffff0'))).toBe(`object ${names[0]}`);
    });
  });
});

it('tells what it knows of what is found', () => {
  onDisk(told, (system, planned) => {
    const artifact = find(system, planned, `esp/${kernel}/vmlinuz`);
    expect(artifact).toMatchObject({ digests: [A], facts: [], whole: { place: 'esp', path: kernel.split('/') } });
    const living = find(system, planned, `esp/EFI/Linux/bootc_composefs-${C}`);
    expect(living).toMatchObject({ facts: [`esp/${entry} names it`] });
    expect(find(system, planned, `esp/${entry}`)).toMatchObject({ digests: [C] });
    expect(find(system, planned, `sysroot/state/deploy/${A}`)).toMatchObject({ digests: [A], facts: [] });
  });
});
