/** Where the licences of what is built into the pages are, which the build writes. */
export const LICENCES = '/assets/THIRD-PARTY-LICENSES.txt'
