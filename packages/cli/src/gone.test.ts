import { describe, expect, it } from 'vitest';
import { cfs } from '../../../test-images/system-tests/cfs.ts';
import { Machine, receiptOf } from '../../../test-images/system-tests/machine.ts';
import { explanationSchema } from './schema.ts';

const DEAD = 'a1fdcb0f6094';

/** After a collection. */
async function collected() {
  const machine = new Machine('b1-twelve-updates');
  const receipt = receiptOf(await machine.gc());
  const explain = async (thing: string) => {
    const { stdout, text } = await cfs([...machine.places(), 'explain', thing, '--json']);
    expect(stdout, text).not.toBe('');
    return explanationSchema.parse(JSON.parse(stdout));
  };
  return { machine, receipt, explain, [Symbol.dispose]: () => machine.dispose() };
}

describe('what a run removed', () => {
  it('is told of a deployment: each thing of it, and why', async () => {
    using done = await collected();
    const own = done.receipt.removed.filter(({ path }) => path.join('/').includes(DEAD));
    const { what, verdict, story } = await done.explain(DEAD);
    expect([what, verdict, story.length]).toEqual(['gone', 'gone', own.length]);
    for (const { place, path, reason } of own) {
      const line = story.find((each) => each.includes(`: ${[place, ...path].join('/')} was `));
      expect(line?.endsWith(`: ${reason}`)).toBe(true);
    }
    expect(story.join('\n')).toMatch(/state\/deploy\/a1fdcb0f6094\w+ was moved to the trash: /);
  });

  it('is told of each path of a receipt, in full, as it is printed, and as it lay on the machine', async () => {
    using done = await collected();
    for (const { place, path } of done.receipt.removed.filter((_, index) => index % 30 === 0)) {
      const name = [place, ...path].join('/');
      const last = path.slice(place === 'sysroot' && path[0] === 'composefs' ? 1 : 0).join('/');
      for (const text of [name, name.replaceAll(/([0-9a-f]{12})[0-9a-f]{20,}/g, '$1…'), last, `/mnt/${path.join('/')}`])
        expect([text, (await done.explain(text)).story[0]]).toEqual([text, expect.stringContaining(name) as string]);
    }
  });

  it('reads well, and is not told of what never was', async () => {
    using done = await collected();
    const { stdout, exit } = await cfs([...done.machine.places(), 'explain', DEAD]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^a1fdcb0f6094: gone\n- \d{4}-\d\d-\d\d \d\d:\d\d UTC: esp\/EFI\/Linux\/bootc_composefs-a1fdcb0f6094…/,
    );
    for (const text of ['ffffffffffff', 'conf', 'a1f', '/', 'vmlinu'])
      expect((await cfs([...done.machine.places(), 'explain', text])).exit).toBe(2);
  });
});
