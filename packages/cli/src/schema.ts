/**
 * The shapes of what commands print with `--json`, of events, of the log and of a saved plan: the source of the JSON
 * Schema files. Only tests load it, and zod with it.
 */
import { deploymentShape, digestSchema, doubtSchema, noticeSchema, planSchema } from '@cfs/planner/schema';
import { receiptSchema } from '@cfs/executor/schema';
import { z } from 'zod';
import type { Configuration } from './commands/config.ts';
import type { DiskUsage } from './commands/du.ts';
import type { Fsck } from './commands/fsck.ts';
import type { History } from './commands/history.ts';
import type { Pins } from './commands/pins.ts';
import type { Restored } from './commands/restore.ts';
import type { Status } from './commands/status.ts';
import type { Copied, TrashList } from './commands/trash.ts';
import type { Envelope } from './events.ts';
import type { Explanation } from './explain.ts';
import type { LogLine } from './log.ts';
import type { SavedPlan } from './saved-plan.ts';

export { planSchema, receiptSchema };

const text = z.string();
const count = z.int().nonnegative();
const time = z.number().meta({ description: 'Milliseconds since the epoch.' });
const amounts = z.record(text, z.strictObject({ count, bytes: count }));
const problem = { code: text, about: text, message: text, hint: text.exactOptional() };
const notices = z.array(z.union([doubtSchema, noticeSchema])).readonly();

export const statusSchema: z.ZodType<Status> = z.strictObject({
  schema: z.literal('cfs.status.v1'),
  made: time,
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
  what: z.enum(['deployment', 'object', 'image', 'stream', 'ref', 'entry', 'artifact', 'state', 'gone', 'other']),
  name: text,
  verdict: z.enum(['lives', 'goes', 'stays', 'missing', 'gone']),
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
        moved: time.optional(),
        deadline: time.optional(),
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

const envelope = { schema: z.literal('cfs.event.v1'), time };
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
        started: time,
        finished: time,
        outcome: text,
        because: text.exactOptional(),
        counts: z.record(text, count),
        freed: z.record(text, z.strictObject({ planned: count, freeBefore: count, freeAfter: count })),
        skipped: count,
        missing: count.exactOptional(),
      }),
    )
    .readonly(),
  problems: z.array(z.strictObject(problem)).readonly(),
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
  layers: z.strictObject({
    layers: z.array(z.strictObject({ diffId: text, holders: z.array(text).readonly(), bytes: count })).readonly(),
    shared: count,
    none: count,
  }),
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
  problems: z.array(z.strictObject(problem)).readonly(),
});

export const fsckSchema: z.ZodType<Fsck> = z.strictObject({
  schema: z.literal('cfs.fsck.v1'),
  images: count,
  streams: count,
  objects: count,
  bytes: count.exactOptional(),
  damage: z
    .array(
      z.strictObject({
        code: z.enum([
          ...(['missing-object', 'missing-link', 'mislabelled', 'unparsable'] as const),
          ...(['corrupt-object', 'unreadable'] as const),
        ]),
        about: text,
        message: text,
        hits: z.array(text).readonly(),
      }),
    )
    .readonly(),
  notices,
});

/** `cfs plan --save`. */
export const savedPlanSchema: z.ZodType<SavedPlan> = z.strictObject({
  schema: z.literal('cfs.saved-plan.v1'),
  options: z.strictObject({
    now: time,
    keep: count.exactOptional(),
    drop: z.array(digestSchema).exactOptional(),
    pins: z.array(digestSchema).exactOptional(),
    holdUnexplained: z.number().meta({ description: 'Milliseconds.' }).exactOptional(),
    acceptDamage: z.array(text),
    collectUnclaimed: z.boolean(),
    offline: z.boolean(),
  }),
  plan: planSchema,
});

/** Lines on stderr with `--log-format json`. */
export const logSchema: z.ZodType<LogLine> = z.strictObject({
  schema: z.literal('cfs.log.v1'),
  time: text.meta({ description: 'ISO 8601, in UTC.' }),
  level: z.enum(['error', 'warning', 'notice']),
  message: text,
  code: text.exactOptional(),
  about: text.exactOptional(),
  why: text.exactOptional(),
  help: text.exactOptional(),
  stack: text.exactOptional(),
});
