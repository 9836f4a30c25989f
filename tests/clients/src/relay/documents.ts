// What relay-compiler reads; it writes an artifact for each document, and the program imports those.
import { graphql } from 'relay-runtime';

graphql`
  query ClientBoardQuery($id: ID!, $first: Int, $after: String) {
    client(id: $id) {
      ...ClientBoard_client @arguments(first: $first, after: $after)
    }
  }
`;

graphql`
  fragment ClientBoard_client on Client
  @refetchable(queryName: "ClientBoardPageQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  ) {
    name
    orders(first: $first, after: $after, last: $last, before: $before)
      @connection(key: "ClientBoard_orders", filters: []) {
      __id
      edges {
        node {
          id
          number
          status
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;

graphql`
  mutation PlaceOrderMutation($input: CreateOrderInput!, $connections: [ID!]!) {
    createOrder(input: $input) {
      order @prependNode(connections: $connections, edgeTypeName: "OrderEdge") {
        id
        number
        status
      }
    }
  }
`;

graphql`
  mutation DeleteOrderMutation($input: DeleteOrderInput!, $connections: [ID!]!) {
    deleteOrder(input: $input) {
      deletedId @deleteEdge(connections: $connections)
    }
  }
`;

graphql`
  mutation MoveOrderMutation($input: TransitionOrderInput!) @raw_response_type {
    transitionOrder(input: $input) {
      order {
        id
        status
        version
      }
    }
  }
`;

graphql`
  subscription OrderUpdatedSubscription($id: ID, $after: ID) {
    orderUpdated(id: $id, after: $after) {
      id
      status
    }
  }
`;
