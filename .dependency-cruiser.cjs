// The floors of src/: an import may only point down, types included. The top of the house is the last line.
const floors = {
  ground: [
    'config.ts',
    'errors.ts',
    'errors/',
    'log.ts',
    'crypto.ts',
    'encryption-key.ts',
    'key-vault.ts',
    'mail-settings.ts',
    'made-once.ts',
    'outbound/',
    'redis-url.ts',
    'transport/',
    'trusted-issuers.ts',
  ],
  schema: ['schema/'],
  execution: ['execution/'],
  entities: ['entities/'],
  capabilities: ['auth/', 'encryption/', 'pubsub/', 'search/', 'storage/', 'mail/'],
  domain: ['domain/'],
  resolvers: ['resolvers/'],
  server: ['server/'],
  entryPoints: ['main.ts', 'cli.ts'],
};
const names = Object.keys(floors);

/** The files of the named floors, as a pattern. */
const on = (...names) => `^src/(${names.flatMap((name) => floors[name]).join('|')})`;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...names.slice(0, -1).map((name, index) => {
      const comment = 'A floor knows what is below it, never what is above.';
      return rule(`${name}-looks-down`, comment, { path: on(name) }, { path: on(...names.slice(index + 1)) });
    }),
    rule(
      'capabilities-apart',
      'Capabilities do not know each other; domain/ brings them together.',
      { path: on('capabilities') },
      { path: on('capabilities'), pathNot: '^src/$1' },
    ),
    rule(
      'imports-from-a-floor',
      'A new file or folder in src/ gets a floor in this list first.',
      { path: '^src/' },
      { path: '^src/', pathNot: on(...names) },
    ),
    rule('is-on-a-floor', 'As above.', { path: '^src/', pathNot: on(...names) }, {}),
    rule(
      'src-stands-alone',
      'The product does not depend on what tests or tends it.',
      { path: '^(src|migrations)/' },
      { path: '^(test|scripts|examples|bench)/' },
    ),
    rule(
      'migrations-stay',
      'What an old migration does must not change with the code.',
      { path: '^migrations/' },
      { path: '^src/' },
    ),
    rule('no-cycles', 'One of them is wrong, or both are one.', {}, { circular: true }),
    rule('imports-exist', 'What cannot be found cannot be judged.', {}, { couldNotResolve: true }),
  ],
  options: {
    // It cannot read TypeScript 7, and would then find nothing and be content; @swc/core reads the files instead.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      mainFields: ['main', 'typings'], // there are packages of types alone
    },
  },
};
