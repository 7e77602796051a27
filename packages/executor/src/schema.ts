/** The shape of a receipt as JSON. A door of its own, so that nothing else loads zod. */
import { classSchema, noticeSchema } from '@cfs/planner/schema';
import { z } from 'zod';
import type { Receipt } from './receipt.ts';

const text = z.string();
const count = z.int().nonnegative();
const time = z.number().meta({ description: 'Milliseconds since the epoch.' });
const duration = z.number().nonnegative().meta({ description: 'Milliseconds.' });
const location = { place: text, path: z.array(text).readonly() };

export const receiptSchema: z.ZodType<Receipt> = z.strictObject({
  schema: z.literal('cfs.receipt.v1'),
  fingerprint: text,
  started: time,
  finished: time,
  outcome: z.enum(['done', 'nothing', 'stopped', 'refused', 'failed']),
  because: text.optional(),
  refused: z.array(noticeSchema).readonly().optional(),
  removed: z
    .array(
      z.strictObject({
        ...location,
        phase: text,
        class: classSchema,
        action: z.enum(['unlink', 'rmdir', 'move', 'rewrite', 'remove']),
        bytes: count,
        reason: text,
      }),
    )
    .readonly(),
  objects: z.strictObject({ count, bytes: count, hash: text }),
  skipped: z
    .array(z.strictObject({ item: z.strictObject({ ...location, class: classSchema }), code: text, message: text }))
    .readonly(),
  phases: z
    .array(z.strictObject({ name: text, items: count, objects: count, time: duration, barrierTime: duration }))
    .readonly(),
  freed: z.record(text, z.strictObject({ planned: count, freeBefore: count, freeAfter: count })),
  intents: z.enum(['sysroot', 'run']).optional(),
  proof: z.strictObject({ roots: count, missing: count }).optional(),
  counts: z.partialRecord(classSchema, count),
});
