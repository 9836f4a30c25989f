import './key.css'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { keepKey } from './stored-key'

type KeyPromptProps = { reason: string | null; first: boolean; onDone: () => void }

/** A dialog that asks for an API key and keeps it in the tab's session storage, which ends with the tab. */
export function KeyPrompt({ reason, first, onDone }: KeyPromptProps) {
  const [key, setKey] = useState('')
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (!dialog.current!.open) dialog.current!.showModal()
  }, [])
  // Closing it, as Escape does too, gives the focus back to where it was.
  function close() {
    dialog.current!.close()
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    keepKey(key.trim())
    close()
  }
  return (
    <dialog ref={dialog} className="key-prompt" aria-labelledby="key-title" onClose={onDone}>
      <form onSubmit={submit}>
        <h1 id="key-title">API key</h1>
        {reason !== null && (
          <p className="key-reason" role="alert">
            {reason}
          </p>
        )}
        <label htmlFor="key">Requests carry this key as a bearer token.</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          required
          pattern="\s*[!-~]+\s*"
          title="Letters, digits and signs of ASCII, without spaces"
          placeholder="sk_live_…"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <p>
          It stays in this tab and is forgotten when the tab is closed. <code>counterfoil dev</code> prints the path of
          the demo organization’s key; <code>counterfoil keys create</code> creates another.
        </p>
        <div className="key-buttons">
          <button type="button" onClick={close}>
            {first ? 'Go on without a key' : 'Cancel'}
          </button>
          <button type="submit">Use this key</button>
        </div>
      </form>
    </dialog>
  )
}
