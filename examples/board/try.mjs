// Uses the board in Chromium, against COUNTERFOIL_URL: prints what was shown, step by step, as JSON.
import { env } from 'node:process';
import { chromium } from 'playwright-core';

await import('./serve.mjs');
const { COUNTERFOIL_URL: server, COUNTERFOIL_KEY: key, PORT: port, CHROMIUM: executablePath } = env;
const { ORDER: id, EARLIER: earlier, DELETED: deleted } = env;
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
page.setDefaultTimeout(60_000);
const seen = { console: [], keys: 0 };
page.on('console', (message) => ['error', 'warning'].includes(message.type()) && seen.console.push(message.text()));
page.on('request', (request) => { seen.keys += (request.headers().authorization ?? '').includes('sk_live_') ? 1 : 0; });
const cards = (status) => page.locator(`[data-status=${status}] article`);
const button = (status, to) => cards(status).getByRole('button', { name: to, exact: true }).first();
const press = (status, to) => button(status, to).click();
// How often the columns were built anew.
await page.addInitScript(() => {
  window.built = 0;
  const count = (records) => { window.built += records.filter(({ target }) => target.id === 'board').length; };
  new MutationObserver(count).observe(document, { childList: true, subtree: true });
});

// Ends a stream of events as a lost connection would.
await page.addInitScript(() => {
  const ask = window.fetch;
  let first = true;
  window.fetch = async (url, init) => {
    const isFirst = first && new Headers(init?.headers).get('accept')?.includes('event-stream');
    if (!isFirst) return ask(url, init);
    first = false;
    const answer = await ask(url, init);
    const cut = new TransformStream({ start: (stream) => { window.cut = () => stream.terminate(); } });
    return new Response(answer.body.pipeThrough(cut), answer);
  };
});
const query = 'mutation($input: TransitionOrderInput!) { transitionOrder(input: $input) { order { id } } }';
const post = (sent) => fetch(`${server}/graphql`, {
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify(sent),
});

await page.goto(`http://127.0.0.1:${port}`);
seen.pending = await cards('PENDING').locator('p').first().textContent();
seen.loaded = [await cards('PENDING').count()];
await page.locator('[data-status=PENDING]').getByRole('button', { name: 'more', exact: true }).click();
await cards('PENDING').nth(50).waitFor();
seen.loaded.push(await cards('PENDING').count(), await page.getByRole('button', { name: 'more', exact: true }).count());
await page.evaluate(() => window.cut());
await post({ query, variables: { input: { id: earlier, to: 'SUBMITTED' } } });
seen.gap = await cards('SUBMITTED').locator('p').first().textContent();
// Pressed twice, it is moved once, and nothing is said of the second time.
await button('PENDING', 'submitted').evaluate((found) => { found.click(); found.click(); });
await cards('SUBMITTED').nth(1).waitFor();
seen.moved = await cards('SUBMITTED').locator('p').first().textContent();
await page.waitForTimeout(300);
seen.said = await page.locator('#said').textContent();

await post({ query, variables: { input: { id, to: 'IN_PROGRESS' } } });
seen.live = await cards('IN_PROGRESS').locator('p').first().textContent();

await press('DELIVERED', 'revision requested');
await page.locator('#said:not(:empty)').waitFor();
seen.refused = await page.locator('#said').textContent();
await post({ query: 'mutation($id: ID!) { deleteOrder(input: {id: $id}) { deletedId } }', variables: { id: deleted } });
const shown = await cards('PENDING').count();
await press('PENDING', 'submitted');
await page.getByText('The order was deleted.').waitFor();
seen.gone = shown - await cards('PENDING').count();
seen.stayed = await cards('DELIVERED').count();
seen.built = await page.evaluate(() => window.built);
await browser.close();
console.log(JSON.stringify(seen));
process.exit(0);
