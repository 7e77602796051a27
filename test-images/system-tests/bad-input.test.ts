/** What an administrator meets on a bad day: each time a clear word, the right exit code, and nothing lost that lives. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'vitest';
import { check } from '../checker/index.ts';
import { loopingImage, streamClaiming } from './craft.ts';
import { Machine } from './machine.ts';
import { differences } from './snapshot.ts';
import { hasStrace } from './strace.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env['CI'] === 'true') throw new Error('these tests need root');

const ENTRIES = 'esp/loader/entries';
const LIVE =
  'ca8295d7daf92fb53887f1e47b893d24c0f8a4ecd24e467d2788d361dd9d6135323ebbc16f27c37aec977d6de65c3f8a9c64d75ef2f529bfa50b489c8f946d4d';
const DEAD =
  '6aedc829435aa50963957d88cd3af3b9612edc3d61d9818e5e9557060e916e5056e5d2b0774e71f5f0d9d4074ae0ed4dedb7fb68057054a320a3cc6a08b74f3e';

function objectPath(machine: Machine, link: string): string {
  return machine.at('sysroot/composefs', readlinkSync(machine.at('sysroot/composefs', link)).replace('../', ''));
}

/** A file where a directory belongs. */
function flatten(machine: Machine, path: string): void {
  rmSync(machine.at(path), { recursive: true, force: true });
  writeFileSync(machine.at(path), 'no directory\n');
}

function change(path: string, edit: (bytes: Buffer) => Buffer): void {
  chmodSync(path, 0o644);
  writeFileSync(path, edit(readFileSync(path)));
}

