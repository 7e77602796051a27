/** What a package puts where: one list for the tarball, the .deb and the .rpm. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { completionScript } from '../../packages/cli/src/completion.ts';
import { manPages } from '../../packages/cli/src/man.ts';
import { makeProgram } from '../../packages/cli/src/program.ts';
import { cli } from '../bundle.ts';

/** By their path below the root; the executable, which is large, is not among them. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/** `made`: the day that the manual bears. */
export function filesOf(made: Date, sbom: string): Files {
  const own = (path: string): string => readFileSync(join(cli, path), 'utf8');
  const unit = (name: string): [string, string] => [`usr/lib/systemd/system/${name}`, own(`systemd/${name}`)];
  return new Map<string, string | Uint8Array>([
    unit('cfs-gc.service'),
    unit('cfs-gc.timer'),
    ['usr/lib/systemd/system-preset/80-cfs.preset', own('systemd/80-cfs.preset')],
    ['usr/share/bash-completion/completions/cfs', completionScript('bash')],
    ['usr/share/zsh/site-functions/_cfs', completionScript('zsh')],
    ['usr/share/fish/vendor_completions.d/cfs.fish', completionScript('fish')],
    ['usr/share/doc/cfs/sbom.cdx.json', sbom],
    ['usr/share/doc/cfs/copyright', own('../../LICENSE')],
    ...['automation.md', 'configuration.md'].map((name): [string, string] => [
      `usr/share/doc/cfs/${name}`,
      own(`../../docs/${name}`),
    ]),
    ...readdirSync(join(cli, 'schemas')).map((name): [string, string] => [
      `usr/share/cfs/schemas/${name}`,
      own(`schemas/${name}`),
    ]),
    // Without a time in it, so that the same source gives the same bytes.
    ...manPages(
      makeProgram(() => undefined),
      made,
    ).map(({ name, text }): [string, Uint8Array] => [`usr/share/man/man8/${name}.gz`, gzipSync(text, { level: 9 })]),
  ]);
}

export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode: 0o644 });
  }
}
