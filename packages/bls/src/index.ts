/** Pure parsers for everything that a boot loader reads, and the order it shows. Runs in a browser; reads no file. */
export { algorithmOf, parseDigest, type Algorithm, type Digest } from './digest.ts';
export type { Finding } from './finding.ts';
export { decodeText } from './text.ts';
export { entryPaths, parseEntry, type Entry, type EntryResult, type Field } from './entry.ts';
export { isBootcEntryName, parseEntryName, type EntryName } from './entry-name.ts';
export {
  argument,
  composefsArguments,
  parseCommandLine,
  type Argument,
  type ComposefsArgument,
  type ComposefsArguments,
} from './command-line.ts';
export { artifactNamesIn, isCutArtifactPath, parseArtifactName, type ArtifactName } from './artifact.ts';
export { parseUki, ukiDigests, type Uki, type UkiProfile, type UkiResult, type UkiSource } from './uki.ts';
export { parseUserCfg, removeBlocks, type MenuBlock, type UserCfg } from './user-cfg.ts';
export { compareVersions } from './version.ts';
export { menuOrder, type BootLoader, type MenuItem } from './order.ts';
export {
  grubDefault,
  matchesDefault,
  parseGrubEnv,
  parseLoaderConf,
  type GrubDefault,
  type LoaderConf,
} from './default.ts';
