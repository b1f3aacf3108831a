// The floors of src/: an import may only point down, types included. The top of the house is the last line.
const floors = [
  { name: 'ground', paths: ['config.ts', 'errors.ts', 'log.ts', 'crypto.ts'] },
  { name: 'schema', paths: ['schema/'] },
  { name: 'entities', paths: ['entities/'] },
  { name: 'capabilities', paths: ['auth/', 'pubsub/', 'search/', 'storage/', 'mail/'] },
  { name: 'domain', paths: ['domain/'] },
  { name: 'resolvers', paths: ['resolvers/'] },
  { name: 'server', paths: ['server/'] },
  { name: 'entry points', paths: ['main.ts', 'cli.ts'] },
];

const inSrc = (paths) => `^src/(${paths.map((path) => path.replace('.', '\\.') + (path.endsWith('/') ? '' : '$')).join('|')})`;
const all = floors.flatMap(({ paths }) => paths);
const capabilities = floors.find(({ name }) => name === 'capabilities').paths;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...floors.slice(0, -1).map(({ name, paths }, index) =>
      rule(
        `only-down-from-${name}`,
        'A floor knows what is below it, never what is above.',
        { path: inSrc(paths) },
        { path: inSrc(floors.slice(index + 1).flatMap((above) => above.paths)) },
      ),
    ),
    rule(
      'capabilities-apart',
      'Capabilities do not know each other; domain/ brings them together.',
      { path: `^src/(${capabilities.join('|')})` },
      { path: inSrc(capabilities), pathNot: '^src/$1' },
    ),
    rule('a-floor-for-everything', 'A new file or folder in src/ gets a floor in this list first.', { path: '^src/' }, {
      path: '^src/',
      pathNot: inSrc(all),
    }),
    rule('a-floor-for-everyone', 'As above, for a file that only imports.', { path: '^src/', pathNot: inSrc(all) }, {}),
    rule('src-stands-alone', 'The product does not depend on what tests or tends it.', { path: '^(src|migrations)/' }, {
      path: '^(test|scripts|examples|lint)/',
    }),
    rule('migrations-are-frozen', 'Old migrations must not change with the code.', { path: '^migrations/' }, { path: '^src/' }),
    rule('no-cycles', 'What needs each other belongs in one file, or one of them is wrong.', {}, { circular: true }),
    rule('imports-exist', 'What cannot be found cannot be judged either.', {}, { couldNotResolve: true }),
  ],
  options: {
    // It cannot read TypeScript 7; @swc/core reads the files instead. scripts/check.mjs proves that it does.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'], conditionNames: ['import', 'node', 'default'] },
  },
};
