import { describe, expect, it } from 'vitest';
import { KEYS, settingOptions } from './config.ts';
import type { Plan } from '@cfs/planner';
import { makeProgram } from './program.ts';
import { configurationSchema } from './schema.ts';
import { Configured, noOverlays } from './testing/configured.ts';

const skip = noOverlays();
const options = settingOptions(makeProgram(() => undefined));

describe('the keys', () => {
  it('are flags', () => expect(KEYS.filter((key) => !options.has(key))).toEqual([]));

  it('waive nothing, agree to nothing, and name no deployment', () => {
    const never = ['accept-damage', 'collect-unclaimed', 'offline', 'yes', 'pin', 'root', 'repo', 'run', 'proc'];
    expect(never.filter((key) => !options.has(key))).toEqual([]);
    expect(never.filter((key) => KEYS.includes(key))).toEqual([]);
  });
});

describe.skipIf(skip !== false)(
  `a machine with a configuration${skip ? `: ${skip}` : ''}`,
  { concurrent: true },
  () => {
    it('uses the places and the settings of its files, and flags win', async () => {
      using machine = new Configured('interrupted-delete', {
        'etc/cfs.toml': '{places}\n',
        'usr/lib/cfs.toml.d/50-hold.toml': 'hold-unexplained = "7d"\n',
      });
      const held = JSON.parse((await machine.cfs('plan', '--json')).stdout) as Plan;
      const now = JSON.parse((await machine.cfs('plan', '--json', '--hold-unexplained', '0s')).stdout) as Plan;
      expect(held.items).toEqual([]);
      expect(now.items).not.toEqual([]);
    });

    it('lets the later file win, and replaces a drop-in of the vendor by one of its name', async () => {
      using machine = new Configured('healthy', {
        'usr/lib/cfs.toml': 'keep = 9\nwait = "1s"\nesp = "/vendor"\n',
        'usr/lib/cfs.toml.d/10-a.toml': 'keep = 8\nboot = "/replaced"\n',
        'usr/lib/cfs.toml.d/20-b.toml': '\n# a word\nhold-unexplained = "1d"\n',
        'usr/lib/cfs.toml.d/README': 'no TOML',
        'etc/cfs.toml': 'keep = 7\nesp = """\n/efi"""\n',
        'etc/cfs.toml.d/05-c.toml': 'keep = 6\n',
        'etc/cfs.toml.d/10-a.toml': '"trash-for" = "2w"',
      });
      const { stdout, exit } = await machine.cfs('--bootloader', 'grub', 'config');
      expect(exit).toBe(0);
      const told = [
        'sysroot = "/sysroot" # default',
        'esp = "/efi" # /etc/cfs.toml:3',
        '# boot is not set',
        'bootloader = "grub" # --bootloader',
        'keep = 6 # /etc/cfs.toml.d/05-c.toml:1',
        'hold-unexplained = "1d" # /usr/lib/cfs.toml.d/20-b.toml:3',
        'trash-for = "2w" # /etc/cfs.toml.d/10-a.toml:1',
        'wait = "1s" # /usr/lib/cfs.toml:2',
        '# textfile is not set',
        'log-format = "text" # default',
      ];
      expect(stdout.replaceAll(/ {2,}/g, ' ').trimEnd().split('\n')).toEqual(told);
      const { settings } = configurationSchema.parse(JSON.parse((await machine.cfs('config', '--json')).stdout));
      expect(settings['keep']).toEqual({ value: 6, from: 'file', file: '/etc/cfs.toml.d/05-c.toml', line: 1 });
      // What it prints is a configuration.
      using again = new Configured('healthy', { 'etc/cfs.toml': stdout });
      expect((await again.cfs('config', '--json')).exit).toBe(0);
    });

    it('is none for another root', async () => {
      using machine = new Configured('healthy', { 'etc/cfs.toml': 'keep = "nonsense"\n' });
      const status = await machine.cfs('--sysroot', machine.at('sysroot'), '--esp', machine.at('esp'), 'status');
      expect(status.exit, status.text).toBe(0);
      const config = await machine.cfs('--sysroot', machine.at('sysroot'), 'config');
      expect(config.stdout).toMatch(/^# --sysroot names another root[^]*# keep is not set/);
      expect((await machine.cfs('--sysroot', '/sysroot', 'config')).exit).toBe(2);
    });

    it.each([
      [
        'a waiver',
        '{places}\noffline = true',
        'cfs.toml:4: offline is a flag of one run, and never taken from a file\n',
      ],
      ['damage accepted', 'accept-damage = ["x"]', 'cfs.toml:1: accept-damage is a flag of one run'],
      ['what is unclaimed', '\n\ncollect-unclaimed = true', 'cfs.toml:3: collect-unclaimed is a flag of one run'],
      ['an answer', 'yes = true', 'cfs.toml:1: yes is a flag of one run'],
      ['a typing error', 'wait = "1s"\nkepe = 2', 'cfs.toml:2: unknown key kepe\n  help: the keys are sysroot, '],
      ['a table', 'keep = 2\n\n[gc]\nkeep = 3', 'cfs.toml:3: unknown key gc'],
      ['a count that is none', '# two\nkeep = 0', 'cfs.toml:2: keep: a whole number of at least 1'],
      ['a fraction', 'keep = 1.5', 'cfs.toml:1: keep: a whole number'],
      ['a duration without a unit', 'wait = 5', 'cfs.toml:1: wait: a duration is a number and a unit'],
      ['a boot loader that nobody knows', 'bootloader = "lilo"', 'cfs.toml:1: bootloader: Allowed choices are auto'],
      ['a list', 'esp = [\n"/a",\n"/b"]', 'cfs.toml:3: esp is a text or a number'],
      ['an empty text', 'esp = ""', 'cfs.toml:1: esp is a text or a number'],
      ['a key twice', 'keep = 2\nkeep = 3', 'cfs.toml:2: '],
      ['broken TOML', 'keep = 2\nwait = "5s', 'cfs.toml:2: '],
      ['Latin-1', 'esp = "/\xe9"', 'cfs.toml: is not UTF-8'],
    ])('ends with 2, the line and a reason for %s', async (_, text, reason) => {
      using machine = new Configured('interrupted-delete', { 'etc/cfs.toml': text });
      const before = machine.snapshot();
      for (const verb of [['gc', '--yes'], ['config']]) {
        const { exit, stdout, stderr } = await machine.cfs(...verb);
        expect([exit, stdout]).toEqual([2, '']);
        expect(stderr).toContain(`cfs: /etc/${reason}`);
        expect(stderr).toContain('\n  help: ');
      }
      expect(machine.snapshot()).toEqual(before);
    });

    it('is refused where it cannot be read', async () => {
      using machine = new Configured('healthy', { 'usr/lib/cfs.toml/x': '' });
      const { exit, stderr } = await machine.cfs('status');
      expect([exit, stderr]).toEqual([2, expect.stringContaining('/usr/lib/cfs.toml: cannot be read (EISDIR)')]);
    });
  },
);
