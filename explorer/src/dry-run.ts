const ITEM = 'counterfoil:dry-run'

export type Change = { target: string; field: string; before: unknown; after: unknown }

/** What a root field of a dry run would have changed, of objects that the key may read. */
export type DryRunField = { path: string[]; events: string[]; changes: Change[] }

/** Return whether mutations of this tab are only tried. */
export function isDry(): boolean {
  return sessionStorage.getItem(ITEM) !== null
}

/** Keep in the tab's session storage, which ends with the tab, whether its mutations are only tried. */
export function keepDry(dry: boolean): void {
  if (dry) sessionStorage.setItem(ITEM, 'true')
  else sessionStorage.removeItem(ITEM)
}
