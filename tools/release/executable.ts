/** Makes `cfs` one executable file by Node's own means: a Node with the bundle inside. No Node is needed to run it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { cli, decoderInside, lazyBuiltins, options, packagesOf, replaceOnce } from '../bundle.ts';

const native = JSON.stringify(join(import.meta.dirname, 'native.ts'));

/** Nothing is looked for on the disk. */
const allFromExecutable: Plugin = {
  name: 'all-from-executable',
  setup(build) {
    const resolve = { resolveDir: import.meta.dirname, kind: 'import-statement' } as const;
    build.onLoad({ filter: /\/posix\/src\/native\.ts$/ }, ({ path }) => ({
      contents: replaceOnce(path, "createRequire(import.meta.url)('koffi')", "require('koffi')"),
      loader: 'ts',
    }));
    build.onResolve({ filter: /^koffi$/ }, ({ resolveDir }) =>
      build.resolve('koffi/indirect', { ...resolve, resolveDir }),
    );
    build.onLoad({ filter: /\/koffi\/src\/koffi\/indirect\.js$/ }, ({ path }) => {
      const text = replaceOnce(path, 'loadDynamic(import.meta.dirname, pkg, triplets)', 'loadNative()');
      return {
        contents: `import { loadNative } from ${native};\n${text.replace('createRequire(import.meta.url)', 'undefined')}`,
      };
    });
    build.onLoad({ filter: /\/cli\/src\/start-thread\.ts$/ }, ({ path }) => {
      const text = replaceOnce(path, 'join(import.meta.dirname, PROGRAM)', 'threadProgram()');
      return { contents: `import { threadProgram } from ${native};\n${text}`, loader: 'ts' };
    });
  },
};

/** What it is made for, as Node calls it, and the prefix of the tools that work on such files. */
export const TOOLS = { x64: 'x86_64-linux-gnu-', arm64: 'aarch64-linux-gnu-' } as const;
export type Arch = keyof typeof TOOLS;

/** Of the package binutils-aarch64-linux-gnu and its like; of the machine's own architecture of binutils. */
export const stripOf = (arch: Arch): string => `${arch === process.arch ? '' : TOOLS[arch]}strip`;

export interface Executable {
  readonly path: string;
  /** Folders of the packages whose code is in it. */
  readonly packages: readonly string[];
  /** Of the Node that it is. */
  readonly node: string;
}

/** Writes it to `path`. It is for the C library of the Node that makes it. */
export async function makeExecutable(path: string, arch: Arch): Promise<Executable> {
  const place = mkdtempSync(join(tmpdir(), 'cfs-executable-'));
  try {
    const { metafile } = await build({
      ...options,
      entryPoints: ['main', 'thread'].map((name) => join(cli, 'src', `${name}.ts`)),
      outdir: place,
      outExtension: { '.js': '.mjs' },
      conditions: ['@cfs/source'],
      // Neither has a file.
      define: { 'import.meta.filename': '"cfs.mjs"' },
      plugins: [allFromExecutable, decoderInside, lazyBuiltins],
      metafile: true,
    });
    const addon = createRequire(join(cli, 'package.json')).resolve(`@koromix/koffi-linux-${arch}`);
    const stripped = join(place, 'node');
    copyFileSync(nodeOf(arch, place), stripped);
    // A fifth of Node is names for debuggers.
    execFileSync(stripOf(arch), [stripped]);
    const config = join(place, 'sea.json');
    const settings = {
      main: join(place, 'main.mjs'),
      mainFormat: 'module',
      executable: stripped,
      output: path,
      disableExperimentalSEAWarning: true,
      assets: { 'thread.mjs': join(place, 'thread.mjs'), 'koffi.node': join(addon, `../linux_${arch}/koffi.node`) },
    };
    writeFileSync(config, JSON.stringify(settings));
    execFileSync(process.execPath, ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    return { path, packages: packagesOf(Object.keys(metafile.inputs)), node: process.versions.node };
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** The Node that runs, or the same one of another architecture, which npm has as a package. */
function nodeOf(arch: Arch, place: string): string {
  if (arch === process.arch) return process.execPath;
  const name = `node-linux-${arch}@${process.versions.node}`;
  const packed = execFileSync('npm', ['pack', '--silent', name], { cwd: place, encoding: 'utf8' }).trim();
  execFileSync('tar', ['--extract', `--file=${packed}`, 'package/bin/node'], { cwd: place });
  return join(place, 'package/bin/node');
}
