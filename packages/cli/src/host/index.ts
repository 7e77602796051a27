/** The places of a real machine, and its boot loader. */
export type { BootPlace } from './access.ts';
export { detectBootloader, efiDefaults, openEfiVariables } from './bootloader.ts';
export type { DetectedLoader } from './bootloader.ts';
export { PlaceError } from './place-error.ts';
export type { PlaceErrorCode } from './place-error.ts';
export { findPlaces } from './places.ts';
export type { PlaceOptions, Places } from './places.ts';
export { whileReading } from './reading.ts';
