/**
 * What lies beside our deployments: other systems, the administrator's files, and what interrupted writers left.
 * Each is a step for `story.and(…)`.
 */
import { digestOf, noise, release } from './release.ts';
import type { Story } from './story.ts';
import { objectPath, type System } from './system.ts';
import { entryName, entryText, kernelDirectory, menuEntry, ukiPath, type Machine } from './texts.ts';
import { uki } from './uki.ts';

export type Step = (system: System, story: Story) => void;

/** Another bootc system on the same boot partition, with entries and kernels in bootc's own style. */
export function anotherBootcSystem(system: System): void {
  const { machine } = system;
  const other: Machine = { ...machine, kind: 'bls', os: 'bazzite', uuid: '0b0b0b0b-0000-4000-8000-000000000001' };
  for (const [rank, label] of ['Y', 'X'].entries()) {
    const made = release({ os: other.os, label, version: `43.2026021${rank}`, kernel: `5.k${rank}` });
    const offer = { id: made.id, kernelOf: made.id, version: `43.2026021${rank}` };
    system.write(system.kernels, `${kernelDirectory(other, made.id)}/vmlinuz`, made.vmlinuz);
    system.write(system.kernels, `${kernelDirectory(other, made.id)}/initrd`, made.initrd);
    system.write(system.kernels, `loader/entries/${entryName(other, offer, rank)}`, entryText(other, offer, rank));
  }
}

export function windows(system: System): void {
  system.write('esp', 'EFI/Microsoft/Boot/bootmgfw.efi', noise('windows', 512));
  system.write('esp', 'EFI/Microsoft/Boot/BCD', noise('bcd', 100));
}

/** An entry that bootc did not write, for a tool of the firmware. */
export function firmwareTool(system: System): void {
  system.write('esp', 'EFI/Linux/fwupdx64.efi', uki({ '.osrel': 'ID=fwupd\n', '.cmdline': 'quiet' }));
  system.write(system.kernels, 'loader/entries/fwupd.conf', 'title Firmware\nefi /EFI/Linux/fwupdx64.efi\n');
}

/** A UKI of another system, bootable without an entry. */
export function typeTwoUki(system: System): void {
  system.write(
    'esp',
    'EFI/Linux/arch-linux.efi',
    uki({ '.osrel': 'ID=arch\nVERSION_ID=1\n', '.cmdline': 'root=LABEL=arch rw' }),
  );
}

/** Kernels and a UKI with bootc's names, of a deployment that nobody here knows. */
export function unclaimedArtifacts(system: System): void {
  const id = digestOf(noise('unclaimed', 100));
  system.write(system.kernels, `${kernelDirectory(system.machine, id)}/vmlinuz`, noise('unclaimed vmlinuz', 300));
  system.write(system.kernels, `${kernelDirectory(system.machine, id)}/initrd`, noise('unclaimed initrd', 300));
  system.write('esp', ukiPath(id), uki({ '.osrel': 'ID=other\n', '.cmdline': `composefs=${id}` }));
}

/** Unfinished writes in the repository, and on the boot partition in a kernel directory that is in use. */
export function temporaries(system: System, { booted }: Story): void {
  const uuid = '3f0e7b4e-5d1c-4a55-9d53-0c4b6f2f1a11';
  if (booted && system.machine.kind === 'bls') {
    system.write(
      system.kernels,
      `${kernelDirectory(system.machine, booted.kernelOf)}/${uuid}`,
      noise('temporary', 120),
    );
  } else system.write('esp', `EFI/Linux/bootc/${uuid}`, noise('temporary', 120));
  system.write('sysroot', 'composefs/objects/.tmp-object-a1B2c3D4e5F6', noise('temporary object', 90));
  system.link('sysroot', 'composefs/streams/.symlink-a1B2c3D4e5F6', '../objects/00/00');
}

export function garbageObjects(system: System): void {
  for (const name of ['one', 'two', 'three']) {
    const content = noise(`garbage ${name}`, 100);
    system.write('sysroot', objectPath(digestOf(content)), content);
  }
}

/** Files without a place in a repository or on a boot partition. */
export function strays(system: System): void {
  system.write('sysroot', 'composefs/images/README', 'not a link\n');
  system.write('sysroot', 'composefs/objects/00/short', 'not an object\n');
  system.write(system.kernels, 'notes.txt', 'remember the milk\n');
}

/** The administrator's own lines in GRUB's `user.cfg`, around ours; nothing elsewhere. */
export function ownMenuLines(system: System, { offered }: Story): void {
  if (system.machine.kind !== 'grub-uki') return;
  const blocks = offered.map(({ id }) => menuEntry(system.machine.os, id));
  const other = 'menuentry "Windows" --class windows {\n  chainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\n';
  system.write('boot', 'grub2/user.cfg', `\n# own lines\nset timeout=7\n${blocks.join(other)}# the end`);
}

/** Kernel directories as an old bootc named them, entries and all. */
export function oldSpelling(system: System, { deployments }: Story): void {
  if (system.machine.kind !== 'bls') return;
  for (const { id } of deployments.values()) {
    const path = kernelDirectory(system.machine, id);
    if (system.get(system.kernels, path)) system.move(system.kernels, path, path.replace('bootc_composefs-', ''));
  }
  const { where, path } = system.entries;
  for (const set of [path, `${path}.staged`]) {
    for (const name of system.list(where, set).filter((each) => each.startsWith(`bootc_${system.machine.os}-`))) {
      const node = system.get(where, `${set}/${name}`);
      if (node?.kind !== 'file') continue;
      system.write(where, `${set}/${name}`, Buffer.from(node.bytes).toString().replaceAll('bootc_composefs-', ''));
    }
  }
}

export const allNeighbours: readonly Step[] = [
  anotherBootcSystem,
  windows,
  firmwareTool,
  typeTwoUki,
  unclaimedArtifacts,
  temporaries,
  garbageObjects,
  strays,
  ownMenuLines,
  oldSpelling,
];
