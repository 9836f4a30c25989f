const ITEM = 'counterfoil:key'

/** Return the API key of this tab, or an empty string. */
export function storedKey(): string {
  return sessionStorage.getItem(ITEM) ?? ''
}

/** Keep an API key in the tab's session storage, which ends with the tab. An empty one forgets the key. */
export function keepKey(key: string): void {
  if (key === '') sessionStorage.removeItem(ITEM)
  else sessionStorage.setItem(ITEM, key)
}
