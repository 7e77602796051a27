/** `systemd-analyze compare-versions` judges compareVersions(): node tools/oracles/versions.ts --count 20000 --seed 1 */
import { spawnSync } from 'node:child_process';
import { compareVersions } from '../../packages/bls/src/index.ts';
import { main, type OracleResult } from './oracle.ts';
import { randomFrom, type Random } from './random.ts';

/** One process per pair, started by one shell per batch; the answer is the exit status, as systemd-analyze(1) says. */
const LOOP = `while IFS= read -r a && IFS= read -r b; do
  systemd-analyze compare-versions -- "$a" "$b" >/dev/null
  echo $?
done`;
const STATUS = new Map([
  [0, 0],
  [11, 1],
  [12, -1],
]);
const BATCH = 500;

/** Compares `count` random pairs. */
export function compareVersionsOracle(count: number, seed: number): OracleResult {
  const random = randomFrom(seed);
  const differences: string[] = [];
  for (let done = 0; done < count; done += BATCH) {
    const pairs = random.times(Math.min(BATCH, count - done), pair);
    const input = pairs
      .flat()
      .map((version) => `${version}\n`)
      .join('');
    const answers = spawnSync('bash', ['-c', LOOP], { input, encoding: 'utf8' }).stdout.trim().split('\n');
    for (const [index, [a, b]] of pairs.entries()) {
      const [theirs, ours] = [STATUS.get(Number(answers[index])), compareVersions(a, b)];
      if (theirs !== ours) differences.push(`${JSON.stringify([a, b])}: systemd-analyze ${theirs}, we ${ours}`);
    }
  }
  return { count, seed, differences };
}

/** The second version is often the first with one change: there the fine rules decide. */
function pair(random: Random): [string, string] {
  const a = version(random);
  if (random.chance(0.3)) return [a, version(random)];
  const at = random.below(a.length + 1);
  return [a, a.slice(0, at) + random.pick(PARTS)(random) + a.slice(at + random.below(2))];
}

function version(random: Random): string {
  return random.times(1 + random.below(6), (inner) => inner.pick(PARTS)(inner)).join('');
}

const PARTS: readonly ((random: Random) => string)[] = [
  (random) => String(random.below(random.pick([2, 10, 300, 20270101]))),
  (random) => `00${random.below(12)}`,
  (random) => random.pick(['a', 'b', 'A', 'Z', 'rc', 'fc', 'alpha', 'x86', 'git1a2b']),
  (random) => random.pick(['.', '-', '~', '^', '_', '+', ':', ' ', '=', '/', '.-', '~~', '^.']),
  () => '',
];

if (process.argv[1] === import.meta.filename) main(compareVersionsOracle, 20000);
