import type { Fetcher, FetcherParams, FetcherResult } from '@graphiql/toolkit'
import { getOperationAST } from 'graphql'
import { storedKey } from './stored-key'
import { followed } from './streams'

type Cost = { requested: number; actual: number; remaining: number | null }

/** What an answer says of itself: its status, its time, its cost and its number of SQL statements. */
export type Answer = { status: number; milliseconds: number; cost: Cost | null; statements: number | null }

type Body = { errors?: { message: string }[]; extensions?: { cost?: Cost } }

function failure(message: string): FetcherResult {
  return { data: null, errors: [{ message }] } as unknown as FetcherResult
}

/** Return a fetcher for `/graphql` that sends the tab's key and reports each answer and each refused key. */
export function fetcherFor(onAnswer: (answer: Answer | null) => void, onRefusedKey: (reason: string) => void): Fetcher {
  return async (params: FetcherParams, options): Promise<FetcherResult | AsyncIterable<FetcherResult>> => {
    const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName)
    const live = operation?.operation === 'subscription'
    const stop = new AbortController()
    const accepted = live ? 'text/event-stream' : 'application/graphql-response+json'
    const headers = new Headers({ 'Content-Type': 'application/json', Accept: accepted })
    const key = storedKey()
    if (key !== '') headers.set('Authorization', `Bearer ${key}`)
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, String(value))
    const started = performance.now()
    // GraphiQL's own introspection is not what the person asked for.
    const shown = params.operationName !== 'IntrospectionQuery'
    if (shown) onAnswer(null)
    let response: Response
    try {
      const body = JSON.stringify(params)
      response = await fetch('/graphql', { method: 'POST', headers, body, credentials: 'omit', signal: stop.signal })
    } catch {
      return failure('The API does not answer. Check that it runs (`make dev`, or `counterfoil serve`), then retry.')
    }
    if (live && response.ok) return followed(response, stop)
    const text = await response.text()
    const milliseconds = Math.round(performance.now() - started)
    let body: Body
    try {
      body = JSON.parse(text) as Body
    } catch {
      return failure(`The answer (status ${response.status}) is not JSON: a proxy may stand before the API.`)
    }
    const sql = /sql;desc="(\d+)"/.exec(response.headers.get('Server-Timing') ?? '')
    const cost = body.extensions?.cost ?? null
    if (shown) onAnswer({ status: response.status, milliseconds, cost, statements: sql ? Number(sql[1]) : null })
    if (response.status === 401 && key !== '') onRefusedKey(body.errors?.[0]?.message ?? 'The key is not valid.')
    return body as FetcherResult
  }
}
