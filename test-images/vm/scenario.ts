/** Plays one scenario: makes the disk, starts the machine, has it collect, and starts it from every entry that is left. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeCompleteness } from '../../tools/crash/judge.ts';
import { at, check, menu, type Snapshot } from '../checker/index.ts';
import { digestsOf } from '../checker/bootable.ts';
import type { Deployment, Story } from '../stories/index.ts';
import { commandLine } from '../stories/texts.ts';
import { choice, makeDisk, replaceChoice, type Sizes } from './disk.ts';
import { look, type Look } from './look.ts';
import { boot, type Boot, type Booted, type Step } from './qemu.ts';
import { SIZES, type Scenario } from './scenarios.ts';

export interface Stage {
  readonly scenario: Scenario;
  readonly story: Story;
  readonly sizes: Sizes;
  /** The disk as it was before the command, and what lay on it. */
  readonly base: string;
  readonly before: Snapshot;
  readonly place: string;
  readonly tools: string;
}

/** Whether its command comes to its end, and something goes. */
export const deletes = ({ gone, exit, kills }: Scenario): boolean =>
  gone.length > 0 && exit === undefined && kills === undefined;

/** A disk in `place`, prepared. */
export async function setStage(scenario: Scenario, place: string, tools: string): Promise<Stage> {
  const { sizes = SIZES, prepare, tell } = scenario;
  const [story, base] = [tell(), join(place, 'base')];
  makeDisk(base, story, sizes);
  if (prepare !== undefined) {
    const prepared = await boot({ disk: base, tools, place, job: prepare, direct: direct(story, place) });
    if (prepared.deployment === undefined) throw new Error(`it did not start:\n${prepared.console.slice(-2000)}`);
  }
  scenario.damage?.(base, sizes);
  const { snapshot, complaints } = lookPast(scenario, base, sizes, story, place);
  if (complaints.length > 0) throw new Error(`the disk is broken from the start: ${complaints.join('; ')}`);
  return { scenario, story, sizes, base, before: { ...snapshot, run: story.trees.run ?? snapshot.run }, place, tools };
}

/** A damage is the scenario's, and no complaint. */
function lookPast({ damage }: Scenario, ...where: Parameters<typeof look>): Look {
  const { snapshot, complaints } = look(...where);
  return { snapshot, complaints: complaints.filter((each) => damage === undefined || !each.startsWith('esp: ')) };
}

/** The deployment that runs, without firmware and boot loader. */
export function direct(story: Story, place: string, deployment = story.booted): NonNullable<Boot['direct']> {
  if (deployment === undefined) throw new Error('a story without a machine that runs');
  const [kernel, initrd] = [join(place, 'vmlinuz'), join(place, 'initrd')];
  writeFileSync(kernel, deployment.release.vmlinuz);
  writeFileSync(initrd, deployment.release.initrd);
  return { kernel, initrd, commandLine: commandLine(story.system.machine, deployment).trim() };
}

const job = ({ scenario, story }: Pick<Stage, 'scenario' | 'story'>): string => `
${scenario.around?.(story) ?? ''}
step plan cfs plan --json
step run cfs ${scenario.command ?? 'gc --yes --json'}
${scenario.then ?? ''}
step again cfs gc --yes --json
step third cfs gc --yes --json
step readable readable
`;

/** What is wrong, in words. */
export async function play(stage: Stage): Promise<string[]> {
  const { scenario, story, base, place, tools, sizes } = stage;
  const disk = join(place, 'disk');
  copyFileSync(base, disk);
  const options = { disk, tools, place, job: job(stage) };
  const booted = await boot(scenario.direct ? { ...options, direct: direct(story, place) } : options);
  if (booted.deployment !== story.booted?.id) return [`it did not start as it should:\n${booted.console.slice(-2000)}`];
  const { snapshot, complaints } = lookPast(scenario, disk, sizes, story, place);
  const after = { ...snapshot, run: stage.before.run };
  return [
    ...answers(stage, booted),
    ...complaints,
    ...judge(stage, after, true),
    ...(await restarts(stage, disk, after)),
  ];
}

