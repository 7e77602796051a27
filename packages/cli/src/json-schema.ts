/**
 * The files in `schemas/`, as JSON Schema 2020-12: one for each kind of JSON that cfs prints, made from the shapes in zod.
 * Those allow no unknown key, so that a test sees what they lack; the files allow any, since a later version may add some.
 */
import { z } from 'zod';
import * as shapes from './schema.ts';

/** By the name in `schema`, without `cfs.`: what prints it, and its shape. */
const KINDS = {
  'status.v1': ['cfs status', shapes.statusSchema],
  'plan.v1': ['cfs plan', shapes.planSchema],
  'saved-plan.v1': ['cfs plan --save', shapes.savedPlanSchema],
  'receipt.v1': ['cfs gc, delete, apply, repo gc, trash empty', shapes.receiptSchema],
  'event.v1': ['cfs gc --events, and what else prints a receipt: each line', shapes.eventSchema],
  'explain.v1': ['cfs explain', shapes.explanationSchema],
  'du.v1': ['cfs du', shapes.duSchema],
  'fsck.v1': ['cfs fsck', shapes.fsckSchema],
  'history.v1': ['cfs history', shapes.historySchema],
  'trash.v1': ['cfs trash list', shapes.trashSchema],
  'restored.v1': ['cfs restore, cfs trash restore', shapes.restoredSchema],
  'copied.v1': ['cfs trash restore --to', shapes.copiedSchema],
  'pins.v1': ['cfs pins', shapes.pinsSchema],
  'config.v1': ['cfs config', shapes.configurationSchema],
  'log.v1': ['--log-format json: each line on stderr', shapes.logSchema],
} as const satisfies Readonly<Record<string, readonly [title: string, shape: z.ZodType]>>;

export type Kind = keyof typeof KINDS;

export const kinds = Object.keys(KINDS) as Kind[];

export function shapeOf(kind: Kind): z.ZodType {
  return KINDS[kind][1];
}

export function jsonSchema(kind: Kind): object {
  const [title, shape] = KINDS[kind];
  const schema = z.toJSONSchema(shape, {
    io: 'input',
    override: ({ jsonSchema: own }) => {
      if (own.additionalProperties === false) delete own.additionalProperties;
      // Of TypeScript, and nothing about the JSON.
      delete own.readOnly;
    },
  });
  const { $schema, ...rest } = schema;
  return { $schema, $id: `urn:cfs:${kind}`, title, ...rest };
}
