/** What is tried on machines: each a story, what is done in the guest, and what has to come of it. */
import { neighbours, story, type Story } from '../stories/index.ts';
import { stagedRecord } from '../stories/texts.ts';
import { content } from './content.ts';
import { joinEntries, type Sizes } from './disk.ts';

export interface Scenario {
  readonly name: string;
  /** One line, for people. */
  readonly about: string;
  readonly tell: () => Story;
  readonly sizes?: Sizes;
  /** Shell, in a start of its own before the one that counts. */
  readonly prepare?: string;
  /** What a cut has left on the disk after that; fsck is not asked about its ESP then. */
  readonly damage?: (disk: string, sizes: Sizes) => void;
  /** Shell, in the start that counts, before the command. */
  readonly around?: (story: Story) => string;
  /** Past firmware and boot loader, for what these could not start any more. */
  readonly direct?: boolean;
  /** Words after `cfs`; `gc --yes --json` unless given. */
  readonly command?: string;
  readonly exit?: number;
  /** Something that the command says. */
  readonly says?: RegExp;
  /** Shell, between the command and the run after it. */
  readonly then?: string;
  /** How often the run is killed, at random moments; then nothing else is done with it. */
  readonly kills?: number;
  /** Labels of the deployments that are gone at the end; all others are whole. */
  readonly gone: readonly string[];
  /** Of these, those that the menu offers at the start. */
  readonly dying?: readonly string[];
}

export const SIZES: Sizes = { esp: 48, root: 16 };
const ESP = 'mkdir -p /tmp/esp && mount -t vfat /dev/vda1 /tmp/esp';
const END = 'umount /tmp/esp';
const WRITABLE = 'mount -o remount,bind,rw /sysroot';

const bls = (): Story => story({ loader: 'systemd', kind: 'bls', content: content() });

/** Two are offered; the first one lost its entry when its deletion was cut off. */
const interrupted = (): Story =>
  bls().install('A').update('B').update('C', { kernel: 'same' }).deleteCut('A', 'after-entry');

function history(): Story {
  const told = bls().install('V1');
  for (let version = 2; version <= 12; version++)
    told.update(`V${version}`, { version: `44.${version}`, kernel: version % 6 === 0 ? 'new' : 'same' });
  return told;
}

/** What of this history is offered no more. */
const OLD = Array.from({ length: 10 }, (_, index) => `V${index + 1}`);

/** As a soft reboot into it is prepared. */
function nextRoot(told: Story): string {
  const id = told.id('A');
  const lower = '/run/next::/sysroot/composefs/objects';
  return `
mkdir -p /run/next /run/nextroot
mount -t erofs -o ro,loop /sysroot/composefs/images/${id} /run/next
mount -t overlay -o ro,metacopy=on,redirect_dir=on,verity=require,lowerdir=${lower} composefs:${id} /run/nextroot`;
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'main',
    about: 'a delete that was cut off after the boot entry is finished',
    tell: interrupted,
    gone: ['A'],
  },
  {
    name: 'uki',
    about: 'the same where unified kernel images boot',
    tell: () =>
      story({ loader: 'grub-cc', kind: 'uki', content: content() })
        .install('A')
        .update('B')
        .update('C')
        .deleteCut('A', 'after-entry'),
    gone: ['A'],
  },
  {
    name: 'grub',
    about: 'the same where GRUB starts unified kernel images by its menu, and the rollback goes too',
    tell: () =>
      story({ loader: 'grub', kind: 'grub-uki', content: content() })
        .install('A')
        .update('B')
        .update('C')
        .deleteCut('A', 'after-entry'),
    command: 'delete rollback --yes --json',
    gone: ['A', 'B'],
    dying: ['B'],
  },
  {
    name: 'kills',
    about: 'killed at random moments, and run again: the same tree as undisturbed',
    tell: history,
    kills: 50,
    gone: OLD,
  },
  {
    name: 'history',
    about: 'after twelve updates only the two that are offered are left',
    tell: history,
    gone: OLD,
  },
  {
    name: 'delete-rollback',
    about: 'the rollback is given up, and the machine starts again',
    tell: () => bls().install('A').update('B'),
    command: 'delete rollback --yes --json',
    gone: ['A'],
    dying: ['A'],
  },
  {
    name: 'esp-full',
    about: 'no byte is free on the ESP',
    tell: interrupted,
    prepare: `${ESP}; cat /dev/zero >/tmp/esp/filler; ${END}`,
    gone: ['A'],
  },
  {
    name: 'disk-full',
    about: 'no byte is free on the root',
    tell: interrupted,
    prepare: `${WRITABLE}; cat /dev/zero >/sysroot/filler; sync`,
    gone: ['A'],
  },
  {
    name: 'staged',
    about: 'an update waits for the shutdown: it and its boot files stay',
    tell: () => interrupted().stage('D'),
    around: (told) =>
      `mkdir -p /run/composefs; printf '${stagedRecord(told.id('D'))}' >/run/composefs/staged-deployment`,
    gone: ['A'],
  },
  {
    name: 'soft-reboot',
    about: 'what a soft reboot is prepared for stays, though no entry names it',
    tell: () => bls().install('A').update('B').update('C').update('D', { kernel: 'same' }).prepareSoftReboot('A'),
    around: nextRoot,
    gone: ['B'],
  },
  {
    name: 'tampered',
    about: 'somebody took the booted entry from the ESP: refused',
    tell: interrupted,
    prepare: `${ESP}; rm /tmp/esp/loader/entries/bootc_fedora-44.20260303.0-1.conf; ${END}`,
    direct: true,
    exit: 3,
    gone: [],
  },
  {
    name: 'one-directory',
    about: 'a cut has left the menu under the name of the staged set, too: nothing in it goes',
    tell: interrupted,
    prepare: `${ESP}; mkdir /tmp/esp/loader/entries.staged; ${END}`,
    damage: joinEntries,
    exit: 4,
    says: /may be the menu under another name/,
    gone: ['A'],
  },
  {
    name: 'two-systems',
    about: 'another bootc system on the same ESP keeps all that is its own',
    tell: () => interrupted().and(neighbours.anotherBootcSystem).and(neighbours.windows),
    gone: ['A'],
  },
  {
    name: 'esp-read-only',
    about: 'the ESP is mounted read-only: refused until it no longer is',
    tell: interrupted,
    around: () => 'mkdir -p /run/esp && mount -t vfat -o ro /dev/vda1 /run/esp',
    exit: 3,
    says: /read-only/,
    then: 'umount /run/esp',
    gone: ['A'],
  },
  {
    name: 'locked',
    about: 'somebody holds the lock: he is named, and when he has ended the run does its work',
    tell: interrupted,
    around: () => '(exec 9</sysroot/composefs && flock -s 9 && exec sleep 600) & holder=$!; sleep 1',
    exit: 1,
    says: /holds the lock/,
    then: 'kill $holder',
    gone: ['A'],
  },
];
