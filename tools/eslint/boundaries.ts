/**
 * Who may import whom, as one table, and the lint rule that enforces it. It protects three promises: only the executor
 * can change a disk, the parsers and the planner run without Node, and dependencies point one way.
 * Tests and tools are free; the rule is switched on only for the code that ships and for the independent checker.
 */
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { AST_NODE_TYPES as Type, type TSESLint, type TSESTree } from '@typescript-eslint/utils';
import type { Linter, Rule } from 'eslint';

export interface Boundary {
  /** What it may import of ours, without the scope: `bls`, `posix/write`. */
  readonly imports: readonly string[];
  /** What it may import of ours as types only. */
  readonly types?: readonly string[];
  /** Runs anywhere: no module of Node, no global of Node. */
  readonly pure?: boolean;
  /** May call what deletes, renames or overwrites in node:fs. */
  readonly changesFiles?: boolean;
}

/** By folder or file; a later row refines an earlier one. */
const table: Readonly<Record<string, Boundary>> = {
  'packages/bls': { imports: [], pure: true },
  'packages/posix': { imports: [] },
  'packages/posix/src/writable.ts': { imports: [], changesFiles: true },
  'packages/repo': { imports: ['bls', 'posix'] },
  'packages/planner': { imports: ['bls'], types: ['repo'], pure: true },
  'packages/executor': { imports: ['bls', 'posix', 'posix/host', 'posix/write', 'repo', 'planner'] },
  'packages/executor/src/schema.ts': { imports: ['planner', 'planner/schema'] },
  'packages/cli': { imports: ['bls', 'posix', 'repo', 'planner', 'executor'] },
  'packages/cli/src/host': { imports: ['bls', 'posix', 'posix/host', 'repo', 'planner', 'executor'] },
  'packages/cli/src/schema.ts': { imports: ['planner/schema', 'executor/schema'] },
  // It unpacks a system of its own into a temporary directory, and removes that again.
  'packages/cli/src/commands/demo.ts': {
    imports: ['posix', 'planner', 'test-images/unpack', 'test-images/twelve-updates.tar.zst'],
    changesFiles: true,
  },
  'test-images/checker': { imports: ['bls', 'posix', 'repo'] },
};

const root = join(import.meta.dirname, '../..');
/** Without their `Sync`. The default export and `promises` are doors to all of them. */
const changing = new Set(
  'unlink rm rmdir rename truncate ftruncate writeFile appendFile copyFile cp createWriteStream default promises'.split(
    ' ',
  ),
);
const nodeGlobals = [
  ...['process', 'Buffer', 'global', 'require', 'module', 'exports', '__dirname', '__filename'],
  ...['setImmediate', 'clearImmediate'],
];

const isFileSystem = (source: unknown) => typeof source === 'string' && /^(node:)?fs(\/promises)?$/.test(source);
const changes = (name: string) => changing.has(name.replace(/Sync$/, ''));

/** What is wrong with importing `source` from `filename`, or undefined. */
function fault(filename: string, source: string, typeOnly: boolean, boundary: Boundary): string | undefined {
  const home = relative(root, filename).split('/').slice(0, 2).join('/');
  if (source.startsWith('.')) {
    const target = relative(root, join(dirname(filename), source));
    return target.startsWith(`${home}/`) ? undefined : `${home} reaches other packages by their name only`;
  }
  if (isBuiltin(source)) return boundary.pure === true ? `${home} runs without Node` : undefined;
  if (!source.startsWith('@cfs/')) return undefined;
  const name = source.slice('@cfs/'.length);
  if (boundary.imports.includes(name)) return undefined;
  if (boundary.types?.includes(name) !== true) return `${home} may not import ${source}`;
  return typeOnly ? undefined : `${home} may import types only from ${source}`;
}

type Importing = TSESTree.ImportDeclaration | TSESTree.ExportNamedDeclarationWithSource | TSESTree.ExportAllDeclaration;

function isTypeOnly(node: Importing): boolean {
  if (node.type !== Type.ImportDeclaration) return node.exportKind === 'type';
  const each = node.specifiers.map((it) => it.type === Type.ImportSpecifier && it.importKind === 'type');
  return node.importKind === 'type' || (each.length > 0 && each.every(Boolean));
}

const rule: TSESLint.RuleModule<'fault', [Boundary]> = {
  meta: {
    type: 'problem',
    defaultOptions: [{ imports: [] }],
    schema: [{ type: 'object' }],
    messages: { fault: '{{text}}' },
  },
  create(context) {
    const [boundary] = context.options;
    const report = (node: TSESTree.Node, text: string) => context.report({ node, messageId: 'fault', data: { text } });
    const guards = (source: unknown) => isFileSystem(source) && boundary.changesFiles !== true;

    function check(node: TSESTree.Node, source: string, typeOnly: boolean): void {
      const text = fault(context.filename, source, typeOnly, boundary);
      if (text !== undefined) report(node, text);
    }

    /** `import * as fs`: each use must be a plain member that changes nothing. */
    function checkNamespace(node: TSESTree.Node): void {
      const uses = context.sourceCode.getDeclaredVariables(node).flatMap(({ references }) => references);
      for (const { parent } of uses.map(({ identifier }) => identifier)) {
        const member = parent.type === Type.MemberExpression && !parent.computed ? parent.property : undefined;
        if (member?.type !== Type.Identifier) report(parent, 'name the function of node:fs where you use it');
        else if (changes(member.name)) report(parent, `only @cfs/posix/write calls ${member.name}`);
      }
    }

    function checkExport(node: TSESTree.ExportNamedDeclaration | TSESTree.ExportAllDeclaration): void {
      if (node.source === null) return;
      check(node, node.source.value, isTypeOnly(node));
      if (guards(node.source.value)) report(node, 'node:fs is not passed on');
    }

    return {
      ImportDeclaration(node) {
        check(node, node.source.value, isTypeOnly(node));
        if (!guards(node.source.value)) return;
        for (const specifier of node.specifiers) {
          if (specifier.type !== Type.ImportSpecifier) {
            checkNamespace(specifier);
            continue;
          }
          const { imported } = specifier;
          const name = imported.type === Type.Identifier ? imported.name : imported.value;
          if (changes(name)) report(specifier, `only @cfs/posix/write calls ${name}`);
        }
      },
      ExportNamedDeclaration: checkExport,
      ExportAllDeclaration: checkExport,
      ImportExpression(node) {
        const source = node.source.type === Type.Literal ? node.source.value : undefined;
        if (typeof source !== 'string') {
          report(node, 'import() takes a literal');
          return;
        }
        check(node, source, false);
        if (guards(source)) report(node, 'node:fs is imported by a declaration');
      },
    };
  },
};

/** The part of the lint configuration that enforces the table. */
export const boundaries: Linter.Config[] = [
  // The two projects write the type of the same object differently.
  { plugins: { cfs: { rules: { boundaries: rule as unknown as Rule.RuleModule } } } },
  ...Object.entries(table).map(([place, boundary]): Linter.Config => ({
    files: [place.endsWith('.ts') ? place : `${place}/**/*.ts`],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'cfs/boundaries': ['error', boundary],
      ...(boundary.pure === true && {
        'no-restricted-globals': ['error', { globals: nodeGlobals, checkGlobalObject: true }],
      }),
      'no-restricted-properties': ['error', { object: 'process', property: 'getBuiltinModule' }],
    },
  })),
];
