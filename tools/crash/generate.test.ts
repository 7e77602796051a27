import { describe, expect, it } from 'vitest';
import { generate, machineOf, machines } from './generate.ts';

const systems = Array.from({ length: 60 }, (_, i) => generate(i + 1));

describe('the systems', () => {
  it('are the same for the same seed', () => {
    for (const system of systems.slice(0, 8)) {
      const again = generate(system.seed);
      expect(again.story.told).toEqual(system.story.told);
      expect(again.tasks).toEqual(system.tasks);
      expect(again.world().hash()).toBe(system.world().hash());
    }
  });

  it('are worlds that nothing was done on yet, and each is its own', () => {
    for (const system of systems.slice(0, 8)) {
      const [one, other] = [system.world(), system.world()];
      expect(one.log).toEqual([]);
      one.place('sysroot').mkdir('stray', 0o755);
      expect(
        other
          .place('sysroot')
          .list()
          .map(({ name }) => name),
      ).not.toContain('stray');
    }
  });

  it('are of every boot loader and file system', () => {
    const met = new Set(systems.map(machineOf));
    expect([...met].sort()).toEqual([...machines].sort());
    expect(met.size).toBe(10);
  });

  it('have a boot partition of their own under GRUB alone, and GRUB reads it', () => {
    for (const system of systems) expect(system.world().places.includes('boot')).toBe(system.loader === 'grub');
  });
});

describe('the tasks', () => {
  it('are gc, and the delete of each that is offered and does not run', () => {
    for (const { story, tasks } of systems) {
      const deletable = story.offered.filter((each) => each !== story.booted).map(({ id }) => id);
      expect(tasks.flatMap(({ drop }) => drop ?? [])).toEqual(deletable);
      expect(tasks[0]?.name).toMatch(/^gc/);
    }
  });

  it('are asked for again without the delete', () => {
    for (const { choices, resume, drop } of systems.flatMap(({ tasks }) => tasks)) {
      const { drop: asked, ...rest } = choices;
      expect(asked).toEqual(drop === undefined ? undefined : [drop]);
      expect(resume).toEqual(rest);
    }
  });
});
