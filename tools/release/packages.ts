/** The .deb and the .rpm from a tree of files, by dpkg-deb and rpmbuild. Both enable the timer as the preset says. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arch } from './executable.ts';

const SUMMARY = 'Garbage collection for bootc systems with composefs';
const DESCRIPTION =
  'Finds what no deployment needs any more, shows it, and removes it so that a power cut hurts nothing.';

/** Tools that it starts: lsblk, blkid, fsfreeze. */
const UTIL_LINUX = 'util-linux';

/** The shared libraries that the executable needs, and which package of Debian has them. */
const LIBRARIES: Readonly<Record<string, string | undefined>> = {
  'libatomic.so.1': 'libatomic1',
  'libstdc++.so.6': 'libstdc++6',
  'libgcc_s.so.1': 'libgcc-s1',
  'libc.so.6': 'libc6',
  'libdl.so.2': 'libc6',
  'libm.so.6': 'libc6',
  'libpthread.so.0': 'libc6',
  'ld-linux-x86-64.so.2': 'libc6',
  'ld-linux-aarch64.so.1': 'libc6',
};

export function librariesOf(executable: string): string[] {
  const text = execFileSync('readelf', ['--dynamic', '--wide', executable], { encoding: 'utf8' });
  return [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name = '']) => name);
}

/** The newest version of the C library that it asks for. */
function libcOf(executable: string): string {
  const text = execFileSync('readelf', ['--version-info', '--wide', executable], { encoding: 'utf8' });
  const minors = [...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  return `2.${Math.max(...minors)}`;
}

interface Packaged {
  readonly version: string;
  readonly arch: Arch;
  /** A tree as it is to be on the machine. */
  readonly tree: string;
  /** Where the package is written. */
  readonly to: string;
}

export function makeDeb({ version, arch, tree, to }: Packaged): string {
  const executable = join(tree, 'usr/bin/cfs');
  const names = librariesOf(executable).map((library) => {
    const name = LIBRARIES[library];
    if (name === undefined) throw new Error(`cfs needs ${library}; say which package has it`);
    return name === 'libc6' ? `libc6 (>= ${libcOf(executable)})` : name;
  });
  const architecture = { x64: 'amd64', arm64: 'arm64' }[arch];
  const control = [
    'Package: cfs',
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: The cfs authors <cfs@localhost>',
    `Depends: ${[...new Set(names)].sort().join(', ')}, ${UTIL_LINUX}`,
    'Section: admin',
    'Priority: optional',
    `Description: ${SUMMARY}`,
    ` ${DESCRIPTION}`,
  ];
  const scripts = join(tree, 'DEBIAN');
  mkdirSync(scripts);
  writeFileSync(join(scripts, 'control'), `${control.join('\n')}\n`);
  script(scripts, 'postinst', '"$1" = configure', '[ -z "$2" ] && systemctl preset cfs-gc.timer', [
    'systemctl daemon-reload',
    'systemctl is-enabled cfs-gc.timer && systemctl start cfs-gc.timer',
  ]);
  script(scripts, 'prerm', '"$1" = remove', 'systemctl disable cfs-gc.timer', ['systemctl stop cfs-gc.timer']);
  const file = join(to, `cfs_${version}_${architecture}.deb`);
  // Debian's zsh looks elsewhere.
  const zsh = join(tree, 'usr/share/zsh');
  renameSync(join(zsh, 'site-functions'), join(zsh, 'vendor-completions'));
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z9', '--build', tree, file], { stdio: 'ignore' });
  renameSync(join(zsh, 'vendor-completions'), join(zsh, 'site-functions'));
  rmSync(scripts, { recursive: true });
  return file;
}

/** In an image build there is no systemd to talk to, and systemctl works on the files; `running` is for a machine. */
function script(folder: string, name: string, when: string, onFiles: string, running: readonly string[]): void {
  const quietly = (command: string): string => `{ ${command}; } >/dev/null 2>&1 || true`;
  const text = `#!/bin/sh
if [ ${when} ] && command -v systemctl >/dev/null; then
  ${quietly(onFiles)}
  if [ -d /run/systemd/system ]; then
    ${running.map(quietly).join('\n    ')}
  fi
fi
`;
  writeFileSync(join(folder, name), text, { mode: 0o755 });
}

export function makeRpm({ version, arch, tree, to }: Packaged): string {
  const place = mkdtempSync(join(tmpdir(), 'cfs-rpm-'));
  try {
    const spec = `%global _build_id_links none
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _binary_payload w9.zstdio
Name: cfs
Version: ${version}
Release: 1
Summary: ${SUMMARY}
License: Apache-2.0
Requires: ${UTIL_LINUX}
%description
${DESCRIPTION}
%install
cp -a ${tree}/. %{buildroot}/
%post
[ $1 -eq 1 ] && command -v systemctl >/dev/null && systemctl preset cfs-gc.timer >/dev/null 2>&1 || :
%preun
[ $1 -eq 0 ] && command -v systemctl >/dev/null && systemctl disable cfs-gc.timer >/dev/null 2>&1 || :
%files
%defattr(-,root,root)
${listing(tree).join('\n')}
`;
    writeFileSync(join(place, 'cfs.spec'), spec);
    const settings = ['_topdir', '_rpmdir', '_tmppath'].flatMap((name) => ['--define', `${name} ${place}`]);
    const target = { x64: 'x86_64', arm64: 'aarch64' }[arch];
    execFileSync('rpmbuild', ['-bb', '--quiet', '--target', target, ...settings, join(place, 'cfs.spec')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const found = readdirSync(place, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.rpm'));
    if (found === undefined) throw new Error('rpmbuild made no package');
    const file = join(to, found.replace(/^.*\//, ''));
    execFileSync('cp', [join(place, found), file]);
    return file;
  } finally {
    rmSync(place, { recursive: true });
  }
}

function listing(tree: string): string[] {
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  return entries
    .filter((each) => each.isFile())
    .map((each) => `/${join(each.parentPath, each.name).slice(tree.length + 1)}`);
}

export function makeTarball({ version, arch, tree, to }: Packaged): string {
  const file = join(to, `cfs-${version}-linux-${arch}.tar.gz`);
  const stable = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0'];
  execFileSync('tar', ['--create', '--gzip', `--file=${file}.new`, ...stable, '-C', tree, 'usr']);
  renameSync(`${file}.new`, file);
  return file;
}
