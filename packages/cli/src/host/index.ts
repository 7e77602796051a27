/** The places of a real machine, and its boot loader. */
export { detectBootloader, efiDefaults, openEfiVariables } from './bootloader.ts';
export { PlaceError } from './place-error.ts';
export { findPlaces } from './places.ts';
export type { Places } from './places.ts';
export { whileReading } from './reading.ts';
export { openRepository } from './repository.ts';
