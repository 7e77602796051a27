/** Writes an initramfs: a `newc` archive, as Documentation/driver-api/early-userspace/buffer-format.rst of Linux says. */

export type Member = { readonly mode: number; readonly content: Uint8Array };

/** By path, without a leading slash; directories above come before what is in them. */
export function cpio(members: ReadonlyMap<string, Member>): Buffer {
  const pieces = [...members].map(([path, member], index) => entry(path, member, index + 1));
  return Buffer.concat([...pieces, entry('TRAILER!!!', { mode: 0, content: Buffer.alloc(0) }, 0)]);
}

export const directory: Member = { mode: 0o040755, content: Buffer.alloc(0) };
export const program = (content: Uint8Array): Member => ({ mode: 0o100755, content });

function entry(path: string, { mode, content }: Member, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device, device of a special file, length of the name, no checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([padded(Buffer.concat([Buffer.from(`070701${header}`), name])), padded(content)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
}