/** The kernel answers EIO to one kind of call at one path. */
function broken(path: string, call: string): string[] {
  return [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-P',
    path,
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:error=EIO`,
  ];
}

/** In a mount namespace of its own. */
function mounted(script: string): string[] {
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', `${script}; exec "$@"`, 'sh'];
}

const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

interface Case {
  readonly name: string;
  readonly prepare?: (machine: Machine) => void;
  readonly flags?: readonly string[];
  readonly through?: (machine: Machine) => readonly string[];
  readonly exit: readonly number[];
  readonly says: RegExp;
  /** Nothing at all may change; else whatever lives must be whole. */
  readonly untouched?: boolean;
  /** Paths that must be gone, or still be there. */
  readonly gone?: readonly string[];
  readonly kept?: readonly string[];
  readonly needs?: boolean;
}

const cases: readonly Case[] = [
  {
    name: 'loader/entries is a file',
    prepare: (machine) => flatten(machine, ENTRIES),
    exit: [3],
    says: /esp\/loader\/entries[^]*help: .*fsck/,
    untouched: true,
  },
  {
    name: 'EFI/Linux is a file',
    prepare: (machine) => flatten(machine, 'esp/EFI/Linux'),
    exit: [3],
    says: /esp\/EFI\/Linux[^]*help: /,
    untouched: true,
  },
  {
    name: 'loader/entries cannot be read',
    through: (machine) => broken(machine.at(ENTRIES), 'getdents64'),
    exit: [3],
    says: /esp\/loader\/entries[^]*EIO[^]*help: .*fsck/,
    untouched: true,
    needs: hasStrace,
  },
  {
    name: 'images is a file',
    prepare: (machine) => flatten(machine, 'sysroot/composefs/images'),
    exit: [3],
    says: /image of the running deployment[^]*help: /,
    untouched: true,
  },
  {
    name: 'images cannot be read',
    through: (machine) => broken(machine.at('sysroot/composefs/images'), 'getdents64'),
    exit: [3],
    says: /composefs\/images/,
    untouched: true,
    needs: hasStrace,
  },
  {
    name: 'streams is a file',
    prepare: (machine) => flatten(machine, 'sysroot/composefs/streams'),
    exit: [3, 4],
    says: /composefs\/streams/,
    kept: [`sysroot/composefs/images/${DEAD}`],
  },
  {
    name: 'streams/refs cannot be read',
    through: (machine) => broken(machine.at('sysroot/composefs/streams/refs/oci'), 'getdents64'),
    exit: [4],
    says: /composefs\/streams\/refs\/oci/,
    kept: [`sysroot/composefs/images/${DEAD}`, `sysroot/composefs/objects/6a/${DEAD.slice(2)}`],
    gone: [`esp/EFI/Linux/bootc_composefs-${DEAD}`],
    needs: hasStrace,
  },
  {
    name: 'an object directory that lives is a file',
    prepare: (machine) => flatten(machine, `sysroot/composefs/objects/${LIVE.slice(0, 2)}`),
    exit: [3, 4],
    says: new RegExp(`objects/${LIVE.slice(0, 2)}[^]*help: .*--accept-damage`),
    kept: [`sysroot/composefs/images/${DEAD}`],
  },
  {
    name: 'an object directory that is not needed is a file',
    prepare: (machine) => {
      const names = readdirSync(machine.at('sysroot/composefs/objects'));
      const free = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).find(
        (name) => !names.includes(name),
      )!;
      flatten(machine, `sysroot/composefs/objects/${free}`);
    },
    exit: [4],
    says: /objects\/[0-9a-f]{2}/,
    gone: [`sysroot/composefs/images/${DEAD}`],
  },
  {
    name: 'state/deploy is a file',
    prepare: (machine) => flatten(machine, 'sysroot/state/deploy'),
    exit: [3],
    says: /state\/deploy/,
    untouched: true,
  },
  {
    name: 'state/deploy cannot be read',
    through: (machine) => broken(machine.at('sysroot/state/deploy'), 'getdents64'),
    exit: [3],
    says: /state\/deploy[^]*EIO/,
    untouched: true,
    needs: hasStrace,
  },
  {
    name: 'our own pins cannot be read',
    prepare: (machine) => mkdirSync(machine.at('sysroot/state/cfs/pins', DEAD), { recursive: true }),
    through: (machine) => broken(machine.at('sysroot/state/cfs/pins'), 'getdents64'),
    exit: [3],
    says: /state\/cfs\/pins[^]*EIO[^]*help: /,
    untouched: true,
    kept: [
      `esp/EFI/Linux/bootc_composefs-${DEAD}/vmlinuz`,
      `sysroot/state/deploy/${DEAD}/etc`,
      `sysroot/composefs/images/${DEAD}`,
    ],
    needs: hasStrace,
  },
  {
    name: 'state/cfs is a file',
    prepare: (machine) => writeFileSync(machine.at('sysroot/state/cfs'), ''),
    exit: [3],
    says: /state\/cfs\/pins[^]*help: /,
    kept: [`sysroot/state/deploy/${DEAD}/etc`],
  },
  {
    name: 'an origin can be opened and not looked at',
    through: (machine) => broken(machine.at(`sysroot/state/deploy/${LIVE}/${LIVE}.origin`), 'statx'),
    exit: [4],
    says: /\.origin[^]*EIO/,
    gone: [`sysroot/composefs/images/${DEAD}`],
    needs: hasStrace,
  },
  {
    name: 'a tag cannot be removed',
    through: (machine) => broken(machine.at('sysroot/composefs/streams/refs/oci'), 'unlinkat'),
    exit: [4],
    says: /localhost%2Fbootc-sha256:308cd628669f[^]*EIO/,
    kept: [
      `sysroot/composefs/images/${DEAD}`,
      'sysroot/composefs/streams/oci-manifest-sha256:308cd628669fc708e199cd333dd8589fb63d9c9bf8db59cc6aca5b674264e0b4',
      `sysroot/composefs/objects/6a/${DEAD.slice(2)}`,
    ],
    gone: [`esp/EFI/Linux/bootc_composefs-${DEAD}`, `sysroot/state/deploy/${DEAD}`],
    needs: hasStrace,
  },
  {
    name: 'the record of what is staged cannot be read',
    prepare: (machine) => {
      mkdirSync(machine.at('run/composefs'), { recursive: true });
      writeFileSync(machine.at('run/composefs/staged-deployment'), '{"depl_id":');
    },
    exit: [4],
    says: /staged-deployment/,
    kept: [`sysroot/state/deploy/${DEAD}/etc`, `esp/EFI/Linux/bootc_composefs-${DEAD}/vmlinuz`],
  },
  {
    name: 'the mounts cannot be read',
    through: (machine) => broken(machine.at('proc/self/mountinfo'), 'read'),
    exit: [3, 4],
    says: /mountinfo[^]*EIO/,
    kept: [`sysroot/composefs/images/${DEAD}`],
    needs: hasStrace,
  },
  {
    name: 'an entry is binary garbage',
    prepare: (machine) =>
      writeFileSync(machine.at(ENTRIES, 'noise.conf'), Buffer.from('\0\x01\xff\xfe'.repeat(99), 'latin1')),
    exit: [4],
    says: /noise\.conf[^]*help: .*--accept-damage noise\.conf/,
    untouched: false,
    kept: [`esp/EFI/Linux/bootc_composefs-${DEAD}/vmlinuz`, `sysroot/state/deploy/${DEAD}/etc`],
  },
  {
    name: 'an entry is 2 GB long',
    prepare: (machine) => {
      writeFileSync(machine.at(ENTRIES, 'huge.conf'), 'title huge\n');
      truncateSync(machine.at(ENTRIES, 'huge.conf'), 2 ** 31);
    },
    exit: [4],
    says: /huge\.conf[^]*far too large/,
    kept: [`esp/EFI/Linux/bootc_composefs-${DEAD}/vmlinuz`, `sysroot/state/deploy/${DEAD}/etc`],
  },
  {
    name: 'an entry is a directory',
    prepare: (machine) => mkdirSync(machine.at(ENTRIES, 'directory.conf')),
    exit: [4],
    says: /directory\.conf/,
    kept: [`esp/EFI/Linux/bootc_composefs-${DEAD}/vmlinuz`],
  },
  {
    name: 'a live image goes round in circles',
    prepare: (machine) => change(objectPath(machine, `images/${LIVE}`), loopingImage),
    exit: [3, 4],
    says: new RegExp(`${LIVE.slice(0, 12)}[^]*help: .*--accept-damage`),
    kept: [`sysroot/composefs/images/${DEAD}`, `sysroot/composefs/objects/6a/${DEAD.slice(2)}`],
    gone: [`esp/EFI/Linux/bootc_composefs-${DEAD}`],
  },
  {
    name: 'a dead image goes round in circles',
    prepare: (machine) => change(objectPath(machine, `images/${DEAD}`), loopingImage),
    exit: [0],
    says: /"outcome":"done"/,
    gone: [`sysroot/composefs/images/${DEAD}`],
  },
  {
    name: 'a live stream claims 2^60 references',
    prepare: (machine) => {
      const [live] = readdirSync(machine.at('sysroot/composefs/streams/refs/oci')).filter(
        (name) => !name.includes('308cd628669f'),
      );
      const stream = readlinkSync(machine.at('sysroot/composefs/streams/refs/oci', live!)).split('/').at(-1)!;
      change(objectPath(machine, `streams/${stream}`), streamClaiming(2n ** 60n));
    },
    exit: [3, 4],
    says: /streams\/oci-manifest/,
    kept: [`sysroot/composefs/images/${DEAD}`, `sysroot/composefs/objects/6a/${DEAD.slice(2)}`],
  },
  {
    name: 'a dead layer claims 2^60 references',
    prepare: (machine) =>
      change(
        objectPath(
          machine,
          'streams/oci-layer-sha256:42c3ffe1f1efe2e74781697f1ac2c4baa9e714e519ff0e50cca5f22e85e8af5a',
        ),
        streamClaiming(2n ** 60n),
      ),
    exit: [0],
    says: /"outcome":"done"/,
    gone: [`sysroot/composefs/images/${DEAD}`],
  },
  {
    name: 'the boot partition is mounted read-only',
    through: (machine) =>
      mounted(
        `mount --bind '${machine.at('esp')}' '${machine.at('esp')}'; mount -o remount,bind,ro '${machine.at('esp')}'`,
      ),
    exit: [3],
    says: /read-only[^]*help: .*remount/,
    untouched: true,
    needs: isRoot,
  },
  {
    name: 'the sysroot is mounted read-only, as it is on a running system',
    through: (machine) =>
      mounted(
        `mount --bind '${machine.at('sysroot')}' '${machine.at('sysroot')}'; mount -o remount,bind,ro '${machine.at('sysroot')}'`,
      ),
    exit: [0],
    says: /"outcome":"done"/,
    gone: [`sysroot/composefs/images/${DEAD}`],
    needs: isRoot,
  },
  {
    name: "the sysroot's file system is read-only",
    through: (machine) =>
      mounted(
        `mkdir '${machine.path}.ro'; mount -t tmpfs none '${machine.path}.ro'; cp -a '${machine.at('sysroot')}/.' '${machine.path}.ro'; ` +
          `mount --move '${machine.path}.ro' '${machine.at('sysroot')}'; rmdir '${machine.path}.ro'; mount -o remount,ro '${machine.at('sysroot')}'`,
      ),
    exit: [1, 3],
    says: /EROFS[^]*help: .*remount,rw/,
    untouched: true,
    needs: isRoot,
  },
  {
    name: 'somebody without rights runs it',
    through: () => asNobody,
    exit: [1],
    says: /EACCES|not permitted|permission[^]*help: run cfs as root/i,
    untouched: true,
    needs: isRoot,
  },
  {
    name: 'somebody runs it who may read all and write nothing',
    prepare: (machine) => void spawnSync('chmod', ['-R', 'a+rX', machine.path]),
    through: () => asNobody,
    exit: [1, 3, 4],
    says: /EACCES/,
    untouched: true,
    needs: isRoot,
  },
];

const CAN_RUN = cases.filter((each) => each.needs !== false);

describe.concurrent('gc on a bad day', { timeout: 120_000 }, () => {
  it.for(CAN_RUN)('$name', async (bad, { expect }) => {
    using machine = new Machine('interrupted-delete');
    chmodSync(machine.path, 0o755);
    bad.prepare?.(machine);
    const [before, moment] = [machine.snapshot(), machine.moment()];
    const ran = await machine.gc(bad.flags, { through: bad.through?.(machine) ?? [] });
    expect(ran.text).toMatch(bad.says);
    expect(bad.exit, ran.text.slice(0, 1000)).toContain(ran.exit);
    expect(ran.text).not.toMatch(/^ +at .*cfs\.js/m);
    if (bad.untouched === true) expect(differences(before, machine.snapshot(), { traces: true })).toEqual([]);
    expect(check({ before: moment, after: machine.moment(), finished: true })).toEqual([]);
    for (const path of bad.kept ?? []) expect(existsSync(machine.at(path)), path).toBe(true);
    for (const path of bad.gone ?? []) expect(existsSync(machine.at(path)), path).toBe(false);
  });
});
