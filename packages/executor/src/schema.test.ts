import { PosixError } from '@cfs/posix';
import { describe, expect, it } from 'vitest';
import { requestOf, type PlannedRequest as Request } from '../../../test-images/collector.ts';
import type { World } from '../../../test-images/model/index.ts';
import { story } from '../../../test-images/stories/index.ts';
import type { Receipt } from './receipt.ts';
import { run } from './run.ts';
import { receiptSchema } from './schema.ts';

const told = story({ loader: 'systemd', kind: 'bls' }).install('A').update('B').update('C');

/** A receipt as it is printed and kept. */
async function printed(change: (request: Request, world: World) => Partial<Request> = () => ({})): Promise<unknown> {
  const world = told.world();
  const request = requestOf(world, told.system.machine);
  const receipt = await run({ ...request, ...change(request, world) });
  return JSON.parse(JSON.stringify(receipt)) as unknown;
}

const failing = (syscall: string, path: RegExp) => (_: Request, world: World) => {
  world.fault = (call) => {
    if (call.syscall === syscall && path.test(call.path)) throw new PosixError('EIO', syscall, call.path);
  };
  return {};
};

const outcomes: [Receipt['outcome'], (request: Request, world: World) => Partial<Request>][] = [
  ['done', () => ({})],
  ['done', failing('unlinkat', /objects\/../)],
  ['nothing', ({ read }) => ({ read: () => ({ ...read([]), plan: nothing(read([]).plan) }) })],
  ['stopped', () => ({ stop: () => 'a signal' })],
  ['refused', (request) => ({ plan: { ...request.plan, fingerprint: 'x' }, agree: () => Promise.resolve(false) })],
  ['refused', ({ read }) => ({ read: () => ({ ...read([]), plan: refusing(read([]).plan) }) })],
  ['failed', failing('fsync', /^esp/)],
];

function refusing(plan: Request['plan']): Request['plan'] {
  const notice = { code: 'x', about: 'esp', message: 'is empty', hint: 'mount it', severity: 'problem' } as const;
  return { ...nothing(plan), refused: [notice] };
}

function nothing(plan: Request['plan']): Request['plan'] {
  return { ...plan, items: [], records: [], objects: { count: 0, bytes: 0, hash: '' } };
}

describe('the schema of a receipt', () => {
  it.each(outcomes)('fits one that is %s, and adds nothing', async (outcome, change) => {
    const receipt = await printed(change);
    expect(receipt).toMatchObject({ outcome });
    expect(receiptSchema.parse(receipt)).toEqual(receipt);
  });

  const item = { place: 'esp', path: ['a'], class: 'entry' };
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['another schema', { schema: 'cfs.receipt.v2' }],
    ['a key of another version', { more: 1 }],
    ['an unknown outcome', { outcome: 'perhaps' }],
    ['a missing fingerprint', { fingerprint: undefined }],
    ['a time in words', { started: 'yesterday' }],
    ['something removed without a reason', { removed: [{ ...item, phase: 'entries', action: 'unlink', bytes: 1 }] }],
    ['an unknown action', { removed: [{ ...item, phase: '', action: 'shred', bytes: 1, reason: '' }] }],
    ['negative bytes', { objects: { count: 1, bytes: -1, hash: '' } }],
    ['half an object', { objects: { count: 0.5, bytes: 1, hash: '' } }],
    ['something skipped without its class', { skipped: [{ item: { place: '', path: [] }, code: '', message: '' }] }],
    ['a phase without its time', { phases: [{ name: 'x', items: 1, objects: 1, barrierTime: 1 }] }],
    ['freed bytes without a promise', { freed: { esp: { freeBefore: 1, freeAfter: 1 } } }],
    ['a refusal without a code', { refused: [{ about: 'esp', message: 'is empty', severity: 'problem' }] }],
    ['intents elsewhere', { intents: 'esp' }],
    ['half a proof', { proof: { roots: 1 } }],
    ['the number of an unknown class', { counts: { kernels: 1 } }],
  ])('refuses %s', async (_, change) => {
    const receipt = (await printed()) as object;
    expect(receiptSchema.safeParse(receipt).success).toBe(true);
    expect(receiptSchema.safeParse({ ...receipt, ...change }).success).toBe(false);
  });
});
