// Which tests belong to which column: every test runs on the embedded database and on MySQL; MariaDB has to show only
// that our SQL, migrations and tenant keys work there as well. The faults have a run of their own: they stop servers.
const column = process.env.COLUMN;
const folder = { mariadb: 'test/database', faults: 'test/faults' }[column] ?? 'test';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: [`<rootDir>/${folder}/**/*.test.ts`],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testPathIgnorePatterns: column === 'faults' ? [] : ['<rootDir>/test/faults/'],
  testTimeout: 30_000,
  maxWorkers: 2,

  extensionsToTreatAsEsm: ['.ts'],
  // Sources import `./x.js` and mean x.ts. What is there as .js stays what it is, so packages are not touched.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          // The same meaning of decorators, class fields and type imports as tsconfig.json gives them.
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: true,
            verbatimModuleSyntax: true,
          },
        },
      },
    ],
  },
};
