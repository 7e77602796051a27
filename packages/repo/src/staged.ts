/**
 * bootc's record of the staged deployment (`/run/composefs/staged-deployment`): one line of JSON. A record that cannot
 * be read is not an absent one: it makes the staged set count as live, so the two are told apart here.
 */
import { parseDigest, type Digest } from '@cfs/bls';

export interface StagedDeployment {
  readonly digest: Digest;
  /** Downloaded only: not to be made the default at the next shutdown. */
  readonly finalizationLocked: boolean;
}

/** Never throws. `unreadable` is one sentence that says why. */
export function parseStagedRecord(bytes: Uint8Array): StagedDeployment | { readonly unreadable: string } {
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The reason is the answer.
    return { unreadable: 'the record is not JSON' };
  }
  if (typeof record !== 'object' || record === null) return { unreadable: 'the record is not a JSON object' };
  const digest = 'depl_id' in record && typeof record.depl_id === 'string' ? parseDigest(record.depl_id) : undefined;
  if (digest === undefined) return { unreadable: 'depl_id is not a digest' };
  const locked = 'finalization_locked' in record ? record.finalization_locked : false;
  if (typeof locked !== 'boolean') return { unreadable: 'finalization_locked is neither true nor false' };
  return { digest, finalizationLocked: locked };
}
