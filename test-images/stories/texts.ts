/** The texts of bootc, of the boot loaders and of the kernel, byte for byte as the field writes them. */

export type Loader = 'systemd' | 'grub' | 'grub-cc';
/** How deployments are booted: Type #1 entries, entries for UKIs, or GRUB's `user.cfg` for UKIs. */
export type BootKind = 'bls' | 'uki' | 'grub-uki';

/** One deployment as an entry offers it. */
export interface Offer {
  readonly id: string;
  /** Whose kernel directory it boots from. */
  readonly kernelOf: string;
  readonly version: string;
}

export interface Machine {
  readonly loader: Loader;
  readonly kind: BootKind;
  readonly os: string;
  /** UUID of the root file system. */
  readonly uuid: string;
}

const title = (os: string) => `${os.charAt(0).toUpperCase()}${os.slice(1)} Linux 44 (Forty Four)`;
export const kernelDirectory = (machine: Machine, id: string) =>
  machine.loader === 'grub' ? `bootc_composefs-${id}` : `EFI/Linux/bootc_composefs-${id}`;
export const ukiPath = (id: string) => `EFI/Linux/bootc/bootc_composefs-${id}.efi`;

/** `rank` 0 is the topmost. */
export function entryName({ os }: Machine, { version }: Offer, rank: number): string {
  return `bootc_${os}-${version}-${1 - rank}.conf`;
}

export function entryText(machine: Machine, offer: Offer, rank: number): string {
  const { os, loader, kind } = machine;
  const kernel = `/${kernelDirectory(machine, offer.kernelOf)}`;
  const lines =
    kind === 'uki'
      ? [`${loader === 'systemd' ? 'uki' : 'efi'} /${ukiPath(offer.id)}`]
      : [`linux ${kernel}/vmlinuz`, `initrd ${kernel}/initrd`, `options ${options(machine, offer)}`];
  return [`title ${title(os)}`, `version ${offer.version}`, ...lines, `sort-key bootc-${os}-${rank}`, ''].join('\n');
}

function options({ uuid }: Machine, { id }: Offer): string {
  return `root=UUID=${uuid} rw composefs=?${id} console=ttyS0,115200n8`;
}

export const ukiCommandLine = (id: string) => `composefs=?${id} rw console=ttyS0`;

/** What `/proc/cmdline` says once this is booted. */
export function commandLine(machine: Machine, offer: Offer): string {
  if (machine.kind !== 'bls') return `${ukiCommandLine(offer.id)}\n`;
  const kernel = kernelDirectory(machine, offer.kernelOf);
  const loaded =
    machine.loader === 'grub'
      ? `BOOT_IMAGE=(hd0,gpt3)/${kernel}/vmlinuz`
      : `initrd=\\${kernel.replaceAll('/', '\\')}\\initrd`;
  return `${loaded} ${options(machine, offer)}\n`;
}

export const userCfgHeader =
  '\nif [ -f ${config_directory}/efiuuid.cfg ]; then\n        source ${config_directory}/efiuuid.cfg\nfi\n';

export function menuEntry(os: string, id: string): string {
  return [
    `menuentry "${title(os)}: (${id})" {`,
    'insmod fat',
    'insmod chain',
    'search --no-floppy --set=root --fs-uuid "${EFI_PART_UUID}"',
    `chainloader /${ukiPath(id)}`,
    '}',
    '',
  ].join('\n');
}

/** No final newline: bootc writes none. */
export function origin(os: string, kind: BootKind, bootDigest: string, manifest: string): string {
  return [
    '[origin]',
    `container-image-reference = ostree-unverified-image:docker://quay.io/${os}/${os}-bootc:44`,
    '',
    '[boot]',
    `boot_type = ${kind === 'bls' ? 'bls' : 'uki'}`,
    `digest = ${bootDigest}`,
    '',
    '[image]',
    `manifest_digest = sha256:${manifest}`,
  ].join('\n');
}

export function stagedRecord(id: string): string {
  return JSON.stringify({ depl_id: id, finalization_locked: false });
}

/** A composefs mount beside the root; the field writes both kinds of source. */
export interface Mount {
  readonly where: string;
  readonly id: string;
  readonly transient?: boolean;
}

/** `/proc/<pid>/mountinfo` with the deployment `root` at `/`. */
export function mountInfo(machine: Machine, root: string, mounts: readonly Mount[]): string {
  const overlay = (number: number, parent: number, { where, id, transient }: Mount) => {
    const source = transient ? `transient:composefs=${id}` : `composefs:${id}`;
    const point = where.replaceAll(' ', '\\040');
    const data = 'ro,lowerdir+=/proc/self/fd/6,datadir+=/proc/self/fd/5,redirect_dir=on,metacopy=on';
    return `${number} ${parent} 0:${number + 8} / ${point} ro,relatime shared:${number} - overlay ${source} ${data}`;
  };
  const esp = machine.loader === 'grub' ? '/boot/efi' : '/boot';
  return [
    overlay(30, 1, { where: '/', id: root }),
    '24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw',
    '28 30 0:25 / /run rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,size=402372k,nr_inodes=819200,mode=755',
    '33 30 252:4 / /sysroot ro,relatime shared:3 - ext4 /dev/vda4 rw',
    `34 30 252:4 /state/deploy/${root}/etc /etc rw,relatime shared:4 - ext4 /dev/vda4 rw`,
    '35 30 252:4 /state/os/default/var /var rw,relatime shared:5 - ext4 /dev/vda4 rw',
    ...(machine.loader === 'grub'
      ? [
          '38 30 252:3 / /boot rw,relatime shared:20 - ext4 /dev/vda3 rw',
          '41 33 252:3 / /sysroot/boot rw,relatime shared:22 - ext4 /dev/vda3 rw',
        ]
      : []),
    `39 30 252:2 / ${esp} rw,relatime shared:21 - vfat /dev/vda2 rw,fmask=0077,dmask=0077,errors=remount-ro`,
    ...mounts.map((mount, i) => overlay(60 + i, 28, mount)),
    '',
  ].join('\n');
}
