/**
 * `cfs demo`: the main job on an example system that real tools wrote, carried in the bundle. It works on a temporary
 * directory of its own, needs no privileges, and never looks at the machine that it runs on.
 */
import { mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@cfs/test-images/unpack';
import archive from '@cfs/test-images/twelve-updates.tar.zst';
import { EXIT } from '../failure.ts';
import type { GlobalFlags } from '../options.ts';
import { print } from '../print.ts';
import { paint, wrap } from '../render/text.ts';
import { gcCommand } from './gc.ts';
import { planCommand } from './plan.ts';
import { statusCommand } from './status.ts';

const RUN = { yes: true, wait: 0 };

export async function demoCommand(): Promise<number> {
  const place = mkdtempSync(join(tmpdir(), 'cfs-demo-'));
  const remove = (): void => rmSync(place, { recursive: true, force: true });
  const interrupted = (): never => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    unpack(archive, place);
    await show({
      sysroot: join(place, 'sysroot'),
      esp: join(place, 'esp'),
      run: join(place, 'run'),
      proc: join(place, 'proc'),
      bootloader: 'systemd',
    });
  } finally {
    process.off('SIGINT', interrupted);
    remove();
  }
  say('That was all. The example system is removed again; your own was not looked at. Next: cfs status');
  return EXIT.done;
}

async function show(system: GlobalFlags & { esp: string }): Promise<void> {
  say(
    `An example system lies in ${join(system.sysroot, '..')}: it was installed and updated twelve times by bootc, and`,
    'nothing was ever collected. What does cfs see?',
  );
  command('cfs status');
  await statusCommand(system);

  say('The boot menu offers two of thirteen deployments. The others rotated out long ago. So they go:');
  command('cfs gc --yes');
  await gcCommand({ ...system, ...RUN });

  say(
    'Objects that a living deployment uses stayed, and so did the kernel that the rollback shares with a dead one.',
    'Now somebody deletes the rollback, and the power fails right after its boot entry is gone:',
  );
  const entry = rollbackEntry(system.esp);
  command(`rm ${entry}`);
  unlinkSync(entry);

  say(
    'It can no longer be booted, and its image, kernel, state directory and tag are still there. What would happen?',
    'The plan names every item, and changes nothing:',
  );
  command('cfs plan');
  await planCommand(system);

  say('Nobody recorded this deletion, so the plan calls it unexplained. A person who agrees finishes it:');
  command('cfs gc --yes');
  await gcCommand({ ...system, ...RUN });

  say('The proof walked everything that was kept once more, and nothing is missing. A second run has nothing to do:');
  command('cfs gc --yes');
  await gcCommand({ ...system, ...RUN });
}

/** bootc's names end in the priority; the booted deployment's is 1. */
function rollbackEntry(esp: string): string {
  const entries = join(esp, 'loader/entries');
  const name = readdirSync(entries).find((each) => each.endsWith('-0.conf'));
  if (name === undefined) throw new Error('the example system has no rollback');
  return join(entries, name);
}

function say(...words: string[]): void {
  print(`\n${wrap(words.join(' ')).join('\n')}\n`);
}

function command(text: string): void {
  print(`\n${paint('cyan', `$ ${text}`)}\n`);
}
