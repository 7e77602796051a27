export { maker, place, tree, type Leaf, type Maker } from './tree.ts';
