/** Puts an entry into a map that keeps the `most` newest entries. */
export const put = <Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void => {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.size > most ? map.keys() : []) {
    map.delete(oldest)
    break
  }
}
