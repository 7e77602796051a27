import { describe, expect, it } from 'vitest';
import { fixtureContents } from '../../packages/repo/src/testing/source.ts';
import { dumpErofsOracle, imageDifferences } from './dump-erofs.ts';
import { hasTool } from './oracle.ts';

// Each image once, however many repositories have it.
const readable = [
  ...new Map(
    fixtureContents()
      .images.filter(({ answer }) => answer.objects !== null)
      .map((image) => [image.answer.object, image]),
  ).values(),
];

describe.skipIf(!hasTool('dump.erofs', '-V'))('images are read as dump.erofs reads them (needs erofs-utils)', () => {
  it('of our own writer, at random', () => {
    expect(dumpErofsOracle(12, 731).differences).toEqual([]);
  }, 60_000);

  it('of the fixtures', () => {
    expect(readable.length).toBeGreaterThan(10);
    const found = readable.flatMap(({ bytes, name, repository }) =>
      imageDifferences(bytes, name.length === 64 ? 'sha256' : 'sha512').map((line) => `${repository} ${name}: ${line}`),
    );
    expect(found).toEqual([]);
  }, 60_000);
});
