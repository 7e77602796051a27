/**
 * A disk for a guest that holds a small Debian with systemd, made of the packages of this machine as its dpkg lists them,
 * and a package to be installed there. Nothing is fetched. The guest lays it over its own root, and works in memory.
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

/** The job that has systemd run another one, as a service, and then shut the machine down. */
export const underSystemd = (job: string): string => `
cp /usr/lib/steps /run/steps
mkdir -p /run/over /run/systemd/system
mount -t tmpfs -o size=700m tmpfs /run/over
for place in usr var etc; do
  mkdir /run/over/$place /run/over/$place.work
  lower=/test/debian/$place
  [ $place = etc ] && lower=$lower:/etc
  mount -t overlay -o lowerdir=$lower,upperdir=/run/over/$place,workdir=/run/over/$place.work overlay /$place
done
cat >/run/systemd/system/job.target <<'END'
[Unit]
Requires=basic.target job.service
END
cat >/run/systemd/system/job.service <<'END'
[Service]
Type=oneshot
Environment=HOME=/tmp LC_ALL=C.UTF-8
ExecStart=/bin/sh /run/job
END
cat >/run/job <<'END'
. /run/steps
${job}
step booted cat /run/booted
sync
systemctl poweroff --force --force
END
exec 3>&-
exec env -i /usr/lib/systemd/systemd --unit=job.target
`;

const INFO = 'var/lib/dpkg/info';
const NEEDLESS = /^\/usr\/share\/(doc|info|locale|man)\//;

/** Or a link to one; dpkg lists folders, too, and what an image has left out. */
const isFile = (path: string): boolean => lstatSync(`/${path}`, { throwIfNoEntry: false })?.isDirectory() === false;

/** What every Debian has, systemd, and what the package says it depends on. */
export function makeDebianDisk(image: string, deb: string): void {
  const place = mkdtempSync(join(tmpdir(), 'cfs-debian-'));
  const root = join(place, 'debian');
  for (const name of ['etc', 'usr', 'var/log', 'var/lib/dpkg/updates', INFO])
    mkdirSync(join(root, name), { recursive: true });
  // Where the guest's own root expects a disk to have them.
  symlinkSync('../usr/lib64', join(place, 'lib'));
  const depends = execFileSync('dpkg-deb', ['--field', deb, 'Depends'], { encoding: 'utf8' });
  const essential = query(['-W', '-f', '${Essential} ${Package}\n']).filter((line) => line.startsWith('yes '));
  const names = [...essential.map((line) => line.slice('yes '.length)), 'systemd', ...namesIn(depends)];
  copyPackages(root, closure(names));
  writeFileSync(join(root, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
  copyFileSync(deb, join(root, 'var/cfs.deb'));
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