function answers({ scenario }: Stage, { steps }: Booted): string[] {
  const { exit = 0, says, command, then } = scenario;
  const step = (name: string): Step => steps.get(name) ?? { exit: -1, stdout: '', stderr: 'not run' };
  const [plan, run, again, third] = [step('plan'), step('run'), step('again'), step('third')];
  const told = `${run.stdout}${run.stderr}`;
  const later = then === undefined ? exit : 0;
  return [
    ...(run.exit === exit ? [] : [`the command: exit ${run.exit}, not ${exit}: ${told.slice(0, 2000)}`]),
    ...(says === undefined || says.test(told) ? [] : [`it does not say ${says.source}: ${told}`]),
    ...(again.exit === later ? [] : [`the run after it: exit ${again.exit}: ${again.stderr}`]),
    ...(third.exit === later ? [] : [`the run after that: exit ${third.exit}: ${third.stderr}`]),
    ...(later === 3 || third.stdout.includes('"outcome":"nothing"') ? [] : [`still something to do: ${third.stdout}`]),
    ...((command ?? then ?? exit) ? [] : samePlan(plan, run)),
    ...(step('readable').exit === 0 ? [] : [`the root is damaged: ${step('readable').stderr}`]),
  ];
}

/** S6: what the dry run listed is what was done. */
function samePlan(plan: Step, run: Step): string[] {
  const fingerprint = ({ stdout }: Step): string | undefined => /"fingerprint": ?"([^"]+)"/.exec(stdout)?.[1];
  const same = fingerprint(plan) !== undefined && fingerprint(plan) === fingerprint(run);
  return same ? [] : [`it was another plan: ${fingerprint(plan)} and ${fingerprint(run)}`];
}

/** The independent checker; after a run that came to its end also that nothing is left of the dead, and all of the others. */
export function judge({ scenario, story, before }: Stage, after: Snapshot, finished: boolean): string[] {
  const ids = (labels: readonly string[]): string[] => labels.map((label) => story.id(label));
  const dying = ids(scenario.dying ?? []);
  const found = check({ before, after, dying, finished });
  const complete =
    finished && scenario.gone.length > 0 ? judgeCompleteness(after, [...story.deployments.values()]) : [];
  const images = (id: string): boolean => at(after.sysroot, `composefs/images/${id}`) !== undefined;
  const wrong = [...story.deployments.values()].filter(
    ({ id, label }) => finished && images(id) === scenario.gone.includes(label),
  );
  return [
    ...[...found, ...complete].map(({ rule, about, message }) => `${rule} ${about}: ${message}`),
    ...wrong.map(({ label }) => `${label} is ${scenario.gone.includes(label) ? 'still there' : 'gone'}`),
  ];
}

/** The entries of the menu that boot a deployment of ours. */
export function offered({ story }: Pick<Stage, 'story'>, after: Snapshot): { name: string; deployment: Deployment }[] {
  return menu(after).flatMap((entry) => {
    const [id] = digestsOf(after, entry);
    const deployment = [...story.deployments.values()].find((each) => each.id === id);
    return deployment ? [{ name: entry.id.replace(/^.*(\/|user\.cfg: )/, ''), deployment }] : [];
  });
}

/** Firmware and boot loader start each entry that is left, and every byte of its root is read. */
async function restarts(stage: Stage, disk: string, after: Snapshot): Promise<string[]> {
  const { place, tools, scenario } = stage;
  const faults: string[] = [];
  for (const { name, deployment } of scenario.direct ? [] : offered(stage, after)) {
    const copy = join(place, 'restarted');
    copyFileSync(disk, copy);
    choose(copy, stage, name);
    const booted = await boot({ disk: copy, tools, place, job: 'step readable readable' });
    if (booted.deployment !== deployment.id) faults.push(`${name} does not start:\n${booted.console.slice(-2000)}`);
    else if (booted.steps.get('readable')?.exit !== 0) faults.push(`${name} starts with a damaged root`);
  }
  return faults;
}

/** Makes an entry what the boot loader starts; the answer is what told it before. */
export function choose(disk: string, { sizes, story }: Pick<Stage, 'sizes' | 'story'>, name: string): string {
  return replaceChoice(disk, sizes, choice(story.system.machine, name));
}
