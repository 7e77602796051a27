/**
 * Makes `cfs` a few files in packages/cli/dist: the launcher `cfs.js`, the program with what V8 makes of it, the program of
 * its threads, and koffi's native half. They run on Node 22.15 or newer, from any directory, without node_modules. They
 * must never look for native code anywhere but beside themselves: they run as root, and a parent directory may be
 * somebody else's.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, type BuildOptions, type OutputFile, type Plugin } from 'esbuild';
import { asFunction, PROGRAM } from './program.ts';

export const cli = join(import.meta.dirname, '../packages/cli');
const architectures = ['x64', 'arm64'];

/** The text of a file with one place in it replaced; an error if the place is not there, for then the file changed. */
export function replaceOnce(path: string, search: string, replacement: string): string {
  const parts = readFileSync(path, 'utf8').split(search);
  if (parts.length !== 2) throw new Error(`${path}: expected «${search}» once; look again at how this is loaded`);
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

/** The decoder is a part of the text, as base64. */
export const decoderInside: Plugin = {
  name: 'decoder-inside',
  setup(build) {
    build.onLoad({ filter: /\/repo\/src\/decoder\.ts$/ }, ({ path }) => {
      const text = replaceOnce(path, "readFileSync(join(import.meta.dirname, '../dist/decoder.wasm'))", 'decoder');
      return { contents: `import decoder from '../dist/decoder.wasm';\n${text}`, loader: 'ts' };
    });
  },
};

/** Modules of Node that take milliseconds to load, have functions only, and that many commands never come to use. */
const heavy = ['child_process', 'crypto', 'readline/promises', 'util', 'worker_threads', 'zlib'].map(
  (name) => `node:${name}`,
);

/**
 * One program means that every import of every command is done at the start, and a module of Node costs a millisecond or
 * two. So they are fetched when the module that imports them is first used, and heavy ones when something in them is.
 * esbuild would copy all properties for each import, and looks a name up in the prototype of what it copies.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const get = `process.getBuiltinModule(${JSON.stringify(path)})`;
      const lazy = `new Proxy({}, { get: (_, name) => ${get}[name] })`;
      return { contents: `module.exports = Object.create(${heavy.includes(path) ? lazy : get})` };
    });
  },
};

/** The folders of the packages that are bundled. */
export function packagesOf(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** What the licences of the bundled packages ask for: their name, copyright and terms. */
function notices(inputs: readonly string[]): string[] {
  return packagesOf(inputs).map((folder) => {
    const license = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (license === undefined) throw new Error(`${folder} has no licence file`);
    return `${folder.replace(/^.*\/node_modules\//, '')}\n\n${readFileSync(join(folder, license), 'utf8').trim()}`;
  });
}

export const options = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.15',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  loader: { '.zst': 'binary', '.wasm': 'binary' },
} as const satisfies BuildOptions;

/** In the launcher a function that loads the program stands in its place. */
const startBeside: Plugin = {
  name: 'start-beside',
  setup(build) {
    build.onResolve({ filter: /^\.\/start\.ts$/ }, () => ({ path: join(import.meta.dirname, 'program.ts') }));
  },
};

/** Bundles `cfs` into the empty folder `dist`. */
export async function bundle(dist: string): Promise<void> {
  const all = {
    ...options,
    write: false,
    metafile: true,
    conditions: ['@cfs/source'],
  } as const satisfies BuildOptions;
  const commonJs = {
    ...all,
    format: 'cjs',
    // As Node names them in a CommonJS module; what wants the URL of a file takes its path as well.
    define: {
      'import.meta.filename': '__filename',
      'import.meta.dirname': '__dirname',
      'import.meta.url': '__filename',
    },
    plugins: [nativeBesideBundle, decoderInside, lazyBuiltins],
  } as const satisfies BuildOptions;
  const [launcher, program, thread] = await Promise.all([
    build({ ...all, entryPoints: [join(cli, 'src/main.ts')], plugins: [startBeside, lazyBuiltins] }),
    build({ ...commonJs, entryPoints: [join(cli, 'src/start.ts')] }),
    build({ ...commonJs, entryPoints: [join(cli, 'src/thread.ts')] }),
  ]);
  const licences = notices(Object.keys(program.metafile.inputs)).map((notice) => `\n/*\n${notice}\n*/\n`);
  writeFileSync(join(dist, 'cfs.js'), `#!/usr/bin/env node\n${textOf(launcher)}`, { mode: 0o755 });
  writeFileSync(join(dist, PROGRAM), ascii([asFunction(textOf(program)), ...licences].join('')));
  writeFileSync(join(dist, 'thread.cjs'), ascii(textOf(thread)));
  const { resolve } = createRequire(join(cli, 'package.json'));
  for (const arch of architectures) {
    const native = join(resolve(`@koromix/koffi-linux-${arch}`), `../linux_${arch}/koffi.node`);
    copyFileSync(native, join(dist, `koffi-linux-${arch}.node`));
  }
  execFileSync(process.execPath, [join(import.meta.dirname, 'code-cache.ts'), dist], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function textOf({ outputFiles: [file] }: { readonly outputFiles: readonly OutputFile[] }): string {
  return file?.text ?? '';
}

/** One character that isn't ASCII doubles what V8 has to hold and to read. Escapes mean the same wherever they can stand. */
function ascii(text: string): string {
  return text.replace(/[^\t\n\x20-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

if (process.argv[1] === import.meta.filename) {
  const dist = join(cli, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await bundle(dist);
  for (const name of readdirSync(dist))
    console.log(`${name}: ${Math.ceil(statSync(join(dist, name)).size / 1024)} KiB`);
}
