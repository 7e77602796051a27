/** Holds what cfs printed against both: the shape, which knows every key, and the JSON Schema file, by Ajv. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { kinds, shapeOf, type Kind } from '../json-schema.ts';

const folder = join(import.meta.dirname, '../../schemas');

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
for (const name of readdirSync(folder))
  ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')) as AnySchemaObject);

/** What the file of this kind finds wrong. */
export function faultsOf(kind: Kind, json: unknown): readonly string[] {
  const validate = ajv.getSchema(`urn:cfs:${kind}`);
  if (validate === undefined) throw new Error(`there is no schema of ${kind}`);
  if (validate(json) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** @throws Error where the text is no JSON, names no schema that there is, or does not fit it. */
export function judged(kind: Kind, text: string): unknown {
  const json: unknown = JSON.parse(text);
  const found = kinds.find((each) => isOf(each, json));
  if (found !== kind) throw new Error(`expected ${kind}, and this is ${found}: ${text.slice(0, 200)}`);
  const faults = faultsOf(kind, json);
  if (faults.length > 0) throw new Error(`${kind}: ${faults.join('; ')}`);
  shapeOf(kind).parse(json);
  return json;
}

function isOf(kind: Kind, json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'schema' in json && json.schema === `cfs.${kind}`;
}
