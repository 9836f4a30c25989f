// Use GraphiQL as a person would, in Chromium with no network but the server, and print what was met as JSON.
import { base, kept, key, noting, screenshot, useEach } from './chromium.mjs'

const WINDOWS = { wide: { viewport: { width: 1280, height: 800 } }, narrow: { viewport: { width: 390, height: 844 } } }

const CREATE = 'mutation($input: CreateClientInput!) { createClient(input: $input) { client { id } } }'
const UPDATE = `mutation($id: ID!, $company: String) {
  updateClient(input: { id: $id, company: $company, tags: ["engines"] }) {
    client { name company version }
  }
}`

// A telephone, a smaller one, one on its side, a laptop at 200 per cent, and a low window.
const SIZES = [[390, 844], [360, 640], [844, 390], [640, 400], [1280, 500]]
const EDITORS = ['[aria-label="Operation Editor"] .monaco-editor', '.graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor', '.result-window']
const BUTTONS = ['.graphiql-execute-button', '[role="switch"]', '[aria-label="API key"]', '[aria-label^="Add an Idempotency-Key"]', '.measures']

/** Return what of GraphiQL nobody can get at in some size of the window: it is covered, cut away, or too low to edit. */
async function outOfReach(page, name) {
  const size = page.viewportSize()
  const found = []
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    // Monaco's editors follow their places.
    await page.waitForTimeout(500)
    await screenshot(page, `graphiql-${width}x${height}-${name}`)
    found.push(...(await page.evaluate(
      ([editors, all, size]) =>
        all.flatMap((selector) => {
          const part = document.querySelector(selector)
          part.scrollIntoView({ block: 'nearest' })
          const box = part.getBoundingClientRect()
          const met = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
          const low = editors.includes(selector) && Math.min(box.height, part.parentElement.clientHeight) < 60
          return low || !(met && part.contains(met)) ? [`${size}: ${selector}, ${Math.round(box.height)} px high`] : []
        }),
      [EDITORS, [...EDITORS, ...BUTTONS], `${width}x${height}`],
    )))
  }
  await page.setViewportSize(size)
  return found
}

