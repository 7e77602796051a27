import type { Finding } from './finding.ts';

export interface MenuBlock {
  /** Byte offset of `menuentry`. */
  readonly start: number;
  /** Byte offset after the line end of the closing brace's line. */
  readonly end: number;
  readonly title: string;
  readonly id?: string;
  /** 0 at top level; greater inside a submenu, a function, an `if` or a loop. */
  readonly depth: number;
  /** The arguments of chainloader, linux, initrd and their like, as written, quotes removed. */
  readonly paths: readonly string[];
  /** The arguments of the `linux` command. */
  readonly commandLine?: string;
  /** Whether start and end can be relied on. */
  readonly closed: boolean;
  /** Whether it loads an artifact with bootc's name. */
  readonly bootc: boolean;
}

export interface UserCfg {
  readonly blocks: readonly MenuBlock[];
  readonly findings: readonly Finding[];
  /** Whether nothing but bootc's own header is left. */
  readonly onlyHeader: boolean;
}

export function parseUserCfg(bytes: Uint8Array): UserCfg { throw new Error(`not written yet: ${bytes.length}`); }
export function removeBlocks(bytes: Uint8Array, blocks: readonly Pick<MenuBlock, 'start' | 'end'>[]): Uint8Array { throw new Error(`not written yet: ${bytes.length}${blocks.length}`); }
