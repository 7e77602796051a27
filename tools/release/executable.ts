/** Makes `cfs` one executable file by Node's own means: a Node with the bundle inside. No Node is needed to run it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { cli, lazyBuiltins, options, packagesOf, replaceOnce } from '../bundle.ts';

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
    build.onLoad({ filter: /\/cli\/src\/thread\.ts$/ }, ({ path }) => {
      const text = replaceOnce(path, '[import.meta.filename, []]', '[threadProgram(), []]');
      return { contents: `import { threadProgram } from ${native};\n${text}`, loader: 'ts' };
    });
  },
};

export interface Executable {
  readonly path: string;
  /** Folders of the packages whose code is in it. */
  readonly packages: readonly string[];
  /** Of the Node that it is. */
  readonly node: string;
}

/** Writes it to `path`. It is for the machine that makes it: its architecture and its C library. */
export async function makeExecutable(path: string): Promise<Executable> {
  const place = mkdtempSync(join(tmpdir(), 'cfs-executable-'));
  try {
    const program = join(place, 'cfs.mjs');
    const { metafile } = await build({
      ...options,
      entryPoints: [join(cli, 'src/main.ts')],
      outfile: program,
      loader: { '.zst': 'binary' },
      conditions: ['@cfs/source'],
      // A thread's program has no file.
      define: { 'import.meta.filename': '"cfs.mjs"' },
      plugins: [allFromExecutable, lazyBuiltins],
      metafile: true,
    });
    const addon = createRequire(join(cli, 'package.json')).resolve(`@koromix/koffi-linux-${process.arch}`);
    const stripped = join(place, 'node');
    copyFileSync(process.execPath, stripped);
    // A fifth of Node is names for debuggers.
    execFileSync('strip', [stripped]);
    const config = join(place, 'sea.json');
    const settings = {
      main: program,
      mainFormat: 'module',
      executable: stripped,
      output: path,
      disableExperimentalSEAWarning: true,
      assets: { 'cfs.mjs': program, 'koffi.node': join(addon, `../linux_${process.arch}/koffi.node`) },
    };
    writeFileSync(config, JSON.stringify(settings));
    execFileSync(process.execPath, ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    return { path, packages: packagesOf(Object.keys(metafile.inputs)), node: process.versions.node };
  } finally {
    rmSync(place, { recursive: true });
  }
}
