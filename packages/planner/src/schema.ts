/**
 * The shape of a plan as JSON, for whoever reads one from a file. A door of its own, so that nothing else loads zod.
 * Keys that it does not know are refused: they come from another version, and may mean that something else goes.
 */
import { parseDigest, type Digest } from '@cfs/bls';
import { z } from 'zod';
import {
  CLASSES,
  type DeploymentReport,
  type Doubt,
  type Notice,
  type ObjectSum,
  type Plan,
  type PlanItem,
} from './types.ts';

/** A plan as `cfs plan --json` prints it. */
export interface PlanFile extends Plan {
  readonly objects: ObjectSum & { readonly names?: readonly Digest[] };
}

const text = z.string();
const texts = z.array(text).readonly();
const count = z.int().nonnegative();
const time = z.number().meta({ description: 'Milliseconds since the epoch.' });

/** For JSON Schema, which knows no transform. */
const pattern = '^([0-9a-f]{64}|[0-9a-f]{128})$';

export const digestSchema = z
  .string()
  .meta({ pattern })
  .transform((value, context): Digest => {
    const digest = parseDigest(value);
    if (digest !== undefined) return digest;
    context.addIssue('no digest of 64 or 128 lower-case hex digits');
    return z.NEVER;
  });

export const classSchema = z.enum(CLASSES);

const notice = {
  code: text,
  about: text,
  message: text,
  hint: text.exactOptional(),
  severity: z.enum(['problem', 'note']),
};

export const noticeSchema: z.ZodType<Notice> = z.strictObject(notice);

export const doubtSchema: z.ZodType<Doubt> = z.strictObject({ ...notice, blocks: z.array(classSchema).readonly() });

const location = { place: text, path: texts };

export const itemSchema: z.ZodType<PlanItem> = z.strictObject({
  ...location,
  class: classSchema,
  action: z.enum(['unlink', 'rmdir', 'move', 'rewrite', 'remove']),
  bytes: count,
  reason: text,
  deployment: digestSchema.exactOptional(),
  cut: z.array(z.strictObject({ start: count, end: count })).exactOptional(),
  before: text.exactOptional(),
  inode: text.exactOptional(),
});

const holds = ['booted', 'command-line', 'mount', 'staged', 'pin', 'entry', 'default', 'hold', 'doubt'] as const;
const roles = ['booted', 'running', 'mounted', 'staged', 'default', 'pinned', 'offered', 'rollback'] as const;

/** The keys of a deployment's report, for those who add to it. */
export const deploymentShape = {
  id: digestSchema,
  digests: z.array(digestSchema).readonly(),
  verdict: z.enum(['lives', 'held', 'spared', 'dead']),
  roles: z.array(z.enum([...roles, 'held', 'spared', 'dead', 'broken', 'degraded'])).readonly(),
  order: count.optional(),
  holds: z.array(z.strictObject({ kind: z.enum(holds), text })).readonly(),
  death: z
    .strictObject({
      kind: z.enum(['deleted', 'retention', 'rotation', 'unexplained', 'unfinished']),
      explained: z.boolean(),
      text,
    })
    .optional(),
  deadline: time.optional(),
  bootable: z.boolean(),
  broken: texts,
  version: text.optional(),
  imageReference: text.optional(),
  age: time.optional(),
  manifests: texts,
  entries: texts,
  artifacts: texts,
};

const deployment: z.ZodType<DeploymentReport> = z.strictObject(deploymentShape);

const record = z
  .strictObject({ path: texts, text: text.optional(), when: z.enum(['before', 'after']) })
  // JSON leaves out what is undefined: a record that is to be removed.
  .transform((value) => ({ ...value, text: value.text }));

export const planSchema: z.ZodType<PlanFile> = z.strictObject({
  schema: z.literal('cfs.plan.v1'),
  fingerprint: text,
  made: time,
  refused: z.array(noticeSchema).readonly(),
  doubts: z.array(doubtSchema).readonly(),
  notices: z.array(noticeSchema).readonly(),
  deployments: z.array(deployment).readonly(),
  items: z.array(itemSchema).readonly(),
  objects: z.strictObject({ count, bytes: count, hash: text, names: z.array(digestSchema).exactOptional() }),
  records: z.array(record).readonly(),
  totals: z.record(text, z.strictObject({ items: count, bytes: count })),
  roots: z.array(z.strictObject({ kind: z.enum(['image', 'stream']), name: text, because: text })).readonly(),
});
