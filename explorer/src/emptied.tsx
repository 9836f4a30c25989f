import { useGraphiQL } from '@graphiql/react'
import { useEffect, useRef } from 'react'

/** Empties the pane of the answer when what it was asked with is another: an answer to one key is none to the next. */
export function Emptied({ by }: { by: string }) {
  const pane = useGraphiQL((state) => state.responseEditor)
  const asked = useRef(by)
  useEffect(() => {
    if (asked.current === by) return
    asked.current = by
    pane?.setValue('')
  }, [by, pane])
  return null
}
