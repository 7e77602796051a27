/** `pnpm dist`: everything that is installed on a machine, into dist/ of the clone. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli } from '../bundle.ts';
import { makeExecutable, stripOf, TOOLS, type Arch } from './executable.ts';
import { filesOf, writeFiles } from './files.ts';
import { makeDeb, makeRpm, makeTarball } from './packages.ts';
import { sbomOf } from './sbom.ts';

/** For reproducible builds: https://reproducible-builds.org/docs/source-date-epoch/ */
const epoch = process.env['SOURCE_DATE_EPOCH'];

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** Those whose executables can be stripped here. */
const architectures = (Object.keys(TOOLS) as Arch[]).filter((arch) => has(stripOf(arch)));

/** Paths of what was made. */
export async function makeDist(
  to: string,
  made = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000),
): Promise<string[]> {
  const { version } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')) as { version: string };
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  copyFileSync(join(import.meta.dirname, 'Containerfile'), join(to, 'Containerfile'));
  const paths: string[] = [];
  for (const arch of architectures) paths.push(...(await makeFor(arch, version, made, to)));
  return paths;
}

async function makeFor(arch: Arch, version: string, made: Date, to: string): Promise<string[]> {
  const tree = mkdtempSync(join(tmpdir(), 'cfs-tree-'));
  chmodSync(tree, 0o755);
  try {
    mkdirSync(join(tree, 'usr/bin'), { recursive: true });
    const executable = await makeExecutable(join(tree, 'usr/bin/cfs'), arch);
    const sbom = sbomOf(version, made, executable);
    writeFiles(tree, filesOf(made, sbom));
    const packaged = { version, arch, tree, to };
    const copy = join(to, `cfs-linux-${arch}`);
    copyFileSync(executable.path, copy);
    // The same for each of them.
    writeFileSync(join(to, 'sbom.cdx.json'), sbom);
    // Few machines have the tools of both families.
    const makers = [has('dpkg-deb') ? [makeDeb] : [], has('rpmbuild') ? [makeRpm] : []].flat();
    return [copy, makeTarball(packaged), ...makers.map((make) => make(packaged))];
  } finally {
    rmSync(tree, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  for (const path of await makeDist(join(import.meta.dirname, '../../dist')))
    console.log(`${path}: ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`);
}
