/** The shapes of what `cfs status`, `cfs explain` and `cfs config` print with `--json`. Only tests load it, and zod with it. */
import { deploymentShape, digestSchema, doubtSchema, noticeSchema } from '@cfs/planner/schema';
import { z } from 'zod';
import type { Configuration } from './commands/config.ts';
import type { Status } from './commands/status.ts';
import type { Explanation } from './explain.ts';

const text = z.string();
const count = z.int().nonnegative();
const amounts = z.record(text, z.strictObject({ count, bytes: count }));
const notices = z.array(z.union([doubtSchema, noticeSchema])).readonly();

export const statusSchema: z.ZodType<Status> = z.strictObject({
  schema: z.literal('cfs.status.v1'),
  made: z.number(),
  loader: z.enum(['systemd', 'grub', 'grub-cc', 'unknown']),
  places: z.array(
    z.strictObject({ name: text, path: text, total: count, free: count, readOnly: z.boolean(), collectable: count }),
  ),
  deployments: z.array(z.strictObject({ ...deploymentShape, alone: amounts, shared: amounts })),
  notices,
  refused: z.boolean(),
  collectable: z.strictObject({ items: count, bytes: count }),
  next: text.exactOptional(),
});

export const explanationSchema: z.ZodType<Explanation> = z.strictObject({
  schema: z.literal('cfs.explain.v1'),
  what: z.enum(['deployment', 'object', 'image', 'stream', 'ref', 'entry', 'artifact', 'state', 'other']),
  name: text,
  verdict: z.enum(['lives', 'goes', 'stays', 'missing']),
  story: z.array(text).readonly(),
  deployments: z.array(z.strictObject({ id: digestSchema, verdict: deploymentShape.verdict })).readonly(),
  notices,
});

export const configurationSchema: z.ZodType<Configuration> = z.strictObject({
  schema: z.literal('cfs.config.v1'),
  settings: z.record(
    text,
    z.strictObject({
      value: z.union([text, z.number()]),
      from: z.enum(['flag', 'file', 'default']),
      file: text.exactOptional(),
      line: count.exactOptional(),
    }),
  ),
});
