/**
 * A disk for a guest that holds a small Debian, made of the packages of this machine as its dpkg lists them, and a
 * package to be installed there. Nothing is fetched. The guest lays a writable layer over it and works in that.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a person has at least, and what dpkg itself needs; what the package depends on must be here, too. */
const PACKAGES = ['base-files', 'bash', 'coreutils', 'diffutils', 'dpkg', 'grep', 'sed', 'tar', 'util-linux'];

/** Shell for the job: `debian COMMAND…` runs it there, beside the devices and the system of the guest. */
export const ENTER = `
mkdir -p /run/over /run/debian
mount -t tmpfs -o size=700m tmpfs /run/over
mkdir /run/over/upper /run/over/work
mount -t overlay -o lowerdir=/test/debian,upperdir=/run/over/upper,workdir=/run/over/work overlay /run/debian
for place in proc sys dev sysroot; do mount --rbind /$place /run/debian/$place; done
mount -t tmpfs tmpfs /run/debian/run
debian() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot /run/debian "$@"
}
`;

/** `extra`: more packages of the distribution. */
export function makeDebianDisk(image: string, deb: string, extra: readonly string[]): void {
  const place = mkdtempSync(join(tmpdir(), 'cfs-debian-'));
  const root = join(place, 'debian');
  for (const name of ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'sysroot', 'var/lib/dpkg/info', 'var/lib/dpkg/updates'])
    mkdirSync(join(root, name), { recursive: true });
  const names = closure([...PACKAGES, ...extra]);
  const files = query(['-L', ...names]).filter((path) => /^\/[^.]/.test(path));
  // Links such as /bin are of base-files' making, not listed, and come first.
  const links = ['bin', 'sbin', 'lib', 'lib64'].map((name) => `/${name}`);
  const list = [...links, ...new Set(files)].map((path) => `.${path}`).join('\n');
  const packed = ['--create', '--no-recursion', '--ignore-failed-read', '--files-from=-', '--directory=/', '--warning=none'];
  const archive = execFileSync('tar', packed, { input: list, maxBuffer: 1 << 30 });
  execFileSync('tar', ['--extract', '--keep-directory-symlink', '--directory', root], { input: archive });
  writeFileSync(join(root, 'var/lib/dpkg/status'), query(['-s', ...names]).join('\n'));
  copyFileSync(deb, join(root, 'root/cfs.deb'));
  execFileSync('mkfs.erofs', ['--quiet', '-T0', image, place]);
  rmSync(place, { recursive: true });
}

function query(words: readonly string[]): string[] {
  return execFileSync('dpkg-query', words, { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
}

/** With all that they depend on; of alternatives, those that are installed. */
function closure(names: readonly string[]): string[] {
  const installed = new Map(
    query(['-W', '-f', '${Package}\t${Pre-Depends}, ${Depends}\n']).map((line) => {
      const [name = '', depends = ''] = line.split('\t');
      return [name, depends.split(/[,|]/).map((each) => each.trim().replace(/[ (:].*$/, ''))] as const;
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
