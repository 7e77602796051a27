/** `cfs complete`: for the shells. It says nothing of what is wrong: nobody asked yet. */
import { decide } from '@cfs/planner';
import type { Command } from 'commander';
import { complete, type Candidate } from '../completion.ts';
import { EXIT } from '../failure.ts';
import type { GlobalFlags } from '../options.ts';
import { placesOf } from '../places.ts';
import { print } from '../print.ts';
import { System } from '../system.ts';

export async function completeCommand(program: Command, words: readonly string[]): Promise<number> {
  const answer = await complete(program, words, (before) => {
    program.parseOptions([...before]);
    return deploymentsOf(program.opts());
  });
  const lines =
    typeof answer === 'string' ? [answer] : answer.map(({ text, about }) => (about ? `${text}\t${about}` : text));
  print(lines.map((line) => `${line}\n`).join(''));
  return EXIT.done;
}

/** By links alone, without opening an image: a person waits for it. */
async function deploymentsOf(flags: GlobalFlags): Promise<Candidate[]> {
  const system = new System(await placesOf(flags, false));
  try {
    const { deployments } = decide(system.inventory(), { now: Date.now() });
    return deployments.map(({ id, roles, version }) => ({
      text: id.slice(0, 12),
      about: [version, roles.join(', ')].filter((each) => each).join(' '),
    }));
  } finally {
    system.close();
  }
}
