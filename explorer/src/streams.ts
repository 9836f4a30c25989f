import type { FetcherResult } from '@graphiql/toolkit'

/** Yield the results of a subscription, which come as server-sent events, until it ends or is stopped. */
export async function* followed(response: Response, stop: AbortController): AsyncGenerator<FetcherResult> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let left = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const messages = (left + value).split('\n\n')
      left = messages.pop() ?? ''
      for (const message of messages) {
        const lines = message.split('\n')
        if (lines.includes('event: complete')) return
        const data = lines.find((line) => line.startsWith('data: '))
        if (data !== undefined) yield JSON.parse(data.slice('data: '.length)) as FetcherResult
      }
    }
  } finally {
    stop.abort()
  }
}
