import type { GraphiQLPlugin } from '@graphiql/react'
import { parse, print, type OperationDefinitionNode, type TypeNode } from 'graphql'
import live from './live.graphql?raw'
import { useNewTab } from './tabs'

// The named operations that REST routes, agents and MCP clients run: one file for each domain.
const FILES = import.meta.glob<string>('../../schema/operations/*.graphql', { query: '?raw', import: 'default', eager: true })

type Example = { name: string; kind: string; query: string; variables: string }

const PLACEHOLDERS: Record<string, unknown> = { Int: 1, Boolean: true, String: '', ID: '' }

function placeholder(type: TypeNode): unknown {
  if (type.kind === 'NonNullType') return placeholder(type.type)
  if (type.kind === 'ListType') return []
  return PLACEHOLDERS[type.name.value] ?? (type.name.value.endsWith('Input') ? {} : '')
}

function exampleOf(operation: OperationDefinitionNode, fragments: string[]): Example {
  const variables: Record<string, unknown> = {}
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    if (type.kind === 'NonNullType' && defaultValue === undefined) variables[variable.name.value] = placeholder(type)
  }
  return {
    name: operation.name?.value ?? '',
    kind: operation.operation,
    query: [print(operation), ...fragments].join('\n\n'),
    variables: Object.keys(variables).length > 0 ? JSON.stringify(variables, null, 2) : '',
  }
}

function examplesIn(text: string): Example[] {
  const { definitions } = parse(text, { noLocation: true })
  const fragments = new Map<string, string>()
  for (const definition of definitions) {
    if (definition.kind === 'FragmentDefinition') fragments.set(definition.name.value, print(definition))
  }
  return definitions
    .filter((definition) => definition.kind === 'OperationDefinition')
    .map((operation) => exampleOf(operation, spread(print(operation), fragments)))
    // Queries that only render events are no requests.
    .filter(({ kind, name }) => kind !== 'query' || !name.endsWith('Event'))
}

/** Return the fragments that a text spreads, and those that these spread. */
function spread(text: string, fragments: Map<string, string>, found = new Set<string>()): string[] {
  for (const [, name] of text.matchAll(/\.\.\.\s*(?!on\b)(\w+)/g)) {
    const fragment = fragments.get(name!)
    if (fragment !== undefined && !found.has(fragment)) {
      found.add(fragment)
      spread(fragment, fragments, found)
    }
  }
  return [...found]
}

/** Return the heading of a file's examples, such as API keys. */
function titled(file: string): string {
  const words = file.replaceAll('_', ' ').replace(/^api /, 'API ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const DOMAINS = Object.entries(FILES).map(([path, text]) => ({
  title: titled(path.replace(/^.*\//, '').replace('.graphql', '')),
  text,
}))
DOMAINS.push({ title: 'Live', text: live })

/** Hide the panel, whose pane GraphiQL gives back for a click on the sidebar's button alone. */
function hide() {
  document.querySelector<HTMLButtonElement>('[aria-label="Hide Examples"]')?.click()
}

function Examples() {
  const newTab = useNewTab()
  function open(example: Example) {
    newTab?.(example.query, example.variables)
    if (matchMedia('(max-width: 700px)').matches) hide()
  }
  return (
    <section className="examples" aria-label="Examples">
      <h1>Examples</h1>
      <p>The API’s named operations. Each opens in a tab of its own.</p>
      {DOMAINS.map(({ title, text }) => (
        <details key={title}>
          <summary>{title}</summary>
          <ul>
            {examplesIn(text).map((example) => (
              <li key={example.name}>
                <button type="button" onClick={() => open(example)}>
                  {example.name} <small>{example.kind}</small>
                </button>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  )
}

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M5 4h14v16H5zM8.5 8.5h7M8.5 12h7M8.5 15.5h4" />
    </svg>
  )
}

/** The sidebar's panel of example operations. */
export const EXAMPLES: GraphiQLPlugin = { title: 'Examples', icon: ExamplesIcon, content: Examples }
