/**
 * Wrong executors: each is the real one with a line or two changed, and breaks one rule of the order of a run. The lane
 * must find something on each; one that it lets pass means that it looks too little.
 *
 * A change names the exact text that it replaces, so that none outlives the code that it was made for. What is missing
 * on purpose: the barriers after artifacts, states and objects. Left out alone they break nothing that the model can
 * show (docs/crash-safety.md says why).
 */
interface Change {
  /** Below the root of the clone. */
  readonly file: string;
  /** Occurs exactly once; undefined: `to` is added at the end. */
  readonly from?: string;
  readonly to: string;
}

export interface Mutant {
  readonly name: string;
  readonly changes: readonly Change[];
}

const source = (file: string) => `packages/executor/src/${file}`;
const inRun = (from: string, to: string): Change => ({ file: source('run.ts'), from, to });
const inLedger = (from: string, to: string): Change => ({ file: source('ledger.ts'), from, to });
const inItems = (from: string, to: string): Change => ({ file: source('items.ts'), from, to });
const inTrash = (from: string, to: string): Change => ({ file: source('trash.ts'), from, to });
const inModel = (from: string, to: string): Change => ({ file: 'test-images/model/directory.ts', from, to });

/** The phases in another order; those that are not named come last, as they are. */
function order(name: string, ...names: readonly string[]): Mutant {
  const rank = `(phase: Phase) => ${JSON.stringify(names)}.indexOf(phase.name) + 1 || 99`;
  const to = `const rank = ${rank};\n(PHASES as Phase[]).sort((a, b) => rank(a) - rank(b));\n`;
  return { name, changes: [{ file: source('phases.ts'), to }] };
}

const AFTER_PHASE = 'this.#barrier();\n      if (this.#spared.size === spared)';
const noBarrierAfter = (phase: string): Mutant => ({
  name: `no barrier after ${phase}`,
  changes: [inRun(AFTER_PHASE, `if (phase.name !== '${phase}') ${AFTER_PHASE}`)],
});

const EXCHANGE =
  'directory.exchange(temporary, directory, name);\n  directory.barrier();\n  directory.unlink(temporary);';
const CREATE =
  'directory.create(temporary, content, directory.stat(name).mode & 0o7777);\n  // GRUB reads without the journal: the new file must be in its place before the name leads to it.\n  directory.barrier();\n  ';
const BARRIER = 'this.syncfs();\n    this.fsync();';
const INTENT =
  "this.#ledger.record(plan, 'before');\n      for (const phase of PHASES) reading = await this.#phase(phase, reading);";
const PHASES_RUN = 'for (const phase of PHASES) reading = await this.#phase(phase, reading);';
const MOVE = 'inside(root, TRASH, (trash) => deploy.rename(name, trash, aside));';

