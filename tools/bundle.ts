/**
 * Makes `cfs` a few files in one directory, packages/cli/dist: cfs.js, which is run and starts everything else; cfs.mjs,
 * which is everything else; and koffi's native half as koffi-linux-<arch>.node. They run on Node 22.15 or newer, from any
 * directory, without node_modules. They must never look for code anywhere but beside themselves: they run as root, and a
 * parent directory may be somebody else's.
 *
 * Two files, because Node reads a file called .js twice where no package.json says what it is: as CommonJS, in vain.
 */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

const cli = join(import.meta.dirname, '../packages/cli');
const architectures = ['x64', 'arm64'];

/** The text of a file with one place in it replaced; an error if the place is not there, for then the file changed. */
function replaceOnce(path: string, search: string, replacement: string): string {
  const parts = readFileSync(path, 'utf8').split(search);
  if (parts.length !== 2) throw new Error(`${path}: expected «${search}» once; look again at how koffi is loaded`);
  return parts.join(replacement);
}

/** koffi looks in several places for its native half, up to the node_modules of every parent; the bundle gets one. */
const nativeBesideBundle: Plugin = {
  name: 'native-beside-bundle',
  setup(build) {
    // A plain require is bundled, and stays lazy.
    build.onLoad({ filter: /\/posix\/src\/native\.ts$/ }, ({ path }) => ({
      contents: replaceOnce(path, "createRequire(import.meta.url)('koffi')", "require('koffi')"),
      loader: 'ts',
    }));
    build.onResolve({ filter: /^koffi$/ }, ({ resolveDir }) =>
      build.resolve('koffi/indirect', { resolveDir, kind: 'import-statement' }),
    );
    build.onLoad({ filter: /\/koffi\/src\/koffi\/indirect\.js$/ }, ({ path }) => ({
      contents: replaceOnce(
        path,
        'loadDynamic(import.meta.dirname, pkg, triplets)',
        'require2(`${import.meta.dirname}/koffi-${pkg}.node`)',
      ),
    }));
  },
};

/** Modules of Node that take milliseconds to load, have functions only, and that many commands never come to use. */
const heavy = ['child_process', 'crypto', 'readline/promises', 'util', 'zlib'].map((name) => `node:${name}`);

/**
 * One file means that every import of every command is done at the start, and a module of Node costs a millisecond or
 * two. So they are fetched when the module that imports them is first used, and heavy ones when something in them is:
 * esbuild looks a name up in the prototype of what was imported.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const get = `process.getBuiltinModule(${JSON.stringify(path)})`;
      const lazy = `Object.create(new Proxy({}, { get: (_, name) => ${get}[name] }))`;
      return { contents: `module.exports = ${heavy.includes(path) ? lazy : get}` };
    });
  },
};

/** What the licences of the bundled packages ask for: their name, copyright and terms. */
function notices(inputs: readonly string[]): string[] {
  const folders = new Set(inputs.flatMap((path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...folders].sort().map((folder) => {
    const license = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (license === undefined) throw new Error(`${folder} has no licence file`);
    return `${folder.replace(/^.*\/node_modules\//, '')}\n\n${readFileSync(join(folder, license), 'utf8').trim()}`;
  });
}

const options = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.15',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** cfs.js begins cfs.mjs, wherever that comes from. */
const programBeside: Plugin = {
  name: 'program-beside',
  setup(build) {
    build.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './cfs.mjs', external: true }));
  },
};

/**
 * Bundles `entry`, a file or the text of a module of the cli, to `cfs.mjs` in the empty folder `dist`, and puts beside it
 * what starts it and koffi's native half.
 */
export async function bundle(entry: { path: string } | { contents: string }, dist: string): Promise<void> {
  const start = join(dist, 'cfs.js');
  await build({
    ...options,
    entryPoints: [join(cli, 'src/start.ts')],
    outfile: start,
    plugins: [programBeside],
    banner: { js: '#!/usr/bin/env node' },
  });
  chmodSync(start, 0o755);
  const outfile = join(dist, 'cfs.mjs');
  const { metafile } = await build({
    ...options,
    ...('path' in entry
      ? { entryPoints: [entry.path] }
      : { stdin: { contents: entry.contents, resolveDir: cli, loader: 'ts' } }),
    outfile,
    loader: { '.zst': 'binary' },
    conditions: ['@cfs/source'],
    plugins: [nativeBesideBundle, lazyBuiltins],
    metafile: true,
  });
  for (const notice of notices(Object.keys(metafile.inputs))) appendFileSync(outfile, `/*\n${notice}\n*/\n`);
  const { resolve } = createRequire(join(cli, 'package.json'));
  for (const arch of architectures) {
    const native = join(resolve(`@koromix/koffi-linux-${arch}`), `../linux_${arch}/koffi.node`);
    copyFileSync(native, join(dist, `koffi-linux-${arch}.node`));
  }
}

if (process.argv[1] === import.meta.filename) {
  const dist = join(cli, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await bundle({ path: join(cli, 'src/main.ts') }, dist);
  console.log(`cfs.mjs: ${Math.ceil(statSync(join(dist, 'cfs.mjs')).size / 1024)} KiB`);
}
