import { ToolbarButton, useGraphiQL } from '@graphiql/react'
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql'
import { useMemo, useState } from 'react'
import { EXAMPLES } from './examples'
import icon from './icon.svg'
import { KeyPrompt } from './key'
import { Linked } from './linked'
import { fetcherFor, type Answer } from './requests'
import { storedKey } from './stored-key'

const FIRST = `# Press Ctrl-Enter to run it. The examples of each domain are in the sidebar.
{
  orders(first: 5, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    totalCount
    nodes {
      number
      status
      availableTransitions { to allowed }
      client { name }
      service { name }
    }
  }
}
`
const PLUGINS = [HISTORY_PLUGIN, EXAMPLES]

/** GraphiQL for this server, with a prompt for the API key and what each answer cost. */
export function Explorer() {
  const [key, setKey] = useState(storedKey)
  // Nothing is sent before a person has given a key, or chosen to go without one.
  const [begun, setBegun] = useState(key !== '')
  const [asking, setAsking] = useState(!begun)
  const [reason, setReason] = useState<string | null>(null)
  const [answer, setAnswer] = useState<Answer | null>(null)
  const fetcher = useMemo(
    () =>
      fetcherFor(setAnswer, (why) => {
        setReason(why)
        setAsking(true)
      }),
    // A new fetcher makes GraphiQL read the schema again, with the new key.
    [key],
  )
  function go() {
    setReason(null)
    setAsking(false)
    setBegun(true)
    setKey(storedKey())
  }
  const prompt = asking && <KeyPrompt reason={reason} first={!begun} onDone={go} />
  if (!begun) return prompt
  return (
    <>
      <GraphiQL
        fetcher={fetcher}
        storage={sessionStorage}
        plugins={PLUGINS}
        defaultQuery={FIRST}
        defaultEditorToolsVisibility="variables"
        showPersistHeadersSettings={false}
      >
        <GraphiQL.Logo>
          <a className="logo" href="/">
            <img src={icon} alt="" width="24" height="24" />
            Counterfoil
          </a>
        </GraphiQL.Logo>
        <GraphiQL.Toolbar>
          {({ prettify, copy, merge }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <IdempotencyKeyButton />
              <ToolbarButton label="API key" onClick={() => setAsking(true)}>
                <KeyIcon />
              </ToolbarButton>
            </>
          )}
        </GraphiQL.Toolbar>
        <GraphiQL.Footer>
          <Linked />
          <Measures answer={answer} />
        </GraphiQL.Footer>
      </GraphiQL>
      {prompt}
    </>
  )
}

function Measures({ answer }: { answer: Answer | null }) {
  if (answer === null) return <p className="measures">What the operation costs stands here once it has run.</p>
  const { status, milliseconds, cost, statements } = answer
  const parts = [`status ${status}`, `${milliseconds} ms`]
  if (cost !== null) parts.push(`cost ${cost.actual} of ${cost.requested} requested`)
  if (statements !== null) parts.push(`${statements} SQL ${statements === 1 ? 'statement' : 'statements'}`)
  return <p className="measures">{parts.join(' · ')}</p>
}

function IdempotencyKeyButton() {
  const headerEditor = useGraphiQL((state) => state.headerEditor)
  function add() {
    const headers = headersIn(headerEditor?.getValue() ?? '')
    headerEditor?.setValue(JSON.stringify({ ...headers, 'Idempotency-Key': newKey() }, null, 2))
  }
  return (
    <ToolbarButton label="Add an Idempotency-Key to the headers: the same mutation sent again has no second effect" onClick={add}>
      <RepeatIcon />
    </ToolbarButton>
  )
}

/** Return the headers in the editor's text; none where it is not an object of JSON, which could not be sent either. */
function headersIn(text: string): Record<string, string> {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, string>) : {}
  } catch {
    return {}
  }
}

// crypto.randomUUID is missing where the page is not served over HTTPS or from this machine.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function KeyIcon() {
  return (
    <svg viewBox="0 0 24 24" className="graphiql-toolbar-icon" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <circle cx="8" cy="12" r="4" />
      <path d="M12 12h9M18 12v4" />
    </svg>
  )
}

function RepeatIcon() {
  return (
    <svg viewBox="0 0 24 24" className="graphiql-toolbar-icon" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4" />
    </svg>
  )
}
