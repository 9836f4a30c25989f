// Use GraphiQL as a person would, in Chromium with no network but the server, and print what was met as JSON.
import { base, kept, key, noting, screenshot, useEach } from './chromium.mjs'

const WINDOWS = { wide: { viewport: { width: 1280, height: 800 } }, narrow: { viewport: { width: 390, height: 844 } } }

async function use(page, name) {
  const met = {}
  noting(page, met)
  await page.goto(`${base}/graphql`)
  met.title = await page.title()

  // The page asks for a key before it sends anything; the API refuses one that does not exist, and the page asks again.
  await page.waitForSelector('#key')
  met.before = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length)
  await page.fill('#key', 'sk_live_wrong')
  await page.click('text=Use this key')
  met.refused = await page.textContent('[role="alert"]')
  await screenshot(page, `graphiql-key-${name}`)

  // With a good one the operation that the page begins with answers, and says what it cost.
  await page.fill('#key', key)
  await page.click('text=Use this key')
  await page.waitForFunction(() => document.querySelector('.monaco-editor .view-line'))
  await page.click('.graphiql-execute-button')
  await page.waitForFunction(() => /status 200.* cost \d/.test(document.querySelector('.measures').textContent))
  met.measures = await page.textContent('.measures')
  await page.waitForFunction(() => document.querySelector('.result-window').textContent.includes('totalCount'))
  await screenshot(page, `graphiql-${name}`)

  // The schema is there to be read, and an example opens in a tab of its own.
  await page.click('[aria-label="Show Documentation Explorer"]')
  await page.click('.graphiql-doc-explorer a:has-text("Query")')
  await page.waitForSelector('.graphiql-doc-explorer :text("orders")')
  await page.click('[aria-label="Show Examples"]')
  await page.click('summary:has-text("orders")')
  await page.click('button:has-text("CreateOrder")')
  await page.waitForSelector('[role="tab"]:has-text("CreateOrder")')
  await screenshot(page, `graphiql-examples-${name}`)

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
