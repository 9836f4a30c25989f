import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const TEXTS = /^(licen[cs]e|copying|notice|third-?party-?notices|copyright)/i
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

type Package = {
  name: string
  version: string
  license?: string
  author?: string | { name: string }
  contributors?: (string | { name: string })[]
  repository?: string | { url: string }
}
type Found = { about: Package; texts: string[] }

/** Return the folder of the package that a module belongs to; undefined for one of ours. */
function folderOf(id: string): string | undefined {
  const path = id.replace(/^\0/, '').replace(/[?#].*$/, '')
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]
}

function read(folder: string): Found {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
  const names = readdirSync(folder).filter((name) => TEXTS.test(name))
  return { about, texts: names.map((name) => readFileSync(join(folder, name), 'utf8').trim()) }
}

function repositoryOf({ repository }: Package): string | undefined {
  const url = typeof repository === 'string' ? repository : repository?.url
  return url && /[^/:]+\/[^/]+?(?=(\.git)?([/#]|$))/.exec(url.replace(/^.*?(github\.com[/:]|github:)/, ''))?.[0].toLowerCase()
}

function authorsOf({ name, author, contributors = [] }: Package): string {
  const named = [author, ...contributors].map((each) => (typeof each === 'object' ? each.name : each)).filter(Boolean)
  return named.join(', ') || `the authors of ${name}`
}

/** Return the texts of a package's licence: its own, those of its repository, or for MIT the text that all share. */
function textsOf({ about, texts }: Found, others: Found[]): string[] {
  if (texts.length > 0) return texts
  const repository = repositoryOf(about)
  const beside = others.find((each) => each.texts.length > 0 && repositoryOf(each.about) === repository)
  if (repository !== undefined && beside !== undefined) return beside.texts
  if (about.license === 'MIT') return [`Copyright (c) ${authorsOf(about)}\n\n${MIT}`]
  throw new Error(`${about.name} has no text of its licence`)
}

function printed(found: Found[]): string {
  const sections = found.map((each) => {
    const { name, version, license } = each.about
    return `${name} ${version}${license ? ` (${license})` : ''}\n\n${textsOf(each, found).join('\n\n')}\n`
  })
  const begin = 'These pages have parts of the packages below, each under its licence.\n'
  return [begin, ...new Set(sections.sort())].join(`\n${'='.repeat(80)}\n\n`)
}

/** Plugins that write the licences of all packages of which something is built, in the pages' scripts, workers and styles. */
export function licences(fileName: string): { page: Plugin; worker: Plugin } {
  const folders = new Set<string>()
  function note(ids: Iterable<string>) {
    for (const folder of [...ids].map(folderOf)) if (folder !== undefined) folders.add(folder)
  }
  const noting: Pick<Plugin, 'apply' | 'generateBundle'> = {
    apply: 'build',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') note(chunk.moduleIds)
      note([...this.getModuleIds()].filter((id) => /\.css(\?|$)/.test(id)))
    },
  }
  return {
    worker: { name: 'licences-of-workers', ...noting },
    page: {
      name: 'licences',
      ...noting,
      writeBundle({ dir }) {
        writeFileSync(join(dir!, fileName), printed([...folders].map(read)))
      },
    },
  }
}
