/**
 * A disk for a guest that holds a small Debian, made of the packages of this machine as its dpkg lists them, and a
 * package to be installed there. Nothing is fetched. The guest lays a writable layer over it and works in that.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Shell for the job: `debian COMMAND…` runs it there, beside the devices and the system of the guest. */
export const ENTER = `
mkdir -p /run/over /run/debian
mount -t tmpfs -o size=700m tmpfs /run/over
mkdir /run/over/upper /run/over/work
mount -t overlay -o lowerdir=/test/debian,upperdir=/run/over/upper,workdir=/run/over/work overlay /run/debian
for place in proc sys dev sysroot; do mount --rbind /$place /run/debian/$place; done
mount -t tmpfs tmpfs /run/debian/run
debian() {
  chroot /run/debian /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}
`;

const INFO = 'var/lib/dpkg/info';
const NEEDLESS = /^\/usr\/share\/(doc|info|locale|man)\//;

/** Or a link to one; dpkg lists folders, too, and what an image has left out. */
const isFile = (path: string): boolean => lstatSync(`/${path}`, { throwIfNoEntry: false })?.isDirectory() === false;

/** What every Debian has, and what the package says it depends on. */
export function makeDebianDisk(image: string, deb: string): void {
  const place = mkdtempSync(join(tmpdir(), 'cfs-debian-'));
  const root = join(place, 'debian');
  const folders = ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'sysroot', 'var/log', 'var/lib/dpkg/updates', INFO];
  for (const name of folders) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  const depends = execFileSync('dpkg-deb', ['--field', deb, 'Depends'], { encoding: 'utf8' });
  const essential = query(['-W', '-f', '${Essential} ${Package}\n']).filter((line) => line.startsWith('yes '));
  copyPackages(root, closure([...essential.map((line) => line.slice('yes '.length)), ...namesIn(depends)]));
  copyFileSync(deb, join(root, 'root/cfs.deb'));
  execFileSync('mkfs.erofs', ['--quiet', '-T0', image, place]);
  rmSync(place, { recursive: true });
}

/** Their files, and what dpkg knows of them. */
function copyPackages(root: string, names: readonly string[]): void {
  const paths = query(['-L', ...names]).filter((path) => path.startsWith('/') && !NEEDLESS.test(path));
  const list = paths.map((path) => path.replace(/^\/(?=(s?bin|lib(64)?)\/)/, '/usr/').slice(1)).filter(isFile);
  const words = ['--create', '--directory=/', '--files-from=-'];
  const archive = execFileSync('tar', words, { input: [...new Set(list)].join('\n'), maxBuffer: 1 << 30 });
  execFileSync('tar', ['--extract', '--directory', root], { input: archive });
  const isOurs = (name: string): boolean =>
    name.endsWith('.list') && names.includes(name.replace(/(:\w+)?\.list$/, ''));
  for (const name of readdirSync(`/${INFO}`).filter(isOurs)) copyFileSync(`/${INFO}/${name}`, join(root, INFO, name));
  writeFileSync(join(root, 'var/lib/dpkg/status'), query(['-s', ...names]).join('\n'));
}

function query(words: readonly string[]): string[] {
  return execFileSync('dpkg-query', words, { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
}

/** With all that they depend on; of alternatives, those that are installed. */
function closure(names: readonly string[]): string[] {
  const installed = new Map(
    query(['-W', '-f', '${Package}\t${Pre-Depends}, ${Depends}\n']).map((line) => {
      const [name = '', depends = ''] = line.split('\t');
      return [name, namesIn(depends)] as const;
    }),
  );
  const found = new Set<string>();
  const add = (name: string): void => {
    const depends = installed.get(name);
    if (depends === undefined || name === '' || found.has(name)) return;
    found.add(name);
    depends.forEach(add);
  };
  names.forEach(add);
  return [...found];
}

/** Without versions and architectures. */
function namesIn(depends: string): string[] {
  return depends.split(/[,|]/).map((each) => each.trim().replace(/[ (:].*$/, ''));
}
