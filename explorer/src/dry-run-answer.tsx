import type { Change, DryRunField } from './dry-run'

// The whole of a value is in the answer itself.
const MOST = 200

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text
}

/** Return the changes of each object, in the order in which the objects come first. */
function byTarget(changes: Change[]): [string, Change[]][] {
  const found = new Map<string, Change[]>()
  for (const change of changes) found.set(change.target, [...(found.get(change.target) ?? []), change])
  return [...found]
}

/** One line that says that nothing was changed, and how much would be. */
export function DryRunLine({ dryRun }: { dryRun: DryRunField[] }) {
  const events = dryRun.reduce((sum, { events }) => sum + events.length, 0)
  const changes = dryRun.reduce((sum, { changes }) => sum + changes.length, 0)
  return (
    <p className="dry-run-line">
      <strong>Dry run</strong> Nothing was changed. {counted(changes, 'field')} would change, {counted(events, 'event')} would
      follow.
    </p>
  )
}

/** The events that would follow and the fields that would change, of each root field. */
export function DryRunChanges({ dryRun }: { dryRun: DryRunField[] }) {
  return (
    <section className="dry-run-changes" aria-label="What the dry run would change" tabIndex={0}>
      {dryRun.map((each) => (
        <RootField key={each.path.join('.')} dryRun={each} named={dryRun.length > 1} />
      ))}
    </section>
  )
}

function RootField({ dryRun, named }: { dryRun: DryRunField; named: boolean }) {
  const { path, events, changes } = dryRun
  return (
    <>
      {named && <h2>{path.join('.')}</h2>}
      {events.length > 0 && (
        <p>
          Events: <code>{events.join(', ')}</code>
        </p>
      )}
      {changes.length === 0 ? (
        <p>Nothing that this key may read would change.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          {byTarget(changes).map(([target, fields]) => (
            <tbody key={target}>
              <tr>
                <th scope="rowgroup" colSpan={3}>
                  {target}
                </th>
              </tr>
              {fields.map(({ field, before, after }) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  <td>{shown(before)}</td>
                  <td>{shown(after)}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </>
  )
}