export const mutants: readonly Mutant[] = [
  order('the kernel before its entry', 'artifacts', 'entries'),
  order('the state directory before the entry', 'states', 'entries'),
  order('links before the entry', 'links', 'entries'),
  order('objects before the entry', 'objects', 'entries'),
  order('the entry last', 'artifacts', 'states', 'tags', 'links', 'objects', 'entries'),
  order('links before their tags', 'entries', 'artifacts', 'states', 'links', 'tags'),
  order('objects before their links', 'entries', 'artifacts', 'states', 'tags', 'objects', 'links'),
  order('objects before the tags', 'entries', 'artifacts', 'states', 'objects', 'tags', 'links'),
  {
    name: 'entries and artifacts in one phase',
    changes: [
      {
        file: source('phases.ts'),
        to: "(PHASES as Phase[]).splice(0, 2, { name: 'artifacts', classes: ['entry', 'artifact'], onFailure: 'spare' });\n",
      },
    ],
  },
  {
    name: 'tags and links in one phase',
    changes: [
      {
        file: source('phases.ts'),
        to: "(PHASES as Phase[]).splice(3, 2, { name: 'links', classes: ['tag', 'image', 'stream'], onFailure: 'no-sweep' });\n",
      },
    ],
  },
  { name: 'no barrier after any phase', changes: [inRun(AFTER_PHASE, 'if (this.#spared.size === spared)')] },
  noBarrierAfter('entries'),
  noBarrierAfter('tags'),
  noBarrierAfter('links'),
  {
    name: 'barriers on the root only',
    changes: [
      inRun(
        'for (const place of this.#touched) this.#place(place).barrier();',
        "if (this.#touched.size > 0) this.#place('sysroot').barrier();",
      ),
    ],
  },
  {
    name: 'barriers on the boot partition only',
    changes: [
      inRun(
        'for (const place of this.#touched) this.#place(place).barrier();',
        "for (const place of this.#touched) if (place !== 'sysroot') this.#place(place).barrier();",
      ),
    ],
  },
  { name: 'a barrier is an fsync', changes: [inModel(BARRIER, 'this.fsync();')] },
  { name: 'a barrier is a syncfs', changes: [inModel(BARRIER, 'this.syncfs();')] },
  {
    name: 'a barrier that does not freeze an xfs under GRUB',
    changes: [inModel("if (this.#fs.options.grub && this.#fs.options.kind === 'xfs') this.freeze();", '')],
  },
  {
    name: 'the intent after the entry',
    changes: [inRun(INTENT, `${PHASES_RUN}\n      this.#ledger.record(plan, 'before');`)],
  },
  { name: 'no intent', changes: [inRun(INTENT, PHASES_RUN)] },
  {
    name: 'the intent without a barrier',
    changes: [inLedger('      root.barrier();\n', '')],
  },
  {
    name: 'the intent in /run',
    changes: [
      inLedger(
        'changes.length === 0) return;\n',
        "changes.length === 0) return;\n    if (when === 'before' && volatile) {\n      for (const change of changes) applyRecord(volatile, change, VOLATILE_LEDGER);\n      return;\n    }\n",
      ),
    ],
  },
  {
    name: 'the intent over before the work',
    changes: [
      inRun(
        INTENT,
        `this.#ledger.record(plan, 'before');\n      this.#ledger.record(plan, 'after');\n      ${PHASES_RUN}`,
      ),
    ],
  },
  {
    name: 'records that stay',
    changes: [inRun("      this.#ledger.record(this.#withoutLeft(reading.plan), 'after');\n", '')],
  },
  {
    name: 'a receipt of nothing',
    changes: [
      inRun(
        "if (isEmpty(plan)) return this.#report.receipt(plan, 'nothing');",
        "if (isEmpty(plan)) return this.#ledger.keep(this.#report.receipt(plan, 'nothing'));",
      ),
    ],
  },
  {
    name: 'user.cfg exchanged without a barrier',
    changes: [inItems(EXCHANGE, EXCHANGE.replace('  directory.barrier();\n', ''))],
  },
  {
    name: 'user.cfg exchanged for a file in the journal alone',
    changes: [inItems(CREATE, CREATE.replace('  directory.barrier();\n', ''))],
  },
  {
    name: 'user.cfg renamed over',
    changes: [inItems(EXCHANGE, 'directory.rename(temporary, directory, name, { replace: true });')],
  },
  {
    name: 'user.cfg removed and written anew',
    changes: [
      inItems(
        `${CREATE}${EXCHANGE}`,
        'const { mode } = directory.stat(name);\n  directory.unlink(name);\n  directory.create(name, content, mode & 0o7777);',
      ),
    ],
  },
  {
    name: 'the state directory removed',
    changes: [
      inTrash(
        "import { applyRecord } from './records.ts';",
        "import { applyRecord } from './records.ts';\nimport { removeTree } from './items.ts';",
      ),
      inTrash(MOVE, 'removeTree(deploy, name);'),
    ],
  },
  {
    name: 'the state directory moved without a record',
    changes: [inTrash('text: `${JSON.stringify({ moved: now, deadline: now + trashFor })}\\n`,', 'text: undefined,')],
  },
  {
    name: 'trash without a term',
    changes: [inTrash('deadline: now + trashFor', 'deadline: now')],
  },
];
