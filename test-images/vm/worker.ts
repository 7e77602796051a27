/** One scenario, with its power cuts, in a thread of its own: while disks are judged, no thread can wait for a machine. */
import { parentPort, workerData } from 'node:worker_threads';
import { cutPower, type Tally } from './cuts.ts';
import { killed, type Kills } from './kills.ts';
import { deletes, play, setStage } from './scenario.ts';
import { scenarios } from './scenarios.ts';

export interface Work {
  /** The scenario's name. */
  readonly name: string;
  /** A directory for its files. */
  readonly place: string;
  readonly tools: string;
  readonly seed: number;
  readonly states: number;
  readonly boots: number;
}

export interface Done {
  readonly faults: readonly string[];
  readonly seconds: number;
  /** Of a scenario that deletes. */
  readonly cuts: Tally | undefined;
  /** Of one that is killed. */
  readonly kills: Kills | undefined;
  /** What the menu of this machine is read by. */
  readonly loader: string | undefined;
}

const { name, place, tools, seed, states, boots } = workerData as Work;
parentPort?.postMessage(await one());

async function one(): Promise<Done> {
  const begun = performance.now();
  const faults: string[] = [];
  let [cuts, kills, loader]: [Tally | undefined, Kills | undefined, string | undefined] = [
    undefined,
    undefined,
    undefined,
  ];
  try {
    const scenario = scenarios.find((each) => each.name === name);
    if (scenario === undefined) throw new RangeError(`no scenario is called ${name}`);
    const stage = await setStage(scenario, place, tools);
    const { kind } = stage.story.system.machine;
    loader = kind === 'grub-uki' ? 'GRUB, UKIs' : `systemd-boot, ${kind === 'bls' ? 'kernels' : 'UKIs'}`;
    if (scenario.kills === undefined) faults.push(...(await play(stage)));
    else kills = await killed(stage, scenario.kills, seed);
    if (deletes(scenario)) cuts = await cutPower(stage, { states, boots, seed });
  } catch (error) {
    // The other scenarios are played all the same.
    faults.push(error instanceof Error ? String(error.stack) : String(error));
  }
  faults.push(...(kills?.faults ?? []), ...(cuts?.faults ?? []));
  return { faults, seconds: (performance.now() - begun) / 1000, cuts, kills, loader };
}
