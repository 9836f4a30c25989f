import '@scalar/api-reference/style.css'
import './style.css'
import { createApiReference } from '@scalar/api-reference'
import { h, watch } from 'vue'
import { LICENCES } from '../licences-link'
import { keepKey, storedKey } from '../stored-key'
import { GraphQLRequest } from './graphql-request'

const DOCUMENT = '/api/openapi.json'
// What the document's guide has for the address of a server: it is the same on each.
const ADDRESS = 'https://counterfoil.example'
// Names of the document here, and of its security scheme.
const SLUG = 'counterfoil'
const SCHEME = 'key'

type Auth = { getAuthSecrets: (document: string, scheme: string) => Record<string, unknown> | undefined }

const licences = () => h('p', { class: 'licences' }, h('a', { href: LICENCES }, 'Licences of what this page is built of'))

/** What is ours in the reference: each route's GraphQL request, a key that stays in the tab, and the licences. */
function ours() {
  return {
    name: 'counterfoil',
    extensions: [{ name: 'x-graphql-request', component: GraphQLRequest }],
    views: { 'content.end': [{ component: licences }] },
    hooks: {
      // The reference itself would keep it in the local storage, which outlives the tab.
      onInit({ auth }: { auth: Auth }) {
        watch(
          () => auth.getAuthSecrets(SLUG, SCHEME)?.['x-scalar-secret-token'],
          (key) => {
            if (typeof key === 'string') keepKey(key.trim())
          },
        )
      },
    },
  }
}

/** Fetch as the page does by itself, but the document with the address of this server. */
async function fetchHere(input: RequestInfo | URL, init?: RequestInit) {
  const answer = await fetch(input, init)
  const { pathname } = new URL(input instanceof Request ? input.url : input, location.href)
  if (pathname !== DOCUMENT) return answer
  return new Response((await answer.text()).replaceAll(ADDRESS, location.origin), answer)
}

createApiReference('#root', {
  url: DOCUMENT,
  customFetch: fetchHere,
  slug: SLUG,
  title: 'Counterfoil REST API',
  authentication: { preferredSecurityScheme: SCHEME, securitySchemes: { [SCHEME]: { token: storedKey() } } },
  persistAuth: false,
  plugins: [ours],
  modelsSectionLabel: 'Schemas',
  documentDownloadType: 'direct',
  // Nothing of another host: no fonts, no proxy, no client, no assistant, no telemetry.
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
})
