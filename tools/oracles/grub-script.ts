/**
 * `grub-script-check` judges readScript() and removeBlocks() on random menus:
 * node tools/oracles/grub-script.ts --count 2000 --seed 1
 * What GRUB accepts must have no broken structure for us; each block that we would cut out must be a whole script by
 * itself; and what is left after the cut must be a script that GRUB accepts.
 */
import { spawnSync } from 'node:child_process';
import { parseUserCfg, removeBlocks } from '../../packages/bls/src/index.ts';
import { main, type OracleResult } from './oracle.ts';
import { randomFrom, type Random } from './random.ts';

/** Judges `count` random scripts. */
export function grubScriptOracle(count: number, seed: number): OracleResult {
  const random = randomFrom(seed);
  const differences = random.times(count, () => judge(script(random))).flat();
  return { count, seed, differences };
}

function judge(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  if (!accepts(bytes)) return [];
  const differences: string[] = [];
  const { blocks, findings } = parseUserCfg(bytes);
  if (findings.some((finding) => finding.code === 'broken-script'))
    differences.push('GRUB accepts what we call broken');
  const ours = blocks.filter((block) => block.bootc && block.closed && block.depth === 0);
  if (ours.some((block) => !accepts(bytes.subarray(block.start, block.end)))) differences.push('a block is no script');
  if (!accepts(removeBlocks(bytes, ours))) differences.push('what is left is no script');
  return differences.map((difference) => `${difference}: ${JSON.stringify(text)}`);
}

function accepts(bytes: Uint8Array): boolean {
  return spawnSync('grub-script-check', { input: bytes, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

const V = 'ab01'.repeat(32);

/** A comment swallows what follows, so it comes with its line end. */
const ENDS = ['\n', '\n', '\n', '\n\n', ' # }\n', ' #{"\n', '\r\n', '; ', ' ;\n', ';\n  # x\n'];
const FAULTS = ['}', '{', 'fi', 'menuentry "a"', '"', "'", 'echo }', '${', 'menuentry "a"\n{\nx\n}', '&& x', '$'];

function script(random: Random): string {
  // This line always stays: grub-script-check refuses a script without any command.
  return `set x=y\n${random.times(1 + random.below(5), () => statement(random, 0)).join('')}`;
}

function statement(random: Random, depth: number): string {
  if (random.chance(0.02)) return random.pick(FAULTS) + random.pick(ENDS);
  const make = depth > 2 ? command : random.pick([command, menuentry, menuentry, conditional, other]);
  return make(random, depth + 1) + random.pick(ENDS);
}

function menuentry(random: Random, depth: number): string {
  const name = random.pick(['menuentry', 'menuentry', 'menuentry', 'submenu']);
  const options = random.pick(['', ' --class a', ' --id "x y"', ' $menuentry_id_option b', '\t--users ""']);
  return `${random.pick(['', ' ', '\t'])}${name} ${word(random)}${options} {${random.pick(['\n', ' ', '\n\n'])}${body(random, depth)}}`;
}

function conditional(random: Random, depth: number): string {
  const more = random.pick(['', `else\n${body(random, depth)}`, `elif true; then\n${body(random, depth)}`]);
  return `if [ ${word(random)} = "\${x}" ]; then\n${body(random, depth)}${more}fi`;
}

function other(random: Random, depth: number): string {
  const loop = random.pick(['for x in a "b c"', 'while [ -f /x ]', 'until true']);
  // GRUB takes a function at top level only.
  if (depth === 1 && random.chance(0.5)) return `function f {\n${body(random, depth)}}`;
  return `${loop}; do\n${body(random, depth)}done`;
}

function body(random: Random, depth: number): string {
  return random.times(1 + random.below(3), () => statement(random, depth)).join(random.pick(['', '  ']));
}

function command(random: Random): string {
  const path = random.pick([`/EFI/Linux/bootc/bootc_composefs-${V}.efi`, '/EFI/x.efi', `"/${V}.efi"`]);
  return random.pick([
    () => `chainloader ${path}`,
    () => `linux /vmlinuz ${word(random)}`,
    () => `set x=${word(random)}`,
    () => `echo ${word(random)}${random.pick([' ', ' \\\n', '\\\n'])}${word(random)}`,
    () => 'reboot',
  ])();
}

const WORDS = [
  'a', 'if', 'fi', 'done', 'then', 'menuentry', "'a {b}'", '"a } b"', String.raw`"a \" } b"`, String.raw`a\ \}b`, '"${x}"',
  '${x}', '$x', 'a#b', '""', "'it'\"s\"", '"two\nlines {"', '$"text"', 'x=y', '\\{', "'\\'", 'ä', 'a,b:c', '$?', '[',
]; // prettier-ignore

function word(random: Random): string {
  return random.pick(WORDS) + (random.chance(0.2) ? random.pick(WORDS) : '');
}

if (process.argv[1] === import.meta.filename) main(grubScriptOracle, 2000);
