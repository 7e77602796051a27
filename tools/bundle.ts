/**
 * Makes `cfs` one file: packages/cli/dist/cfs.js, with the program of its threads and koffi's native half beside it as
 * thread.cjs and koffi-linux-<arch>.node. The file runs on Node 22.15 or newer, from any directory, without node_modules. It must never look for native code
 * anywhere but beside itself: it runs as root, and a parent directory may be somebody else's.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions, type OutputFile, type Plugin } from 'esbuild';
import { fold } from './fold.ts';

export const cli = join(import.meta.dirname, '../packages/cli');
const architectures = ['x64', 'arm64'];

/** The text of a file with one place in it replaced; an error if the place is not there, for then the file changed. */
export function replaceOnce(path: string, search: string, replacement: string): string {
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
export const lazyBuiltins: Plugin = {
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
} as const satisfies BuildOptions;

/**
 * Where no package.json says what a file called .js is, Node reads it as CommonJS first, and stops at the first import:
 * one in the first line saves reading all of it in vain. This module is there already.
 */
const BANNER = "#!/usr/bin/env node\nimport 'node:path';\n";

/** In the bundle the program is folded away, and a function that unfolds it stands in its place. */
const foldedStart: Plugin = {
  name: 'folded-start',
  setup(build) {
    build.onResolve({ filter: /^\.\/start\.ts$/ }, () => ({ path: join(import.meta.dirname, 'fold.ts') }));
  },
};

/** Bundles `cfs` to `cfs.js` in the empty folder `dist`, and puts beside it what it needs. */
export async function bundle(dist: string): Promise<void> {
  const all = {
    ...options,
    write: false,
    metafile: true,
    loader: { '.zst': 'binary' },
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
    plugins: [nativeBesideBundle, lazyBuiltins],
  } as const satisfies BuildOptions;
  const [launcher, program, thread] = await Promise.all([
    build({ ...all, entryPoints: [join(cli, 'src/main.ts')], plugins: [foldedStart, lazyBuiltins] }),
    build({ ...commonJs, entryPoints: [join(cli, 'src/start.ts')] }),
    build({ ...commonJs, entryPoints: [join(cli, 'src/thread.ts')] }),
  ]);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${textOf(program)}\n})`;
  const licences = notices(Object.keys(program.metafile.inputs)).map((notice) => `/*\n${notice}\n*/\n`);
  const write = (code: Buffer): void => {
    const parts = [BANNER, textOf(launcher), fold('program', wrapped), fold('code', code.toString('base64')), '\n'];
    writeFileSync(outfile, ascii([...parts, ...licences].join('')), { mode: 0o755 });
  };
  const outfile = join(dist, 'cfs.js');
  const { resolve } = createRequire(join(cli, 'package.json'));
  for (const arch of architectures) {
    const native = join(resolve(`@koromix/koffi-linux-${arch}`), `../linux_${arch}/koffi.node`);
    copyFileSync(native, join(dist, `koffi-linux-${arch}.node`));
  }
  writeFileSync(join(dist, 'thread.cjs'), ascii(textOf(thread)));
  write(Buffer.alloc(0));
  write(codeOf(outfile));
}

function textOf({ outputFiles: [file] }: { readonly outputFiles: readonly OutputFile[] }): string {
  return file?.text ?? '';
}

/** One character that isn't ASCII doubles what V8 has to hold and to read. Escapes mean the same wherever they can stand. */
function ascii(text: string): string {
  return text.replace(/[^\t\n\x20-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** V8's code of the program, after a run in a process of its own. */
function codeOf(bundled: string): Buffer {
  const place = mkdtempSync(join(tmpdir(), 'cfs-code-'));
  try {
    const file = join(place, 'code');
    const env = { ...process.env, TMPDIR: place };
    execFileSync(process.execPath, [join(import.meta.dirname, 'code-cache.ts'), bundled, file], { env, stdio: 'pipe' });
    return readFileSync(file);
  } finally {
    rmSync(place, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const dist = join(cli, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await bundle(dist);
  console.log(`cfs.js: ${Math.ceil(statSync(join(dist, 'cfs.js')).size / 1024)} KiB`);
}
