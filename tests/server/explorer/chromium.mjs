// Chromium with no network but the server, and pages that note what they meet.
import { createRequire } from 'node:module'

// Of the packages of the folder in which it is run, which is explorer/.
const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core')

export const { COUNTERFOIL_URL: base, COUNTERFOIL_KEY: key, SCREENSHOTS: folder } = process.env

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${new URL(base).hostname}`,
  ],
})

/** Note what a page writes to its console, and what it asks of another host than the server. */
export function noting(page, met) {
  met.console ??= []
  met.elsewhere ??= []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) met.console.push(message.text())
  })
  page.on('pageerror', (error) => met.console.push(error.message))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== base) met.elsewhere.push(request.url())
  })
}

export async function screenshot(page, name) {
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
}

/** Return where the storages of a page have a value. */
export function kept(page, value) {
  return page.evaluate((value) => {
    const items = (storage) => Object.keys(storage).filter((item) => storage.getItem(item).includes(value))
    return { local: items(localStorage), session: items(sessionStorage) }
  }, value)
}

/** Use a page in each of some windows, and print what was met in each as JSON. */
export async function useEach(windows, use) {
  try {
    const found = {}
    for (const [name, options] of Object.entries(windows)) {
      const context = await browser.newContext(options)
      // A machine may have much else to do.
      context.setDefaultTimeout(90_000)
      found[name] = await use(await context.newPage(), name)
      await context.close()
    }
    console.log(JSON.stringify(found))
  } finally {
    await browser.close()
  }
}
