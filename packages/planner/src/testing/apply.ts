/** What a run without any interruption makes of an inventory: the plan's items go, its records are written. */
import type { EntryCopy, Item } from '@cfs/repo';
import { parseArtifactName, parseDigest } from '@cfs/bls';
import { show } from '../show.ts';
import { TRASH_FOR, DAY } from '../options.ts';
import type { Plan, RecordChange } from '../types.ts';
import type { Draft, Machine } from './inventory.ts';

export function apply(machine: Machine, plan: Plan): Machine {
  const gone = new Set(plan.items.map(show));
  const stays = (item: Pick<Item, 'place' | 'path'>): boolean => !gone.has(show(item));
  return machine.edit((draft) => {
    for (const boot of draft.boots) {
      boot.entries = boot.entries.filter(stays);
      boot.artifacts = boot.artifacts.filter(stays).map((each) => ({ ...each, files: each.files.filter(stays) }));
      boot.temporaries = boot.temporaries.filter(stays);
      boot.stagedSets = boot.stagedSets.filter(stays);
    }
    const { repository, ledger } = draft;
    repository.refs = repository.refs.filter(stays);
    repository.images = repository.images.filter(stays);
    repository.streams = repository.streams.filter(stays);
    const trash = (name: string): Pick<Item, 'place' | 'path'> => ({
      place: 'sysroot',
      path: ['state', 'cfs', 'trash', name],
    });
    ledger.trash = ledger.trash.map((each) => (stays(trash(each.name)) ? each : { ...each, present: false }));
    for (const change of plan.records) write(draft, change);
    for (const { digest, ...state } of draft.states.filter((each) => !stays(each))) {
      // A record that a cut left before anything was moved gives way to the new one.
      ledger.trash = ledger.trash.filter((each) => each.digest !== digest || each.present);
      ledger.trash.push({
        name: `${digest}.${state.inode}`,
        digest,
        deadline: plan.made + TRASH_FOR + DAY,
        moved: plan.made,
        present: true,
        recorded: true,
        bytes: 0,
      });
    }
    draft.states = draft.states.filter(stays);
  });
}

function write({ ledger }: Draft, { path, text }: RecordChange): void {
  const [kind, file = ''] = path;
  const name = file.replace(/\.json$/, '');
  const digest = parseDigest(name.split('.')[0] ?? '')!;
  const json = text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
  if (kind === 'intents') {
    ledger.intents = ledger.intents.filter((each) => each.digest !== digest);
    if (json) ledger.intents.push({ inode: undefined, born: undefined, ...json, digest } as never);
  } else if (kind === 'sights') {
    ledger.sights = ledger.sights.filter((each) => each.digest !== digest);
    if (json) ledger.sights.push({ ...json, digest } as never);
  } else if (kind === 'entries') {
    ledger.copies = ledger.copies.filter((each) => each.digest !== digest);
    const copies = (json?.['entries'] ?? []) as (Omit<EntryCopy, 'artifacts'> & { artifacts: string[] })[];
    for (const each of copies)
      ledger.copies.push({ ...each, digest, artifacts: each.artifacts.map((text) => parseArtifactName(text)!) });
  } else if (kind === 'trash') ledger.trash = ledger.trash.filter((each) => each.name !== name);
  else throw new TypeError(`no such record: ${path.join('/')}`);
}
