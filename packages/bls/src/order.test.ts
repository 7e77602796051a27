import { describe, expect, it } from 'vitest';
import { parseEntry } from './entry.ts';
import { menuOrder, type BootLoader, type MenuItem } from './order.ts';

/** `name: key value; key value` */
function item(text: string): MenuItem {
  const [fileName = '', lines = ''] = text.split(': ');
  const result = parseEntry(new TextEncoder().encode(`linux /k\n${lines.split('; ').join('\n')}`));
  return 'entry' in result ? { fileName, entry: result.entry } : { fileName };
}

function order(loader: BootLoader, ...texts: string[]): string[] | undefined {
  return menuOrder(loader, texts.map(item))?.map((entry) => entry.fileName);
}

/** Three deployments of bootc where each boot loader has another opinion (E5). */
const THREE = [
  'bootc_fedora-44.2-0.conf: sort-key bootc-fedora-0; version 44.2',
  'bootc_fedora-44.10-1.conf: sort-key bootc-fedora-1; version 44.10',
  'bootc_fedora-44.9-1.conf: sort-key bootc-fedora-1; version 44.9',
];

describe('systemd', () => {
  it.each([
    [
      'by sort-key first, then the newest version',
      THREE,
      ['bootc_fedora-44.2-0.conf', 'bootc_fedora-44.10-1.conf', 'bootc_fedora-44.9-1.conf'],
    ],
    ['entries with a sort-key before those without', ['z.conf: version 9', 'a.conf: sort-key z'], ['a.conf', 'z.conf']],
    [
      'bad entries last',
      ['a+0-3.conf: sort-key a', 'b+1.conf: sort-key b', 'c.conf: version 1'],
      ['b+1.conf', 'c.conf', 'a+0-3.conf'],
    ],
    [
      'sort-keys by code unit',
      ['a.conf: sort-key a', 'b.conf: sort-key B', 'c.conf: sort-key a-1'],
      ['b.conf', 'a.conf', 'c.conf'],
    ],
    ['no machine-id before any', ['a.conf: sort-key k; machine-id 0', 'b.conf: sort-key k'], ['b.conf', 'a.conf']],
    [
      'machine-ids before versions',
      ['a.conf: sort-key k; machine-id f; version 9', 'b.conf: sort-key k; machine-id e; version 1'],
      ['b.conf', 'a.conf'],
    ],
    ['the version only beside a sort-key', ['a.conf: version 9', 'b.conf: version 1'], ['b.conf', 'a.conf']],
    ['a missing version as the oldest', ['a.conf: sort-key k', 'b.conf: sort-key k; version 0'], ['b.conf', 'a.conf']],
    ['names newest first', ['a-9.conf: ', 'a-10.conf: '], ['a-10.conf', 'a-9.conf']],
    ['names in lower case', ['A.conf: ', 'b.conf: ', 'C.conf: '], ['C.conf', 'b.conf', 'A.conf']],
    ['more tries left first', ['a+1-2.conf: ', 'a+2-1.conf: '], ['a+2-1.conf', 'a+1-2.conf']],
    [
      'a name with its counter, which is a part of it',
      ['a+1-2.conf: ', 'a+1-1.conf: ', 'a+1.conf: '],
      ['a+1.conf', 'a+1-2.conf', 'a+1-1.conf'],
    ],
    ['equal ones as they came', ['a_1.conf: ', 'a1.conf: ', 'a__1.conf: '], ['a_1.conf', 'a1.conf', 'a__1.conf']],
  ])('puts %s', (_, items, expected) => expect(order('systemd', ...items)).toEqual(expected));

  it('takes the sort key and the version of a UKI from its os-release', () => {
    const ukis: MenuItem[] = [
      { fileName: 'a.efi', uki: { osRelease: { ID: 'fedora', VERSION_ID: '44', VERSION: '9' } } },
      { fileName: 'b.efi', uki: { osRelease: { ID: 'fedora', BUILD_ID: '10' } } },
      {
        fileName: 'c.efi',
        uki: { osRelease: { ID: 'fedora', IMAGE_ID: 'alpine', IMAGE_VERSION: '1', VERSION: '99' } },
      },
      { fileName: 'd.efi', uki: {} },
      item('e.conf: sort-key fedora; version 9.5'),
    ];
    const names = menuOrder('systemd', ukis)?.map(({ fileName }) => fileName);
    expect(names).toEqual(['c.efi', 'b.efi', 'e.conf', 'a.efi', 'd.efi']);
  });

  it('leaves the profiles of one UKI in their order', () => {
    const profiles = ['main', 'debug', 'factory'].map((id): MenuItem => ({ fileName: 'a.efi', uki: { id } }));
    expect(menuOrder('systemd', profiles)).toEqual(profiles);
  });
});

describe('grub', () => {
  it('looks at the names alone', () => {
    expect(order('grub', ...THREE)).toEqual([
      'bootc_fedora-44.10-1.conf',
      'bootc_fedora-44.9-1.conf',
      'bootc_fedora-44.2-0.conf',
    ]);
    expect(order('grub', 'a-1-1+0.conf: ', 'a-1-2.conf: ', 'b-0-0.conf: ')).toEqual([
      'b-0-0.conf',
      'a-1-2.conf',
      'a-1-1+0.conf',
    ]);
  });
});

it('follows the specification for grub-cc', () => {
  expect(order('grub-cc', ...THREE)).toEqual(order('systemd', ...THREE));
});

it('knows no order of an unknown boot loader', () => expect(order('unknown', 'a.conf: ')).toBeUndefined());

it('leaves the list that it was given as it is', () => {
  const items = THREE.map(item);
  menuOrder('systemd', items);
  expect(items).toEqual(THREE.map(item));
});
