// Use the reference as a person would, in Chromium with no network but the server, and print what was met as JSON.
import { base, kept, key, noting, screenshot, useEach } from './chromium.mjs'

const WINDOWS = {
  wide: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  narrow: { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
}
const CREATE = '[id="counterfoil/tag/clients/POST/api/v1/clients"]'
const LIST = '[id="counterfoil/tag/clients/GET/api/v1/clients"]'

async function use(page, name) {
  const met = {}
  noting(page, met)
  // The guide comes first.
  await page.goto(`${base}/api/docs`)
  await page.waitForSelector('h2:has-text("First request")')
  met.title = await page.title()
  met.guide = await page.locator('pre:has-text("export URL=")').first().textContent()

  met.licences = await page.locator('.licences a').getAttribute('href')

  // The search finds a route by its words, and leads to it.
  if (name === 'wide') {
    await page.click('button:has-text("Search")')
    await page.keyboard.type('create client')
    await page.click('[role="option"]:has-text("Create a client")')
  } else {
    await page.goto(`${base}/api/docs#tag/clients/POST/api/v1/clients`)
    await page.reload()
  }

  // A route has samples, and the GraphQL request that does the same.
  const request = page.locator(`${CREATE} .graphql-request`)
  await request.locator('summary').click()
  met.request = await request.locator('pre').allTextContents()
  met.sample = await page.textContent(`${CREATE} .scalar-code-block`)
  met.width = await page.evaluate(() => document.documentElement.scrollWidth)
  met.dark = await page.evaluate(() => document.body.classList.contains('dark-mode'))
  await request.locator('summary').click()
  await screenshot(page, `reference-${name}`)

  // The key is typed once, stays in the tab over a reload, and nowhere else.
  await page.locator('[placeholder="Token"]').first().fill(key)
  await page.waitForFunction(() => sessionStorage.length > 0)
  await page.reload()
  await page.click(`${LIST} button:has-text("Test Request")`)
  await page.click('button:has-text("Send"):visible')
  await page.waitForSelector('text=200 OK')
  await screenshot(page, `reference-try-${name}`)
  met.kept = await kept(page, key)
  await page.keyboard.press('Escape')

  // GraphiQL opens with the request and the key, and sends nothing by itself.
  const [tab] = await Promise.all([page.waitForEvent('popup'), page.click(`${CREATE} .graphql-request a`)])
  noting(tab, met)
  const sent = []
  tab.on('request', (each) => {
    if (each.method() === 'POST') sent.push(each.postDataJSON().operationName)
  })
  met.link = tab.url()
  await tab.waitForSelector('[role="tab"]:has-text("CreateClient")')
  await tab.waitForFunction(() => sessionStorage.getItem('graphiql:variables')?.includes('Lovelace'))
  met.address = tab.url()
  met.sent = sent.filter((operation) => operation !== 'IntrospectionQuery')
  await tab.click('.graphiql-execute-button')
  await tab.waitForFunction(() => document.querySelector('.result-window').textContent.includes('createClient'))
  await screenshot(tab, `reference-graphiql-${name}`)
  return met
}

await useEach(WINDOWS, use)
