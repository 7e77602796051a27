/**
 * Why a thing lives, or how it died: found by its path, digest, name or tag, and told from what the plan was made of.
 * Decides nothing; where the planner gave a reason, that reason is repeated.
 */
import type { Digest } from '@cfs/bls';
import { noticesOf, show, type DeploymentReport, type Notice, type PlanItem } from '@cfs/planner';
import { attempt, holdersOf, inside, mark, type Holder, type Location } from '@cfs/repo';
import { closuresOf, OTHER_REFS } from './closures.ts';
import type { Thing } from './find.ts';
import { tellRemoval } from './gone.ts';
import { untilOf } from './render/plan.ts';
import type { Planned, System } from './system.ts';

export interface Explanation {
  readonly schema: 'cfs.explain.v1';
  readonly what: Thing['kind'];
  readonly name: string;
  /** `stays` without living: nothing of ours, or in doubt. `missing`: named, and not there. `gone`: a run removed it. */
  readonly verdict: 'lives' | 'goes' | 'stays' | 'missing' | 'gone';
  /** From the root to the thing, or what it was and what no longer names it: one sentence each. */
  readonly story: readonly string[];
  /** The deployments that use it, dead ones too. */
  readonly deployments: readonly { readonly id: Digest; readonly verdict: DeploymentReport['verdict'] }[];
  /** Notices about it. */
  readonly notices: readonly Notice[];
}

export class Explainer {
  readonly #system: System;
  readonly #planned: Planned;

  constructor(system: System, planned: Planned) {
    this.#system = system;
    this.#planned = planned;
  }

  explain(thing: Thing): Explanation {
    switch (thing.kind) {
      case 'deployment':
        return this.#deployment(thing.deployment);
      case 'object':
        return this.#object(thing.digest);
      case 'image':
      case 'stream':
        return this.#link(thing.kind, thing.link.name, thing.link);
      case 'ref':
        return this.#ref(thing.ref);
      case 'gone':
        return this.#tell('gone', thing.name, 'gone', thing.removals.map(tellRemoval), [], []);
      case 'entry':
      case 'artifact':
      case 'state':
      case 'other':
        return this.#item(thing);
    }
  }

