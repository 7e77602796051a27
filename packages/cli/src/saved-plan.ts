/**
 * A plan in a file, to be carried out later. Of what such a file says only the choices are acted on: the plan is made anew
 * from the system, and held against the saved one. So nobody can write a file that makes something else go.
 */
import { parseDigest, type Digest } from '@cfs/bls';
import { show, type Notice, type Options, type Plan } from '@cfs/planner';
import { EXIT, Failure } from './failure.ts';

export interface SavedPlan {
  readonly schema: 'cfs.saved-plan.v1';
  readonly options: Options;
  readonly plan: Pick<Plan, 'fingerprint' | 'objects'> & {
    readonly items: readonly Pick<Plan['items'][number], 'action' | 'place' | 'path'>[];
    readonly deployments: readonly Pick<Plan['deployments'][number], 'id' | 'verdict'>[];
  };
}

/** The file in pieces, around those of the plan's own JSON. */
export function* savedPlanJson(options: Options, plan: Iterable<string>): Generator<string> {
  yield `{"schema":"cfs.saved-plan.v1","options":${JSON.stringify(options)},"plan":`;
  yield* plan;
  yield '}\n';
}

/** @throws Failure where it is no plan, or one of another version. */
export function parseSavedPlan(path: string, text: string): SavedPlan {
  const json = parse(text);
  const options = isJson(json?.['options']) ? optionsOf(json['options']) : undefined;
  const plan = isJson(json?.['plan']) ? planOf(json['plan']) : undefined;
  if (json?.['schema'] === 'cfs.saved-plan.v1' && options && plan) return { schema: json['schema'], options, plan };
  throw new Failure('no-plan', `${path} is no plan that this version of cfs saved`, {
    exit: EXIT.usage,
    path,
    hint: `cfs plan --save ${path}`,
  });
}

type Json = Readonly<Record<string, unknown>>;

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch (error) {
    // Torn, or something else: the caller says that it is no plan.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isText = (value: unknown): value is string => typeof value === 'string';
const isDigest = (value: unknown): value is Digest => isText(value) && parseDigest(value) === value;
const isList = <T>(value: unknown, is: (each: unknown) => each is T): value is T[] =>
  Array.isArray(value) && value.every(is);

/** Undefined with any choice that is not known here: it may mean that something stays. */
function optionsOf(json: Json): Options | undefined {
  const { now, keep, drop, pins, holdUnexplained, acceptDamage, collectUnclaimed, offline, ...more } = json;
  if (Object.keys(more).length > 0 || !isNumber(now)) return undefined;
  if (keep !== undefined && !isNumber(keep)) return undefined;
  if (holdUnexplained !== undefined && !isNumber(holdUnexplained)) return undefined;
  if (drop !== undefined && !isList(drop, isDigest)) return undefined;
  if (pins !== undefined && !isList(pins, isDigest)) return undefined;
  if (!isList(acceptDamage, isText) || !isBoolean(collectUnclaimed) || !isBoolean(offline)) return undefined;
  const lists = { ...(drop && { drop }), ...(pins && { pins }), acceptDamage };
  return { now, keep, holdUnexplained, ...lists, collectUnclaimed, offline };
}

function planOf({ fingerprint, items, objects, deployments }: Json): SavedPlan['plan'] | undefined {
  if (!isText(fingerprint) || !isJson(objects) || !isList(items, isItem) || !isList(deployments, isDeployment))
    return undefined;
  const { count, bytes, hash } = objects;
  if (!isNumber(count) || !isNumber(bytes) || !isText(hash)) return undefined;
  return { fingerprint, items, objects: { count, bytes, hash }, deployments };
}

function isItem(value: unknown): value is SavedPlan['plan']['items'][number] {
  return isJson(value) && isText(value['action']) && isText(value['place']) && isList(value['path'], isText);
}

function isDeployment(value: unknown): value is SavedPlan['plan']['deployments'][number] {
  return isJson(value) && isDigest(value['id']) && isText(value['verdict']);
}

const MOST = 8;

/** What is another than when the plan was saved, as refusals; none when the same would go from the same facts. */
export function changesSince({ plan: saved }: SavedPlan, plan: Plan): Notice[] {
  const changed = (about: string, message: string): Notice => ({
    code: 'plan-changed',
    about,
    message,
    severity: 'problem',
  });
  const [before, now] = [saved, plan].map(
    (each) => new Map(each.items.map((item) => [`${item.action} ${show(item)}`, show(item)])),
  );
  const verdicts = new Map(saved.deployments.map(({ id, verdict }) => [id, verdict]));
  const found = [
    ...plan.deployments.flatMap(({ id, verdict }) => {
      const was = verdicts.get(id);
      if (was === verdict) return [];
      return [
        changed(id, was === undefined ? 'is a new deployment' : `was ${words(was)}, and is ${words(verdict)} now`),
      ];
    }),
    ...saved.deployments
      .filter(({ id }) => !plan.deployments.some((each) => each.id === id))
      .map(({ id }) => changed(id, 'is no deployment any more')),
    ...[...(now ?? [])].flatMap(([key, path]) => (before?.has(key) ? [] : [changed(path, 'would go now as well')])),
    ...[...(before ?? [])].flatMap(([key, path]) => (now?.has(key) ? [] : [changed(path, 'would not go any more')])),
  ];
  if (saved.objects.hash !== plan.objects.hash)
    found.push(changed('objects', `were ${saved.objects.count} to go, and are ${plan.objects.count} now, or others`));
  if (found.length === 0 && saved.fingerprint !== plan.fingerprint)
    found.push(changed('the system', 'was changed since, though the same would go'));
  const more = found.length - MOST;
  const rest = more > 0 ? [changed('and more', `${more} further changes`)] : [];
  return [...found.slice(0, MOST), ...rest].map((notice, index, all) =>
    index === all.length - 1 ? { ...notice, hint: 'cfs plan --save FILE' } : notice,
  );
}

function words(verdict: string): string {
  return verdict === 'lives' ? 'alive' : verdict;
}
