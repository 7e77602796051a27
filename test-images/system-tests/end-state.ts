/** Where runs that were disturbed in different ways have to end alike. */
import { readFileSync } from 'node:fs';
import { OURS } from './expectation.ts';
import type { Machine } from './machine.ts';
import { snapshot, type Node, type Snapshot } from './snapshot.ts';

/** The whole tree but the receipts, and directories that are made only to hold records; of these all but the times. */
export function endState(machine: Machine): Snapshot {
  return new Map(
    [...snapshot(machine.path)].flatMap(([path, node]): [string, Node][] => {
      const isOfRecords = /^(run\/cfs|sysroot\/state\/cfs)(\/[^/]+)?$/.test(path) && node.kind === 'directory';
      if (isOfRecords || path.startsWith(`${OURS}/receipts/`)) return [];
      const isRecord = path.startsWith(`${OURS}/`) && path.endsWith('.json');
      return [[path, isRecord ? { ...node, content: withoutTimes(readFileSync(machine.at(path), 'utf8')) } : node]];
    }),
  );
}

function withoutTimes(record: string): string {
  return record.replace(/"(made|moved|deadline|first|born|inode)":[^,}]*/g, '"$1":0');
}
