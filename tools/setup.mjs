/**
 * Makes a fresh clone ready: the dependencies by pnpm, among them the Node that the project runs on, and the bundle.
 * Plain JavaScript without dependencies, because the system's Node (20 or newer) runs it before anything is installed.
 * When nothing has changed it costs only the hash of the sources. It installs nothing outside the clone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules/.bin');
/** The Node that the project needs, and the launcher of `cfs`. Both exist after {@link setup}. */
export const node = join(bin, 'node');
export const bundle = join(root, 'packages/cli/dist/cfs.js');
const decoder = 'packages/repo/dist/decoder.wasm';

/** For everything that runs inside the clone: its own tools come first; Debian keeps mkfs from people's PATH. */
export const environment = {
  ...process.env,
  PATH: [bin, process.env['PATH'], '/usr/sbin', '/sbin'].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
};

/** A step of the set-up failed; `output` is what its program printed. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} [output]
   */
  constructor(message, output = '') {
    super(output === '' ? message : `${message}\n${output}`);
    this.name = 'SetupError';
  }
}

/** The words that start the project's pnpm on a machine that has only npm. */
export function pnpmCommand() {
  const { packageManager } = /** @type {{ packageManager: string }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
  return ['npx', '--yes', packageManager];
}

/** Installs and builds what is missing or out of date, saying so on stderr. Throws {@link SetupError}. */
export function setup() {
  refresh('dependencies', [...manifests(), 'pnpm-lock.yaml', 'pnpm-workspace.yaml'], [node], () => {
    // CI=true keeps pnpm from asking; nobody may be there to answer.
    run([...pnpmCommand(), 'install', '--frozen-lockfile'], { CI: 'true' });
    probeNode();
  });
  const decoderInputs = [...sourcesIn('packages/repo/wasm'), 'packages/repo/asconfig.json', 'pnpm-lock.yaml'];
  refresh('decoder', decoderInputs, [join(root, decoder)], () => {
    run([join(bin, 'asc')], {}, join(root, 'packages/repo'));
  });
  const inputs = [...sources(), decoder, ...manifests(), 'pnpm-lock.yaml', 'tools/bundle.ts'];
  refresh('bundle', inputs, [bundle], () => {
    run([node, 'tools/bundle.ts']);
  });
}

/**
 * Runs `make` unless `results` exist and were made from these very `inputs`.
 * @param {string} name
 * @param {string[]} inputs paths relative to the root
 * @param {string[]} results
 * @param {() => void} make
 */
function refresh(name, inputs, results, make) {
  const hash = createHash('sha256').update(process.arch);
  for (const path of inputs) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  const digest = hash.digest('hex');
  const stamp = join(root, `node_modules/.cfs-${name}`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && results.every((path) => existsSync(path))) return;
  const started = performance.now();
  process.stderr.write(`Setting up: ${name} …`);
  make();
  writeFileSync(stamp, digest);
  process.stderr.write(` ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** The package.json of the workspace and of each package in it. */
function manifests() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  return ['.', ...packages, 'tools', 'test-images']
    .map((folder) => join(folder, 'package.json'))
    .filter((path) => existsSync(join(root, path)));
}

/** Every source file that can end up in the bundle. */
function sources() {
  return readdirSync(join(root, 'packages'))
    .map((name) => `packages/${name}/src`)
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap(sourcesIn);
}

/** @param {string} folder */
function sourcesIn(folder) {
  return readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .sort();
}

/** Debian's Node brings libatomic along; a Node from elsewhere may not, and the project's own needs it. */
function probeNode() {
  const { status, stderr } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status === 0) return;
  const hint = /libatomic/.test(stderr) ? ': install it with «sudo apt-get install libatomic1»' : '';
  throw new SetupError(`the Node of this project does not start${hint}`, stderr);
}

/**
 * Runs a program, in the root as a rule, silent unless it fails.
 * @param {string[]} command
 * @param {Record<string, string>} [extra] environment variables
 */
function run([program = '', ...args], extra = {}, cwd = root) {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...environment, ...extra },
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw new SetupError(`${program} did not start: ${error.message}`);
  if (status !== 0) throw new SetupError(`«${[program, ...args].join(' ')}» failed`, stdout + stderr);
}

/** Runs {@link setup}; a failure is printed and ends the process. */
export function setupOrExit() {
  try {
    setup();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\ncfs: cannot set up: ${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setupOrExit();