/** Send an operation as another program does, which is not the page. */
async function sent(query, variables) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
  const answer = await fetch(`${base}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  return (await answer.json()).data
}

/** Open an operation by the page's link. */
async function open(page, query, variables = {}) {
  await page.evaluate((link) => (location.hash = link), new URLSearchParams({ query, variables: JSON.stringify(variables, null, 2) }).toString())
  await page.reload()
  await page.waitForFunction((query) => sessionStorage.getItem('graphiql:query') === query, query)
  await ready(page)
}

/** Wait until the page has its editors: before that GraphiQL does nothing when its button is pressed. */
async function ready(page) {
  await page.waitForFunction((editors) => editors.every((editor) => document.querySelector(`${editor} .view-line`)), EDITORS)
  await page.waitForFunction(() => document.querySelectorAll('.graphiql-editor-tool .monaco-editor').length === 2)
}

/** Hold what the page asks with a key for the second time, and return what sends it on and waits until it is answered. */
async function held(page, key) {
  let times = 0
  let sendOn
  const waiting = new Promise((resolve) => (sendOn = resolve))
  const mine = (request) => request.headers().authorization === `Bearer ${key}`
  const reached = page.waitForRequest((request) => mine(request) && ++times === 2)
  let asked = 0
  await page.route('**/graphql', async (route) => {
    if (mine(route.request()) && ++asked === 2) await waiting
    await route.continue()
  })
  return async () => {
    const request = await reached
    sendOn()
    await (await request.response()).finished()
    await page.unroute('**/graphql')
  }
}

/** Try a change with the switch, by keyboard, and return what the page says of it. */
async function dryRun(page, name, id) {
  await open(page, UPDATE, { id, company: 'Analytical Engines Ltd' })
  const turn = page.getByRole('switch', { name: /^Dry run/ })
  await turn.press('Space')
  await page.waitForSelector('[role="switch"][aria-checked="true"]')
  await page.click('.graphiql-execute-button')
  const line = page.getByRole('status').getByText('Dry run')
  await line.waitFor()
  const changes = page.getByRole('region', { name: 'What the dry run would change' })
  const rows = changes.locator('tr').filter({ has: page.locator('td') })
  const found = {
    says: await page.textContent('.dry-run-line'),
    events: await changes.locator('code').allTextContents(),
    rows: await rows.evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))),
    local: await page.evaluate(() => Object.entries(localStorage).filter(([item, value]) => `${item}${value}`.includes('dry'))),
  }
  // None of it is covered or outside of the window, nor are the buttons.
  await screenshot(page, `graphiql-dry-run-${name}`)
  found.hidden = await page.evaluate(() =>
    ['.dry-run-line', '.dry-run-changes', '[role="switch"]', '[aria-label="API key"]'].filter((selector) => {
      const box = document.querySelector(selector).getBoundingClientRect()
      return !document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest(selector)
    }),
  )
  await turn.press('Enter')
  await page.waitForSelector('[role="switch"][aria-checked="false"]')
  return found
}

/** Follow a subscription while another program makes a change, and return the data that the page shows of it. */
async function heard(page, name, id) {
  await open(page, 'subscription { events(types: ["client.updated"]) { type data } }')
  const [stream] = await Promise.all([
    page.waitForResponse((each) => each.headers()['content-type']?.startsWith('text/event-stream')),
    page.click('.graphiql-execute-button'),
  ])
  await sent(UPDATE, { id, company: `Heard Ltd ${name}` })
  await page.waitForFunction(
    (name) => document.querySelector('.result-window').textContent.replace(/\s/g, '').includes(`HeardLtd${name}`),
    name,
  )
  await screenshot(page, `graphiql-live-${name}`)
  // It is stopped by the same button, which ends the request too: a browser has six at once to a host.
  await Promise.all([
    page.waitForEvent('requestfailed', { predicate: (each) => each === stream.request(), timeout: 10_000 }),
    page.click('[aria-label^="Stop query"]'),
  ])
  await page.waitForSelector('[aria-label^="Execute query"]')
  return { status: stream.status(), shown: await page.evaluate(() => document.querySelector('.result-window').textContent.includes('errors')) }
}

/** Walk through the prompt by keyboard, and return where it let the focus go, and where that is once it is left. */
async function prompted(page) {
  await page.click('[aria-label="API key"]')
  const outside = []
  for (let step = 0; step < 8; step++) {
    await page.keyboard.press('Tab')
    outside.push(await page.evaluate(() => {
      const { activeElement } = document
      return activeElement === document.body || activeElement.closest('.key-prompt') !== null ? null : activeElement.outerHTML.slice(0, 80)
    }))
  }
  await page.fill('#key', 'sk_live_\u20ac')
  const taken = await page.evaluate(() => document.querySelector('#key').checkValidity())
  await page.keyboard.press('Escape')
  await page.waitForSelector('#key', { state: 'detached', timeout: 5_000 })
  return { outside: outside.filter(Boolean), taken, back: await page.evaluate(() => document.activeElement.getAttribute('aria-label')) }
}

/** Make a change twice with one Idempotency-Key, which the page shows, and return what it says of the second. */
async function repeated(page, id) {
  await open(page, UPDATE, { id, company: null })
  await page.click('[aria-label^="Add an Idempotency-Key"]')
  const lines = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-line')
  await lines.filter({ hasText: 'Idempotency-Key' }).first().waitFor()
  for (const told of ['status 200', 'replayed']) {
    await page.click('.graphiql-execute-button')
    await page.locator('.measured').getByText(told).waitFor()
  }
  return (await page.textContent('.measured')).endsWith('replayed: the first answer to this Idempotency-Key, without a new effect')
}

/** Return what has less contrast in the dark than WCAG 2.2 asks for (1.4.3), with its figure, and what is bright there. */
async function pale(page) {
  await page.emulateMedia({ colorScheme: 'dark' })
  // Monaco has the colours of the time at which it began.
  await page.reload()
  await page.waitForSelector('.line-numbers')
  await page.click('[aria-label="API key"]')
  await page.waitForTimeout(500)
  const found = await page.evaluate((selectors) => {
    const parsed = (color) => /rgba?\((.*)\)/.exec(color)[1].split(/[ ,/]+/).map(Number)
    const over = ([r, g, b, alpha = 1], back) => [r, g, b].map((part, at) => part * alpha + back[at] * (1 - alpha))
    const backOf = (part) => (part === null ? [255, 255, 255] : over(parsed(getComputedStyle(part).backgroundColor), backOf(part.parentElement)))
    const light = (color) =>
      color.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0)
    return selectors.flatMap((selector) => {
      const part = document.querySelector(selector)
      const back = backOf(part)
      const [one, other] = [light(over(parsed(getComputedStyle(part).color), back)), light(back)].sort((a, b) => b - a)
      const contrast = (one + 0.05) / (other + 0.05)
      const bright = light(back) > 0.5 && selector === '#key' ? [`${selector} is bright`] : []
      return contrast < 4.5 ? [...bright, `${selector} ${contrast.toFixed(2)}`] : bright
    })
  }, ['.logo', '.line-numbers', '.graphiql-execute-button > svg', '.key-prompt label', '#key'])
  const primary = await page.evaluate(() => getComputedStyle(document.querySelector('.graphiql-container')).getPropertyValue('--color-primary'))
  await screenshot(page, `graphiql-dark-${page.viewportSize().width}`)
  await page.keyboard.press('Escape')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.reload()
  return { found, hue: Number.parseInt(primary) }
}

/** Follow events, look at the colours in the dark, repeat a change, and read the licences, which are a link away. */
async function alike(page, name, id) {
  const met = { heard: await heard(page, name, id), pale: await pale(page), repeated: await repeated(page, id) }
  met.licences = await page.evaluate(async () => {
    const answer = await fetch(document.querySelector('.measures a').href)
    return (await answer.text()).split(`\n${'='.repeat(80)}\n\n`).map((section) => section.split(' ')[0])
  })
  return met
}

async function use(page, name) {
  const met = {}
  noting(page, met)
  await page.goto(`${base}/graphql`)
  met.title = await page.title()

  // The page asks for a key before it sends anything; the API refuses one that does not exist, and the page asks again.
  await page.waitForSelector('#key')
  met.before = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length)
  // GraphiQL asks twice for a schema that is refused; the second answer comes when another key is used.
  const answerLate = await held(page, 'sk_live_wrong')
  await page.fill('#key', 'sk_live_wrong')
  await page.click('text=Use this key')
  met.refused = await page.textContent('.key-reason[role="alert"]')
  await screenshot(page, `graphiql-key-${name}`)

  // With a good one the operation that the page begins with answers, and says what it cost.
  await page.fill('#key', key)
  await page.click('text=Use this key')
  await ready(page)
  await answerLate()
  // The answers to the wrong key are gone, and none of them asks for a key again.
  await page.waitForTimeout(500)
  met.asksAgain = await page.isVisible('#key')
  await page.waitForFunction(() => !document.querySelector('.result-window').textContent.includes('UNAUTHENTICATED'))
  await page.click('.graphiql-execute-button')
  await page.waitForFunction(() => /status 200.* cost \d/.test(document.querySelector('.measured').textContent))
  met.measures = await page.textContent('.measured')
  await page.waitForFunction(() => document.querySelector('.result-window').textContent.includes('totalCount'))
  await screenshot(page, `graphiql-${name}`)

  // A change is tried and not made; then another program makes it, and a subscription shows it.
  const { createClient } = await sent(CREATE, { input: { name: 'Ada Lovelace', email: `${name}@example.com` } })
  met.dryRun = await dryRun(page, name, createClient.client.id)
  met.unchanged = (await sent('query($id: ID!) { client(id: $id) { company version } }', { id: createClient.client.id })).client
  met.prompted = await prompted(page)
  // What no width of the window changes.
  if (name === 'wide') met.alike = await alike(page, name, createClient.client.id)

  // The schema is there to be read, and an example opens in a tab of its own.
  await page.click('[aria-label="Show Documentation Explorer"]')
  await page.click('.graphiql-doc-explorer a:has-text("Query")')
  await page.waitForSelector('.graphiql-doc-explorer :text("orders")')
  await page.click('[aria-label="Show Examples"]')
  met.domains = await page.locator('.examples summary').allTextContents()
  await page.click('summary:has-text("orders")')
  await page.click('button:has-text("CreateOrder")')
  await page.waitForSelector('[role="tab"]:has-text("CreateOrder")')
  await screenshot(page, `graphiql-examples-${name}`)
  if (name === 'wide') await page.click('[aria-label="Hide Examples"]')
  met.outOfReach = await outOfReach(page, name)

  // The key is nowhere but in its own item, which ends with the tab.
  met.kept = await kept(page, key)

  // A server that is away: the page says what to do.
  // Chromium itself writes a line for each 401.
  met.answered = met.console.splice(0).filter((text) => !text.includes('401'))
  await page.route('**/graphql', (route) => route.abort())
  await page.click('.graphiql-execute-button')
  await page.waitForFunction(() =>
    document.querySelector('.result-window').textContent.replace(/\s/g, '').includes('TheAPIdoesnotanswer'),
  )
  delete met.console
  return met
}

await useEach(WINDOWS, use)
