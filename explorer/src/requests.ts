import type { Fetcher, FetcherParams, FetcherResult } from '@graphiql/toolkit'
import { getOperationAST } from 'graphql'
import { isDry, type DryRunField } from './dry-run'
import { storedKey } from './stored-key'
import { followed } from './streams'

type Cost = { requested: number; actual: number; remaining: number | null }

/** What an answer says of itself: its status, its time, its cost, its number of SQL statements, of a dry run what it tried, and whether it is the answer of an earlier request. */
export type Answer = {
  status: number
  milliseconds: number
  cost: Cost | null
  statements: number | null
  dryRun: DryRunField[] | null
  replayed: boolean
}

type Body = { errors?: { message: string }[]; extensions?: { cost?: Cost; dryRun?: { rootFields: DryRunField[] } } }

/** Begins a request of a person's, and returns what takes the answer to it. */
type Begin = () => (answer: Answer) => void

function failure(message: string): FetcherResult {
  return { data: null, errors: [{ message }] } as unknown as FetcherResult
}

/** Return a fetcher for `/graphql` that sends the tab's key and reports each answer and each refused key. */
export function fetcherFor(begin: Begin, onRefusedKey: (reason: string) => void): Fetcher {
  return async (params: FetcherParams, options): Promise<FetcherResult | AsyncIterable<FetcherResult>> => {
    const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName)
    const live = operation?.operation === 'subscription'
    const stop = new AbortController()
    const accepted = live ? 'text/event-stream' : 'application/graphql-response+json'
    const headers = new Headers({ 'Content-Type': 'application/json', Accept: accepted })
    const key = storedKey()
    const given: [string, unknown][] = Object.entries(options?.headers ?? {})
    if (key !== '') given.unshift(['Authorization', `Bearer ${key}`])
    for (const [name, value] of given) {
      try {
        headers.set(name, String(value))
      } catch {
        return failure(`The header ${name} cannot be sent: HTTP does not take its name, or a character of its value.`)
      }
    }
    // Whatever stands in the headers' editor: with the switch on, no change is made.
    if (isDry() && !live && operation?.operation !== 'query') headers.set('Dry-Run', 'true')
    const started = performance.now()
    // GraphiQL's own introspection is not what the person asked for.
    const own = params.operationName === 'IntrospectionQuery'
    const onAnswer = own ? undefined : begin()
    let response: Response
    try {
      const body = JSON.stringify(params)
      response = await fetch('/graphql', { method: 'POST', headers, body, credentials: 'omit', signal: stop.signal })
    } catch {
      return failure('The API does not answer. Check that it runs (`make dev`, or `counterfoil serve`), then retry.')
    }
    const status = response.status
    if (live && response.ok) {
      const milliseconds = Math.round(performance.now() - started)
      onAnswer?.({ status, milliseconds, cost: null, statements: null, dryRun: null, replayed: false })
      return followed(response, stop)
    }
    const text = await response.text()
    // What GraphiQL asked with an earlier key has no answer: it would show the refusal of that key beside the new one.
    if (own && storedKey() !== key) return new Promise<FetcherResult>(() => {})
    const milliseconds = Math.round(performance.now() - started)
    let body: Body
    try {
      body = JSON.parse(text) as Body
    } catch {
      return failure(`The answer (status ${status}) is not JSON: a proxy may stand before the API.`)
    }
    const sql = /sql;desc="(\d+)"/.exec(response.headers.get('Server-Timing') ?? '')
    const { cost = null, dryRun } = body.extensions ?? {}
    const statements = sql ? Number(sql[1]) : null
    const replayed = response.headers.get('Idempotent-Replayed') === 'true'
    onAnswer?.({ status, milliseconds, cost, statements, dryRun: dryRun?.rootFields ?? null, replayed })
    if (status === 401 && key !== '' && storedKey() === key) onRefusedKey(body.errors?.[0]?.message ?? 'The key is not valid.')
    return body as FetcherResult
  }
}
