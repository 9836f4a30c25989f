import type { FetcherResult } from '@graphiql/toolkit'

/** Return the results of a subscription, which come as server-sent events, until it ends or is stopped. */
export function followed(response: Response, stop: AbortController): AsyncIterableIterator<FetcherResult> {
  const results = resultsOf(response, stop)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => results.next(),
    // A generator's own `return` waits for the read that is pending, and so for the next event.
    return() {
      stop.abort()
      return results.return(undefined)
    },
  }
}

async function* resultsOf(response: Response, stop: AbortController): AsyncGenerator<FetcherResult, undefined> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let left = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || stop.signal.aborted) return
      const messages = (left + value).split('\n\n')
      left = messages.pop() ?? ''
      for (const message of messages) {
        const lines = message.split('\n')
        if (lines.includes('event: complete')) return
        const data = lines.find((line) => line.startsWith('data: '))
        if (data !== undefined) yield JSON.parse(data.slice('data: '.length)) as FetcherResult
      }
    }
  } catch (error) {
    // Who stopped it knows why the read has failed.
    if (!stop.signal.aborted) throw error
  } finally {
    stop.abort()
  }
}
