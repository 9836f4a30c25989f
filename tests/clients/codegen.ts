import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema/schema.graphql',
  documents: 'src/*.graphql',
  generates: {
    'src/__generated__/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // A scalar that is not named here fails the build.
        strictScalars: true,
        enumsAsTypes: true,
        useTypeImports: true,
        // Normalized caches put it into every object, and need it in an optimistic answer.
        nonOptionalTypename: true,
        skipTypeNameForRoot: true,
        scalars: {
          ID: 'string',
          Currency: 'string',
          Date: 'string',
          DateTime: 'string',
          Decimal: { input: 'string | number', output: 'string' },
          FormData: 'Record<string, unknown>',
          JSON: 'Record<string, unknown>',
          JSONSchema: 'Record<string, unknown>',
          JSONValue: 'unknown',
          LargeJSON: 'Record<string, unknown>',
          MicroUnits: 'number',
          MinorUnits: 'number',
          SettingValue: 'unknown',
          SettingValues: 'Record<string, unknown>',
          StringMap: 'Record<string, string>',
          Timezone: 'string',
        },
      },
    },
  },
};

export default config;
