import { useGraphiQL } from '@graphiql/react'
import { useEffect, type RefObject } from 'react'
import { DryRunChanges, DryRunLine } from './dry-run-answer'
import { LICENCES } from './licences-link'
import type { Answer } from './requests'

/** The last answer of each of GraphiQL's tabs, by its ID. */
export type Answers = Record<string, Answer | undefined>

type AnswersProps = { answers: Answers; dry: boolean; tab: RefObject<string> }

/** What the answer of the tab in front says of itself. Keeps in `tab` which one that is. */
export function FrontAnswer({ answers, dry, tab }: AnswersProps) {
  const front = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]?.id ?? '')
  useEffect(() => {
    tab.current = front
  }, [front, tab])
  const answer = answers[front]
  const dryRun = answer?.dryRun ?? null
  return (
    <>
      <div className="measures">
        <div role="status">
          {dryRun !== null && <DryRunLine dryRun={dryRun} />}
          <span className="measured">{answer === undefined ? waiting(dry) : measures(answer)}</span>
        </div>
        {' · '}
        <a href={LICENCES}>Licences</a>
      </div>
      {dryRun !== null && <DryRunChanges dryRun={dryRun} />}
    </>
  )
}

function waiting(dry: boolean): string {
  const says = 'What the operation costs stands here once it has run'
  return dry ? `Dry run is on: a mutation changes nothing. ${says}` : says
}

function measures({ status, milliseconds, cost, statements, replayed }: Answer): string {
  const parts = [`status ${status}`, `${milliseconds} ms`]
  if (cost !== null) parts.push(`cost ${cost.actual} of ${cost.requested} requested`)
  if (statements !== null) parts.push(`${statements} SQL ${statements === 1 ? 'statement' : 'statements'}`)
  if (replayed) parts.push('replayed: the first answer to this Idempotency-Key, without a new effect')
  return parts.join(' · ')
}
