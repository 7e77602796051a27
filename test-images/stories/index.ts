/** Systems in the field's words, into the crash model or onto a real disk. */
export { allCuts, type Cut } from './cuts.ts';
export { allDamage, type Damage } from './damage.ts';
export * as neighbours from './neighbours.ts';
export { randomStory } from './random.ts';
export { digestOf, release, type Content, type Release } from './release.ts';
export { story, Story, type Deployment, type StoryOptions, type VersionOptions } from './story.ts';
export { System, type PlaceName, type Trees } from './system.ts';
export type { BootKind, Loader } from './texts.ts';
