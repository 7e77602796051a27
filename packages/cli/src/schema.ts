/** The shapes of what commands print with `--json`, and of events. Only tests load it, and zod with it. */
import { deploymentShape, digestSchema, doubtSchema, noticeSchema, planSchema } from '@cfs/planner/schema';
import { receiptSchema } from '@cfs/executor/schema';
import { z } from 'zod';
import type { Configuration } from './commands/config.ts';
import type { DiskUsage } from './commands/du.ts';
import type { History } from './commands/history.ts';
import type { Pins } from './commands/pins.ts';
import type { Restored } from './commands/restore.ts';
import type { Status } from './commands/status.ts';
import type { Copied, TrashList } from './commands/trash.ts';
import type { Envelope } from './events.ts';
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

export const trashSchema: z.ZodType<TrashList> = z.strictObject({
  schema: z.literal('cfs.trash.v1'),
  trash: z
    .array(
      z.strictObject({
        name: text,
        id: digestSchema,
        moved: z.number().optional(),
        deadline: z.number().optional(),
        bytes: count,
      }),
    )
    .readonly(),
});

export const restoredSchema: z.ZodType<Restored> = z.strictObject({
  schema: z.literal('cfs.restored.v1'),
  id: digestSchema,
  outcome: z.enum(['restored', 'nothing', 'missing']),
  restored: z.array(text).readonly(),
  missing: z.array(text).readonly(),
  trash: z.array(text).readonly(),
  bootable: z.boolean(),
});

/** `cfs trash restore --to`. */
export const copiedSchema: z.ZodType<Copied> = z.strictObject({
  schema: z.literal('cfs.copied.v1'),
  name: text,
  path: text,
});

const envelope = { schema: z.literal('cfs.event.v1'), time: count };
export const eventSchema: z.ZodType<Envelope> = z.discriminatedUnion('event', [
  z.strictObject({ ...envelope, event: z.literal('plan'), plan: planSchema }),
  z.strictObject({ ...envelope, event: z.literal('progress'), phase: text, done: count, total: count }),
  z.strictObject({ ...envelope, event: z.literal('receipt'), receipt: receiptSchema }),
  z.strictObject({
    ...envelope,
    event: z.literal('error'),
    message: text,
    why: text.exactOptional(),
    help: text.exactOptional(),
  }),
  z.strictObject({ ...envelope, event: z.literal('end'), exit: count }),
]);

export const pinsSchema: z.ZodType<Pins> = z.strictObject({
  schema: z.literal('cfs.pins.v1'),
  pins: z
    .array(
      z.strictObject({
        id: digestSchema,
        present: z.boolean(),
        version: deploymentShape.version,
        imageReference: deploymentShape.imageReference,
        roles: deploymentShape.roles.exactOptional(),
        age: deploymentShape.age,
        bootable: z.boolean().exactOptional(),
      }),
    )
    .readonly(),
});

export const historySchema: z.ZodType<History> = z.strictObject({
  schema: z.literal('cfs.history.v1'),
  runs: z
    .array(
      z.strictObject({
        name: text,
        started: z.number(),
        finished: z.number(),
        outcome: text,
        because: text.exactOptional(),
        counts: z.record(text, count),
        freed: z.record(text, z.strictObject({ planned: count, freeBefore: count, freeAfter: count })),
        skipped: count,
        missing: count.exactOptional(),
      }),
    )
    .readonly(),
  problems: z.array(z.strictObject({ code: text, about: text, message: text, hint: text.exactOptional() })).readonly(),
});

export const duSchema: z.ZodType<DiskUsage> = z.strictObject({
  schema: z.literal('cfs.du.v1'),
  places: z
    .array(
      z.strictObject({
        name: text,
        path: text,
        trees: z.array(text).readonly(),
        bytes: count,
        rows: z
          .array(
            z.strictObject({
              kind: z.enum(['deployment', 'shared', 'refs', 'unused', 'trash', 'records', 'rest']),
              holders: z.array(text).readonly(),
              bytes: count,
            }),
          )
          .readonly(),
      }),
    )
    .readonly(),
  fileSystems: z.array(z.strictObject({ places: z.array(text).readonly(), used: count, elsewhere: count })).readonly(),
  deployments: z
    .array(
      z.strictObject({
        id: digestSchema,
        verdict: deploymentShape.verdict,
        version: deploymentShape.version,
        imageReference: deploymentShape.imageReference,
      }),
    )
    .readonly(),
  problems: z.array(z.strictObject({ code: text, about: text, message: text, hint: text.exactOptional() })).readonly(),
});
