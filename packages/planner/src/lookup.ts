/** Lists by their keys: looking through all of one for each of another takes a thousand deployments a million looks. */

/** Those that have any of the keys, each once, in their order. */
export type Lookup<K, T> = (keys: Iterable<K>) => T[];

export function lookup<K, T>(all: Iterable<T>, keysOf: (each: T) => Iterable<K>): Lookup<K, T> {
  interface Place {
    readonly index: number;
    readonly each: T;
  }
  const places = new Map<K, Place[]>();
  let index = 0;
  for (const each of all) {
    const place = { index: index++, each };
    for (const key of keysOf(each)) {
      const list = places.get(key);
      if (list) list.push(place);
      else places.set(key, [place]);
    }
  }
  return (keys) => {
    const found = new Set([...keys].flatMap((key) => places.get(key) ?? []));
    return [...found].sort((a, b) => a.index - b.index).map(({ each }) => each);
  };
}
