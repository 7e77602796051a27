import type { Location } from '@cfs/repo';

/** `esp/loader/entries/x.conf`: how a location is shown to people. */
export function show(at: Location): string {
  return [at.place, ...at.path].join('/');
}
