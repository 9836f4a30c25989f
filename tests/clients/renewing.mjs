// Follows COUNTERFOIL_URL from the event COUNTERFOIL_AFTER on by both clients, with the first of COUNTERFOIL_TOKENS until it
// expires and then with the second; once both are back it makes a client with COUNTERFOIL_KEY. Prints what each heard, as JSON.
import { createClient as sseClient } from 'graphql-sse';
import { createClient as wsClient } from 'graphql-ws';
import WebSocket from 'ws';

const { COUNTERFOIL_URL: url, COUNTERFOIL_KEY: key, COUNTERFOIL_AFTER: after } = process.env;
const tokens = JSON.parse(process.env.COUNTERFOIL_TOKENS);
const query = 'subscription($after: ID) { events(types: ["client.created"], after: $after) { id } }';
const create = 'mutation($i: CreateClientInput!) { createClient(input: $i) { client { id } } }';

// Each client asks for a token whenever it connects. It is back once it is connected with the second one, also where the
// first had expired before it was connected at all.
function renewing() {
  let asked = 0;
  const given = async () => ({ authorization: `Bearer ${tokens[Math.min(asked++, tokens.length - 1)]}` });
  return { given, on: { connected: () => asked >= tokens.length && back(given) } };
}

function follow(client, count) {
  const ids = [];
  // It is written anew whenever the client subscribes.
  const payload = { query, variables: { after } };
  return new Promise((resolve, reject) => {
    client.subscribe(payload, {
      next({ data, errors }) {
        if (errors) return reject(new Error(JSON.stringify(errors)));
        payload.variables.after = data.events.id;
        ids.push(data.events.id);
        return ids.length === count && resolve(ids);
      },
      error: (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: () => reject(new Error('complete')),
    });
  });
}

const clients = new Set();
async function back(client) {
  if (clients.has(client)) return;
  clients.add(client);
  if (clients.size < 2) return;
  const body = JSON.stringify({ query: create, variables: { i: { name: 'Ada', email: 'ada@example.com' } } });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await (await fetch(url, { method: 'POST', headers, body })).json();
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
}

const retryAttempts = Infinity;
const [forSse, forWs] = [renewing(), renewing()];
const sse = sseClient({ url, headers: forSse.given, retry: async () => {}, retryAttempts, on: forSse.on });
const ws = wsClient({
  url: url.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams: forWs.given,
  shouldRetry: () => true, retryWait: async () => {}, retryAttempts, on: forWs.on,
});
const count = Number(process.env.COUNTERFOIL_COUNT);
const heard = await Promise.all([follow(sse, count), follow(ws, count)]);
await ws.dispose();
sse.dispose();
process.stdout.write(JSON.stringify(heard));
