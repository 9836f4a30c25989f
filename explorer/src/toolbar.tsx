import { ToolbarButton, useGraphiQL } from '@graphiql/react'
import type { ReactNode } from 'react'

type SwitchProps = { on: boolean; onChange: (on: boolean) => void }

/** A switch by which mutations are only tried. */
export function DryRunSwitch({ on, onChange }: SwitchProps) {
  return (
    <ToolbarButton
      role="switch"
      aria-checked={on}
      label="Dry run: try mutations, and change nothing"
      className="dry-run-switch"
      onClick={() => onChange(!on)}
    >
      <Icon>
        <path d="M9 3h6M10 3v6L4.5 18.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 15h9" />
      </Icon>
    </ToolbarButton>
  )
}

export function IdempotencyKeyButton() {
  const headerEditor = useGraphiQL((state) => state.headerEditor)
  function add() {
    const headers = headersIn(headerEditor?.getValue() ?? '')
    headerEditor?.setValue(JSON.stringify({ ...headers, 'Idempotency-Key': newKey() }, null, 2))
    // What was added is shown: GraphiQL gives its panes to clicks alone.
    document.querySelector<HTMLButtonElement>('.graphiql-editor-tools [data-name="headers"]:not(.active)')?.click()
  }
  return (
    <ToolbarButton label="Add an Idempotency-Key to the headers: the same mutation sent again has no second effect" onClick={add}>
      <Icon>
        <path d="M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4" />
      </Icon>
    </ToolbarButton>
  )
}

export function KeyButton({ onClick }: { onClick: () => void }) {
  return (
    <ToolbarButton label="API key" onClick={onClick}>
      <Icon>
        <circle cx="8" cy="12" r="4" />
        <path d="M12 12h9M18 12v4" />
      </Icon>
    </ToolbarButton>
  )
}

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg viewBox="0 0 24 24" className="graphiql-toolbar-icon" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      {children}
    </svg>
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
