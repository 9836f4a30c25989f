import { useEffect } from 'react'
import { useNewTab } from './tabs'

/** Return the operation of a link such as the reference has, `#query=…&variables=…`, and take it off the address. */
function taken(): { query: string; variables: string } | undefined {
  const link = new URLSearchParams(location.hash.slice(1))
  const query = link.get('query')
  if (query === null) return undefined
  // A page that is loaded again does not open it again.
  history.replaceState(null, '', location.pathname)
  return { query, variables: link.get('variables') ?? '' }
}

/** Opens the operation of the page's link in a tab of its own. Nothing is sent before a person runs it. */
export function Linked() {
  const newTab = useNewTab()
  useEffect(() => {
    const linked = newTab && taken()
    if (linked) newTab(linked.query, linked.variables)
  }, [newTab])
  return null
}
