import { useGraphiQL, useGraphiQLActions } from '@graphiql/react'

/** Return what opens an operation with its variables in a tab of its own; undefined until the editors are there. */
export function useNewTab(): ((query: string, variables: string) => void) | undefined {
  const { addTab } = useGraphiQLActions()
  const queryEditor = useGraphiQL((state) => state.queryEditor)
  const variableEditor = useGraphiQL((state) => state.variableEditor)
  if (!queryEditor || !variableEditor) return undefined
  return (query, variables) => {
    addTab()
    queryEditor.setValue(query)
    variableEditor.setValue(variables)
  }
}
