// Follows COUNTERFOIL_URL with the key COUNTERFOIL_KEY from the event COUNTERFOIL_AFTER on, by both clients in turn, and
// hears what it makes itself, also by a stream that begins there, and by one that goes on where that began; prints the ids
// of all events in their order, and what was refused, as JSON.
import { createClient as sseClient } from 'graphql-sse';
import { createClient as wsClient } from 'graphql-ws';
import WebSocket from 'ws';

const { COUNTERFOIL_URL: url, COUNTERFOIL_KEY: key, COUNTERFOIL_AFTER: after } = process.env;
const authorization = `Bearer ${key}`;
const sse = sseClient({ url, headers: { authorization }, retryAttempts: 0 });
const ws = wsClient({
  url: url.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization }, retryAttempts: 0,
});
const query = 'subscription($after: ID) { events(types: ["client.created"], after: $after) { id } }';
const create = 'mutation($i: CreateClientInput!) { createClient(input: $i) { client { id } } }';

async function take(client, count, last) {
  const ids = [];
  const results = client.iterate({ query, variables: { after: last } });
  for await (const { data, errors, extensions } of results) {
    if (errors) throw new Error(JSON.stringify(errors));
    if (extensions.event.id !== data.events.id) throw new Error('two ids of one event');
    ids.push(data.events.id);
    if (ids.length === count) break;
  }
  return ids;
}

async function one(client, payload) {
  for await (const result of client.iterate(payload)) return result;
  return null;
}

// What a client receives that retries without end, as the example in docs/graph.md does.
function refused(client, payload) {
  const told = [];
  return new Promise((resolve) => {
    client.subscribe(payload, {
      next: ({ errors }) => told.push(errors?.[0].extensions.code),
      error: (error) => resolve([...told, Array.isArray(error) ? error[0].extensions.code : String(error)]),
      complete: () => resolve([...told, 'complete']),
    });
  });
}

const ids = [];
for (const [client, count] of [[sse, 2], [ws, 2], [sse, 1], [ws, 1]]) {
  ids.push(...(await take(client, count, ids.at(-1) ?? after)));
}
// What a stream begins with; a browser's EventSource, which is not in Node, would come back with it.
async function place() {
  const left = new AbortController();
  const headers = { authorization, accept: 'text/event-stream', 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }), signal: left.signal });
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes('\n\n')) break;
  }
  left.abort();
  return text.match(/^id: (.+)$/m)[1];
}

const began = await place();
const heard = [take(sse, 1, ids.at(-1)), take(ws, 1, ids.at(-1))];
const fresh = await new Promise((resolve) => {
  const client = sseClient({ url, headers: { authorization }, retryAttempts: 0, on: { connected: () => resolve(first) } });
  const first = { ids: take(client, 1) };
});
await one(ws, { query: create, variables: { i: { name: 'Ada', email: 'ada@example.com' } } });
const [bySse, byWs, byFresh] = await Promise.all([...heard, fresh.ids]);
const afterPlace = [await take(sse, 1, began), await take(ws, 1, began)];
const enduring = { retryAttempts: Infinity };
const again = [
  sseClient({ url, headers: { authorization }, ...enduring }),
  wsClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization }, shouldRetry: () => true, ...enduring }),
];
const refusals = [
  { query, variables: { after: 'event_x' } },
  { query, variables: { after: process.env.COUNTERFOIL_EXPIRED } },
  { query: 'subscription { orderUpdated(id: "order_x") { id } }' },
  { query: 'subscription { orderUpdated { colour } }' },
  { query: '', documentId: 'x-none' },
];
const told = [];
for (const payload of refusals) told.push(await Promise.all(again.map((client) => refused(client, payload))));
const answer = { ids, bySse, byWs, byFresh, afterPlace, refused: told };
again[0].dispose();
await again[1].dispose();
await ws.dispose();
sse.dispose();
process.stdout.write(JSON.stringify(answer));
