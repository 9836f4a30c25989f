import { GraphiQL, HISTORY_PLUGIN } from 'graphiql'
import { useMemo, useRef, useState } from 'react'
import { FrontAnswer, type Answers } from './answers'
import { isDry, keepDry } from './dry-run'
import { Emptied } from './emptied'
import { EXAMPLES } from './examples'
import icon from './icon.svg'
import { KeyPrompt } from './key'
import { Linked } from './linked'
import { fetcherFor } from './requests'
import { storedKey } from './stored-key'
import { DryRunSwitch, IdempotencyKeyButton, KeyButton } from './toolbar'

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

/** GraphiQL for this server, with a prompt for the API key, dry runs, and what each answer cost. */
export function Explorer() {
  const [key, setKey] = useState(storedKey)
  // Nothing is sent before a person has given a key, or chosen to go without one.
  const [begun, setBegun] = useState(key !== '')
  const [asking, setAsking] = useState(!begun)
  const [reason, setReason] = useState<string | null>(null)
  const [dry, setDry] = useState(isDry)
  const [answers, setAnswers] = useState<Answers>({})
  const tab = useRef('')
  const fetcher = useMemo(
    () =>
      fetcherFor(
        () => {
          const asked = tab.current
          setAnswers((known) => ({ ...known, [asked]: undefined }))
          return (answer) => setAnswers((known) => ({ ...known, [asked]: answer }))
        },
        (why) => {
          setReason(why)
          setAsking(true)
        },
      ),
    // A new fetcher makes GraphiQL read the schema again, with the new key.
    [key],
  )
  function go() {
    setReason(null)
    setAsking(false)
    setBegun(true)
    if (storedKey() !== key) setAnswers({})
    setKey(storedKey())
  }
  function changeDry(on: boolean) {
    keepDry(on)
    setDry(on)
  }
  const prompt = asking && <KeyPrompt reason={reason} first={!begun} onDone={go} />
  if (!begun) return prompt
  return (
    <div className={dry ? 'explorer dry-run-on' : 'explorer'}>
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
              <DryRunSwitch on={dry} onChange={changeDry} />
              <KeyButton onClick={() => setAsking(true)} />
            </>
          )}
        </GraphiQL.Toolbar>
        <GraphiQL.Footer>
          <Linked />
          <Emptied by={key} />
          <FrontAnswer answers={answers} dry={dry} tab={tab} />
        </GraphiQL.Footer>
      </GraphiQL>
      {prompt}
    </div>
  )
}
