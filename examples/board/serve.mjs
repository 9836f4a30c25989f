// Serves the page, and hands out access tokens: what a backend does that knows who is logged in. The key stays here.
import { env } from 'node:process';
import { createServer } from 'vite';

const { COUNTERFOIL_URL: server = 'http://127.0.0.1:8000', COUNTERFOIL_KEY: key, COUNTERFOIL_MEMBER: memberId, PORT: port = '5173' } = env;
if (!key || !memberId) throw new Error('COUNTERFOIL_KEY and COUNTERFOIL_MEMBER (for whom the tokens are) are needed');

const query = `mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken expiresAt } }`;
const input = { memberId, scopes: ['orders:write', 'clients:read'], expiresIn: 900 };

async function handOut() {
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await response.json();
  if (!data?.createAccessToken) throw new Error(errors?.[0]?.message ?? `status ${response.status}`);
  return data.createAccessToken;
}

// A page of another site cannot send the header without asking first, and is not told.
const tokens = {
  name: 'tokens',
  configureServer({ middlewares }) {
    middlewares.use('/token', async (request, response) => {
      if (request.method !== 'POST' || request.headers['x-requested-with'] !== 'board') {
        response.writeHead(403).end();
        return;
      }
      try {
        const token = JSON.stringify(await handOut());
        response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(token);
      } catch (error) {
        console.error(error);
        response.writeHead(502).end();
      }
    });
  },
};

// An answer that the API breaks off is broken off for the page too: it begins its stream again.
const configure = (proxy) => proxy.on('proxyRes', (upstream, _request, response) => {
  upstream.on('close', () => upstream.complete || response.destroy());
});
const vite = await createServer({
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'warn',
  plugins: [tokens],
  // The page and the API are of one origin here; elsewhere the API needs the page's in CORS_ORIGINS.
  server: { host: '127.0.0.1', port: Number(port), strictPort: true, proxy: { '/graphql': { target: server, configure } } },
});
await vite.listen();
console.error(`http://127.0.0.1:${port}`);
