import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { licences } from './licences.ts'

const OUT = process.env.EXPLORER_OUT ?? '../server/explorer/built'
const LICENCES = licences('THIRD-PARTY-LICENSES.txt')

// The server sends these as they are: compressing megabytes for each request would stop its event loop.
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (entry.isFile() && /\.(css|html|js|svg|ttf|txt)$/.test(entry.name)) {
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
        }
      }
    },
  }
}

export default defineConfig({
  base: '/assets/',
  logLevel: 'warn',
  plugins: [react(), LICENCES.page, compressed()],
  worker: { format: 'es', plugins: () => [LICENCES.worker] },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsDir: '.',
    chunkSizeWarningLimit: 4000,
    // Inlined fonts and scripts would need more than `'self'` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'reference.html'],
      // Directives of the React compiler, which are for its own run.
      onLog: (level, log, handle) => (log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : handle(level, log)),
    },
  },
})
