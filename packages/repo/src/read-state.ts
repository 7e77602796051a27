/** `state/deploy/<V>`: the machine's own /etc, the origin, and (by the mtime of `var`) the deployment's age. */
import { parseDigest } from '@cfs/bls';
import type { Directory } from '@cfs/posix';
import type { Problem, StagedRecord, StateDirectory } from './inventory.ts';
import { parseOrigin, type Origin } from './origin.ts';
import { parseStagedRecord } from './staged.ts';
import { attempt, inside, tolerate, unreadable } from './tolerate.ts';

const LIMIT = 1 << 20;
const DEPLOY = ['state', 'deploy'];

export function readStates(sysroot: Directory, problems: Problem[]): StateDirectory[] {
  const read = (): StateDirectory[] =>
    inside(sysroot, DEPLOY, (deploy) =>
      deploy.list().flatMap((entry) => {
        const digest = parseDigest(entry.name);
        const about = `sysroot/state/deploy/${entry.name}`;
        if (digest === undefined || entry.kind !== 'directory') {
          problems.push({ code: 'stray', about, message: 'is no state directory of a deployment; it stays' });
          return [];
        }
        return (
          tolerate(problems, about, () =>
            inside(deploy, [entry.name], (state) => readState(state, digest, problems)),
          ) ?? []
        );
      }),
    );
  return tolerate(problems, 'sysroot/state/deploy', read) ?? [];
}

function readState(state: Directory, digest: StateDirectory['digest'], problems: Problem[]): StateDirectory {
  const path = [...DEPLOY, digest];
  const self = state.stat();
  const names = state.list();
  const variable = names.some((entry) => entry.name === 'var') ? state.stat('var') : undefined;
  const about = `sysroot/${path.join('/')}/${digest}.origin`;
  return {
    place: 'sysroot',
    path,
    bytes: 0, // it only moves aside
    digest,
    ...readOrigin(state, digest, about, problems),
    age: variable?.modified,
    hasEtc: names.some((entry) => entry.name === 'etc' && entry.kind === 'directory'),
    inode: String(self.inode),
    born: self.born,
  };
}

function readOrigin(
  state: Directory,
  digest: string,
  about: string,
  problems: Problem[],
): { origin: Origin | undefined; originState: StateDirectory['originState'] } {
  const result = attempt(() => state.read(`${digest}.origin`, LIMIT));
  if (!result.ok) {
    problems.push(unreadable(about, result.error));
    return { origin: undefined, originState: 'unreadable' };
  }
  if (result.value === undefined) return { origin: undefined, originState: 'missing' };
  const origin = parseOrigin(result.value);
  return { origin, originState: origin.findings.length > 0 ? 'broken' : 'ok' };
}

/** `/run/composefs/staged-deployment`. `trusted`: this is the machine's own /run, or the one that was asked for. */
export function readStagedRecord(run: Directory | undefined, trusted: boolean): StagedRecord {
  if (run === undefined) return { kind: 'unknown' };
  const result = attempt(() => inside(run, ['composefs'], (composefs) => composefs.read('staged-deployment', LIMIT)));
  if (!result.ok) return { kind: 'unreadable', message: result.error.message };
  if (result.value === undefined) return { kind: trusted ? 'absent' : 'unknown' };
  const record = parseStagedRecord(result.value);
  return 'unreadable' in record ? { kind: 'unreadable', message: record.unreadable } : { kind: 'present', ...record };
}
