/** Which phase of a run each operation of its log belongs to, told by the path alone: the executor is not asked. */
import type { World } from '../../test-images/model/index.ts';

export const phases = [
  'intent',
  'entries',
  'artifacts',
  'states',
  'tags',
  'links',
  'objects',
  'leftovers',
  'receipt',
] as const;
export type PhaseName = (typeof phases)[number];

/** Notes the path of every call from now on; afterwards `phaseAt(cut)` is the phase that the cut falls into. */
export function watch(world: World): (cut: number) => PhaseName {
  const paths: string[] = [];
  // The last call before an operation is written down is the operation's own.
  world.fault = ({ path, syscall }) => void (paths[world.log.length] = `${syscall} ${path}`);
  let names: PhaseName[] | undefined;
  return (cut) => {
    names ??= phasesOf(paths.slice(0, world.log.length));
    return names[Math.max(0, cut - 1)] ?? 'receipt';
  };
}

const barriers = /^(syncfs|fsync|ioctl) /;
const rules: readonly (readonly [RegExp, PhaseName])[] = [
  [/ sysroot\/state\/cfs\/receipts/, 'receipt'],
  [/ sysroot\/state\/deploy\//, 'states'],
  // Records are written by a rename; what else goes from the trash has had its time.
  [/^(openat|mkdirat|renameat2) sysroot\/state\/cfs\/trash(\/[^/]*)?$/, 'states'],
  [/ sysroot\/state\/cfs\/trash/, 'leftovers'],
  [/ sysroot\/composefs\/(images|streams)\/refs\//, 'tags'],
  [/ sysroot\/composefs\/.*\/\.(symlink-|tmp-object-)/, 'leftovers'],
  [/ sysroot\/composefs\/objects\/\.tmp-object-/, 'leftovers'],
  [/ sysroot\/composefs\/(images|streams)\//, 'links'],
  [/ sysroot\/composefs\/objects\//, 'objects'],
  [/ (esp|boot)\/(loader\/entries|grub2)/i, 'entries'],
  [/ (esp|boot)\//, 'artifacts'],
];

function phasesOf(calls: readonly string[]): PhaseName[] {
  const names: PhaseName[] = [];
  let begun = false;
  for (const call of calls) {
    const found = rules.find(([pattern]) => pattern.test(call))?.[1];
    const barrier = barriers.test(call);
    begun ||= !barrier && found !== undefined;
    // What is left are the records, before everything else and after it.
    const name = barrier ? (names.at(-1) ?? 'intent') : (found ?? (begun ? 'leftovers' : 'intent'));
    names.push(name);
  }
  return names;
}
