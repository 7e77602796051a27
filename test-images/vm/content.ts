/** What is real in the deployments of a machine: kernel, initramfs, the programs of the image, UKIs that boot. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Content } from '../stories/index.ts';
import { cpio, directory, program, type Member } from './cpio.ts';
import { BUSYBOX, kernel, STUB } from './parts.ts';

const guest = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'guest', name));

let made: Content | undefined;

export function content(): Content {
  return (made ??= make());
}

function make(): Content {
  const { vmlinuz, modules } = kernel();
  const busybox = readFileSync(BUSYBOX);
  const folders = ['bin', 'dev', 'image', 'modules', 'proc', 'root', 'sys', 'sysroot'];
  const base = new Map<string, Member>([
    ...folders.map((name): [string, Member] => [name, directory]),
    ['init', program(guest('initramfs.sh'))],
    ['bin/busybox', program(busybox)],
    ...[...modules].map(([name, bytes], index): [string, Member] => [
      `modules/${String(index).padStart(2, '0')}-${name}.ko`,
      program(bytes),
    ]),
  ]);
  const initrds = new Map<string, Uint8Array>();
  return {
    vmlinuz,
    // Each kernel has an initramfs of its own, or they would all be shared.
    initrd: (version) => {
      const known = initrds.get(version);
      const initrd = known ?? zstdCompressSync(cpio(new Map([...base, ['version', program(Buffer.from(version))]])));
      initrds.set(version, initrd);
      return initrd;
    },
    programs: { 'usr/bin/busybox': busybox, 'usr/sbin/init': guest('init.sh'), 'usr/lib/steps': guest('steps.sh') },
    links: { bin: 'usr/bin', lib: 'usr/lib', lib64: 'test/lib', sbin: 'usr/sbin' },
    directories: ['dev', 'sys', 'test', 'tmp'],
    uki,
  };
}

/** systemd's stub with more sections behind its own (UAPI.5). */
function uki(sections: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const stub = readFileSync(STUB);
  const pe = stub.readUInt32LE(0x3c);
  const base = Number(stub.readBigUInt64LE(pe + 24 + 24));
  const table = pe + 24 + stub.readUInt16LE(pe + 20);
  const ends = Array.from({ length: stub.readUInt16LE(pe + 6) }, (_, index) => {
    const at = table + index * 40;
    return stub.readUInt32LE(at + 8) + stub.readUInt32LE(at + 12);
  });
  const place = mkdtempSync(join(tmpdir(), 'cfs-uki-'));
  let address = base + roundUp(Math.max(...ends));
  const words = Object.entries(sections).flatMap(([name, bytes]) => {
    writeFileSync(join(place, name), bytes);
    const at = address;
    address += roundUp(bytes.length);
    return ['--add-section', `${name}=${join(place, name)}`, '--change-section-vma', `${name}=0x${at.toString(16)}`];
  });
  execFileSync('objcopy', [...words, STUB, join(place, 'uki')]);
  const whole = readFileSync(join(place, 'uki'));
  rmSync(place, { recursive: true });
  return whole;
}

const roundUp = (value: number): number => Math.ceil(value / 4096) * 4096;
