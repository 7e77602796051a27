/**
 * `kill -9` in the guest, on its own booted system, with the kernel's vfat and ext4: a run is killed at a random moment,
 * and the run after it has to leave the same tree as one that nobody disturbed. Between two of them the trees are made
 * as they were, within one start of the machine.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from '../model/index.ts';
import { look } from './look.ts';
import { boot, type Step } from './qemu.ts';
import { judge, type Stage } from './scenario.ts';

export interface Kills {
  /** Runs that were ended by the signal. */
  killed: number;
  /** Of these, those that left a tree that is neither the first nor the last. */
  midway: number;
  readonly faults: string[];
}

/** In one start of the machine. */
const ROUND = 15;
/** Some runs end before they are killed. When more than half do, the moments are wrong. */
const MOST = 2;

/**
 * The words of the job. A tree is names, kinds and contents; of records, which tell the time, names alone; without
 * receipts. A tree is kept in memory. What is missing is put back, so that what runs is not touched.
 */
const WORDS = `
mount -o remount,bind,rw /sysroot
mkdir /tmp/esp /tmp/kept
with_esp() { mount -t vfat /dev/vda1 /tmp/esp && "$@"; umount /tmp/esp; }
list() {
  find /sysroot/composefs /sysroot/state /tmp/esp -path /sysroot/state/cfs/receipts -prune -o \\
    -type f -size -200k ! -path '/sysroot/state/cfs/*.json' -exec sha256sum {} + -o -exec stat -c '%n %F %s' {} + |
    grep -Ev '^/sysroot/state/cfs(/[a-z]+)? ' | sed -E '/ directory [0-9]+$/s/[0-9]+$//' | sort
}
tree() { with_esp list; }
keep() { cp -a /sysroot/composefs /sysroot/state /tmp/esp /tmp/kept; }
# A directory that is missing brings what was in it.
fill() {
  cd /tmp/kept/$1
  find . | while read -r path; do [ -e "$2/$path" ] || [ -L "$2/$path" ] || cp -a "$path" "$2/$path"; done
  cd /
}
put_back() {
  rm -rf /sysroot/state/cfs
  fill composefs /sysroot/composefs
  fill state /sysroot/state
  fill esp /tmp/esp
}
now() { read -r up idle </proc/uptime; echo \${up%.*}\${up#*.}0; }
with_esp keep
tree >/tmp/first
step undisturbed cfs gc --yes --json
tree >/tmp/last
with_esp put_back
tree >/tmp/left
step kept diff /tmp/first /tmp/left
begin=$(now)
step again cfs gc --yes --json
long=$(($(now) - begin))
# At so many thousandths of the stretch in which something changes, which each time draws nearer.
kill_at() {
  with_esp put_back
  from=$(cat /tmp/from) to=$(cat /tmp/to)
  at=$((from + (to - from) * $1 / 1000))
  wait=$((at * long / 1000))
  cfs gc --yes --json >/dev/null 2>&1 &
  pid=$!
  sleep $((wait / 1000)).$(printf %03d $((wait % 1000)))
  kill -9 $pid
  wait $pid
  code=$?
  tree >/tmp/left
  if cmp -s /tmp/left /tmp/first; then from=$((from + (at - from) / 3))
  elif cmp -s /tmp/left /tmp/last; then to=$((to - (to - at) / 3))
  else
    from=$((from - 5)) to=$((to + 5))
    echo midway
  fi
  echo $from >/tmp/from
  echo $to >/tmp/to
  cfs gc --yes --json >/tmp/answer 2>&1 || cat /tmp/answer
  tree >/tmp/left
  diff /tmp/last /tmp/left | grep '^[+-]/'
  return $code
}
`;

/** Until `times` runs were killed. */
export async function killed(stage: Stage, times: number, seed: number): Promise<Kills> {
  const { base, place, tools, sizes, story, before } = stage;
  const random = generator(seed);
  const kills: Kills = { killed: 0, midway: 0, faults: [] };
  // Of the time that the undisturbed run took, in thousandths: a run begins with the start of Node.
  let [from, to] = [500, 1000];
  for (let tried = 0; kills.killed < times && tried < MOST * times;) {
    const length = Math.min(ROUND, times - kills.killed);
    tried += length;
    const moments = Array.from({ length }, () => Math.floor(random() * 1000));
    const range = `echo ${from} >/tmp/from\necho ${to} >/tmp/to\n`;
    const steps = moments.map((moment, index) => `step kill-${index} kill_at ${moment}`);
    const disk = join(place, 'disk');
    copyFileSync(base, disk);
    const booted = await boot({
      disk,
      tools,
      place,
      job: [WORDS, range, ...steps, 'step range cat /tmp/from /tmp/to', 'step last cfs gc --yes --json\n'].join('\n'),
    });
    if (booted.deployment !== story.booted?.id) throw new Error(`it did not end:\n${booted.console.slice(-2000)}`);
    for (const name of ['undisturbed', 'kept', 'again', 'last']) {
      const { exit, stdout, stderr } = booted.steps.get(name) ?? notRun;
      if (exit !== 0) kills.faults.push(`${name}: exit ${exit}: ${stdout}${stderr}`);
    }
    [from = from, to = to] = (booted.steps.get('range')?.stdout ?? '').split('\n').filter(Boolean).map(Number);
    moments.forEach((moment, index) => count(kills, moment, booted.steps.get(`kill-${index}`) ?? notRun));
    const { snapshot, complaints } = look(disk, sizes, story, place);
    kills.faults.push(...complaints, ...judge(stage, { ...snapshot, run: before.run }, true));
  }
  if (kills.killed < times) kills.faults.push(`only ${kills.killed} of ${times} runs were killed`);
  return kills;
}

const notRun: Step = { exit: -1, stdout: '', stderr: 'not run' };

function count(kills: Kills, moment: number, { exit, stdout, stderr }: Step): void {
  const lines = stdout.split('\n').filter((line) => line !== '' && line !== 'midway');
  if (exit === 137) kills.killed += 1;
  // It had ended before.
  else if (exit !== 0) kills.faults.push(`killed at ${moment} ‰: exit ${exit}: ${stderr}`);
  if (exit === 137 && /^midway$/m.test(stdout)) kills.midway += 1;
  kills.faults.push(...lines.map((line) => `killed at ${moment} ‰: ${line}`));
}