  #deployment(report: DeploymentReport): Explanation {
    const { id, verdict, holds, death, deadline, broken, entries, artifacts, manifests } = report;
    const until = deadline === undefined ? [] : [`it is held ${untilOf(deadline)}`];
    const story = [
      ...holds.map((hold) => `it ${hold.text}`),
      ...(death ? [`it ${death.text}`] : []),
      ...until,
      ...broken.map((fault) => `it does not boot: ${fault}`),
      ...entries.map((entry) => `boot entry: ${entry}`),
      ...artifacts.map((artifact) => `boot files: ${artifact}`),
      ...manifests.map((manifest) => `container image: streams/${manifest}`),
    ];
    const lives = verdict === 'lives' ? 'lives' : verdict === 'dead' && this.#goes(id) ? 'goes' : 'stays';
    return this.#tell('deployment', id, lives, story, [], [id, ...entries, ...artifacts]);
  }

  #goes(id: Digest): boolean {
    return this.#planned.plan.items.some((item) => item.deployment === id);
  }

  /** An image or a stream: the chain by which marking came to it. */
  #link(kind: 'image' | 'stream', name: string, at: Location): Explanation {
    const chain = this.#chain(kind, name);
    const users = this.#users((marked) => (kind === 'image' ? marked.images : marked.streams).has(name));
    if (chain) return this.#tell(kind, show(at), 'lives', chain, users, [show(at)]);
    return this.#unreached(kind, show(at), users, this.#planned.plan.items.find(isAt(at)));
  }

  #chain(kind: 'image' | 'stream', name: string): string[] | undefined {
    const { survey, decision } = this.#planned;
    const reached = (kind === 'image' ? survey.images : survey.streams).get(name);
    if (reached === undefined) return undefined;
    const self = `${kind}s/${name}`;
    if (reached.from === reached.because)
      return [...this.#root(reached.because, decision.deployments), `it names ${self}`];
    const above = this.#chain('stream', reached.from.replace(/^streams\//, ''));
    return [...(above ?? []), `${reached.from} refers to ${self}`];
  }

  #root(because: string, deployments: readonly DeploymentReport[]): string[] {
    const id = because.slice(because.indexOf(':') + 1);
    const owner = because.startsWith('deployment:') ? deployments.find((each) => each.id === id) : undefined;
    if (owner === undefined) return [`the ref ${id} is there, and it is not a dead deployment's`];
    const [hold] = owner.holds;
    return [`deployment ${id} ${hold?.text ?? 'stays'}`];
  }

  #object(digest: Digest): Explanation {
    const { inventory, survey, plan } = this.#planned;
    const name = `objects/${digest.slice(0, 2)}/${digest.slice(2)}`;
    const holders = this.#inRepository((root) => holdersOf(root, inventory.repository, digest));
    const living = holders.find(({ kind, name: own }) => (kind === 'image' ? survey.images : survey.streams).has(own));
    const users = this.#usersOf(holders);
    const missing = !this.#inRepository((root) => hasObject(root, digest));
    if (living) {
      const last = `${living.kind}s/${living.name} ${living.leads ? 'is a link to it' : 'refers to it'}`;
      const story = [...(this.#chain(living.kind, living.name) ?? []), last];
      return this.#tell('object', name, missing ? 'missing' : 'lives', story, users, [name]);
    }
    const dead = holders.map((each) => `${each.kind}s/${each.name} used it, and is reached by nothing that stays`);
    const story = dead.length > 0 ? [...this.#deaths(users), ...dead] : ['no image and no stream refers to it'];
    if (missing) return this.#tell('object', name, 'missing', [...story, COUNTED], users, [name]);
    const goes = plan.objects.count > 0;
    return this.#tell('object', name, goes ? 'goes' : 'stays', goes ? story : [...story, DOUBT], users, [name]);
  }

  #deaths(users: readonly DeploymentReport[]): string[] {
    return users.map(({ id, death }) => `deployment ${id}, which used it, ${death?.text ?? 'is dead'}`);
  }

  #ref(ref: Planned['inventory']['repository']['refs'][number]): Explanation {
    const item = this.#planned.plan.items.find(isAt(ref));
    const target = `${ref.kind}s/${ref.target ?? ref.text}`;
    const users = this.#planned.decision.deployments.filter(
      ({ manifests, digests }) => ref.target !== undefined && [...manifests, ...digests].includes(ref.target),
    );
    if (item) return this.#tell('ref', show(ref), 'goes', [item.reason], users, [show(ref)]);
    const root = this.#planned.decision.roots.some((each) => each.because.endsWith(`${ref.kind}s/refs/${ref.name}`));
    const story = root
      ? [`it is no tag of a dead deployment, so it keeps ${target} and everything below that`]
      : [`it leads to ${target}`];
    return this.#tell('ref', show(ref), root ? 'lives' : 'stays', story, users, [show(ref)]);
  }

  /** What lies on a boot partition, in `state/`, or anywhere else. */
  #item(thing: Extract<Thing, { kind: 'entry' | 'artifact' | 'state' | 'other' }>): Explanation {
    const { plan, decision } = this.#planned;
    const name = show(thing.at);
    const users = decision.deployments.filter((each) => thing.digests.some((digest) => each.digests.includes(digest)));
    const whole = thing.whole ?? thing.at;
    const named = decision.deployments.filter((each) => each.artifacts.includes(show(whole)));
    const all = [...new Set([...named, ...users])];
    const item = plan.items.find(isAt(thing.at)) ?? plan.items.find(isAt(whole));
    if (item) return this.#tell(thing.kind, name, 'goes', [item.reason], all, [name, show(whole)]);
    const living = all.filter((each) => each.verdict !== 'dead');
    const story = living.map(({ id, holds, entries }) => {
      const by = thing.kind === 'artifact' && entries.length > 0 ? `; it is started by ${entries.join(', ')}` : '';
      return `deployment ${id} ${holds[0]?.text ?? 'stays'}${by}`;
    });
    if (living.length > 0) return this.#tell(thing.kind, name, 'lives', story, all, [name, show(whole)]);
    const reason = thing.kind === 'other' ? 'cfs does not know it, and deletes nothing that it does not know' : DOUBT;
    return this.#tell(thing.kind, name, 'stays', [...thing.facts, reason], all, [name, show(whole)]);
  }

  #unreached(
    what: 'image' | 'stream',
    name: string,
    users: readonly DeploymentReport[],
    item: PlanItem | undefined,
  ): Explanation {
    const deaths = this.#deaths(users);
    const story = deaths.length > 0 ? deaths : ['no deployment and no ref leads to it'];
    if (item) return this.#tell(what, name, 'goes', [...story, item.reason], users, [name]);
    return this.#tell(what, name, 'stays', [...story, DOUBT], users, [name]);
  }

  /** Each deployment's closure is marked by itself. */
  #users(uses: (marked: ReturnType<typeof mark>) => boolean): DeploymentReport[] {
    const { inventory, decision } = this.#planned;
    const ids = this.#inRepository((root) =>
      closuresOf(this.#planned)
        .filter(({ id, roots }) => id !== OTHER_REFS && uses(mark(root, inventory.repository, roots)))
        .map(({ id }) => id),
    );
    return decision.deployments.filter((each) => ids.includes(each.id));
  }

  #usersOf(holders: readonly Holder[]): DeploymentReport[] {
    return this.#users((marked) =>
      holders.some(({ kind, name }) => (kind === 'image' ? marked.images : marked.streams).has(name)),
    );
  }

  #inRepository<T>(use: (root: System['sysroot']) => T): T {
    return inside(this.#system.sysroot, ['composefs'], use);
  }

  #tell(
    what: Explanation['what'],
    name: string,
    verdict: Explanation['verdict'],
    story: readonly string[],
    users: readonly DeploymentReport[],
    about: readonly string[],
  ): Explanation {
    const { plan } = this.#planned;
    const notices = noticesOf(plan).filter((notice) => about.includes(notice.about));
    // What is dead stays when the plan is refused, and that is why.
    const refused = verdict === 'stays' && what !== 'other' ? plan.refused : [];
    return {
      schema: 'cfs.explain.v1',
      what,
      name,
      verdict,
      story,
      deployments: users.map((each) => ({ id: each.id, verdict: each.verdict })),
      notices: [...new Set([...refused, ...notices])],
    };
  }
}

const COUNTED = 'if a run removed it, no receipt says so: they count objects (cfs history)';
const DOUBT = 'nothing that stays names it, and still it is not removed now: cfs plan tells what is in doubt';

function hasObject(repository: System['sysroot'], digest: Digest): boolean {
  const found = attempt(() =>
    inside(repository, ['objects', digest.slice(0, 2)], (directory) => directory.stat(digest.slice(2))),
  );
  return found.ok && found.value !== undefined;
}

function isAt(at: Location): (item: PlanItem) => boolean {
  const name = show(at);
  return (item) => show(item) === name;
}
