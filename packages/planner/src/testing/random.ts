/** Random machines: a life of updates, with anything lost, torn, forged or left over in between. */
import fc from 'fast-check';
import { show } from '../show.ts';
import { inventory, NOW, partition, HOUR, type Machine, type Part } from './inventory.ts';
import { V } from './names.ts';

/** One thing that happened, as data: so that fast-check can leave it out, and print it. */
export type Event = readonly [what: keyof typeof EVENTS, name: string, other: string, n: number];
export interface Life {
  readonly events: readonly Event[];
  readonly grub: boolean;
}

const NAMES = ['A', 'B', 'C', 'D', 'E'];
const PARTS: readonly Part[] = ['entry', 'artifact', 'state', 'origin', 'image', 'manifest', 'tag'];
const has = (machine: Machine, name: string): boolean =>
  machine.draft.states.some((state) => state.digest === V(name)) ||
  machine.draft.repository.images.some((link) => link.name === V(name));

const EVENTS = {
  update: (m: Machine, name: string, other: string, n: number) =>
    has(m, name)
      ? m
      : m.update(name, n % 3 === 0 ? { uki: true } : n % 3 === 1 && has(m, other) ? { kernel: other } : {}),
  twins: (m: Machine, name: string) => (has(m, name) ? m : m.update(name, { formats: [`${name}2`] })),
  boot: (m: Machine, name: string) => (has(m, name) ? m.boot(name) : m),
  'soft reboot': (m: Machine, name: string, other: string) =>
    has(m, name) && has(m, other) ? m.boot(name).edit((draft) => (draft.running.digests = [V(other)])) : m,
  rescue: (m: Machine) =>
    m.edit((draft) => (draft.running = { ...draft.running, digests: [], rootMount: undefined, mounts: [] })),
  stage: (m: Machine, name: string) => (has(m, name) || m.boot_().stagedSets.length > 0 ? m : m.stage(name)),
  'lose the record': (m: Machine, _name: string, _other: string, n: number) =>
    m.edit((draft) => (draft.staged = n % 2 ? { kind: 'absent' } : { kind: 'unreadable', message: 'EIO' })),
  lose: (m: Machine, name: string, _other: string, n: number) => m.lose(name, PARTS[n % PARTS.length]!),
  mount: (m: Machine, name: string, _other: string, n: number) =>
    m.edit((d) =>
      d.running.mounts.push(n % 4 ? { where: '/mnt', digest: V(name) } : { where: '/mnt', unknown: 'composefs' }),
    ),
  pin: (m: Machine, name: string) => m.edit((draft) => draft.ledger.pins.push(V(name))),
  intend: (m: Machine, name: string, _other: string, n: number) =>
    m.edit(({ ledger }) => {
      const [inode, born] = n % 3 ? [`inode of ${name}`, 1] : [undefined, undefined];
      ledger.intents.push({ digest: V(name), why: n % 2 ? 'delete' : 'keep', made: n, inode, born });
    }),
  forge: (m: Machine, name: string, other: string, n: number) =>
    m.entry(`bootc_forged-${name}${other}${n}-0.conf`, { boots: n % 5 ? name : [name, other], kernel: other }),
  foreign: (m: Machine, name: string, other: string, n: number) =>
    m.entry(`other-${name}${n}.conf`, { boots: n % 2 ? name : 'X', kernel: other, root: 'UUID=other' }),
  'forge a staged entry': (m: Machine, name: string, other: string) =>
    m.entry(`bootc_late-${name}${other}-0.conf`, { boots: name, kernel: other, source: 'entries.staged' }),
  tear: (m: Machine, name: string, _other: string, n: number) =>
    m.torn(`bootc_torn-${name}${n}-0.conf`, { source: n % 3 ? 'entries' : 'entries.staged' }),
  'leave a kernel': (m: Machine, _name: string, _other: string, n: number) =>
    m.artifact('kernel', `G${n}`, n % 2 ? {} : { complete: false, files: [] }),
  'leave a UKI': (m: Machine, _name: string, _other: string, n: number) => m.artifact('uki', `U${n}`),
  'leave addons': (m: Machine, name: string, _other: string, n: number) =>
    m.artifact('addons', name, n % 2 ? {} : { strays: ['x'] }),
  'write a temporary': (m: Machine, name: string, _other: string, n: number) =>
    m.edit(() => {
      const path = ['EFI', 'Linux', `bootc_composefs-${V(name)}`, `tmp${n}`];
      m.boot_().temporaries.push({ place: 'esp', path, bytes: 1, modified: n * 3 * HOUR * 24 * 50 });
    }),
  tag: (m: Machine, name: string) =>
    m.ref('stream', `oci/mine-${name}`, m.draft.repository.refs.find((ref) => ref.name.includes('bootc'))?.target),
  'break a ref': (m: Machine, name: string, _other: string, n: number) =>
    m.ref('image', `odd/${name}${n}`, n % 2 ? undefined : V(name)),
  mirror: (m: Machine, name: string) =>
    m.draft.boots.some((boot) => boot.place === 'esp2') || !has(m, name)
      ? m
      : m
          .edit((draft) => draft.boots.push(partition('esp2')))
          .entry(`bootc_os-${name}-0.conf`, { boots: name, kernel: name, place: 'esp2' })
          .artifact('kernel', name, { place: 'esp2' }),
  trash: (m: Machine, name: string, _other: string, n: number) =>
    m.edit(({ ledger }) => {
      const rest = { moved: 0, present: n % 4 > 0, recorded: true, bytes: 1 };
      ledger.trash.push({ name: `${V(name)}.${n}`, digest: V(name), deadline: NOW + (n - 10) * HOUR, ...rest });
    }),
};

const event: fc.Arbitrary<Event> = fc.tuple(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Event[0]>('update', 'boot', 'lose') },
    { weight: 2, arbitrary: fc.constantFrom(...(Object.keys(EVENTS) as Event[0][])) },
  ),
  fc.constantFrom(...NAMES),
  fc.constantFrom(...NAMES),
  fc.nat(20),
);

export const life: fc.Arbitrary<Life> = fc.record({
  events: fc.array(event, { maxLength: 14, size: 'max' }),
  grub: fc.boolean(),
});

export function live({ events, grub }: Life): Machine {
  const machine = inventory().install('A');
  for (const [what, name, other, n] of events) EVENTS[what](machine, name, other, n);
  return machine.edit((draft) => {
    draft.loader = grub ? 'grub' : 'systemd';
    // The same file twice is no state of a disk.
    for (const boot of draft.boots) {
      boot.entries = once(boot.entries, show);
      boot.artifacts = once(boot.artifacts, show);
      boot.temporaries = once(boot.temporaries, show);
    }
    draft.repository.refs = once(draft.repository.refs, show);
    draft.ledger.intents = once(draft.ledger.intents, (intent) => intent.digest);
    draft.ledger.trash = once(draft.ledger.trash, (trash) => trash.name);
  });
}

/** The last of those with the same key. */
function once<T>(list: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(list.map((item) => [key(item), item])).values()];
}
