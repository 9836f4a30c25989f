import { defineComponent, h, type PropType } from 'vue'

type Request = { operationName: string; query: string; variables: Record<string, unknown> }

/** Return the address of GraphiQL with a request filled in, in the fragment: no server and no log sees it. */
function graphiql({ query, variables }: Request): string {
  return `/graphql#${new URLSearchParams({ query, variables: JSON.stringify(variables, null, 2) })}`
}

/** The GraphQL request that does the same as a route: its operation, its document and variables, a link to GraphiQL. */
export const GraphQLRequest = defineComponent({
  props: { xGraphqlRequest: { type: Object as PropType<Request>, required: true } },
  setup(props) {
    return () => {
      const request = props.xGraphqlRequest
      const link = { href: graphiql(request), target: '_blank', rel: 'opener' }
      return h('section', { class: 'graphql-request', 'aria-label': 'GraphQL' }, [
        h('p', ['GraphQL operation ', h('code', request.operationName)]),
        // A server may have no GraphiQL. A new tab of an opener has its key.
        'graphiql' in document.documentElement.dataset ? h('a', link, 'Open in GraphiQL') : undefined,
        h('details', [
          h('summary', 'Document and variables'),
          h('pre', request.query),
          h('pre', JSON.stringify(request.variables, null, 2)),
        ]),
      ])
    }
  },
})
