/**
 * The headers of composefs and of EROFS. Only what composefs writes is accepted (Linux `fs/erofs/erofs_fs.h`,
 * composefs-rs `erofs/format.rs`); anything else could hold references in a way that is not known here.
 */
import { fail } from './host';
import { BLOCK, Window } from './window';

/** Where that of EROFS begins, and where it ends. */
const EROFS: u32 = 1024;
const END: u32 = EROFS + 128;

export let composefsVersion: u32 = 0;
export let rootNid: u32 = 0;
/** As many as the image says. */
export let inodes: u64 = 0;
/** File offset of shared xattr 0. */
export let sharedXattrs: u64 = 0;

/** Checks both. There may be fewer blocks than the file has, never more. */
export function readSuperblock(window: Window): void {
  const start = window.at(0, END);
  const erofs = start + EROFS;
  if (load<u32>(start) !== 0xd078629a || load<u32>(erofs) !== 0xe0f5e1e2) fail('erofs-magic', 'not a composefs image');
  if (load<u32>(start, 4) !== 1) fail('erofs-version', 'unknown composefs header version %', -1, load<u32>(start, 4));
  composefsVersion = load<u32>(start, 12);
  if (composefsVersion > 2) fail('erofs-version', 'unknown composefs version %', -1, composefsVersion);
  // Flag 1 says that some file has an ACL.
  if ((load<u32>(start, 8) & ~1) !== 0) fail('erofs-feature', 'unknown composefs flags %', -1, load<u32>(start, 8));
  if ((load<u32>(erofs, 80) & ~4) !== 0)
    fail('erofs-feature', 'unknown incompatible features %', -1, load<u32>(erofs, 80));
  if (load<u8>(erofs, 12) !== 12) fail('erofs-block-size', 'blocks of 2^% bytes', -1, load<u8>(erofs, 12));
  if (load<u8>(erofs, 90) !== 0) fail('erofs-block-size', 'directory blocks of another size');
  if (load<u32>(erofs, 40) !== 0) fail('erofs-superblock', 'inodes do not begin at block 0');
  const blocks = load<u32>(erofs, 36);
  if (u64(blocks) * BLOCK > window.size) fail('erofs-truncated', 'an image of % blocks is cut off', -1, blocks);
  rootNid = load<u16>(erofs, 14);
  inodes = load<u64>(erofs, 16);
  sharedXattrs = u64(load<u32>(erofs, 44)) * BLOCK;
}
