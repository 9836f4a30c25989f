// Use GraphiQL as a person would, in Chromium with no network but the server, and print what was met as JSON.
import { createRequire } from 'node:module'

// Of the packages of the folder in which it is run, which is explorer/.
const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core')

const { COUNTERFOIL_URL: base, COUNTERFOIL_KEY: key, CHROMIUM: executablePath, SCREENSHOTS: folder } = process.env
const WIDTHS = { wide: 1280, narrow: 420 }
const { hostname } = new URL(base)

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`,
  ],
})

async function use(name, width) {
  const context = await browser.newContext({ viewport: { width, height: 800 } })
  const page = await context.newPage()
  const met = { console: [], elsewhere: [] }
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) met.console.push(message.text())
  })
  page.on('pageerror', (error) => met.console.push(error.message))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== base) met.elsewhere.push(request.url())
  })
  await page.goto(`${base}/graphql`)
  met.title = await page.title()

  // The page asks for a key before it sends anything; the API refuses one that does not exist, and the page asks again.
  await page.waitForSelector('#key')
  met.before = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length)
  await page.fill('#key', 'sk_live_wrong')
  await page.click('text=Use this key')
  met.refused = await page.textContent('[role="alert"]')
  if (folder) await page.screenshot({ path: `${folder}/graphiql-key-${name}.png` })

  // With a good one the operation that the page begins with answers, and says what it cost.
  await page.fill('#key', key)
  await page.click('text=Use this key')
  await page.waitForFunction(() => document.querySelector('.monaco-editor .view-line'))
  await page.click('.graphiql-execute-button')
  await page.waitForFunction(() => /status 200.* cost \d/.test(document.querySelector('.measures').textContent))
  met.measures = await page.textContent('.measures')
  await page.waitForFunction(() => document.querySelector('.result-window').textContent.includes('totalCount'))
  if (folder) await page.screenshot({ path: `${folder}/graphiql-${name}.png` })

  // The schema is there to be read, and an example opens in a tab of its own.
  await page.click('[aria-label="Show Documentation Explorer"]')
  await page.click('.graphiql-doc-explorer a:has-text("Query")')
  await page.waitForSelector('.graphiql-doc-explorer :text("orders")')
  await page.click('[aria-label="Show Examples"]')
  await page.click('summary:has-text("orders")')
  await page.click('button:has-text("CreateOrder")')
  await page.waitForSelector('[role="tab"]:has-text("CreateOrder")')
  if (folder) await page.screenshot({ path: `${folder}/graphiql-examples-${name}.png` })

  // The key is nowhere but in its own item, which ends with the tab.
  met.local = await page.evaluate(() => Object.keys(localStorage))
  met.kept = await page.evaluate(
    (value) => Object.keys(sessionStorage).filter((item) => sessionStorage.getItem(item).includes(value)),
    key,
  )

  // A server that is away: the page says what to do.
  // Chromium itself writes a line for each 401.
  met.answered = met.console.splice(0).filter((text) => !text.includes('401'))
  await page.route('**/graphql', (route) => route.abort())
  await page.click('.graphiql-execute-button')
  await page.waitForFunction(() =>
    document.querySelector('.result-window').textContent.replace(/\s/g, '').includes('TheAPIdoesnotanswer'),
  )
  delete met.console
  await context.close()
  return met
}

try {
  const found = {}
  for (const [name, width] of Object.entries(WIDTHS)) found[name] = await use(name, width)
  console.log(JSON.stringify(found))
} finally {
  await browser.close()
}
